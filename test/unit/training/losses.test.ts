/**
 * A whole LoRA step of each loss and ten steps of training, beside PyTorch's (steps.py), and what must
 * not matter: the size of a micro-batch, padding, an adapter that is fresh.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ModelFolder } from '../../../src/model/modelFolder';
import { adamw, adamwStart, clipGradients, learningRateShare } from '../../../src/training/adamw';
import type { DrawKept } from '../../../src/training/dropout';
import {
  type EngineOptions,
  type GradientEngine,
  type Gradients,
  openGradients,
  openScores,
  parametersOf,
} from '../../../src/training/engine';
import type { Example } from '../../../src/training/examples';
import { stepTotals } from '../../../src/training/feeds';
import { writeFrozenWeights } from '../../../src/training/frozenWeights';
import { freshPairs } from '../../../src/training/lora';
import type { LossSettings } from '../../../src/training/losses';
import { linearModules } from '../../../src/training/modules';
import { adapterValues, makeTinyModel } from '../../helpers/tinyModel';
import reference from '../../fixtures/training/steps.json';
import { floatsOfHex } from '../../helpers/hex';

const { rank, alpha, beta, labelSmoothing, likelihood, chosen, rejected, weights } = reference;
const dpo: LossSettings = { method: 'dpo', beta, labelSmoothing, likelihood };

const single = (index: number, sequence: Example['sequences'][number], liked = true): Example => ({
  ...{ line: index + 1, weight: weights[index] ?? 1, liked, sequences: [sequence] },
});
const sftExamples = chosen.map((sequence, i) => single(i, sequence));
const pairExamples = sftExamples.map((example, i) => ({
  ...example,
  sequences: [...example.sequences, ...rejected.slice(i, i + 1)],
}));

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'hone-losses-'));
});
afterAll(() => rm(scratch, { recursive: true }));

async function engine(architecture: 'llama' | 'qwen2'): Promise<EngineOptions> {
  const directory = await mkdtemp(join(scratch, 'run-'));
  const base: ModelFolder = await makeTinyModel(join(directory, 'base'), {
    architecture,
    precision: 'fp32',
  });
  await writeFrozenWeights(base, directory);
  const { manifest: config } = base;
  return { config, modules: linearModules(config), lora: { rank, alpha }, directory, threads: 1 };
}

/** The values of steps.py, where both sides differ from zero. */
function fixedParameters({ modules }: EngineOptions): readonly Float32Array[] {
  return modules.flatMap((module) => [
    adapterValues(`base_model.model.${module.name}.lora_A.default.weight`, rank * module.columns),
    adapterValues(`base_model.model.${module.name}.lora_B.default.weight`, rank * module.rows),
  ]);
}

/** Norm of the difference over the norm of the expected, the worst of all tensors. */
function worstError({ gradients }: Gradients, { modules }: EngineOptions, hexes: object): number {
  const expected = new Map(Object.entries(hexes) as [string, string][]);
  const names = modules.flatMap(({ name }) => [`${name}.lora_A`, `${name}.lora_B`]);
  expect(expected.size).toBe(names.length);
  return Math.max(
    ...names.map((name, i) => {
      const right = floatsOfHex(expected.get(`base_model.model.${name}.weight`) ?? '');
      const given = gradients[i] ?? new Float32Array();
      expect(given.length).toBe(right.length);
      return norm(given.map((value, j) => value - (right[j] ?? NaN))) / norm(right);
    }),
  );
}

function norm(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
}

async function withGradients<T>(
  options: EngineOptions,
  loss: LossSettings,
  work: (engine: GradientEngine) => Promise<T>,
): Promise<T> {
  const opened = await openGradients(options, loss);
  return work(opened).finally(() => opened.release());
}

const forSft = (examples: readonly Example[]) => ({
  frozenScores: examples.map(() => 0),
  totals: stepTotals(examples),
  referencePoint: 0,
});

describe.each(['llama', 'qwen2'] as const)('on a %s model', (architecture) => {
  const expected = reference[architecture];

  test('the gradients of a supervised step are those of PyTorch', async () => {
    const options = await engine(architecture);
    const result = await withGradients(options, { method: 'sft' }, (engine) =>
      engine.run(sftExamples, forSft(sftExamples), fixedParameters(options)),
    );
    expect(result.loss).toBeCloseTo(expected.sft.loss, 5);
    expect(worstError(result, options, expected.sft.gradients)).toBeLessThan(1e-5);
  });

  test('the gradients of a preference step are those of PyTorch', async () => {
    const options = await engine(architecture);
    const scores = await openScores(options);
    const zero = fixedParameters(options).map((values, i) =>
      i % 2 === 1 ? values.map(() => 0) : values,
    );
    const frozenScores = await scores.run(pairExamples, zero);
    await scores.release();
    const [ofChosen = [], ofRejected = []] = expected.frozenLogp;
    for (const [i, score] of frozenScores.entries()) {
      expect(score).toBeCloseTo((ofChosen[i] ?? NaN) - (ofRejected[i] ?? NaN), 4);
    }
    const result = await withGradients(options, dpo, (engine) =>
      engine.run(
        pairExamples,
        { frozenScores, totals: stepTotals(pairExamples), referencePoint: 0 },
        fixedParameters(options),
      ),
    );
    expect(result.loss).toBeCloseTo(expected.dpo.loss, 5);
    expect(worstError(result, options, expected.dpo.gradients)).toBeLessThan(1e-5);
  });

  test('the gradients of an unpaired step are those of PyTorch', async () => {
    const options = await engine(architecture);
    const texts = [chosen[0], rejected[1], chosen[1]].flatMap((text) => text ?? []);
    const examples = texts.map((text, i) => ({ ...single(i, text, i !== 1), weight: 1 }));
    const [ofChosen = [], ofRejected = []] = expected.frozenLogp;
    const frozenScores = [ofChosen[0] ?? NaN, ofRejected[1] ?? NaN, ofChosen[1] ?? NaN];
    const { drift } = expected.kto;
    const referencePoint = Math.max(0, drift.reduce((sum, each) => sum + each, 0) / drift.length);
    const result = await withGradients(options, { method: 'kto', beta }, (engine) =>
      engine.run(
        examples,
        { frozenScores, totals: stepTotals(examples), referencePoint },
        fixedParameters(options),
      ),
    );
    expect(result.loss).toBeCloseTo(expected.kto.loss, 5);
    expect(worstError(result, options, expected.kto.gradients)).toBeLessThan(1e-5);
  });
});

test('the gradients of a step with dropout are those of PyTorch that drops the same', async () => {
  const plain = await engine('llama');
  const { share, loss, gradients: expected } = reference.dropout;
  const options = { ...plain, lora: { ...plain.lora, dropout: share } };
  const parameters = fixedParameters(options);
  const inputs = forSft(sftExamples);
  const parts = await withGradients(options, { method: 'sft' }, async (engine) => {
    const results: Gradients[] = [];
    for (const example of sftExamples)
      results.push(await engine.run([example], inputs, parameters, fixedKept(example, share)));
    return results;
  });
  const [first, second] = parts;
  const gradients = parameters.map((values, p) =>
    values.map((_, i) => (first?.gradients[p]?.[i] ?? NaN) + (second?.gradients[p]?.[i] ?? NaN)),
  );
  const sum = (first?.loss ?? NaN) + (second?.loss ?? NaN);
  expect(sum).toBeCloseTo(loss, 5);
  expect(Math.abs(sum - reference.llama.sft.loss)).toBeGreaterThan(0.01);
  expect(worstError({ loss: sum, gradients }, options, expected)).toBeLessThan(1e-5);
});

/** What steps.py keeps: drawn by name for each token, of which the last layer computes the last few. */
function fixedKept({ sequences: [text] }: Example, share: number): DrawKept {
  return (name, rows, columns) => {
    const values = adapterValues(name, 16 * columns);
    const isAll = rows === text?.ids.length;
    const skipped = isAll ? 0 : columns * ((text?.start ?? NaN) - 1);
    return Uint8Array.from({ length: rows * columns }, (_, i) =>
      Number((values[skipped + i] ?? NaN) >= 0.1 * (2 * share - 1)),
    );
  };
}

test('ten steps of training have the losses of PyTorch', async () => {
  const options = await engine('llama');
  let parameters = fixedParameters(options).map((values, i) =>
    i % 2 === 1 ? values.map(() => 0) : values,
  );
  let state = adamwStart(parameters);
  const losses: number[] = [];
  await withGradients(options, { method: 'sft' }, async (engine) => {
    for (let step = 0; step < 10; step++) {
      const examples = sftExamples.slice(step % 2, (step % 2) + 1);
      const { loss, gradients } = await engine.run(examples, forSft(examples), parameters);
      const rate = 0.02 * learningRateShare(step, 2, 10);
      const next = adamw(parameters, clipGradients(gradients, 1), state, rate);
      parameters = [...next.parameters];
      ({ state } = next);
      losses.push(loss);
    }
  });
  for (const [step, loss] of losses.entries()) {
    expect(Math.abs(loss - (reference.trajectory[step] ?? NaN))).toBeLessThan(1e-4);
  }
});

test('a batch has the gradients of its rows added up, so padding changes nothing', async () => {
  const options = await engine('llama');
  const frozenScores = [-3, 2];
  const totals = stepTotals(pairExamples);
  await withGradients(options, dpo, async (engine) => {
    const parameters = fixedParameters(options);
    const inputs = { totals, referencePoint: 0 };
    const whole = await engine.run(pairExamples, { ...inputs, frozenScores }, parameters);
    const [first, second] = [
      await engine.run(pairExamples.slice(0, 1), { ...inputs, frozenScores: [-3] }, parameters),
      await engine.run(pairExamples.slice(1), { ...inputs, frozenScores: [2] }, parameters),
    ];
    expect(first.loss + second.loss).toBeCloseTo(whole.loss, 5);
    for (const [i, gradient] of whole.gradients.entries()) {
      const sum = gradient.map(
        (_, j) => (first.gradients[i]?.[j] ?? NaN) + (second.gradients[i]?.[j] ?? NaN),
      );
      expect(norm(sum.map((value, j) => value - (gradient[j] ?? NaN)))).toBeLessThan(
        1e-5 * norm(gradient) + 1e-9,
      );
    }
  });
});

test('a batch of eight rows of all lengths has the gradients of eight rows added up', async () => {
  const options = await engine('qwen2');
  const examples = Array.from({ length: 8 }, (_, i): Example => {
    const ids = Array.from({ length: 4 + 2 * i }, (_, t) => 3 + ((37 * i + 11 * t) % 270));
    return { line: i + 1, weight: 1 + i / 4, liked: true, sequences: [{ ids, start: 1 + i }] };
  });
  const parameters = fixedParameters(options);
  const inputs = forSft(examples);
  await withGradients(options, { method: 'sft' }, async (engine) => {
    const whole = await engine.run(examples, inputs, parameters);
    const sums = parameters.map(({ length }) => new Float32Array(length));
    let loss = 0;
    for (const example of examples) {
      const part = await engine.run([example], inputs, parameters);
      loss += part.loss;
      for (const [p, gradient] of part.gradients.entries())
        sums[p] = gradient.map((value, i) => value + (sums[p]?.[i] ?? NaN));
    }
    expect(loss).toBeCloseTo(whole.loss, 5);
    for (const [p, gradient] of whole.gradients.entries()) {
      const difference = gradient.map((value, i) => value - (sums[p]?.[i] ?? NaN));
      expect(norm(difference)).toBeLessThan(1e-5 * norm(gradient));
    }
  });
});

test('a fresh adapter changes nothing', async () => {
  const options = await engine('llama');
  const scores = await openScores(options);
  const fresh = parametersOf(freshPairs(options.modules, options.lora, 1));
  expect(fresh.some((values) => values.some((value) => value !== 0))).toBe(true);
  const without = fresh.map((values) => new Float32Array(values.length));
  expect(await scores.run(pairExamples, fresh)).toEqual(await scores.run(pairExamples, without));
  await scores.release();
});

test('where some layers are trained, they have the gradients that they have among all', async () => {
  const options = await engine('qwen2');
  const kinds = ['q_proj', 'v_proj', 'up_proj', 'down_proj'];
  const isTrained = ({ layer, kind }: { layer: number; kind: string }): boolean =>
    layer === 1 && kinds.includes(kind);
  const few: EngineOptions = { ...options, modules: options.modules.filter(isTrained) };
  // B of the others is zero, so that they add nothing.
  const parameters = fixedParameters(options).map((values, i) =>
    isTrained(options.modules[i >> 1] ?? { layer: -1, kind: '' }) || i % 2 === 0
      ? values
      : new Float32Array(values.length),
  );
  const trained = <T>(all: readonly T[]): T[] =>
    all.filter((_, i) => few.modules.includes(options.modules[i >> 1] ?? few.modules[0]!));
  const run = (which: EngineOptions, values: readonly Float32Array[]) =>
    withGradients(which, { method: 'sft' }, (engine) =>
      engine.run(sftExamples, forSft(sftExamples), values),
    );
  const all = await run(options, parameters);
  const some = await run(few, trained(parameters));
  expect(few.modules).toHaveLength(4);
  expect(some.loss).toBeCloseTo(all.loss, 5);
  for (const [i, gradient] of trained(all.gradients).entries()) {
    const difference = gradient.map((value, j) => value - (some.gradients[i]?.[j] ?? NaN));
    expect(norm(difference)).toBeLessThan(1e-5 * norm(gradient));
  }
});
