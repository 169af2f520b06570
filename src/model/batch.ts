/**
 * Rows that grow side by side, one in each slot of a run of the graph, with the keys and values of
 * what was read of them behind the prompt. Slots stay without gaps: where a row goes, the last takes
 * its place.
 */
import { KvBuffer, type KvShape, type NewKv, capacityFor } from './kvBuffer';
import type { Row } from './row';

/** Steps by which the room for a row's tokens grows. */
const roomStep = 16;

/** A row, and how many of its tokens have been read. */
export interface Growing {
  readonly row: Row;
  length: number;
}

export class Batch {
  readonly #slots: Growing[] = [];
  readonly #shape: KvShape;
  #kv: KvBuffer;

  /** @param rows most rows at a time */
  constructor(shape: KvShape, rows: number) {
    this.#shape = shape;
    this.#kv = new KvBuffer(shape, rows, roomStep);
  }

  get slots(): readonly Growing[] {
    return this.#slots;
  }

  get kv(): KvBuffer {
    return this.#kv;
  }

  /** The row's slot, -1 where it has none. */
  slotOf(row: Row): number {
    return this.#slots.findIndex((each) => each.row === row);
  }

  /** @param fill brings keys and values of the row's first `length` tokens into a slot */
  add(row: Row, length: number, fill: (kv: KvBuffer, slot: number) => void): void {
    this.#makeRoom(length);
    fill(this.#kv, this.#slots.push({ row, length }) - 1);
  }

  keep(isWanted: (row: Row) => boolean): void {
    // From the last on, so that what fills a gap has been looked at.
    for (let slot = this.#slots.length - 1; slot >= 0; slot--) {
      const last = this.#slots.at(-1);
      if (last === undefined || isWanted(this.#slots[slot]?.row ?? last.row)) continue;
      this.#kv.copyRow(this.#kv, this.#slots.length - 1, slot, last.length);
      this.#slots[slot] = last;
      this.#slots.pop();
    }
  }

  /** Makes room for `tokens` more of each row. */
  reserve(tokens: number): void {
    this.#makeRoom(Math.max(0, ...this.#slots.map(({ length }) => length)) + tokens);
  }

  /** Takes over what a run of `tokens` of each row added, whether or not they are to be counted. */
  write(newKv: NewKv, tokens: number): void {
    for (const [slot, { length }] of this.#slots.entries())
      this.#kv.write(newKv, { row: slot, token: 0 }, tokens, { row: slot, slot: length });
  }

  /** Makes room for rows of `longest` tokens. */
  #makeRoom(longest: number): void {
    if (longest <= this.#kv.capacity) return;
    const capacity = capacityFor(longest + roomStep / 2, roomStep);
    const larger = new KvBuffer(this.#shape, this.#kv.rows, capacity);
    for (const [slot, { length }] of this.#slots.entries())
      larger.copyRow(this.#kv, slot, slot, length);
    this.#kv = larger;
  }
}
