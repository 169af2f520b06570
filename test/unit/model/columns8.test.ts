/** 8-bit columns in the turned basis: what is read back is nearly what was written. */
import { expect, test } from 'vitest';
import { fromColumns8, toColumns8 } from '../../../src/model/columns8';
import { openColumnsAdder } from '../../../src/model/columnsAdder';
import type { Turned } from '../../../src/model/llamaKernels';
import { addProduct } from '../../../src/model/product';
import { transpose } from '../../../src/model/quantize';
import { seededRandom } from '../../../src/util/random';

const [rows, columns] = [96, 192];
const all = { firstRow: 0, rows };

function noise(length: number): Float32Array {
  const random = seededRandom(length);
  return Float32Array.from({ length }, () => random() + random() + random() - 1.5);
}

/** Largest error of what is read back, over the largest value. */
function relativeError(matrix: Float32Array, turned: Turned, gamma: Float32Array): number {
  const back = fromColumns8(toColumns8(matrix, columns, turned, gamma), turned, gamma, all);
  const largest = Math.max(...matrix.map(Math.abs));
  return Math.max(...back.map((value, i) => Math.abs(value - (matrix[i] ?? NaN)))) / largest;
}

const input: Turned = { side: 'input', gamma: { name: 'gamma', dims: [columns] } };

test.each([
  ['reads the normed stream', input, Float32Array.from({ length: columns }, (_, i) => 1 + (i % 3))],
  ['adds to the stream', { side: 'output', inputBlock: 1 }, new Float32Array(0)],
  ['adds to the stream what was mixed', { side: 'output', inputBlock: 64 }, new Float32Array(0)],
] as const)('a matrix that %s comes back within a fortieth', (_, turned, gamma) => {
  expect(relativeError(noise(rows * columns), turned, gamma)).toBeLessThan(0.025);
});

test.each<[string, Turned, Float32Array]>([
  ['reads the normed stream', input, Float32Array.from({ length: columns }, (_, i) => 1 + (i % 3))],
  ['adds to the stream', { side: 'output', inputBlock: 64 }, new Float32Array(0)],
])(
  'a product is added to a matrix that %s as to the numbers it stands for',
  async (_, turned, gamma) => {
    const before = toColumns8(noise(rows * columns), columns, turned, gamma);
    const product = { rank: 5, a: noise(5 * columns), b: noise(5 * rows) };
    const sum = transpose(fromColumns8(before, turned, gamma, all), rows, columns); // [K, N]
    addProduct(sum, rows, 0, product);
    const expected = toColumns8(transpose(sum, columns, rows), columns, turned, gamma);
    const adder = await openColumnsAdder();
    const added = await adder.add(before, [{ firstRow: 0, product }], turned, gamma);
    await adder.release();
    // Between two steps either may be the nearer; that is rare.
    const steps = added.values.map((value, i) => Math.abs(value - (expected.values[i] ?? NaN)));
    expect(Math.max(...steps)).toBeLessThanOrEqual(1);
    expect(steps.filter((step) => step > 0).length).toBeLessThan(steps.length / 100);
    expect(added.values).not.toEqual(before.values);
    added.scales.forEach((scale, i) => {
      expect(scale / (expected.scales[i] ?? NaN)).toBeCloseTo(1, 5);
    });
  },
);

test('rows are read back as they are among all of them', () => {
  const gamma = new Float32Array(columns).fill(2);
  for (const turned of [input, { side: 'output', inputBlock: 64 }] as const) {
    const columns8 = toColumns8(noise(rows * columns), columns, turned, gamma);
    const whole = fromColumns8(columns8, turned, gamma, all);
    const some = fromColumns8(columns8, turned, gamma, { firstRow: 7, rows: 5 });
    expect(some).toEqual(whole.slice(7 * columns, 12 * columns));
  }
});

test('a gain of zero hides its column, and no other', () => {
  const gamma = new Float32Array(columns).fill(1);
  gamma[5] = 0;
  const matrix = noise(rows * columns);
  const back = fromColumns8(toColumns8(matrix, columns, input, gamma), input, gamma, all);
  expect(Math.abs(back[5] ?? NaN)).toBe(0);
  expect(Math.abs((back[6] ?? NaN) - (matrix[6] ?? NaN))).toBeLessThan(0.03);
});

test('a value that is not finite makes scales that are not', () => {
  const matrix = noise(rows * columns);
  matrix[7] = NaN;
  const gamma = new Float32Array(columns).fill(1);
  expect(toColumns8(matrix, columns, input, gamma).scales[0]).toBeNaN();
});
