/**
 * What each step of a run does, before anything is computed: which rows it takes and how far it goes.
 * It depends on the settings and the number of rows alone, so a run that is taken up again, or one in
 * another library, does the very same.
 */
import { seededRandom } from '../util/random';
import { learningRateShare } from './adamw';
import type { TrainingSettings } from './settings';

export interface PlannedStep {
  /** Numbers of the rows, from 0. */
  readonly rows: readonly number[];
  readonly learningRate: number;
}

export function stepCount(rows: number, { epochs, batchSize }: TrainingSettings): number {
  return epochs * Math.ceil(rows / batchSize);
}

/** Step `step`, from 0, of a run over `count` rows: each epoch is a new order, drawn from the seed. */
export function plannedStep(count: number, step: number, settings: TrainingSettings): PlannedStep {
  const { seed, batchSize, warmup, learningRate } = settings;
  const perEpoch = Math.ceil(count / batchSize);
  const order = epochOrder(count, seed, Math.floor(step / perEpoch));
  const from = (step % perEpoch) * batchSize;
  const total = stepCount(count, settings);
  const share = learningRateShare(step, Math.floor(total * warmup), total);
  return { rows: order.slice(from, from + batchSize), learningRate: learningRate * share };
}

/** Where what one row of a step drops is drawn from; `place` is the row's in the step, from 0. */
export function dropoutSeed(step: number, place: number, { seed }: TrainingSettings): number {
  return seed + Math.imul(step + 1, 0x9e3779b1) + Math.imul(place + 1, 0x85ebca6b);
}

function epochOrder(count: number, seed: number, epoch: number): number[] {
  const random = seededRandom(seed + Math.imul(epoch + 1, 0x9e3779b1));
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j] ?? 0, order[i] ?? 0];
  }
  return order;
}
