import { expect, test } from 'vitest';
import { lookUp } from '../../../src/model/promptLookup';

test('what followed the last tokens before is guessed to follow again', () => {
  expect(lookUp([1, 2, 3, 4, 5, 9, 1, 2])).toEqual([3, 4, 5]);
});

test('the longer match counts more, then the newer place', () => {
  expect(lookUp([1, 2, 3, 40, 9, 2, 3, 50, 1, 2, 3])).toEqual([40, 9, 2]);
  expect(lookUp([2, 3, 40, 2, 3, 50, 9, 2, 3])).toEqual([50, 9, 2]);
});

test('a run of one token is guessed to go on', () => {
  expect(lookUp([7, 7, 7])).toEqual([7]);
});

test('nothing is guessed where nothing stood before', () => {
  expect(lookUp([1, 2, 3, 4])).toEqual([]);
  expect(lookUp([1, 2, 1])).toEqual([]);
  expect(lookUp([])).toEqual([]);
});
