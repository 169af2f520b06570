import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { VocabularyIndex } from '../../../src/model/healing';
import type { Tokenizer } from '../../../src/model/tokenizer';
import { WordRule } from '../../../src/model/wordRule';

const end = 0;
const vocabulary = [
  ...['', 'a', 'b', 'p', 's', '.', '(', '\n', ' ', '?', 'ab', 'bs', 'pu', 'push', 'pus', 'map'],
  ...['.ab', '.push(', 'push(', 'pushAll', 'ab.p', 'ab\n', '();', '\xc3', '\xa9', 's()', '.m'],
];
const index = new VocabularyIndex(
  {
    vocabularySize: vocabulary.length,
    decodeBytes: (id) => Buffer.from(vocabulary[id] ?? '', 'latin1'),
    decode: (ids) => ids.map((id) => vocabulary[id]).join(''),
    encode: () => [],
  } satisfies Tokenizer,
  new Set(),
);

interface Case {
  readonly names: readonly string[];
  readonly cut?: string;
  readonly written?: string;
  /** Tokens that may follow; null for any, the end token as ''. */
  readonly may: readonly string[] | null;
}

function next({ names, cut = '', written = '' }: Omit<Case, 'may'>): string[] | null {
  const ids = new WordRule(index, names, Int32Array.of(end)).next(cut, written);
  return ids === null ? null : [...ids].map((id) => vocabulary[id] ?? '').sort();
}

function check({ may, ...given }: Case) {
  expect(next(given)).toEqual(may === null ? null : [...may].sort());
}

describe('what may come next', () => {
  test('is what leads to a name, or through it to what ends it', () => {
    check({ names: ['push', 'abs'], may: ['p', 'pu', 'pus', 'push', 'push(', 'a', 'ab'] });
    check({ names: ['push', 'abs'], written: 'pus', may: [] });
    check({ names: ['pushs'], written: 'push', may: ['s', 's()'] });
  });

  test('is the end of a name, a longer name, or the end of the text, once one is complete', () => {
    check({
      names: ['push', 'pushs'],
      written: 'push',
      may: ['', 's', 's()', '.', '(', '\n', ' ', '?', '.ab', '.push(', '();', '.m'],
    });
  });

  test('is anything once the name has ended', () => {
    check({ names: ['ab'], written: 'ab.', may: null });
    check({ names: ['ab', 'pushAll'], written: 'ab(p', may: null });
    check({ names: [''], written: '(', may: null });
  });

  test('is no part of a word where the name is typed in full', () => {
    check({
      names: [''],
      may: ['', '.', '(', '\n', ' ', '?', '.ab', '.push(', '();', '.m'],
    });
  });

  test('agrees with the bytes before the cursor that are still to be emitted', () => {
    check({ names: ['ab'], cut: '.', may: ['.', '.ab'] });
    check({ names: ['ush', 'ap'], cut: 'p', may: ['p', 'pu', 'pus', 'push', 'push('] });
    check({ names: ['ush'], cut: '.p', may: ['.', '.push('] });
  });

  test('keeps to names with a mark, and with letters beyond ASCII', () => {
    check({ names: ['ab?'], written: 'ab', may: ['?'] });
    check({ names: ['ab', 'ab?'], written: 'a', may: ['b'] });
    check({ names: ['é'], may: ['\xc3'] });
    check({ names: ['é'], written: '\xc3', may: ['\xa9'] });
  });

  test('is what a look at every token of the vocabulary would say', () => {
    const letters = fc.string({
      unit: fc.constantFrom('a', 'b', 'p', 'u', 's', 'h'),
      maxLength: 5,
    });
    fc.assert(
      fc.property(fc.array(letters, { minLength: 1 }), letters, letters, (names, cut, written) => {
        const before = cut === '' ? written : '';
        const mayFollow = (token: string) => {
          if (token === '') return cut === '' && names.includes(written);
          if (cut.startsWith(token)) return true;
          if (!token.startsWith(cut)) return false;
          const text = before + token.slice(cut.length);
          return names.some(
            (name) =>
              name.startsWith(text) ||
              (text.startsWith(name) && /^[^\w$\x80-\xff]/.test(text.slice(name.length))),
          );
        };
        check({ names, cut, written: before, may: vocabulary.filter(mayFollow) });
      }),
      { numRuns: 500 },
    );
  });
});
