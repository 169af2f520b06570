/**
 * Work that may be long, done in short slices so that an editor is never held up by it: a generator
 * yields wherever it can be interrupted, and goes on after whatever else was waiting. It cancels
 * nothing; whoever waits for the result may stop waiting.
 */
import type { Clock } from '../types';

/** Each `yield` is a place where the work may rest. */
export type Pieces<T> = Generator<undefined, T, undefined>;

/** A slice ends with the first piece that ends after this time. */
const sliceMs = 2;

export async function inSlices<T>(work: Pieces<T>, clock: Pick<Clock, 'now'>): Promise<T> {
  let startMs = clock.now();
  for (;;) {
    const piece = work.next();
    if (piece.done === true) return piece.value;
    if (clock.now() - startMs < sliceMs) continue;
    await new Promise((resolve) => setImmediate(resolve));
    startMs = clock.now();
  }
}
