/**
 * Weights as 8-bit columns, for products in whole numbers: each output of a matrix has one scale, so
 * that sums need no scale in between. That is coarser than blocks of 32, and harmless in the turned
 * basis of `rotation.ts`, into which matrices are brought here and from which they come back.
 */
import type { Turned } from './llamaKernels';
import { transpose } from './quantize';
import { mixBlocks, turn, turnBack } from './rotation';

export interface Columns8 {
  /** [N, K] */
  readonly values: Int8Array;
  /** [N] */
  readonly scales: Float32Array;
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
  let kept: Float32Array;
  if (turned.side === 'input') {
    kept = matrix.slice();
    for (let row = 0; row < kept.length; row += columns) {
      for (let k = 0; k < columns; k++) kept[row + k] = (kept[row + k] ?? 0) * (gamma[k] ?? 0);
    }
    turn(kept, columns);
  } else {
    const outputs = transpose(matrix, rows, columns); // [K, N]
    turn(outputs, rows);
    kept = transpose(outputs, columns, rows); // [N, K]
    mixBlocks(kept, turned.inputBlock);
  }
  return roundRows(kept, columns);
}

/** What 8-bit columns stand for, as the source had it: `[N, K]`. */
export function fromColumns8(
  { values, scales }: Columns8,
  turned: Turned,
  gamma: Float32Array,
): Float32Array {
  const rows = scales.length;
  const columns = values.length / rows;
  const kept = Float32Array.from(values, (q, at) => q * (scales[Math.floor(at / columns)] ?? NaN));
  if (turned.side === 'input') {
    turnBack(kept, columns);
    // What a gain of zero hid cannot be known, and does not matter.
    return kept.map((value, at) => {
      const gain = gamma[at % columns] ?? 0;
      return gain === 0 ? 0 : value / gain;
    });
  }
  mixBlocks(kept, turned.inputBlock);
  const outputs = transpose(kept, rows, columns); // [K, N]
  turnBack(outputs, rows);
  return transpose(outputs, columns, rows);
}

function roundRows(matrix: Float32Array, columns: number): Columns8 {
  const values = new Int8Array(matrix.length);
  const scales = new Float32Array(matrix.length / columns);
  for (let row = 0; row < scales.length; row++) {
    let largest = 0;
    const end = (row + 1) * columns;
    for (let at = row * columns; at < end; at++) {
      largest = Math.max(largest, Math.abs(matrix[at] ?? 0));
    }
    scales[row] = largest / 127;
    const inverse = largest === 0 ? 0 : 127 / largest;
    for (let at = row * columns; at < end; at++) {
      // Cutting off rounds, since the sum is positive; it is faster than Math.round.
      values[at] = Math.trunc((matrix[at] ?? 0) * inverse + 128.5) - 128;
    }
  }
  return { values, scales };
}
