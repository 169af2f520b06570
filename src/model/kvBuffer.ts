/**
 * Keys and values of tokens, in the layout the graph reads: room for `capacity` tokens in each row,
 * of which the caller hides the unused ones by attention bias, so that appending happens in place.
 * The alphabet: L layers, B rows, KV heads of width dh, S tokens of a run, C capacity.
 */
import type { ModelManifest } from './modelFolder';
import type { Tensor } from './session';

export type KvShape = Pick<ModelManifest, 'layers' | 'kvHeads' | 'headSize'>;

/** What one run adds: [2L, B, KV, S, dh], keys of layer l at 2l, values at 2l + 1. */
export interface NewKv {
  readonly data: Float32Array;
  /** B */
  readonly rows: number;
  /** S */
  readonly tokens: number;
}

/** Capacities are multiples of this, so that few different shapes reach the engine. */
export function capacityFor(tokens: number, step: number): number {
  return Math.max(1, Math.ceil(tokens / step)) * step;
}

export class KvBuffer {
  /** Unused places hold finite numbers at all times: hidden or not, NaN would spread. */
  readonly #data: Float32Array; // [2L, B, KV, C, dh]
  readonly #shape: KvShape;

  constructor(
    shape: KvShape,
    readonly rows: number,
    readonly capacity: number,
  ) {
    this.#shape = shape;
    this.#data = new Float32Array(bytesPerToken(shape) * 0.25 * rows * capacity);
  }

  get bytes(): number {
    return this.#data.byteLength;
  }

  /** Keys (`part` 2l) or values (2l + 1) of one layer, of the first `rows` rows, without a copy. */
  tensor(part: number, rows: number): Tensor {
    const { kvHeads, headSize } = this.#shape;
    const rowSize = kvHeads * this.capacity * headSize;
    const start = part * this.rows * rowSize;
    return {
      type: 'float32',
      data: this.#data.subarray(start, start + rows * rowSize),
      dims: [rows, kvHeads, this.capacity, headSize], // [B, KV, C, dh]
    };
  }

  /** Copies `count` tokens of a run from (row, token) to (row, slot) here. */
  write(
    source: NewKv,
    from: { readonly row: number; readonly token: number },
    count: number,
    to: { readonly row: number; readonly slot: number },
  ): void {
    const { layers, kvHeads, headSize } = this.#shape;
    for (let part = 0; part < 2 * layers; part++) {
      for (let head = 0; head < kvHeads; head++) {
        const sourceHead = (part * source.rows + from.row) * kvHeads + head;
        const start = (sourceHead * source.tokens + from.token) * headSize;
        const targetHead = (part * this.rows + to.row) * kvHeads + head;
        this.#data.set(
          source.data.subarray(start, start + count * headSize),
          (targetHead * this.capacity + to.slot) * headSize,
        );
      }
    }
  }

  /** Copies the first `count` tokens of a row, here or from another buffer, to `slot` and on. */
  copyRow(source: KvBuffer, from: number, to: number, count: number, slot = 0): void {
    if (count === 0) return;
    const { layers, kvHeads, headSize } = this.#shape;
    for (let part = 0; part < 2 * layers; part++) {
      for (let head = 0; head < kvHeads; head++) {
        const start = ((part * source.rows + from) * kvHeads + head) * source.capacity * headSize;
        const target = ((part * this.rows + to) * kvHeads + head) * this.capacity + slot;
        this.#data.set(source.#data.subarray(start, start + count * headSize), target * headSize);
      }
    }
  }
}

/** Bytes of keys and values that one token takes in one row. */
export function bytesPerToken({ layers, kvHeads, headSize }: KvShape): number {
  return 2 * layers * kvHeads * headSize * Float32Array.BYTES_PER_ELEMENT;
}
