import { expect, test } from 'vitest';
import { bootstrap, marksOf, mean } from '../../../tools/eval/metrics';

test('the line that was written is exact, whatever blanks end it', () => {
  expect(marksOf('load(id);  ', 'load(id);')).toEqual({ exact: true, similarity: 1, saved: 9 });
  expect(marksOf('', 'load(id);')).toEqual({ exact: false, similarity: 0, saved: 0 });
  expect(marksOf('load(id);\nnext', 'load(id);').exact).toBe(true);
});

test('similarity is one less the edits for each character of the longer text', () => {
  expect(marksOf('load(key);', 'load(id);').similarity).toBeCloseTo(0.7, 10);
});

test('what is saved is what taking word by word gives', () => {
  expect(marksOf('load(items)', 'load(item)').saved).toBe('load('.length);
  expect(marksOf('load(item, 2)', 'load(item)').saved).toBe('load(item'.length);
  expect(marksOf('loader', 'load').saved).toBe(0);
  expect(marksOf('load', 'load(item)').saved).toBe(4);
});

test('an interval holds the value, is the same each time, and narrows with more cuts', () => {
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
  // The second stratum never varies: the standard error is that of half the cuts.
  expect(many.high - many.low).toBeCloseTo((2 * 1.96 * 0.5) / Math.sqrt(2000) / 2, 2);
  expect(many.high - many.low).toBeLessThan(few.high - few.low);
});

test('a ratio is that of pairs: rows that go up and down together have a steady one', () => {
  const cuts = Array.from({ length: 60 }, (_, i) => ({
    a: i % 3 === 0 ? 2 : 0,
    b: i % 3 === 0 ? 1 : 0,
  }));
  const ratio = bootstrap(
    [cuts],
    (sample) => mean(sample.map(({ a }) => a)) / mean(sample.map(({ b }) => b)),
  );
  expect(ratio).toEqual({ value: 2, low: 2, high: 2 });
});
