/**
 * One piece of work at a time, the newest first: asking for a generation aborts whatever is at work
 * or waiting; asking for a warm-up, or for a generation ahead of its time, aborts only others of
 * their kind and then waits. What is aborted rejects with an AbortError as soon as it looks at its
 * signal.
 */

export type WorkKind = 'generation' | 'ahead' | 'warmUp';

export class Newest {
  readonly #unfinished = new Map<AbortController, WorkKind>();
  #last: Promise<void> = Promise.resolve();

  /** Runs `work` when what came before has ended. */
  async run<T>(
    kind: WorkKind,
    signal: AbortSignal,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    for (const [abort, other] of this.#unfinished) {
      if (kind === 'generation' || kind === other) abort.abort();
    }
    const abort = new AbortController();
    this.#unfinished.set(abort, kind);
    const either = AbortSignal.any([signal, abort.signal]);
    const before = this.#last;
    const result = (async () => {
      await before;
      throwIfAborted(either);
      return work(either);
    })();
    this.#last = result.then(
      () => undefined,
      () => undefined,
    );
    try {
      return await result;
    } finally {
      this.#unfinished.delete(abort);
    }
  }

  /** Aborts everything and waits until nothing is at work. */
  async end(): Promise<void> {
    for (const abort of this.#unfinished.keys()) abort.abort();
    await this.#last;
  }
}

export function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw new DOMException('This operation was aborted', 'AbortError');
}
