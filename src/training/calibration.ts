/**
 * Makes probabilities mean what they say: Platt's curve where labels are few, isotonic regression by
 * pooling adjacent violators where they are many, and the error that is left. Pure.
 */
import { type Calibration, calibrate, sigmoid, uncalibrated } from '../model/rewardNetwork';

/** A logit, and what became of it, 0..1. */
export interface Outcome01 {
  readonly logit: number;
  readonly target: number;
}

/** Labels from which on a curve of any shape may be believed. */
export const isotonicFrom = 1_000;
/** Labels that the prior is worth. */
const plattPrior = 20;
/** Labels behind each knot of an isotonic curve at least. */
const minPool = 20;

/** `prior` is what is believed before there are outcomes. */
export function fitCalibration(
  outcomes: readonly Outcome01[],
  prior: Calibration = uncalibrated,
): Calibration {
  return outcomes.length >= isotonicFrom ? isotonic(outcomes) : platt(outcomes, prior);
}

/**
 * Slope and shift of the sigmoid that make the outcomes most likely (Newton's method), held towards
 * those of `prior` so that a handful of labels, or labels of one kind only, bend it little.
 */
export function platt(
  outcomes: readonly Outcome01[],
  prior: Calibration = uncalibrated,
): Calibration {
  const believed = prior.kind === 'platt' ? prior : { slope: 1, shift: 0 };
  let { slope, shift } = believed;
  for (let step = 0; step < 30; step++) {
    // Gradient and Hessian of the penalised loss.
    let gSlope = plattPrior * (slope - believed.slope);
    let gShift = (plattPrior / 4) * (shift - believed.shift);
    let [hSlope, hBoth, hShift] = [plattPrior, 0, plattPrior / 4];
    for (const { logit, target } of outcomes) {
      const p = sigmoid(slope * logit + shift);
      gSlope += (p - target) * logit;
      gShift += p - target;
      hSlope += p * (1 - p) * logit * logit;
      hBoth += p * (1 - p) * logit;
      hShift += p * (1 - p);
    }
    const determinant = hSlope * hShift - hBoth * hBoth;
    const bySlope = (hShift * gSlope - hBoth * gShift) / determinant;
    const byShift = (hSlope * gShift - hBoth * gSlope) / determinant;
    slope -= bySlope;
    shift -= byShift;
    if (Math.abs(bySlope) + Math.abs(byShift) < 1e-9) break;
  }
  // A curve that falls would turn the order round: then nothing is known but the share taken.
  return { kind: 'platt', slope: Math.max(0.05, slope), shift };
}

/** The rising steps nearest to the outcomes, as knots at the middle of each step. */
export function isotonic(outcomes: readonly Outcome01[]): Calibration {
  const sorted = outcomes.toSorted((a, b) => a.logit - b.logit);
  let pools: { sum: number; logits: number; count: number }[] = [];
  for (let at = 0; at < sorted.length; at += minPool) {
    const pool = { sum: 0, logits: 0, count: 0 };
    // What is left over at the end is too little for a pool of its own.
    const end = at + 2 * minPool > sorted.length ? sorted.length : at + minPool;
    for (const { logit, target } of sorted.slice(at, end)) {
      pool.sum += target;
      pool.logits += logit;
      pool.count += 1;
    }
    pools.push(pool);
    if (end === sorted.length) break;
  }
  for (let i = 1; i < pools.length;) {
    const [before, here] = [pools[i - 1], pools[i]];
    if (!before || !here || before.sum / before.count < here.sum / here.count) {
      i++;
      continue;
    }
    const merged = {
      sum: before.sum + here.sum,
      logits: before.logits + here.logits,
      count: before.count + here.count,
    };
    pools = [...pools.slice(0, i - 1), merged, ...pools.slice(i + 1)];
    i = Math.max(1, i - 1);
  }
  return {
    kind: 'isotonic',
    logits: pools.map(({ logits, count }) => logits / count),
    probabilities: pools.map(({ sum, count }) => sum / count),
  };
}

/**
 * Expected calibration error: the mean distance between what was said and what came, over ten bins
 * that hold as many outcomes each (arXiv 1909.10155), 0..1.
 */
export function calibrationError(
  said: readonly { readonly probability: number; readonly target: number }[],
  bins = 10,
): number {
  const sorted = said.toSorted((a, b) => a.probability - b.probability);
  let error = 0;
  for (let bin = 0; bin < bins; bin++) {
    const some = sorted.slice(
      Math.floor((bin * sorted.length) / bins),
      Math.floor(((bin + 1) * sorted.length) / bins),
    );
    const distance = some.reduce((sum, { probability, target }) => sum + probability - target, 0);
    error += Math.abs(distance);
  }
  return sorted.length === 0 ? 0 : error / sorted.length;
}

/** Mean of -log of the probability given to what came, in nats. */
export function logLoss(calibration: Calibration, outcomes: readonly Outcome01[]): number {
  const sum = outcomes.reduce((total, { logit, target }) => {
    const p = calibrate(calibration, logit);
    return total - target * Math.log(p) - (1 - target) * Math.log(1 - p);
  }, 0);
  return sum / Math.max(1, outcomes.length);
}
