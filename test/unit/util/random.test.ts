import { expect, test } from 'vitest';
import { seededRandom, shuffled } from '../../../src/util/random';

test('the same seed gives the same numbers, another seed others', () => {
  const draw = (seed: number) => {
    const random = seededRandom(seed);
    return Array.from({ length: 5 }, random);
  };
  expect(draw(7)).toEqual(draw(7));
  expect(draw(7)).not.toEqual(draw(8));
});

test('numbers are uniform in [0, 1)', () => {
  const random = seededRandom(1);
  const buckets = new Array<number>(10).fill(0);
  for (let i = 0; i < 100_000; i++) {
    const bucket = Math.floor(random() * 10);
    buckets[bucket] = (buckets[bucket] ?? 0) + 1;
  }
  expect(buckets).toHaveLength(10);
  expect(buckets.reduce((total, count) => total + count)).toBe(100_000);
  for (const count of buckets) expect(Math.abs(count - 10_000)).toBeLessThan(500);
});

test('what is shuffled is the same things in another order, the same for the same seed', () => {
  const items = Array.from({ length: 50 }, (_, i) => i);
  const order = shuffled(items, seededRandom(1));
  expect(order).not.toEqual(items);
  expect(order.toSorted((a, b) => a - b)).toEqual(items);
  expect(shuffled(items, seededRandom(1))).toEqual(order);
});
