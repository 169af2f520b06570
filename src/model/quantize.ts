/**
 * Weights as 8-bit blocks, the layout of onnxruntime's MatMulNBits: each row is cut into blocks of 32
 * columns, and a block keeps a scale and a zero point, w = scale (q - zero).
 *
 * Most models arrive quantised to 4, 5 or 8 bits already. Rounding them anew onto another grid would
 * add an error of its own (measured on SmolLM2-135M: 0.2 points of token accuracy), so a block that
 * lies on such a grid is given a scale that divides the grid's step.
 */

export const blockSize = 32;

/** The zero point of a block whose values lie evenly around zero. */
const middle = 128;

export interface Blocks8 {
  /** [N, K/32, 32] */
  readonly values: Uint8Array;
  /** [N, K/32] */
  readonly scales: Float32Array;
  /** [N, K/32] */
  readonly zeros: Uint8Array;
}

/**
 * Quantises a matrix whose rows have a multiple of 32 columns, `[N, K]`. The scale of a
 * block with a value that is not finite is NaN.
 */
export function quantizeBlocks8(matrix: Float32Array): Blocks8 {
  const count = matrix.length / blockSize;
  const values = new Uint8Array(matrix.length);
  const scales = new Float32Array(count);
  const zeros = new Uint8Array(count);
  for (let block = 0, start = 0; block < count; block++, start += blockSize) {
    const { scale, zero } = chooseGrid(matrix, start);
    scales[block] = scale;
    zeros[block] = zero;
    const inverse = scale === 0 ? 0 : 1 / scale;
    // Adding a half and cutting off is rounding, since the sum is positive.
    for (let i = start; i < start + blockSize; i++) {
      values[i] = Math.min(255, (matrix[i] ?? 0) * inverse + zero + 0.5);
    }
  }
  return { values, scales, zeros };
}

interface Grid {
  readonly scale: number;
  readonly zero: number;
}

/** Largest magnitude in steps: Q8_0 has 127, Q4_0 has 8 and Q5_0 has 16, here in 15ths and 7ths. */
const symmetricSteps = [127, 8 * 15, 16 * 7];

/** Steps from the least to the largest value: Q4_1 and Q4_K, then Q5_1 and Q5_K. */
const affineSteps = [15, 31];

function chooseGrid(matrix: Float32Array, start: number): Grid {
  let low = matrix[start] ?? 0;
  let high = low;
  let sum = 0;
  for (let i = start; i < start + blockSize; i++) {
    const value = matrix[i] ?? 0;
    low = Math.min(low, value);
    high = Math.max(high, value);
    sum += value;
  }
  if (!Number.isFinite(sum)) return { scale: NaN, zero: middle };
  const largest = Math.max(-low, high);
  if (largest === 0) return { scale: 0, zero: middle };
  for (const steps of symmetricSteps) {
    if (liesOnGrid(matrix, start, 0, largest / steps)) {
      return { scale: largest / steps, zero: middle };
    }
  }
  for (const steps of affineSteps) {
    if (liesOnGrid(matrix, start, low, (high - low) / steps)) return divideGrid(low, high, steps);
  }
  return { scale: largest / 127, zero: middle };
}

/** Whether every value is `origin` plus a whole number of steps. */
function liesOnGrid(matrix: Float32Array, start: number, origin: number, step: number): boolean {
  const inverse = 1 / step;
  for (let i = start; i < start + blockSize; i++) {
    const steps = ((matrix[i] ?? 0) - origin) * inverse;
    if (Math.abs(steps - Math.round(steps)) > 1e-3) return false;
  }
  return true;
}

/** The part of the grid's step on which zero lies best; the values themselves lie on all parts. */
function divideGrid(low: number, high: number, steps: number): Grid {
  let best: Grid = { scale: Math.max(-low, high) / 127, zero: middle };
  let least = Infinity;
  for (let parts = 1; parts * steps <= 255; parts++) {
    const scale = (high - low) / (parts * steps);
    const zero = Math.round(-low / scale);
    const error = Math.abs(low + zero * scale);
    if (zero >= 0 && zero <= 255 && error < least) {
      best = { scale, zero };
      least = error;
    }
  }
  return best;
}

/** `[N, K]` to `[K, N]`. */
export function transpose<A extends Float32Array | Int8Array>(
  matrix: A,
  rows: number,
  columns: number,
): A {
  const result = matrix.slice() as A;
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
