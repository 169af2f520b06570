/**
 * The policy's state in a few numbers: its last hidden vector, projected to random directions, which
 * keep distances (Achlioptas 2003, signs for directions). The directions are the same for every model
 * of a width, so that what was learned from the numbers of one version still says something of the next.
 */
import { seededRandom } from '../util/random';

export const stateSize = 32;
const seed = 32;

/** Signs by width of the hidden vector. */
const known = new Map<number, Int8Array>();

/** Of a hidden vector [D] its place along each direction, about as large as its entries. */
export function projected(hidden: Float32Array): number[] {
  const width = hidden.length; // D
  const signs = known.get(width) ?? signsOf(width);
  known.set(width, signs);
  return Array.from({ length: stateSize }, (_, direction) => {
    let sum = 0;
    for (let i = 0; i < width; i++) sum += (signs[direction * width + i] ?? 0) * (hidden[i] ?? 0);
    return Math.fround(sum / Math.sqrt(Math.max(1, width)));
  });
}

function signsOf(width: number): Int8Array {
  const random = seededRandom(seed);
  return Int8Array.from({ length: stateSize * width }, () => (random() < 0.5 ? -1 : 1)); // [32, D]
}
