import { expect, test } from 'vitest';
import { type KvShape, type NewKv, bytesPerToken } from '../../../src/model/kvBuffer';
import { type CachedSequence, PrefixCache } from '../../../src/model/prefixCache';

const shape: KvShape = { layers: 2, kvHeads: 3, headSize: 4 };
const roomy = { maxSequences: 3, maxBytes: Infinity };

/** What a run would give for `ids`: every number says which token, part, head and column it is. */
function kvOf(ids: readonly number[]): NewKv {
  const data: number[] = [];
  for (let part = 0; part < 2 * shape.layers; part++)
    for (let head = 0; head < shape.kvHeads; head++)
      for (const id of ids)
        for (let column = 0; column < shape.headSize; column++)
          data.push(id * 1000 + part * 100 + head * 10 + column);
  return { data: Float32Array.from(data), rows: 1, tokens: ids.length };
}

/** Brings the cache to hold `ids`, as a policy does; gives the sequence and what was missing. */
function read(cache: PrefixCache, ids: readonly number[]): [CachedSequence, number] {
  const sequence = cache.take(ids, 0);
  const missing = ids.slice(sequence.ids.length);
  if (missing.length > 0) sequence.append(missing, kvOf(missing), { row: 0, token: 0 });
  return [sequence, missing.length];
}

function expectHolds(sequence: CachedSequence, ids: readonly number[]): void {
  expect(sequence.ids).toEqual(ids);
  for (let part = 0; part < 2 * shape.layers; part++) {
    const { data, dims } = sequence.kv.tensor(part, 1);
    expect(dims).toEqual([1, shape.kvHeads, sequence.kv.capacity, shape.headSize]);
    for (let head = 0; head < shape.kvHeads; head++) {
      for (const [slot, id] of ids.entries()) {
        const at = (head * sequence.kv.capacity + slot) * shape.headSize;
        expect(data[at + 1]).toBe(id * 1000 + part * 100 + head * 10 + 1);
      }
    }
  }
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

test('typing reads only what was typed, deleting reads nothing, and growing keeps all', () => {
  const cache = new PrefixCache(shape, roomy);
  const check = (ids: readonly number[], missing: number): void => {
    const [sequence, read_] = read(cache, ids);
    expect(read_).toBe(missing);
    expectHolds(sequence, ids);
  };
  check(range(0, 10), 10);
  check(range(0, 12), 2);
  check(range(0, 12), 0);
  check(range(0, 5), 0);
  check([...range(0, 5), 900, 901], 2);
  check([...range(0, 5), 900, ...range(10, 200)], 190);
});

test('another file gets a sequence of its own and takes over what it shares', () => {
  const cache = new PrefixCache(shape, roomy);
  const first = range(0, 100);
  const second = [...range(0, 10), ...range(500, 600)];
  read(cache, first);
  const [sequence, missing] = read(cache, second);
  expect(missing).toBe(100);
  expectHolds(sequence, second);
  expect(read(cache, first)[1]).toBe(0);
  expect(read(cache, second)[1]).toBe(0);
});

test('the sequence that was not used for longest goes first', () => {
  const cache = new PrefixCache(shape, { maxSequences: 2, maxBytes: Infinity });
  const [a, b, c] = [range(0, 50), range(100, 150), range(200, 250)];
  for (const ids of [a, b, a, c]) read(cache, ids);
  expect(read(cache, a)[1]).toBe(0);
  expect(read(cache, b)[1]).toBe(50);
});

test('memory is bounded, but the newest sequence stays whatever its size', () => {
  const maxBytes = 128 * bytesPerToken(shape);
  const cache = new PrefixCache(shape, { maxSequences: 9, maxBytes });
  for (let file = 0; file < 5; file++) {
    read(cache, range(1000 * file, 1000 * file + 60));
    expect(cache.bytes).toBeLessThanOrEqual(maxBytes);
  }
  const large = range(9000, 9500);
  expectHolds(read(cache, large)[0], large);
});
