/** 8-bit columns in the turned basis: what is read back is nearly what was written. */
import { expect, test } from 'vitest';
import { fromColumns8, toColumns8 } from '../../../src/model/columns8';
import type { Turned } from '../../../src/model/llamaKernels';
import { seededRandom } from '../../../src/util/random';

const [rows, columns] = [96, 192];

function noise(length: number): Float32Array {
  const random = seededRandom(length);
  return Float32Array.from({ length }, () => random() + random() + random() - 1.5);
}

/** Largest error of what is read back, over the largest value. */
function relativeError(matrix: Float32Array, turned: Turned, gamma: Float32Array): number {
  const back = fromColumns8(toColumns8(matrix, columns, turned, gamma), turned, gamma);
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

test('a gain of zero hides its column, and no other', () => {
  const gamma = new Float32Array(columns).fill(1);
  gamma[5] = 0;
  const matrix = noise(rows * columns);
  const back = fromColumns8(toColumns8(matrix, columns, input, gamma), input, gamma);
  expect(back[5]).toBe(0);
  expect(Math.abs((back[6] ?? NaN) - (matrix[6] ?? NaN))).toBeLessThan(0.03);
});

test('a value that is not finite makes scales that are not', () => {
  const matrix = noise(rows * columns);
  matrix[7] = NaN;
  const gamma = new Float32Array(columns).fill(1);
  expect(toColumns8(matrix, columns, input, gamma).scales[0]).toBeNaN();
});
