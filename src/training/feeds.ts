/**
 * Examples as the inputs of the loss graphs (`losses.ts`). A micro-batch is any part of a step: what
 * is divided by the size of the step is divided here by the totals of the whole step, so that parts
 * add up. Texts are padded on the right, where causal attention never looks back from.
 *
 * Shapes: B sequences, S tokens of the longest, R completion tokens of all, K labels of each, Q texts
 * (DPO: pairs).
 */
import type { Tensor } from '../model/session';
import type { Example, Sequence } from './examples';
import { lossNames } from './losses';

/** What the parts of one step are divided by. */
export interface StepTotals {
  /** Completion tokens, each times the weight of its row. */
  readonly tokens: number;
  /** Weights of the rows. */
  readonly texts: number;
}

/** The first text of each example is the one that is learned; a second one is the rejected. */
export function stepTotals(examples: readonly Example[]): StepTotals {
  let tokens = 0;
  let texts = 0;
  for (const { weight, sequences } of examples) {
    const [first] = sequences;
    if (first !== undefined) tokens += weight * completionLength(first);
    texts += weight;
  }
  return { tokens, texts };
}

export function completionLength({ ids, start }: Sequence): number {
  return ids.length - start;
}

/** Inputs of `addScores`. */
export function scoreFeeds(examples: readonly Example[]): Record<string, Tensor> {
  const sequences = examples.flatMap((example) => example.sequences);
  const length = sequences.reduce((most, { ids }) => Math.max(most, ids.length), 0);
  const inputIds = new BigInt64Array(sequences.length * length);
  const rows: number[] = [];
  const labels: number[] = [];
  for (const [index, { ids, start }] of sequences.entries()) {
    const at = index * length;
    for (const [i, id] of ids.entries()) {
      inputIds[at + i] = BigInt(id);
      if (i < start) continue;
      rows.push(at + i - 1);
      labels.push(id);
    }
  }
  const textRows = new Float32Array(examples.length * rows.length);
  let row = 0;
  for (const [q, { sequences }] of examples.entries()) {
    for (const [which, sequence] of sequences.entries()) {
      const end = row + completionLength(sequence);
      textRows.fill(which === 0 ? 1 : -1, q * rows.length + row, q * rows.length + end);
      row = end;
    }
  }
  return {
    input_ids: { type: 'int64', dims: [sequences.length, length], data: inputIds },
    logit_rows: int64([rows.length], rows),
    [lossNames.labels]: int64([labels.length, 1], labels),
    [lossNames.textRows]: float32([examples.length, rows.length], textRows),
  };
}

export interface LossInputs {
  /** `scores` of the frozen model, one for each example; not read for SFT. */
  readonly frozenScores: readonly number[];
  readonly totals: StepTotals;
  /** KTO's z0, 0 or more. */
  readonly referencePoint: number;
}

/** Inputs of `addLoss`, of whatever method. */
export function lossFeeds(
  examples: readonly Example[],
  { frozenScores, totals, referencePoint }: LossInputs,
): Record<string, Tensor> {
  const column = (values: readonly number[]): Tensor => float32([values.length, 1], values);
  return {
    ...scoreFeeds(examples),
    ...labelFeeds(examples, totals),
    [lossNames.frozenScores]: column(frozenScores),
    [lossNames.textWeights]: column(examples.map(({ weight }) => weight / totals.texts)),
    [lossNames.liked]: column(examples.map(({ liked }) => (liked ? 1 : -1))),
    [lossNames.referencePoint]: float32([1, 1], [referencePoint]),
  };
}

/** Labels and their weights, [R, K]: rows without `expected` ones have one that counts. */
function labelFeeds(examples: readonly Example[], totals: StepTotals): Record<string, Tensor> {
  const K = Math.max(1, ...examples.map((example) => labelsOf(example)));
  const labels: number[] = [];
  const weights: number[] = [];
  for (const example of examples) {
    const { expected, weight } = example;
    const count = labelsOf(example);
    const share = weight / totals.tokens / count;
    for (const [which, { ids, start }] of example.sequences.entries()) {
      for (const [row, id] of ids.slice(start).entries()) {
        for (let k = 0; k < K; k++) {
          labels.push(expected?.[row * count + k] ?? id);
          weights.push(which === 0 && k < count ? share : 0);
        }
      }
    }
  }
  const dims = [labels.length / K, K];
  return {
    [lossNames.labels]: int64(dims, labels),
    [lossNames.tokenWeights]: float32(dims, weights),
  };
}

/** K of one example. */
function labelsOf({ expected, sequences }: Example): number {
  const [first] = sequences;
  return expected === undefined || first === undefined
    ? 1
    : expected.length / completionLength(first);
}

function int64(dims: readonly number[], values: readonly number[]): Tensor {
  return { type: 'int64', dims, data: BigInt64Array.from(values, BigInt) };
}

function float32(dims: readonly number[], values: ArrayLike<number>): Tensor {
  return { type: 'float32', dims, data: Float32Array.from(values) };
}
