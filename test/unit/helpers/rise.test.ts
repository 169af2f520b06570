import { expect, test } from 'vitest';
import { seededRandom } from '../../../src/util/random';
import { isRising, lineThrough } from '../../helpers/rise';

const random = seededRandom(5);
/** Megabytes of a process, one figure a minute, that a garbage collector moves by up to 8. */
const minutes = (level: (minute: number) => number, count = 50) =>
  Array.from({ length: count }, (_, minute) => level(minute) + 16 * (random() - 0.5));

test('a level with noise does not rise', () => {
  for (let round = 0; round < 50; round++) expect(isRising(minutes(() => 450))).toBe(false);
});

test('a leak of half a megabyte a minute rises', () => {
  for (let round = 0; round < 50; round++)
    expect(isRising(minutes((minute) => 450 + 0.75 * minute))).toBe(true);
  expect(isRising(minutes((minute) => 450 + 0.5 * minute, 110))).toBe(true);
});

test('a cache that fills does not rise, however much it holds', () => {
  expect(isRising(minutes((minute) => 400 + 110 * (1 - Math.exp(-minute / 5))))).toBe(false);
});

test('one step up and one peak are no rise', () => {
  expect(isRising(minutes((minute) => (minute < 20 ? 400 : 430)))).toBe(false);
  expect(isRising(minutes((minute) => (minute === 40 ? 900 : 430)))).toBe(false);
});

test('what falls does not rise', () => {
  expect(isRising(minutes((minute) => 500 - minute))).toBe(false);
});

test('a leak is told within twelve minutes where there is little noise', () => {
  expect(isRising(Array.from({ length: 12 }, (_, minute) => 450 + 5 * minute))).toBe(true);
});

test('the line of a straight row is that row', () => {
  expect(lineThrough([1, 3, 5, 7, 9, 11])).toEqual({ level: 6, slope: 2, atLeast: 2 });
});

test('of too few minutes nothing is said', () => {
  expect(() => lineThrough([1, 2, 3])).toThrow(RangeError);
});
