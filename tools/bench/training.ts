/**
 * A LoRA step of the default model beside PyTorch and peft, in turns; the memory of a whole run; the
 * time to build the graph, and from a finished adapter to the first suggestion with it.
 */
import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { readModelFolder, type ModelFolder } from '../../src/model/modelFolder';
import { openPolicy } from '../../src/model/policy';
import { encodeModel } from '../../src/onnx/codec';
import { adamw, adamwStart, clipGradients } from '../../src/training/adamw';
import { writeAdapter } from '../../src/training/adapter';
import { gradientModel, openGradients, parametersOf } from '../../src/training/engine';
import type { Example } from '../../src/training/examples';
import { stepTotals } from '../../src/training/feeds';
import { writeFrozenWeights } from '../../src/training/frozenWeights';
import { freshPairs } from '../../src/training/lora';
import { mergeAdapter } from '../../src/training/merge';
import { linearModules } from '../../src/training/modules';
import { torchShape } from '../torch/checkpoint';
import { type Figure, format, spread } from './machine';
import { modelDirectory, ownSources, root } from './places';
import { suggestionsWhileTraining } from './whileTraining';

const [tokens, completion, rank, threads, rounds] = [256, 64, 8, 2, 6];

export async function benchTraining(): Promise<Figure[]> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hone-bench-'));
  try {
    const base = await readModelFolder(modelDirectory);
    return [
      ...(await steps(base, folder)),
      ...(await peakMemory(folder)),
      ...(await firstSuggestion(base, folder)),
      ...(await suggestionsWhileTraining(folder)),
    ];
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

async function steps(base: ModelFolder, directory: string): Promise<Figure[]> {
  const { manifest: config } = base;
  const modules = linearModules(config);
  const lora = { rank, alpha: 2 * rank };
  const buildStart = performance.now();
  encodeModel(gradientModel({ config, modules, lora }, { method: 'sft' }));
  const buildMs = performance.now() - buildStart;

  await writeFrozenWeights(base, directory);
  const openStart = performance.now();
  const engine = await openGradients(
    { config, modules, lora, directory, threads },
    { method: 'sft' },
  );
  const openMs = performance.now() - openStart;
  const ids = Array.from({ length: tokens }, (_, i) => 100 + ((37 * i) % 4000));
  const sequences = [{ ids, start: tokens - completion }];
  const examples: Example[] = [{ line: 1, weight: 1, liked: true, sequences }];
  const inputs = { frozenScores: [0], totals: stepTotals(examples), referencePoint: 0 };
  let parameters = parametersOf(freshPairs(modules, lora, 1));
  let state = adamwStart(parameters);
  const ours = async (): Promise<number> => {
    const start = performance.now();
    const { gradients } = await engine.run(examples, inputs, parameters);
    ({ parameters, state } = adamw(parameters, clipGradients(gradients, 1), state, 1e-4));
    return performance.now() - start;
  };

  const rival = await openRival(base);
  const timings: { readonly ours: number; readonly theirs: number }[] = [];
  for (let round = 0; round <= rounds; round++) {
    const timing = { ours: await ours(), theirs: (await rival?.step()) ?? NaN };
    // The first round only warms up.
    if (round > 0) timings.push(timing);
  }
  rival?.close();
  await engine.release();
  const figure = (what: string, values: number[], unit: string, wanted = ''): Figure => ({
    ...{ what, value: format(spread(values), unit), wanted },
  });
  const step = figure(
    `step of ${tokens} tokens, ${completion} to learn, Hone`,
    timings.map((timing) => timing.ours),
    'ms',
  );
  const beside = [
    figure(
      'the same step, PyTorch and peft',
      timings.map(({ theirs }) => theirs),
      'ms',
    ),
    figure(
      'times as fast as PyTorch',
      timings.map((timing) => timing.theirs / timing.ours),
      'x',
      '>= 1.0',
    ),
  ];
  return [
    { what: 'building the training graph', value: `${buildMs.toFixed(0)} ms`, wanted: '<= 2000' },
    { what: 'opening it', value: `${openMs.toFixed(0)} ms`, wanted: 'once a run' },
    step,
    ...(rival === undefined ? [] : beside),
  ];
}

interface Rival {
  step(): Promise<number>;
  close(): void;
}

async function openRival(model: ModelFolder): Promise<Rival | undefined> {
  const python = process.env['HONE_BENCH_PYTHON'];
  if (python === undefined) return undefined;
  const config = torchShape(model);
  const asked = JSON.stringify({ threads, tokens, completion, rank, config });
  const script = path.join(root, 'tools/bench/training.py');
  const child = spawn(python, [script, asked], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    const line: IteratorResult<string, undefined> = await lines.next();
    if (line.done === true) throw new Error(`${python} ended early: see above.`);
    return line.value;
  };
  await next();
  return {
    async step() {
      child.stdin.write('\n');
      return Number(await next());
    },
    close: () => child.kill(),
  };
}

/**
 * The highest resident memory of the trainer that `hone train` forks, beside what it was planned to be:
 * once as the step above is, once with the settings it has by itself and completions that fill its
 * window. Linux alone tells.
 */
async function peakMemory(folder: string): Promise<Figure[]> {
  const usual = await trainerPeak(folder, 'usual', 200, ['--max-tokens', String(tokens)]);
  const most = await trainerPeak(folder, 'most', 4000, []);
  const figure = (what: string, { peak, planned, longest }: Peak): Figure => ({
    what: `peak memory of the trainer, ${longest} tokens${what}`,
    value: `${Number.isNaN(peak) ? 'not told' : `${peak.toFixed(0)} MB`} (${planned.toFixed(0)} planned)`,
    wanted: '<= 1500 MB',
  });
  return [figure('', usual), figure(', most to learn', most)];
}

/** Megabytes, and the length of the longest text. */
interface Peak {
  readonly peak: number;
  readonly planned: number;
  readonly longest: number;
}

async function trainerPeak(
  folder: string,
  name: string,
  completionCharacters: number,
  more: readonly string[],
): Promise<Peak> {
  const text = ownSources()
    .map((file) => file.text)
    .join('\n');
  const rows = Array.from({ length: 4 }, (_, i) => ({
    prompt: text.slice(8000 * i, 8000 * i + 3000),
    completion: text.slice(8000 * i + 3000, 8000 * i + 3000 + completionCharacters),
  }));
  const data = path.join(folder, `${name}.jsonl`);
  fs.writeFileSync(data, rows.map((row) => JSON.stringify(row)).join('\n'));
  const child = spawn(
    process.execPath,
    [
      path.join(root, 'dist/cli.js'),
      ...['train', '--data', data, '--method', 'sft', '--out', path.join(folder, name)],
      ...['--batch', '2', '--json', ...more],
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let said = '';
  child.stdout.on('data', (part: Buffer) => (said += part.toString()));
  let peak = NaN;
  const timer = setInterval(() => {
    const trainer = childOf(child.pid ?? 0);
    const megabytes = trainer === undefined ? undefined : highestMegabytes(trainer);
    if (megabytes !== undefined) peak = megabytes;
  }, 50);
  await new Promise((resolve) => child.once('close', resolve));
  clearInterval(timer);
  const { memory, examples } = trainingFigures.parse(JSON.parse(said));
  return { peak, planned: memory.bytes / 1e6, longest: examples.longest };
}

const trainingFigures = z.object({
  memory: z.object({ bytes: z.number() }),
  examples: z.object({ longest: z.number() }),
});

function childOf(pid: number): number | undefined {
  const [first = ''] = textOf(`/proc/${pid}/task/${pid}/children`).split(' ');
  return first === '' ? undefined : Number(first);
}

function highestMegabytes(pid: number): number | undefined {
  const kibibytes = /VmHWM:\s+(\d+)/.exec(textOf(`/proc/${pid}/status`))?.[1];
  return kibibytes === undefined ? undefined : (Number(kibibytes) * 1024) / 1e6;
}

function textOf(file: string): string {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    // The process has ended meanwhile, or the system has no such files.
    return '';
  }
}

async function firstSuggestion(base: ModelFolder, folder: string): Promise<Figure[]> {
  const adapter = path.join(folder, 'adapter');
  const pairs = freshPairs(linearModules(base.manifest), { rank, alpha: rank }, 1);
  await writeAdapter(adapter, { rank, alpha: rank, pairs }, base.manifest);
  const start = performance.now();
  const merged = await mergeAdapter({ base, adapter, destination: path.join(folder, 'merged') });
  const mergedMs = performance.now() - start;
  const policy = await openPolicy(merged, { threads });
  const context = {
    ...{ repository: 'bench', path: 'a.ts', languageId: 'typescript', suffix: '' },
    ...{ prefix: 'export function add(a: number, b: number) {\n  return ', multiline: false },
    snippets: [],
  };
  await policy.generate(
    { context, samples: 0, temperature: 1, maxTokens: 16, seed: 1, drafts: [] },
    new AbortController().signal,
  );
  const totalMs = performance.now() - start;
  await policy.dispose();
  return [
    {
      what: 'adapter to first suggestion (of it, merging)',
      value: `${totalMs.toFixed(0)} ms (${mergedMs.toFixed(0)})`,
      wanted: '<= 3000 ms',
    },
  ];
}
