import { expect, test } from 'vitest';
import { projected, stateSize } from '../../../src/model/projection';
import { seededRandom } from '../../../src/util/random';

const width = 576;

function vector(seed: number): Float32Array {
  const random = seededRandom(1000 + seed);
  return Float32Array.from({ length: width }, () => 2 * random() - 1);
}

function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Math.hypot(...Array.from(a, (value, i) => value - (b[i] ?? 0)));
}

test('the projection is linear, and the same every time', () => {
  const [a, b] = [projected(vector(1)), projected(vector(2))];
  const sum = projected(vector(1).map((value, i) => value + (vector(2)[i] ?? 0)));
  expect(sum).toHaveLength(stateSize);
  for (const [i, value] of sum.entries()) expect(value).toBeCloseTo((a[i] ?? 0) + (b[i] ?? 0), 4);
  expect(projected(vector(1))).toEqual(a);
});

test('distances are kept, but for a constant', () => {
  const ratios = Array.from({ length: 50 }, (_, i) => {
    const [one, other] = [vector(2 * i), vector(2 * i + 1)];
    return distance(projected(one), projected(other)) / distance(one, other);
  });
  const mean = ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length;
  for (const ratio of ratios) expect(Math.abs(ratio / mean - 1)).toBeLessThan(0.5);
});
