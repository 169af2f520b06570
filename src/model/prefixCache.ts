/**
 * Keys and values of prompts that were read before, so that a keystroke costs only the tokens it
 * changed. A few sequences are kept, one for each file that is being edited; the least recently
 * used goes first. It runs no model: the caller reads the tokens that are missing and appends them.
 */
import { KvBuffer, type KvShape, type NewKv, bytesPerToken, capacityFor } from './kvBuffer';

/** Room is made in steps of this many tokens. */
const capacityStep = 64;

export interface PrefixCacheLimits {
  readonly maxSequences: number;
  readonly maxBytes: number;
}

/** A token sequence with its keys and values; the first `ids.length` slots of `kv` are in use. */
export class CachedSequence {
  readonly #ids: number[] = [];
  readonly #shape: KvShape;
  #kv: KvBuffer;

  constructor(shape: KvShape) {
    this.#shape = shape;
    this.#kv = new KvBuffer(shape, 1, capacityStep);
  }

  get ids(): readonly number[] {
    return this.#ids;
  }

  get kv(): KvBuffer {
    return this.#kv;
  }

  /** Tokens that can be appended without growing. */
  get room(): number {
    return this.#kv.capacity - this.#ids.length;
  }

  truncate(length: number): void {
    this.#ids.length = Math.min(this.#ids.length, length);
  }

  /** Makes room for `length` tokens; growing copies, so it is done once, ahead of reading. */
  reserve(length: number): void {
    if (length <= this.#kv.capacity) return;
    const grown = new KvBuffer(this.#shape, 1, capacityFor(length, capacityStep));
    grown.copyRow(this.#kv, 0, 0, this.#ids.length);
    this.#kv = grown;
  }

  /** Appends tokens with what a run gave for them, from (row, token) of `source` on. */
  append(
    ids: readonly number[],
    source: NewKv,
    from: { readonly row: number; readonly token: number },
  ): void {
    this.reserve(this.#ids.length + ids.length);
    this.#kv.write(source, from, ids.length, { row: 0, slot: this.#ids.length });
    this.#ids.push(...ids);
  }

  /** Appends the first tokens of a row of another buffer. */
  appendRow(ids: readonly number[], source: KvBuffer, row: number): void {
    this.reserve(this.#ids.length + ids.length);
    this.#kv.copyRow(source, row, 0, ids.length, this.#ids.length);
    this.#ids.push(...ids);
  }

  /** Takes over the first `length` tokens of another sequence. */
  copyFrom(other: CachedSequence, length: number): void {
    this.reserve(length);
    this.#kv.copyRow(other.#kv, 0, 0, length);
    this.#ids.splice(0, Infinity, ...other.#ids.slice(0, length));
  }
}

export class PrefixCache {
  /** Most recently used last. */
  readonly #sequences: CachedSequence[] = [];
  readonly #shape: KvShape;
  readonly #limits: PrefixCacheLimits;

  constructor(shape: KvShape, limits: PrefixCacheLimits) {
    this.#shape = shape;
    this.#limits = limits;
  }

  get bytes(): number {
    return this.#sequences.reduce((sum, { kv }) => sum + kv.bytes, 0);
  }

  /** How many tokens at the end of `ids` no sequence holds. */
  unread(ids: readonly number[]): number {
    const shared = this.#sequences.map((sequence) => commonLength(sequence.ids, ids));
    return ids.length - Math.max(0, ...shared);
  }

  /**
   * A sequence that holds the beginning of `ids` and nothing else, with room for all of them and
   * `spare` more. It is the one with the longest common beginning where that is most of it, so that
   * typing goes on in place; otherwise a new one, so that another file's is not overwritten.
   */
  take(ids: readonly number[], spare: number): CachedSequence {
    let best: CachedSequence | null = null;
    let shared = 0;
    for (const sequence of this.#sequences) {
      const length = commonLength(sequence.ids, ids);
      if (best === null || length >= shared) [best, shared] = [sequence, length];
    }
    let sequence = best;
    if (sequence === null || shared < Math.min(sequence.ids.length, ids.length) / 2) {
      sequence = new CachedSequence(this.#shape);
      if (best !== null) sequence.copyFrom(best, shared);
    }
    sequence.truncate(shared);
    sequence.reserve(ids.length + spare);
    const at = this.#sequences.indexOf(sequence);
    if (at >= 0) this.#sequences.splice(at, 1);
    this.#sequences.push(sequence);
    this.#evict();
    return sequence;
  }

  /** The newest sequence always stays. */
  #evict(): void {
    const { maxSequences, maxBytes } = this.#limits;
    while (
      this.#sequences.length > 1 &&
      (this.#sequences.length > maxSequences || this.bytes > maxBytes)
    ) {
      this.#sequences.shift();
    }
  }
}

export function defaultLimits(shape: KvShape): PrefixCacheLimits {
  return { maxSequences: 3, maxBytes: Math.max(maxCacheBytes, 1024 * bytesPerToken(shape)) };
}

/** Two full prompts of the default model; a larger model keeps fewer. */
const maxCacheBytes = 68 * 1024 * 1024;

function commonLength(a: readonly number[], b: readonly number[]): number {
  const limit = Math.min(a.length, b.length);
  for (let i = 0; i < limit; i++) if (a[i] !== b[i]) return i;
  return limit;
}
