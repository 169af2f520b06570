/**
 * One LoRA step of each loss on a real model, beside PyTorch's: both begin at the same float32 weights
 * and the same adapter. PyTorch computes it twice, in float64, which is taken to be right, and in
 * float32, which says what rounding alone does: the first position of a text carries activations so
 * large that every float32 engine is off by some 2e-5. The two in float32 may be 1e-5 apart.
 *
 *     node tools/run.mjs tools/torch/steps.ts PYTHON [MODEL_FOLDER]
 *
 * PYTHON has torch, transformers and peft. Distances are relative; of gradients, the norm of the
 * difference over the norm, all tensors together. Last output, on SmolLM2-135M:
 *
 *     sft gradients: Hone is off by 2.3e-5, PyTorch in float32 by 2.1e-5; the two are 4.0e-6 apart
 *     dpo gradients: Hone is off by 1.6e-5, PyTorch in float32 by 1.5e-5; the two are 4.9e-6 apart
 *     kto gradients: Hone is off by 2.4e-5, PyTorch in float32 by 2.3e-5; the two are 6.1e-6 apart
 */
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import { z } from 'zod';
import { readModelFolder } from '../../src/model/modelFolder';
import { SafetensorsWeights } from '../../src/model/safetensors';
import { loadTokenizer } from '../../src/model/tokenizer';
import { writeAdapter } from '../../src/training/adapter';
import { type EngineOptions, type Gradients } from '../../src/training/engine';
import { openGradients, openScores, parametersOf } from '../../src/training/engine';
import { type Example, encodeRows } from '../../src/training/examples';
import { stepTotals } from '../../src/training/feeds';
import { writeFrozenWeights } from '../../src/training/frozenWeights';
import { freshPairs } from '../../src/training/lora';
import type { LossSettings } from '../../src/training/losses';
import { linearModules } from '../../src/training/modules';
import { type Method, type TrainingRow, methods } from '../../src/training/rows';
import { seededRandom } from '../../src/util/random';
import { writeTorchCheckpoint } from './checkpoint';

/** Between Hone and PyTorch in float32. */
const allowed = 1e-5;
const [rank, alpha, beta, labelSmoothing, likelihood] = [8, 16, 0.1, 0.1, 0.5];
const weights = [1, 2.5];

const prompts = [
  '/** What all of it costs. */\nexport function total(items: readonly Item[]): number {\n  return ',
  'export async function load(file: string): Promise<Item[]> {\n  const text = ',
];
const chosen = [
  'items.reduce((sum, { price, count }) => sum + price * count, 0);\n}\n',
  "await readFile(file, 'utf8');\n  return JSON.parse(text) as Item[];\n}\n",
];
const rejected = [
  'items.map((item) => item.price);\n}\n',
  'fs.readFileSync(file).toString();\n}\n',
];
const liked = [true, false];

async function main([python, model = '.cache/models/smollm2-135m']: string[]): Promise<void> {
  if (python === undefined) throw new Error('Name a python with torch, transformers and peft.');
  const base = await readModelFolder(path.resolve(model));
  const { manifest: config } = base;
  const folder = await mkdtemp(path.join(os.tmpdir(), 'hone-steps-'));
  try {
    const modules = linearModules(config);
    const lora = { rank, alpha };
    const random = seededRandom(2);
    // Both sides of the adapter differ from zero, so that both have gradients that matter.
    const pairs = freshPairs(modules, lora, 1).map((pair) => ({
      ...pair,
      b: pair.b.map(() => 0.02 * (2 * random() - 1)),
    }));
    await writeAdapter(path.join(folder, 'adapter'), { rank, alpha, pairs }, config);
    await writeTorchCheckpoint(base, path.join(folder, 'base'));
    await writeFrozenWeights(base, folder);
    const parts = { tokenizer: await loadTokenizer(base), manifest: config };
    const examplesOf = (method: Method) => encodeRows(rowsOf(method), parts, 512).examples;
    const rows = {
      chosen: examplesOf('sft').map(({ sequences }) => sequences[0]),
      rejected: examplesOf('dpo').map(({ sequences }) => sequences[1]),
      unpaired: examplesOf('kto').map(({ sequences }) => sequences[0]),
    };
    const asked = { ...rows, liked, weights, beta, labelSmoothing, likelihood };
    await writeFile(path.join(folder, 'asked.json'), JSON.stringify(asked));

    const script = path.resolve('tools/torch/steps.py');
    const { status } = spawnSync(python, [script, folder], { stdio: 'inherit' });
    if (status !== 0) throw new Error(`${python} failed: see above.`);
    const told = toldSchema.parse(
      JSON.parse(await readFile(path.join(folder, 'told.json'), 'utf8')),
    );
    const engine: EngineOptions = { config, modules, lora, directory: folder, threads: 2 };
    for (const method of methods) {
      const result = await step(engine, method, examplesOf(method), parametersOf(pairs));
      const theirs = async (precision: 'float32' | 'float64'): Promise<Gradients> => ({
        loss: told[precision][method],
        gradients: await gradientsIn(folder, `${method}.${precision}`, engine),
      });
      report(method, result, await theirs('float32'), await theirs('float64'));
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}

const toldSchema = z.record(z.enum(['float32', 'float64']), z.record(z.enum(methods), z.number()));

function rowsOf(method: Method): TrainingRow[] {
  return prompts.map((prompt, i) => {
    const [good = '', bad = ''] = [chosen[i], rejected[i]];
    const unpaired = liked[i] === true ? good : bad;
    const texts = { sft: [good], dpo: [good, bad], kto: [unpaired] }[method];
    const place = { repository: 'shop', path: 'src/items.ts' };
    const weight = method === 'kto' ? 1 : (weights[i] ?? 1);
    return {
      line: i + 1,
      prompt,
      texts,
      weight,
      liked: method !== 'kto' || liked[i] === true,
      ...place,
    };
  });
}

async function step(
  engine: EngineOptions,
  method: Method,
  examples: readonly Example[],
  parameters: readonly Float32Array[],
): Promise<Gradients> {
  const scores = await openScores(engine);
  const zeros = parameters.map(({ length }) => new Float32Array(length));
  const frozenScores = await scores.run(examples, zeros);
  let referencePoint = 0;
  if (method === 'kto') {
    const strangers = examples.map((example, i) => {
      const [own, other] = [example, examples[(i + 1) % examples.length]].map((each) => {
        const [sequence = { ids: [], start: 0 }] = each?.sequences ?? [];
        return sequence;
      });
      const ids = [
        ...(own?.ids.slice(0, own.start) ?? []),
        ...(other?.ids.slice(other.start) ?? []),
      ];
      return { ...example, sequences: [{ ids, start: own?.start ?? 0 }] };
    });
    const [before, after] = [
      await scores.run(strangers, zeros),
      await scores.run(strangers, parameters),
    ];
    const drift = after.reduce((sum, score, i) => sum + score - (before[i] ?? NaN), 0);
    referencePoint = Math.max(0, drift / examples.length);
  }
  await scores.release();
  const settings: Record<Method, LossSettings> = {
    sft: { method: 'sft' },
    dpo: { method: 'dpo', beta, labelSmoothing, likelihood },
    kto: { method: 'kto', beta },
  };
  const gradients = await openGradients(engine, settings[method]);
  const inputs = { frozenScores, totals: stepTotals(examples), referencePoint };
  return gradients.run(examples, inputs, parameters).finally(() => gradients.release());
}

/** PyTorch's gradients, in the order of `parametersOf`. */
async function gradientsIn(
  folder: string,
  name: string,
  { modules, lora }: EngineOptions,
): Promise<Float32Array[]> {
  const weights = await SafetensorsWeights.open(folder, [`${name}.safetensors`]);
  try {
    const all: Float32Array[] = [];
    for (const { name: layer, rows, columns } of modules) {
      const a = { name: `base_model.model.${layer}.lora_A.weight`, dims: [lora.rank, columns] };
      const b = { name: `base_model.model.${layer}.lora_B.weight`, dims: [rows, lora.rank] };
      all.push(await weights.read(a, 0, lora.rank), await weights.read(b, 0, rows));
    }
    return all;
  } finally {
    await weights.close();
  }
}

function report(method: Method, ours: Gradients, float32: Gradients, right: Gradients): void {
  const errors = [
    ['loss', ({ loss }: Gradients) => [Float32Array.of(loss)]],
    ['gradients', ({ gradients }: Gradients) => gradients],
  ] as const;
  for (const [what, of] of errors) {
    const own = distance(of(ours), of(right));
    const rounding = distance(of(float32), of(right));
    const apart = distance(of(ours), of(float32));
    const text = (value: number): string => value.toExponential(1);
    process.stdout.write(
      `${method} ${what}: Hone is off by ${text(own)}, PyTorch in float32 by ${text(rounding)}; the two are ${text(apart)} apart\n`,
    );
    if (!(apart <= allowed)) process.exitCode = 1;
  }
}

/** Norm of the difference over the norm of what is right, all tensors taken as one. */
function distance(given: readonly Float32Array[], right: readonly Float32Array[]): number {
  let [off, size] = [0, 0];
  for (const [i, values] of right.entries()) {
    for (const [j, value] of values.entries()) {
      off += ((given[i]?.[j] ?? NaN) - value) ** 2;
      size += value ** 2;
    }
  }
  return Math.sqrt(off / size);
}

await main(process.argv.slice(2));
