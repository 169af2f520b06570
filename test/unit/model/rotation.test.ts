/** The turned basis: lengths stay, nothing stands out, and the way back is exact. */
import { describe, expect, test } from 'vitest';
import { blockOf, cosines, hadamard, mixBlocks, turn, turnBack } from '../../../src/model/rotation';
import { seededRandom } from '../../../src/util/random';

const sizes = [1, 2, 6, 48, 64, 128, 192, 576];

const noise = (length: number): Float32Array => {
  const random = seededRandom(length);
  return Float32Array.from({ length }, () => random() - 0.5);
};
const lengthOf = (values: Float32Array): number => Math.hypot(...values);
const expectClose = (actual: Float32Array, expected: Float32Array): void => {
  expect(actual.length).toBe(expected.length);
  const errors = actual.map((value, i) => Math.abs(value - (expected[i] ?? NaN)));
  expect(Math.max(...errors)).toBeLessThan(1e-5);
};

describe.each(sizes)('a row of %d values', (size) => {
  test('keeps its length when it is turned, and comes back', () => {
    const row = noise(size);
    const turned = row.slice();
    turn(turned, size);
    expect(lengthOf(turned)).toBeCloseTo(lengthOf(row), 5);
    turnBack(turned, size);
    expectClose(turned, row);
  });

  test('is turned by the matrices that the graph multiplies by', () => {
    const row = noise(size);
    const block = blockOf(size);
    const count = size / block;
    const [across, within] = [cosines(count), hadamard(block)];
    const expected = Float32Array.from({ length: size }, (_, at) => {
      const [to, column] = [Math.floor(at / block), at % block];
      let sum = 0;
      for (let i = 0; i < size; i++) {
        const [from, place] = [Math.floor(i / block), i % block];
        const factor = (across[to * count + from] ?? 0) * (within[place * block + column] ?? 0);
        sum += factor * (row[i] ?? 0);
      }
      return sum;
    });
    turn(row, size);
    expectClose(row, expected);
  });
});

test('rows are turned one by one', () => {
  const rows = noise(3 * 48);
  const alone = rows.slice(48, 96);
  turn(rows, 48);
  turn(alone, 48);
  expectClose(rows.slice(48, 96), alone);
});

test('one large coordinate is spread over all of them', () => {
  const row = new Float32Array(576);
  row[123] = 100;
  turn(row, 576);
  expect(Math.max(...row.map(Math.abs))).toBeLessThan((100 / Math.sqrt(576)) * 1.5);
});

test('blocks that are mixed twice are as they were', () => {
  const values = noise(256);
  const mixed = values.slice();
  mixBlocks(mixed, 64);
  expect(mixed).not.toEqual(values);
  mixBlocks(mixed, 64);
  expectClose(mixed, values);
});
