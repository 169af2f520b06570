/**
 * Weights as 8-bit columns, for products in whole numbers: each output of a matrix has one scale, so
 * that sums need no scale in between. That is coarser than blocks of 32, and harmless in the turned
 * basis of `rotation.ts`, into which matrices are brought here and from which they come back.
 *
 * Shapes: N rows of the source's matrix (outputs), K its columns (inputs).
 */
import type { Turned } from './llamaKernels';
import { transpose } from './quantize';
import { mixBlocks, turn, turnBack } from './rotation';

export interface Columns8 {
  /** [K, N] */
  readonly values: Int8Array;
  /** [N] */
  readonly scales: Float32Array;
}

/** Some rows of the source's matrix, which may be several that are stacked. */
export interface RowRange {
  readonly firstRow: number;
  readonly rows: number;
}

/**
 * Rounds a matrix `[N, K]` in the basis `turned`. `gamma`, the gains of the norm before it, is read
 * where the matrix reads the stream. The scale of an output with a value that is not finite is NaN.
 */
export function toColumns8(
  matrix: Float32Array,
  columns: number,
  turned: Turned,
  gamma: Float32Array,
): Columns8 {
  const rows = matrix.length / columns;
  const kept = matrix.slice(); // [N, K]
  turnInputs(kept, columns, turned, gamma);
  const outputs = transpose(kept, rows, columns); // [K, N]
  if (turned.side === 'output') turn(outputs, rows);
  return roundColumns(outputs, rows);
}

/** What 8-bit columns stand for, as the source had it: `[rows, K]`. */
export function fromColumns8(
  columns8: Columns8,
  turned: Turned,
  gamma: Float32Array,
  { firstRow, rows }: RowRange,
): Float32Array {
  const allRows = columns8.scales.length;
  const columns = columns8.values.length / allRows;
  if (turned.side === 'input') {
    // Outputs were not mixed with one another, so that those asked for are enough.
    const result = transpose(floatsOf(columns8, { firstRow, rows }), columns, rows); // [rows, K]
    turnBack(result, columns);
    // What a gain of zero hid cannot be known, and does not matter.
    scaleColumns(
      result,
      gamma.map((gain) => (gain === 0 ? 0 : 1 / gain)),
    );
    return result;
  }
  const outputs = floatsOf(columns8, { firstRow: 0, rows: allRows }); // [K, N]
  turnBack(outputs, allRows);
  const result = transpose(outputs, columns, allRows); // [N, K]
  mixBlocks(result, turned.inputBlock);
  return result.subarray(firstRow * columns, (firstRow + rows) * columns);
}

/** Brings the inputs of a matrix `[..., K]` into the basis, in place. */
export function turnInputs(
  matrix: Float32Array,
  columns: number,
  turned: Turned,
  gamma: Float32Array,
): void {
  if (turned.side === 'output') return mixBlocks(matrix, turned.inputBlock);
  scaleColumns(matrix, gamma);
  turn(matrix, columns);
}

/** Multiplies each row by `gains`, in place. */
function scaleColumns(matrix: Float32Array, gains: Float32Array): void {
  const columns = gains.length;
  for (let row = 0; row < matrix.length; row += columns) {
    for (let k = 0; k < columns; k++) matrix[row + k] = (matrix[row + k] ?? 0) * (gains[k] ?? 0);
  }
}

/** The numbers that 8 bits stand for, in the basis they are kept in: `[K, rows]`. */
function floatsOf({ values, scales }: Columns8, { firstRow, rows }: RowRange): Float32Array {
  const allRows = scales.length;
  const columns = values.length / allRows;
  const floats = new Float32Array(columns * rows);
  for (let k = 0; k < columns; k++) {
    const from = k * allRows + firstRow;
    const to = k * rows;
    for (let row = 0; row < rows; row++) {
      floats[to + row] = (values[from + row] ?? 0) * (scales[firstRow + row] ?? NaN);
    }
  }
  return floats;
}

/** Rounds a matrix `[K, N]` with one scale for each of its columns. */
function roundColumns(matrix: Float32Array, rows: number): Columns8 {
  const largest = new Float32Array(rows);
  for (let start = 0; start < matrix.length; start += rows) {
    for (let row = 0; row < rows; row++) {
      largest[row] = Math.max(largest[row] ?? 0, Math.abs(matrix[start + row] ?? 0));
    }
  }
  const inverses = Float64Array.from(largest, (value) => (value === 0 ? 0 : 127 / value));
  const values = new Int8Array(matrix.length);
  for (let start = 0; start < matrix.length; start += rows) {
    for (let row = 0; row < rows; row++) {
      // Cutting off rounds, since the sum is positive; it is faster than Math.round.
      const steps = (matrix[start + row] ?? 0) * (inverses[row] ?? 0);
      values[start + row] = Math.trunc(steps + 128.5) - 128;
    }
  }
  return { values, scales: largest.map((value) => value / 127) };
}
