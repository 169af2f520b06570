/**
 * The product of two thin matrices, added to a wide one in place: what an adapter does to a weight,
 * and what the cosines of `rotation.ts` do to a row. It is no general matrix product: one thread, and
 * nothing is kept in blocks, which is enough where the rank is small.
 *
 * Shapes: r rank, K and N those of the sum.
 */

export interface Product {
  readonly rank: number;
  /** [r, K] */
  readonly a: Float32Array;
  /** [r, N] */
  readonly b: Float32Array;
}

/** Adds aᵀ b to the columns from `firstColumn` on of a matrix `[K, width]`, in place. */
export function addProduct(
  matrix: Float32Array,
  width: number,
  firstColumn: number,
  { rank, a, b }: Product,
): void {
  const K = a.length / rank;
  const N = b.length / rank;
  for (let k = 0; k < K; k++) {
    const to = k * width + firstColumn;
    let r = 0;
    // Four at a time, so that a sum is loaded and stored a quarter as often.
    for (; r + 4 <= rank; r += 4) {
      const b0 = r * N;
      const b1 = b0 + N;
      const b2 = b1 + N;
      const b3 = b2 + N;
      const a0 = a[r * K + k] ?? 0;
      const a1 = a[(r + 1) * K + k] ?? 0;
      const a2 = a[(r + 2) * K + k] ?? 0;
      const a3 = a[(r + 3) * K + k] ?? 0;
      for (let n = 0; n < N; n++) {
        matrix[to + n] =
          (matrix[to + n] ?? 0) +
          a0 * (b[b0 + n] ?? 0) +
          a1 * (b[b1 + n] ?? 0) +
          a2 * (b[b2 + n] ?? 0) +
          a3 * (b[b3 + n] ?? 0);
      }
    }
    for (; r < rank; r++) {
      const factor = a[r * K + k] ?? 0;
      for (let n = 0; n < N; n++) {
        matrix[to + n] = (matrix[to + n] ?? 0) + factor * (b[r * N + n] ?? 0);
      }
    }
  }
}
