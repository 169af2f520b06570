import { expect, test } from 'vitest';
import {
  type NewRating,
  notedWords,
  quoted,
  type Rated,
  withRating,
} from '../../../src/editor/ratingText';

test.each([
  ['foo(bar)', '“foo(bar)”'],
  ['\n  if (a) {\n    b();\n  }', '“if (a) { …”'],
  ['a\r\nb', '“a …”'],
  ['x'.repeat(61), `“${'x'.repeat(60)} …”`],
  ['😀'.repeat(61), `“${'😀'.repeat(60)} …”`],
])('%j is called %s', (text, expected) => {
  expect(quoted(text)).toBe(expected);
});

const rated = (earlier?: Rated['earlier']): Rated => ({
  suggestionId: 's',
  text: 'foo(bar)',
  path: 'a.ts',
  earlier,
});

test.each<[NewRating, Rated['earlier'], string]>([
  [{ thumb: 'up' }, undefined, 'Rated good: “foo(bar)”'],
  [{ thumb: 'down' }, undefined, 'Rated bad: “foo(bar)”'],
  [{ thumb: 'down' }, { thumb: 'up' }, 'Changed to bad: “foo(bar)”'],
  [{ thumb: 'up' }, { thumb: 'up' }, 'Rated good already: “foo(bar)”'],
  [{ thumb: 'up' }, { thumb: null, comment: 'Nice.' }, 'Rated good: “foo(bar)”'],
  [{ comment: 'Nice.' }, { thumb: 'up' }, 'Comment noted: “foo(bar)”'],
])('%j after %j is told as %s', (rating, earlier, expected) => {
  expect(notedWords(rated(earlier), rating)).toBe(expected);
});

test('a comment leaves the thumb, and a thumb the comment', () => {
  expect(withRating({ thumb: 'down' }, { comment: 'Wrong name.' })).toEqual({
    thumb: 'down',
    comment: 'Wrong name.',
  });
  expect(withRating({ thumb: null, comment: 'Wrong name.' }, { thumb: 'down' })).toEqual({
    thumb: 'down',
    comment: 'Wrong name.',
  });
});
