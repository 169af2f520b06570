/** Sums of products, of ranks that are a multiple of four and of others. */
import { expect, test } from 'vitest';
import { addProduct } from '../../../src/model/product';

test.each([1, 3, 4, 5, 8, 11])('a product of rank %d goes to its columns alone', (rank) => {
  const [K, N, width, firstColumn] = [3, 5, 9, 2];
  const a = Float32Array.from({ length: rank * K }, (_, i) => (i % 7) - 3);
  const b = Float32Array.from({ length: rank * N }, (_, i) => (i % 5) - 2);
  const before = Float32Array.from({ length: K * width }, (_, i) => i);
  const expected = before.map((value, at) => {
    const [k, n] = [Math.floor(at / width), (at % width) - firstColumn];
    if (n < 0 || n >= N) return value;
    let sum = value;
    for (let r = 0; r < rank; r++) sum += (a[r * K + k] ?? NaN) * (b[r * N + n] ?? NaN);
    return sum;
  });
  const after = before.slice();
  addProduct(after, width, firstColumn, { rank, a, b });
  expect(after).toEqual(expected);
});
