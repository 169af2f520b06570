/**
 * node tools/run.mjs tools/eval/learn.ts [--package msw] [--snippets 300] [--cuts 120] [--folder DIR]
 * [--python PYTHON] [--threads 2] [--json]: does training on a person's own code help? The files of a
 * package are split by a hash of their path into 70 % to learn from and 30 % held out; an adapter is
 * trained on snippets of the former, and the frozen and the tuned model answer the same mid-line cuts
 * of the latter, from the file alone. Exact match and edit similarity are those of the 8-bit models,
 * the loss that of the fp32 graph.
 *
 * With a python that has torch, transformers and peft, learn.py trains on the same rows too, and its
 * adapter answers beside Hone's. What is already in `--folder` is not done again.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { readModelFolder, type ModelFolder } from '../../src/model/modelFolder';
import { openPolicy } from '../../src/model/policy';
import { loadTokenizer } from '../../src/model/tokenizer';
import { readAdapter, writeAdapter } from '../../src/training/adapter';
import { openScores, parametersOf } from '../../src/training/engine';
import { type Example, encodeRows } from '../../src/training/examples';
import { completionLength } from '../../src/training/feeds';
import { writeFrozenWeights } from '../../src/training/frozenWeights';
import { freshPairs } from '../../src/training/lora';
import { mergeAdapter } from '../../src/training/merge';
import { linearModules } from '../../src/training/modules';
import { parseRows } from '../../src/training/rows';
import { plannedStep, stepCount } from '../../src/training/schedule';
import { type TrainingSettings, trainingSettings } from '../../src/training/settings';
import { train } from '../../src/training/trainer';
import { systemClock } from '../../src/util/clock';
import { languageOf } from '../../src/util/language';
import { seededRandom } from '../../src/util/random';
import { bootstrap, type Interval, mean } from '../../src/util/statistics';
import { writeTorchCheckpoint } from '../torch/checkpoint';
import { type Cut, type SourceFile, makeCuts } from './cuts';
import { type Marks, marksOf } from './metrics';
import { packages, readPackage } from './packages';

const root = process.cwd();
const { values } = parseArgs({
  options: {
    package: { type: 'string', default: 'msw' },
    snippets: { type: 'string', default: '300' },
    cuts: { type: 'string', default: '120' },
    epochs: { type: 'string', default: '1' },
    lr: { type: 'string', default: '3e-4' },
    model: { type: 'string', default: path.join(root, 'media/models/hone-135m') },
    folder: { type: 'string' },
    python: { type: 'string' },
    threads: { type: 'string', default: '2' },
    json: { type: 'boolean', default: false },
  },
});
const maxTokens = 320;
/** About 96 tokens of each snippet are learned, about 224 are read before them. */
const learnedCharacters = 320;
const readCharacters = 800;
const threads = Number(values.threads);

/** What one model makes of one cut. */
interface Answer extends Marks {
  /** Nats per token of what was in fact written. */
  readonly nll: number;
}

/** Everything that a run is about, and the folder that it happens in. */
interface Run {
  readonly base: ModelFolder;
  readonly settings: TrainingSettings;
  readonly cuts: readonly Cut[];
  readonly folder: string;
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
  const settings = trainingSettings({
    ...{ method: 'sft', batchSize: 4, maxTokens, threads, maxMemoryBytes: 3e9 },
    ...{ epochs: Number(values.epochs), learningRate: Number(values.lr) },
  });
  const folder = values.folder ?? fs.mkdtempSync(path.join(os.tmpdir(), 'hone-learn-'));
  fs.mkdirSync(folder, { recursive: true });
  try {
    const learned = files.filter((file) => !isHeldOut(file));
    fs.writeFileSync(path.join(folder, 'rows.jsonl'), snippets(learned, Number(values.snippets)));
    const run = { base, settings, cuts, folder };
    const minutes = await trainHere(run);
    const frozen = await marked(run, 'frozen');
    report(`${entry.name}@${entry.version}`, [
      { name: 'Hone', minutes, frozen, tuned: await marked(run, 'adapter') },
      ...(await twin(run, frozen)),
    ]);
  } finally {
    if (values.folder === undefined) fs.rmSync(folder, { recursive: true });
  }
}

/** Trains into `adapter` and says how long it took, in minutes. */
async function trainHere({ base, settings, folder }: Run): Promise<number> {
  const record = path.join(folder, 'minutes.json');
  if (fs.existsSync(record)) return Number(fs.readFileSync(record, 'utf8'));
  const started = performance.now();
  await train({
    ...{ base, settings, data: path.join(folder, 'rows.jsonl') },
    out: path.join(folder, 'adapter'),
    clock: systemClock,
    onProgress: ({ stage, share }) => note(`${stage} ${(100 * share).toFixed(0)} %`),
  });
  const minutes = (performance.now() - started) / 60_000;
  fs.writeFileSync(record, String(minutes));
  return minutes;
}

/** The same training by PyTorch and peft, and how far the two are apart. */
async function twin(run: Run, frozen: readonly Answer[]): Promise<Contestant[]> {
  const { base, settings, folder } = run;
  if (values.python === undefined) return [];
  const result = path.join(folder, 'torch.json');
  if (!fs.existsSync(result)) {
    const tokenizer = await loadTokenizer(base);
    const parts = { tokenizer, manifest: base.manifest };
    const text = fs.readFileSync(path.join(folder, 'rows.jsonl'), 'utf8');
    const { examples } = encodeRows(parseRows(text, 'sft').rows, parts, maxTokens);
    const steps = Array.from({ length: stepCount(examples.length, settings) }, (_, step) =>
      plannedStep(examples.length, step, settings),
    );
    const { weightDecay, maxGradientNorm, rank, alpha, seed } = settings;
    const first = ({ sequences }: Example) => sequences[0];
    const plan = { threads, weightDecay, maxGradientNorm, steps, examples: examples.map(first) };
    const held = (await encodedCuts(run)).map(first);
    fs.writeFileSync(path.join(folder, 'plan.json'), JSON.stringify({ ...plan, cuts: held }));
    fs.rmSync(path.join(folder, 'base'), { recursive: true, force: true });
    await writeTorchCheckpoint(base, path.join(folder, 'base'));
    const pairs = freshPairs(linearModules(base.manifest), { rank, alpha }, seed);
    const start = path.join(folder, 'start');
    if (!fs.existsSync(start)) await writeAdapter(start, { rank, alpha, pairs }, base.manifest);
    const script = path.join(root, 'tools/eval/learn.py');
    const { status } = spawnSync(values.python, [script, folder], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    if (status !== 0) throw new Error(`${values.python} failed: see above.`);
  }
  const told = torchResult.parse(JSON.parse(fs.readFileSync(result, 'utf8')));
  const tuned = await marked(run, 'torch');
  const own = trainingRecord.parse(
    JSON.parse(fs.readFileSync(path.join(folder, 'adapter', 'training.json'), 'utf8')),
  );
  const apart = (ours: readonly number[], theirs: readonly number[]): number =>
    Math.max(...ours.map((value, i) => Math.abs(value - (theirs[i] ?? NaN))));
  const scores = tuned.map(({ nll }) => nll);
  note(`losses of the ${own.losses.length} steps: at most ${apart(own.losses, told.losses)} apart`);
  note(`its adapter on what is held out, run by both: ${apart(scores, told.tuned)} apart`);
  return [{ name: 'PyTorch', minutes: told.minutes, frozen, tuned }];
}

const torchResult = z.object({
  losses: z.array(z.number()),
  minutes: z.number(),
  tuned: z.array(z.number()),
});
const trainingRecord = z.object({ losses: z.array(z.number()) });

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

/** What the model makes of the cuts: as it is, or with the adapter in a subfolder. */
async function marked(run: Run, which: 'frozen' | 'adapter' | 'torch'): Promise<Answer[]> {
  const { base, cuts, folder } = run;
  const record = path.join(folder, `${which}.answers.json`);
  if (fs.existsSync(record))
    return z.array(answerSchema).parse(JSON.parse(fs.readFileSync(record, 'utf8')));
  const adapter = which === 'frozen' ? undefined : path.join(folder, which);
  const merged = path.join(folder, `${which}.merged`);
  fs.rmSync(merged, { recursive: true, force: true });
  const model =
    adapter === undefined ? base : await mergeAdapter({ base, adapter, destination: merged });
  const marks = await answer(model, cuts);
  fs.rmSync(merged, { recursive: true, force: true });
  const losses = await lossesOf(run, adapter);
  const answers = marks.map((mark, i) => ({ ...mark, nll: losses[i] ?? NaN }));
  fs.writeFileSync(record, JSON.stringify(answers));
  return answers;
}

const answerSchema = z.object({
  exact: z.boolean(),
  similarity: z.number(),
  saved: z.number(),
  nll: z.number(),
});

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

/** Nats per token of the true answers, by the model as it is or with an adapter. */
async function lossesOf(run: Run, adapter: string | undefined): Promise<number[]> {
  const { base, folder } = run;
  const { manifest } = base;
  const directory = adapter ?? path.join(folder, 'adapter');
  const { pairs, ...lora } = await readAdapter(directory, manifest);
  const work = fs.mkdtempSync(path.join(folder, 'scores-'));
  await writeFrozenWeights(base, work);
  const modules = pairs.map(({ module }) => module);
  const engine = await openScores({ config: manifest, modules, lora, directory: work, threads });
  const tuned = parametersOf(pairs);
  const parameters =
    adapter === undefined ? tuned.map(({ length }) => new Float32Array(length)) : tuned;
  const losses: number[] = [];
  for (const example of await encodedCuts(run)) {
    const [score = NaN] = await engine.run([example], parameters);
    const [sequence] = example.sequences;
    losses.push(-score / (sequence === undefined ? NaN : completionLength(sequence)));
  }
  await engine.release();
  fs.rmSync(work, { recursive: true });
  return losses;
}

async function encodedCuts({ base, cuts }: Run): Promise<readonly Example[]> {
  const rows = cuts.map((cut, i) => ({
    ...{ line: i + 1, weight: 1, liked: true, repository: values.package, path: cut.path },
    ...{ prompt: cut.text.slice(0, cut.offset), texts: [cut.target] },
  }));
  const parts = { tokenizer: await loadTokenizer(base), manifest: base.manifest };
  return encodeRows(rows, parts, maxTokens).examples;
}

/** One who trained, and what came of it. */
interface Contestant {
  readonly name: string;
  readonly minutes: number;
  readonly frozen: readonly Answer[];
  readonly tuned: readonly Answer[];
}

/** Means with bootstrap 95 % intervals over cuts, and those of the difference of pairs. */
function report(name: string, contestants: readonly Contestant[]): void {
  const figures = {
    'exact match': ({ exact }: Answer) => Number(exact),
    'edit similarity': ({ similarity }: Answer) => similarity,
    'nats per token': ({ nll }: Answer) => nll,
  };
  const results = contestants.map(({ name: by, minutes, frozen, tuned }) => {
    const pairs = frozen.map((before, i) => ({ before, after: tuned[i] ?? before }));
    const table = Object.entries(figures).map(([what, of]) => {
      const interval = (value: (pair: (typeof pairs)[number]) => number) =>
        bootstrap([pairs], (sample) => mean(sample.map(value)));
      return {
        what,
        frozen: interval(({ before }) => of(before)),
        tuned: interval(({ after }) => of(after)),
        difference: interval(({ before, after }) => of(after) - of(before)),
      };
    });
    return { by, cuts: pairs.length, minutes, table };
  });
  if (values.json) {
    const head = { package: name, snippets: Number(values.snippets) };
    return print(JSON.stringify({ ...head, results }));
  }
  const cell = ({ value, low, high }: Interval): string =>
    `${value.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)})`;
  for (const { by, cuts, minutes, table } of results) {
    print(`${name}, ${cuts} cuts, ${values.snippets} snippets, ${by} in ${minutes.toFixed(1)} min`);
    print('| | frozen | tuned | difference |\n|---|---|---|---|');
    for (const { what, frozen, tuned, difference } of table)
      print(`| ${what} | ${cell(frozen)} | ${cell(tuned)} | ${cell(difference)} |`);
  }
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
