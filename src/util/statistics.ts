/**
 * The few figures by which samples are summed up, and how sure they are: percentiles of the bootstrap
 * (Efron 1979). Nothing of no values: NaN, which a report can show, rather than an error.
 */
import { seededRandom } from './random';

export function sum(values: readonly number[]): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

export function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}

/** Linear interpolation between the two nearest of the ascending `sorted`; `share` is 0..1. */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const at = (sorted.length - 1) * share;
  const low = sorted[Math.floor(at)] ?? NaN;
  const high = sorted[Math.ceil(at)] ?? NaN;
  return low + (high - low) * (at - Math.floor(at));
}

export interface Interval {
  readonly value: number;
  /** Ends of the central 95 %. */
  readonly low: number;
  readonly high: number;
}

/**
 * `statistic` of all items, and between what it lies for samples of as many, drawn with replacement
 * within each stratum. What is not independent (decisions of a commit) is one item together. A
 * sample of which the statistic is NaN says nothing, and is left out. The same seed draws the same
 * samples, so that the ratio of two figures is that of pairs. A sample is the statistic's only until it
 * returns.
 */
export function bootstrap<T>(
  strata: readonly (readonly T[])[],
  statistic: (sample: readonly T[]) => number,
  { seed = 1, draws = 1_000 }: { readonly seed?: number; readonly draws?: number } = {},
): Interval {
  const random = seededRandom(seed);
  const sample = strata.flat();
  const value = statistic(sample);
  const values = Float64Array.from({ length: draws }, () => {
    let at = 0;
    for (const stratum of strata)
      for (let i = 0; i < stratum.length; i++)
        sample[at++] = stratum[Math.floor(random() * stratum.length)] as T;
    return statistic(sample);
  })
    .filter((drawn) => !Number.isNaN(drawn))
    .sort();
  return { value, low: quantile(values, 0.025), high: quantile(values, 0.975) };
}
