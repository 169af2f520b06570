/** Which numbers are dropped: as many as asked, each by itself, the same from the same seed. */
import { expect, test } from 'vitest';
import { drawKept, keptFeeds } from '../../../src/training/dropout';
import { seededRandom } from '../../../src/util/random';

const [rows, columns] = [500, 400];

test.each([0.01, 0.1, 0.5, 0.9])('a share of %d is dropped, each number by itself', (share) => {
  const kept = drawKept(share, seededRandom(3))('x', rows, columns);
  expect(kept).toHaveLength(rows * columns);
  const shareOf = (isDropped: (i: number) => boolean): number =>
    Array.from(kept.keys()).filter(isDropped).length / kept.length;
  const dropped = (i: number): boolean => kept[i] === 0;
  const deviation = (p: number): number => Math.sqrt((p * (1 - p)) / kept.length);
  expect(Math.abs(shareOf(dropped) - share)).toBeLessThan(4 * deviation(share));
  // A neighbour, in the row or in the column, says nothing of a number.
  for (const step of [1, columns]) {
    const both = shareOf((i) => dropped(i) && dropped(i + step));
    expect(Math.abs(both - share ** 2)).toBeLessThan(5 * deviation(share ** 2));
  }
});

test('the same seed drops the same, mask after mask, another seed something else', () => {
  const draw = (seed: number): Uint8Array[] => {
    const next = drawKept(0.2, seededRandom(seed));
    return [next('x', 20, 10), next('y', 20, 10)];
  };
  expect(draw(1)).toEqual(draw(1));
  expect(draw(1)[0]).not.toEqual(draw(1)[1]);
  expect(draw(1)[0]).not.toEqual(draw(2)[0]);
});

test('a mask has a row for each token of the batch, or for each that is learned', () => {
  const inputs = [
    { name: 'ids', type: 'int64', dims: ['B', 'T'] },
    { name: 'rows', type: 'int64', dims: ['R'] },
    { name: 'all.kept', type: 'bool', dims: ['B*T', 4] },
    { name: 'last.kept', type: 'bool', dims: ['R', 6] },
  ] as const;
  const int64 = (...dims: number[]) =>
    ({ type: 'int64', dims, data: new BigInt64Array(0) }) as const;
  const feeds = { ids: int64(2, 7), rows: int64(3) };
  const masks = keptFeeds({ inputs }, feeds, (_, height, width) => new Uint8Array(height * width));
  expect(masks).toEqual({
    'all.kept': { type: 'bool', dims: [14, 4], data: new Uint8Array(56) },
    'last.kept': { type: 'bool', dims: [3, 6], data: new Uint8Array(18) },
  });
});
