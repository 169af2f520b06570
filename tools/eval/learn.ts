/**
 * node tools/run.mjs tools/eval/learn.ts [--package msw] [--snippets 300] [--cuts 120] [--json]: does
 * training on a person's own code help? The files of a package are split by a hash of their path into
 * 70 % to learn from and 30 % held out; an adapter is trained on snippets of the former, and the
 * frozen and the tuned model answer the same mid-line cuts of the latter, from the file alone.
 * Exact match and edit similarity are those of the 8-bit models, the loss that of the fp32 graph.
 */
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { parseArgs } from 'node:util';
import { readModelFolder, type ModelFolder } from '../../src/model/modelFolder';
import { openPolicy } from '../../src/model/policy';
import { loadTokenizer } from '../../src/model/tokenizer';
import { readAdapter } from '../../src/training/adapter';
import { openScores, parametersOf } from '../../src/training/engine';
import { encodeRows } from '../../src/training/examples';
import { completionLength } from '../../src/training/feeds';
import { writeFrozenWeights } from '../../src/training/frozenWeights';
import { mergeAdapter } from '../../src/training/merge';
import { trainingSettings } from '../../src/training/settings';
import { train } from '../../src/training/trainer';
import { systemClock } from '../../src/util/clock';
import { languageOf } from '../../src/util/language';
import { seededRandom } from '../../src/util/random';
import { type Cut, type SourceFile, makeCuts } from './cuts';
import { type Marks, bootstrap, marksOf, mean } from './metrics';
import { packages, readPackage } from './packages';

const root = process.cwd();
const { values } = parseArgs({
  options: {
    package: { type: 'string', default: 'msw' },
    snippets: { type: 'string', default: '300' },
    cuts: { type: 'string', default: '120' },
    epochs: { type: 'string', default: '1' },
    lr: { type: 'string', default: '3e-4' },
    model: { type: 'string', default: path.join(root, 'media/models/smollm2-135m') },
    json: { type: 'boolean', default: false },
  },
});
const maxTokens = 320;
/** About 96 tokens of each snippet are learned, about 224 are read before them. */
const learnedCharacters = 320;
const readCharacters = 800;
const threads = 2;

/** What one model makes of one cut. */
interface Answer extends Marks {
  /** Nats per token of what was in fact written. */
  readonly nll: number;
}

async function main(): Promise<void> {
  const entry = packages.find(({ name }) => name === values.package);
  if (entry === undefined)
    throw new Error(`No such package. There are: ${packages.map(({ name }) => name).join(', ')}.`);
  const { files } = readPackage(entry, path.join(root, '.cache/eval'));
  const cuts = makeCuts(files.filter(isHeldOut), Number(values.cuts)).filter(
    ({ kind }) => kind === 'midLine',
  );
  const base = await readModelFolder(values.model);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hone-learn-'));
  try {
    const data = path.join(folder, 'rows.jsonl');
    const learned = files.filter((file) => !isHeldOut(file));
    fs.writeFileSync(data, snippets(learned, Number(values.snippets)));
    const adapter = path.join(folder, 'adapter');
    const settings = trainingSettings({
      ...{ method: 'sft', batchSize: 4, maxTokens, threads },
      ...{ epochs: Number(values.epochs), learningRate: Number(values.lr) },
    });
    const started = performance.now();
    const onProgress = ({ stage, share }: { stage: string; share: number }): void =>
      note(`${stage} ${(100 * share).toFixed(0)} %`);
    await train({ base, data, out: adapter, settings, clock: systemClock, onProgress });
    const minutes = (performance.now() - started) / 60_000;

    const merged = await mergeAdapter({ base, adapter, destination: path.join(folder, 'merged') });
    const losses = await lossesOf(base, adapter, cuts, folder);
    const frozen = withLosses(await answer(base, cuts), losses.frozen);
    const tuned = withLosses(await answer(merged, cuts), losses.tuned);
    const pairs = frozen.map((before, i) => ({ before, after: tuned[i] ?? before }));
    report(pairs, `${entry.name}@${entry.version}`, minutes);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

function isHeldOut({ path: file }: SourceFile): boolean {
  return createHash('sha256').update(file).digest().readUInt32BE(0) % 100 < 30;
}

/** Rows that begin at the start of a line, drawn over all text alike. */
function snippets(files: readonly SourceFile[], count: number): string {
  const random = seededRandom(1);
  const places = files.flatMap((file) =>
    [...file.text.matchAll(/\n(?=.*\S)/g)].map(({ index }) => ({ file, at: index + 1 })),
  );
  const rows = Array.from({ length: Math.min(count, places.length) }, () => {
    const [place] = places.splice(Math.floor(random() * places.length), 1);
    if (place === undefined) throw new Error('There are no lines to learn from.');
    const { file, at } = place;
    return {
      repository: values.package,
      path: file.path,
      prompt: file.text.slice(Math.max(0, at - readCharacters), at),
      completion: file.text.slice(at, at + learnedCharacters),
    };
  });
  return rows.map((row) => JSON.stringify(row)).join('\n');
}

/** The greedy answer of one model to every cut, by the text before it alone. */
async function answer(model: ModelFolder, cuts: readonly Cut[]): Promise<Marks[]> {
  const policy = await openPolicy(model, { threads });
  const never = new AbortController().signal;
  const marks: Marks[] = [];
  for (const [i, cut] of cuts.entries()) {
    note(`${model.manifest.version}: cut ${i + 1} of ${cuts.length}`);
    const context = {
      ...{ repository: values.package, path: cut.path, languageId: languageOf(cut.path) },
      ...{ prefix: cut.text.slice(0, cut.offset), suffix: '', snippets: [], multiline: false },
    };
    const asked = { context, samples: 0, temperature: 1, maxTokens: 48, seed: 1, drafts: [] };
    const { candidates } = await policy.generate(asked, never);
    marks.push(marksOf(candidates[0]?.text ?? '', cut.target));
  }
  await policy.dispose();
  return marks;
}

/** Nats per token of the true answers, by the frozen model and with the adapter. */
async function lossesOf(
  base: ModelFolder,
  directory: string,
  cuts: readonly Cut[],
  folder: string,
): Promise<{ readonly frozen: number[]; readonly tuned: number[] }> {
  const { manifest } = base;
  const { pairs, ...lora } = await readAdapter(directory, manifest);
  const work = path.join(folder, 'scores');
  fs.mkdirSync(work);
  await writeFrozenWeights(base, work);
  const modules = pairs.map(({ module }) => module);
  const engine = await openScores({ config: manifest, modules, lora, directory: work, threads });
  const rows = cuts.map((cut, i) => ({
    ...{ line: i + 1, weight: 1, liked: true, repository: values.package, path: cut.path },
    ...{ prompt: cut.text.slice(0, cut.offset), texts: [cut.target] },
  }));
  const tokenizer = await loadTokenizer(base);
  const { examples } = encodeRows(rows, { tokenizer, manifest }, maxTokens);
  const tuned = parametersOf(pairs);
  const frozen = tuned.map(({ length }) => new Float32Array(length));
  const perToken = async (parameters: readonly Float32Array[]): Promise<number[]> => {
    const losses: number[] = [];
    for (const example of examples) {
      const [score = NaN] = await engine.run([example], parameters);
      const [sequence] = example.sequences;
      losses.push(-score / (sequence === undefined ? NaN : completionLength(sequence)));
    }
    return losses;
  };
  const losses = { frozen: await perToken(frozen), tuned: await perToken(tuned) };
  await engine.release();
  return losses;
}

function withLosses(marks: readonly Marks[], losses: readonly number[]): Answer[] {
  return marks.map((mark, i) => ({ ...mark, nll: losses[i] ?? NaN }));
}

interface Pair {
  readonly before: Answer;
  readonly after: Answer;
}

/** Means with bootstrap 95 % intervals over cuts, and those of the difference of pairs. */
function report(pairs: readonly Pair[], name: string, minutes: number): void {
  const figures = {
    'exact match': ({ exact }: Answer) => Number(exact),
    'edit similarity': ({ similarity }: Answer) => similarity,
    'nats per token': ({ nll }: Answer) => nll,
  };
  const table = Object.entries(figures).map(([what, of]) => {
    const interval = (value: (pair: Pair) => number) =>
      bootstrap([pairs], (sample) => mean(sample.map(value)));
    return {
      what,
      frozen: interval(({ before }) => of(before)),
      tuned: interval(({ after }) => of(after)),
      difference: interval(({ before, after }) => of(after) - of(before)),
    };
  });
  const head = { package: name, cuts: pairs.length, snippets: Number(values.snippets), minutes };
  if (values.json) return print(JSON.stringify({ ...head, table }));
  print(`${name}, ${pairs.length} cuts, ${values.snippets} snippets in ${minutes.toFixed(1)} min`);
  print('| | frozen | tuned | difference |\n|---|---|---|---|');
  const cell = ({ value, low, high }: (typeof table)[number]['frozen']): string =>
    `${value.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)})`;
  for (const { what, frozen, tuned, difference } of table)
    print(`| ${what} | ${cell(frozen)} | ${cell(tuned)} | ${cell(difference)} |`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function note(line: string): void {
  process.stderr.write(`${line}\n`);
}

main().catch((error: unknown) => {
  note(error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.exitCode = 1;
});
