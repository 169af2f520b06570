/**
 * A turned basis for activations that are rounded to 8 bits. A decoder keeps a few coordinates many
 * times larger than the rest, and a step that covers them loses the others; in a basis that spreads
 * every coordinate over all of them no value stands out (QuaRot, arXiv 2404.00456). Lengths stay, so
 * the norms of the decoder do not notice; what turns is folded into the weights when they are written.
 * The turn is a Walsh-Hadamard transform within blocks and a cosine transform across them.
 */
import { addProduct } from './product';
import { transpose } from './quantize';

/** Largest block of the Walsh-Hadamard transform; always a power of two. */
const largestBlock = 64;

/** The largest power of two, at most 64, that divides `size`. */
export function blockOf(size: number): number {
  let block = 1;
  while (block < largestBlock && size % (2 * block) === 0) block *= 2;
  return block;
}

/** The Walsh-Hadamard matrix, symmetric and its own inverse: `[size, size]`, `size` a power of two. */
export function hadamard(size: number): Float32Array {
  const matrix = new Float32Array(size * size);
  for (let i = 0; i < size; i++) matrix[i * size + i] = 1;
  mixBlocks(matrix, size);
  return matrix;
}

/** The orthonormal cosine transform (DCT-II), `[size, size]`: row k is the wave k. */
export function cosines(size: number): Float32Array {
  return Float32Array.from({ length: size * size }, (_, at) => {
    const [wave, place] = [Math.floor(at / size), at % size];
    const scale = Math.sqrt((wave === 0 ? 1 : 2) / size);
    return scale * Math.cos((Math.PI * wave * (place + 0.5)) / size);
  });
}

/** Walsh-Hadamard transform of each `block` values, in place. Done twice it changes nothing. */
export function mixBlocks(values: Float32Array, block: number): void {
  const scale = 1 / Math.sqrt(block);
  for (let start = 0; start < values.length; start += block) {
    let half = 1;
    // Two of the usual steps at once: half as many loads and stores.
    for (; 4 * half <= block; half *= 4) {
      for (let i = start; i < start + block; i += 4 * half) {
        for (let at = i; at < i + half; at++) {
          const a = values[at] ?? 0;
          const b = values[at + half] ?? 0;
          const c = values[at + 2 * half] ?? 0;
          const d = values[at + 3 * half] ?? 0;
          values[at] = a + b + (c + d);
          values[at + half] = a - b + (c - d);
          values[at + 2 * half] = a + b - (c + d);
          values[at + 3 * half] = a - b - (c - d);
        }
      }
    }
    if (half < block) {
      for (let at = start; at < start + half; at++) {
        const a = values[at] ?? 0;
        const b = values[at + half] ?? 0;
        values[at] = a + b;
        values[at + half] = a - b;
      }
    }
    for (let at = start; at < start + block; at++) values[at] = (values[at] ?? 0) * scale;
  }
}

/** Turns each row of `size` values, in place. */
export function turn(rows: Float32Array, size: number): void {
  const count = size / blockOf(size);
  mixBlocks(rows, blockOf(size));
  mixAcross(rows, size, transpose(cosines(count), count, count));
}

/** The inverse of `turn`. */
export function turnBack(rows: Float32Array, size: number): void {
  mixAcross(rows, size, cosines(size / blockOf(size)));
  mixBlocks(rows, blockOf(size));
}

/** Multiplies each row, seen as its blocks `[count, block]`, by the transpose of `waves`, in place. */
function mixAcross(rows: Float32Array, size: number, waves: Float32Array): void {
  const block = blockOf(size);
  const mixed = new Float32Array(size);
  for (let start = 0; start < rows.length; start += size) {
    mixed.fill(0);
    const b = rows.subarray(start, start + size);
    addProduct(mixed, block, 0, { rank: size / block, a: waves, b });
    rows.set(mixed, start);
  }
}
