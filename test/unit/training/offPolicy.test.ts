import { describe, expect, test } from 'vitest';
import {
  estimateValue,
  type LoggedDecision,
  type ThresholdDecision,
  underThreshold,
} from '../../../src/training/offPolicy';
import { type Random, seededRandom } from '../../../src/util/random';

const estimate = (decisions: readonly LoggedDecision[], maxWeight?: number) =>
  estimateValue(decisions, {
    draws: 400,
    ...(maxWeight !== undefined && { maxWeight }),
  });

/**
 * A user before whom the best text is shown from 0.25 on, and one time in ten the contrary is done.
 * Shown, it is taken as often as was said, worth 1, or refused, worth -0.5.
 */
function logOf(count: number, random: Random): ThresholdDecision[] {
  return Array.from({ length: count }, () => {
    const probability = random();
    const usual = probability >= 0.25 ? 'best' : 'silent';
    const isUsual = random() < 0.9;
    const action = isUsual ? usual : usual === 'best' ? 'silent' : 'best';
    const taken = random() < probability;
    const reward = action === 'silent' ? 0 : taken ? 1 : -0.5;
    return { probability, action, propensity: isUsual ? 0.9 : 0.1, reward };
  });
}

/** Mean over p in 0..1 of p - (1 - p) / 2 where p is at least the threshold, and of 0 below it. */
const truth = (threshold: number) => 0.75 * (1 - threshold ** 2) - 0.5 * (1 - threshold);

describe('the value of another threshold', () => {
  test.each([0, 0.1, 0.25, 0.5, 0.75, 0.9])('of %d is near the truth', (threshold) => {
    const { value, low, high } = estimate(underThreshold(logOf(5_000, seededRandom(7)), threshold));
    expect(Math.abs(value - truth(threshold))).toBeLessThan(0.04);
    expect(low).toBeLessThan(value);
    expect(high).toBeGreaterThan(value);
  });

  test('lies in its interval nineteen times of twenty', () => {
    const runs = 200;
    let inside = 0;
    for (let run = 0; run < runs; run++) {
      const logged = underThreshold(logOf(400, seededRandom(100 + run)), 0.5);
      const { low, high } = estimate(logged);
      if (low <= truth(0.5) && truth(0.5) <= high) inside++;
    }
    expect(inside / runs).toBeGreaterThan(0.9);
    expect(inside / runs).toBeLessThan(0.99);
  }, 60_000);

  test('of the rule in use is that of what was logged where nothing was drawn by chance', () => {
    const sure = { propensity: 1, targetProbability: 1 };
    const { value, effectiveSize } = estimate([1, 0, -1, 1].map((reward) => ({ ...sure, reward })));
    expect(value).toBe(0.25);
    expect(effectiveSize).toBe(4);
  });
});

describe('how far to believe it', () => {
  test('is said by fewer effective decisions, the more the rules differ', () => {
    const log = logOf(2_000, seededRandom(3));
    const sizes = [0.25, 0.4, 0.8].map(
      (threshold) => estimate(underThreshold(log, threshold)).effectiveSize,
    );
    expect(sizes[0]).toBeGreaterThan(1_500);
    expect(sizes).toEqual(sizes.toSorted((a, b) => b - a));
    expect(sizes[2]).toBeLessThan(700);
  });

  test('is said by a wider interval where decisions come in groups that are alike', () => {
    const random = seededRandom(5);
    const grouped = Array.from({ length: 40 }, (_, day) => {
      const reward = random() < 0.5 ? 1 : 0;
      return Array.from({ length: 10 }, () => ({
        ...{ propensity: 1, targetProbability: 1, reward },
        group: `day ${day}`,
      }));
    }).flat();
    const apart = grouped.map(({ group: _, ...decision }) => decision);
    const width = ({ low, high }: { readonly low: number; readonly high: number }) => high - low;
    expect(width(estimate(grouped))).toBeGreaterThan(2 * width(estimate(apart)));
  });

  test('is nothing where the other rule would never have done the same', () => {
    const never = { propensity: 0.9, targetProbability: 0, reward: 1 };
    expect(estimate([never, never])).toEqual({
      ...{ value: NaN, low: NaN, high: NaN },
      ...{ effectiveSize: 0, decisions: 2 },
    });
    expect(estimate([]).value).toBeNaN();
  });
});

test('a heavy weight is cut where that is asked for', () => {
  const rare = { propensity: 0.02, targetProbability: 1, reward: 1 };
  const usual = { propensity: 1, targetProbability: 1, reward: 0 };
  expect(estimate([rare, usual]).value).toBeCloseTo(50 / 51);
  expect(estimate([rare, usual], 10).value).toBeCloseTo(10 / 11);
});

test('no candidate is silence under any threshold, and another one shown is neither', () => {
  const facts = { propensity: 1, reward: 0 };
  const decisions: ThresholdDecision[] = [
    { ...facts, probability: undefined, action: 'silent' },
    { ...facts, probability: 0.8, action: 'other' },
    { ...facts, probability: 0.5, action: 'best' },
  ];
  const targets = (threshold: number) =>
    underThreshold(decisions, threshold).map(({ targetProbability }) => targetProbability);
  expect(targets(0)).toEqual([1, 0, 1]);
  expect(targets(0.5)).toEqual([1, 0, 1]);
  expect(targets(0.6)).toEqual([1, 0, 0]);
});

test('a probability that cannot be is refused', () => {
  const fine = { propensity: 1, targetProbability: 1, reward: 0 };
  expect(() => estimate([{ ...fine, propensity: 0 }])).toThrow(RangeError);
  expect(() => estimate([{ ...fine, propensity: NaN }])).toThrow(RangeError);
  expect(() => estimate([{ ...fine, targetProbability: 1.5 }])).toThrow(RangeError);
});
