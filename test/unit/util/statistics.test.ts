import { expect, test } from 'vitest';
import { bootstrap, mean, quantile } from '../../../src/util/statistics';

test('a quantile lies between its neighbours', () => {
  expect(quantile([1, 2, 3, 4], 0.5)).toBe(2.5);
  expect(quantile([7], 0.95)).toBe(7);
  expect(quantile([], 0.5)).toBeNaN();
});

test('an interval holds the value, is the same each time, and narrows with more values', () => {
  const coins = (count: number) => [
    Array.from({ length: count }, (_, i) => i % 2),
    Array.from({ length: count }, () => 1),
  ];
  const few = bootstrap(coins(20), mean);
  expect(few).toEqual(bootstrap(coins(20), mean));
  expect(few.value).toBe(0.75);
  expect(few.low).toBeLessThan(0.75);
  expect(few.high).toBeGreaterThan(0.75);
  const many = bootstrap(coins(2000), mean);
  // The second stratum never varies: the standard error is that of half the values.
  expect(many.high - many.low).toBeCloseTo((2 * 1.96 * 0.5) / Math.sqrt(2000) / 2, 2);
  expect(many.high - many.low).toBeLessThan(few.high - few.low);
});

test('a ratio is that of pairs: rows that go up and down together have a steady one', () => {
  const values = Array.from({ length: 60 }, (_, i) => ({
    a: i % 3 === 0 ? 2 : 0,
    b: i % 3 === 0 ? 1 : 0,
  }));
  const ratio = bootstrap(
    [values],
    (sample) => mean(sample.map(({ a }) => a)) / mean(sample.map(({ b }) => b)),
  );
  expect(ratio).toEqual({ value: 2, low: 2, high: 2 });
});

test('what is drawn together is as uncertain as a few, and a sample that says nothing is left out', () => {
  const days = Array.from({ length: 20 }, (_, i) => Array.from({ length: 50 }, () => i % 2));
  const width = ({ low, high }: { readonly low: number; readonly high: number }) => high - low;
  const together = bootstrap([days], (sample) => mean(sample.flat()));
  expect(width(together)).toBeGreaterThan(4 * width(bootstrap([days.flat()], mean)));
  const sometimes = bootstrap([[0, 1]], (sample) => (mean(sample) === 0 ? NaN : 1));
  expect(sometimes).toEqual({ value: 1, low: 1, high: 1 });
});

test('nothing is known of no values', () => {
  expect(mean([])).toBeNaN();
  expect(bootstrap([[]], mean)).toEqual({ value: NaN, low: NaN, high: NaN });
});
