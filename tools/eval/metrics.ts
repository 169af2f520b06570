/**
 * Figures of merit: what one answer is worth, and how sure a mean of many is. Intervals are
 * percentiles of a bootstrap over cuts (Efron 1979), stratified by package, the same resamples for
 * every row, so that the ratio of two rows is that of pairs. No answers are made here.
 */
import { distance } from 'fastest-levenshtein';
import { quantile } from '../../src/replay/fim';
import { seededRandom } from '../../src/util/random';

export interface Marks {
  readonly exact: boolean;
  /** 1 - Levenshtein distance / longer length, 0..1. */
  readonly similarity: number;
  /** Characters of the answer that need not be typed, taking the suggestion word by word. */
  readonly saved: number;
}

/** Marks of `text`, '' for none, where `target` was written; blanks at the end do not count. */
export function marksOf(text: string, target: string): Marks {
  const [line = ''] = text.split('\n');
  const shown = line.trimEnd();
  const longer = Math.max(shown.length, target.length);
  return {
    exact: shown === target,
    similarity: longer === 0 ? 1 : 1 - distance(shown, target) / longer,
    saved: wordsInCommon(shown, target),
  };
}

/** Length of the beginning that two texts share, back to where a word of `shown` ends. */
function wordsInCommon(shown: string, target: string): number {
  let length = 0;
  while (length < shown.length && shown[length] === target[length]) length++;
  if (length === shown.length) return length;
  const insideWord = /\w/.test(shown.charAt(length)) && /\w/.test(shown.charAt(length - 1));
  return insideWord ? shown.slice(0, length).replace(/\w+$/, '').length : length;
}

export interface Interval {
  readonly value: number;
  /** 2.5 % and 97.5 % points of the bootstrap. */
  readonly low: number;
  readonly high: number;
}

const resamples = 1000;

/**
 * `statistic` of all strata together, with its interval. It is given indices into each stratum's
 * cuts, flattened: the same cut may come several times.
 */
export function bootstrap<T>(
  strata: readonly (readonly T[])[],
  statistic: (sample: readonly T[]) => number,
  seed = 1,
): Interval {
  const random = seededRandom(seed);
  const values = Array.from({ length: resamples }, () =>
    statistic(
      strata.flatMap((stratum) =>
        stratum.map(() => stratum[Math.floor(random() * stratum.length)] as T),
      ),
    ),
  ).sort((a, b) => a - b);
  return {
    value: statistic(strata.flat()),
    low: quantile(values, 0.025),
    high: quantile(values, 0.975),
  };
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
