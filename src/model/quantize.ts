/**
 * Weights as symmetric 8-bit blocks, the layout of onnxruntime's MatMulNBits: each row is cut into
 * blocks of 32 columns, a block keeps one float32 scale, and values are stored with 128 added. The
 * largest magnitude of a block becomes 127, so Q8_0 weights survive unchanged.
 */

export const blockSize = 32;

export interface Blocks8 {
  /** [N, K/32, 32], value + 128 */
  readonly values: Uint8Array;
  /** [N, K/32] */
  readonly scales: Float32Array;
}

/** Quantises a matrix whose rows have a multiple of 32 columns, `[N, K]`. */
export function quantizeBlocks8(matrix: Float32Array): Blocks8 {
  const values = new Uint8Array(matrix.length);
  const scales = new Float32Array(matrix.length / blockSize);
  for (let block = 0, start = 0; block < scales.length; block++, start += blockSize) {
    const end = start + blockSize;
    let largest = 0;
    for (let i = start; i < end; i++) {
      const magnitude = Math.abs(matrix[i] ?? 0);
      // Written so that NaN wins, and the importer sees it in the scale.
      if (!(magnitude <= largest)) largest = magnitude;
    }
    scales[block] = largest / 127;
    const inverse = largest === 0 ? 0 : 127 / largest;
    for (let i = start; i < end; i++) values[i] = 128.5 + (matrix[i] ?? 0) * inverse;
  }
  return { values, scales };
}

/** `[N, K]` to `[K, N]`. */
export function transpose(matrix: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(matrix.length);
  const tile = 32; // Both sides of a tile stay in the cache.
  for (let row0 = 0; row0 < rows; row0 += tile) {
    for (let column0 = 0; column0 < columns; column0 += tile) {
      const rowEnd = Math.min(row0 + tile, rows);
      const columnEnd = Math.min(column0 + tile, columns);
      for (let row = row0; row < rowEnd; row++) {
        for (let column = column0; column < columnEnd; column++) {
          result[column * rows + row] = matrix[row * columns + column] ?? 0;
        }
      }
    }
  }
  return result;
}
