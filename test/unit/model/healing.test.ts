import fc from 'fast-check';
import { expect, test } from 'vitest';
import { VocabularyIndex, cutForHealing, decodeUtf8, utf8Bytes } from '../../../src/model/healing';
import type { Tokenizer } from '../../../src/model/tokenizer';

/** A vocabulary of these texts; encoding takes the longest that fits. */
function vocabulary(...texts: readonly (string | Uint8Array)[]): Tokenizer {
  const bytes = texts.map((text) => (typeof text === 'string' ? Buffer.from(text) : text));
  const spelled = bytes.map((b) => Buffer.from(b).toString('latin1'));
  return {
    vocabularySize: texts.length,
    decodeBytes: (id) => bytes[id] ?? new Uint8Array(0),
    decode: (ids) => ids.map((id) => Buffer.from(bytes[id] ?? []).toString('utf8')).join(''),
    encode(text) {
      const ids: number[] = [];
      for (let rest = utf8Bytes(text); rest !== '';) {
        const fits = spelled.filter((token) => token !== '' && rest.startsWith(token));
        const longest = fits.reduce((a, b) => (b.length > a.length ? b : a), '');
        if (longest === '') throw new Error(`No token for ${rest}`);
        ids.push(spelled.indexOf(longest));
        rest = rest.slice(longest.length);
      }
      return ids;
    },
  };
}

const none = new Set<number>();
const words = vocabulary('g', 'e', 't', 'get', 'getE', 'getElement', '.', ' ', '\n', '\n  ', ' r');

function texts(index: VocabularyIndex, ids: Int32Array | null): string[] {
  return [...(ids ?? [])].map((id) => index.bytes(id)).sort();
}

test('ids that agree with what was cut begin with it or are its beginning', () => {
  const index = new VocabularyIndex(words, none);
  expect(texts(index, index.compatible('ge'))).toEqual(['g', 'get', 'getE', 'getElement']);
  expect(texts(index, index.compatible('getEl'))).toEqual(['g', 'get', 'getE', 'getElement']);
  expect(texts(index, index.compatible('x'))).toEqual([]);
  expect(index.compatible('')).toBeNull();
});

test('agreeing ids are those that a search of the whole vocabulary finds', () => {
  const piece = fc.string({ minLength: 1, maxLength: 4, unit: fc.constantFrom('a', 'b', 'é') });
  fc.assert(
    fc.property(fc.uniqueArray(piece, { minLength: 1, maxLength: 30 }), piece, (tokens, rest) => {
      const tokenizer = vocabulary(...tokens);
      const index = new VocabularyIndex(tokenizer, none);
      const wanted = utf8Bytes(rest);
      const expected = tokens
        .map(utf8Bytes)
        .filter((token) => token.startsWith(wanted) || wanted.startsWith(token));
      expect(texts(index, index.compatible(wanted))).toEqual(expected.sort());
    }),
  );
});

test('excluded ids are in no answer', () => {
  const index = new VocabularyIndex(words, new Set([3, 5]));
  expect(texts(index, index.compatible('get'))).toEqual(['g', 'getE']);
  expect(index.bytes(3)).toBe('');
});

test('the end of a prompt is cut back as far as one token could reach', () => {
  const index = new VocabularyIndex(words, none);
  const cutOf = (text: string): string => cutForHealing(words.encode(text), index).cut;
  expect(cutOf('.getE')).toBe('getE');
  expect(cutOf('.ge')).toBe('ge');
  expect(cutOf('.\n ')).toBe('\n ');
  expect(cutOf('.getElement')).toBe('');
  expect(cutOf('.')).toBe('');
  expect(cutOf('')).toBe('');
});

test('a cut never begins inside a character', () => {
  const smile = Buffer.from('😀');
  const tokenizer = vocabulary(
    smile.subarray(0, 2),
    smile.subarray(2),
    Buffer.concat([smile.subarray(2), Buffer.from('a')]),
    'a',
  );
  const index = new VocabularyIndex(tokenizer, none);
  const healed = cutForHealing([3, 0, 1], index);
  expect(healed.cut).toBe('');
  expect(healed.ids).toEqual([3, 0, 1]);
});

test('bytes are read as far as they are whole characters, and refused when they are none', () => {
  const check = (bytes: string, text: string, valid: boolean): void => {
    expect(decodeUtf8(bytes)).toEqual({ text, valid });
  };
  check(utf8Bytes('naïve 😀'), 'naïve 😀', true);
  check(utf8Bytes('a😀').slice(0, 3), 'a', true);
  check('a\x80b', '', false);
  check(utf8Bytes('\ufeffa'), '\ufeffa', true);
});
