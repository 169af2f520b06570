/** Blocks of 8 bits: small errors on any weights, none on weights that were quantised before. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { blockSize, quantizeBlocks8, transpose } from '../../../src/model/quantize';
import { seededRandom } from '../../../src/util/random';

/** The values that the inference engine sees. */
function restored(matrix: Float32Array): Float32Array {
  const { values, scales, zeros } = quantizeBlocks8(matrix);
  return Float32Array.from(values, (q, i) => {
    const block = Math.floor(i / blockSize);
    return (scales[block] ?? NaN) * (q - (zeros[block] ?? NaN));
  });
}

const largestError = (matrix: Float32Array): number =>
  Math.max(...restored(matrix).map((value, i) => Math.abs(value - (matrix[i] ?? NaN))));

test('any block comes back within half a step of its largest value', () => {
  const block = fc.array(fc.float({ noNaN: true, min: -100, max: 100 }), {
    minLength: blockSize,
    maxLength: blockSize,
  });
  fc.assert(
    fc.property(block, (values) => {
      const largest = Math.max(...values.map(Math.abs));
      expect(largestError(Float32Array.from(values))).toBeLessThanOrEqual(largest * 0.00395);
    }),
  );
});

/** A block as a quantised file holds it: `scale * q + offset`, the extremes of q among them. */
function gridBlock(levels: readonly [number, number], scale: number, offset: number): Float32Array {
  const random = seededRandom(Math.round(scale * 1e6));
  const [low, high] = levels;
  return Float32Array.from({ length: blockSize }, (_, i) => {
    const q = i === 3 ? low : i === 17 ? high : low + Math.floor(random() * (high - low + 1));
    return Math.fround(scale * q) + offset;
  });
}

test.each([
  ['Q8_0', [-127, 127], 0.0123, 0, 1e-6],
  ['Q4_0', [-8, 7], 0.031, 0, 1e-6],
  ['Q4_0 with a negative scale', [-8, 7], -0.031, 0, 1e-6],
  ['Q5_0', [-16, 15], 0.017, 0, 1e-6],
  // A symmetric grid would be wrong by up to 0.03 and 0.06 of a step.
  ['Q4_1', [0, 15], 0.021, -0.1534, 0.021 * 0.01],
  ['Q5_1', [0, 31], 0.0113, -0.1534, 0.0113 * 0.03],
] as const)('weights that were %s keep their values', (_, levels, scale, offset, tolerance) => {
  expect(largestError(gridBlock(levels, scale, offset))).toBeLessThan(tolerance);
});

test('a block of zeros and a block of one value come back', () => {
  expect(largestError(new Float32Array(blockSize))).toBe(0);
  expect(largestError(new Float32Array(blockSize).fill(-0.75))).toBeLessThan(1e-6);
});

test.each([NaN, Infinity, -Infinity])('a block with %d has no finite scale', (value) => {
  const matrix = new Float32Array(2 * blockSize).fill(1);
  matrix[40] = value;
  const { scales } = quantizeBlocks8(matrix);
  expect(Number.isFinite(scales[0])).toBe(true);
  expect(Number.isFinite(scales[1])).toBe(false);
});

test('transposing turns rows into columns, whatever the shape', () => {
  const [rows, columns] = [70, 33];
  const matrix = Float32Array.from({ length: rows * columns }, (_, i) => i);
  const turned = transpose(matrix, rows, columns);
  expect(turned[5 * rows + 69]).toBe(69 * columns + 5);
  expect(transpose(turned, columns, rows)).toEqual(matrix);
});
