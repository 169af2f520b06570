import { describe, expect, test } from 'vitest';
import { buildContext } from '../../../src/completion/context';
import {
  type LanguageItem,
  type LanguageList,
  obeys,
  wantsList,
  wordAt,
  wordsOf,
} from '../../../src/completion/languageList';
import type { Words } from '../../../src/model/types';
import { documentAtCursor } from '../../helpers/documentAtCursor';

const contextOf = (marked: string, languageId = 'typescript') =>
  buildContext(documentAtCursor(marked, { languageId }), 'never');

describe('the word at the cursor', () => {
  const check = (marked: string, expected: ReturnType<typeof wordAt>) => {
    const [before = '', after = ''] = marked.split('█');
    expect(wordAt(before, after)).toEqual(expected);
  };

  test('is a member after a receiver, however it is reached', () => {
    check('user.█', { typed: '', kind: 'members' });
    check('user.na█', { typed: 'na', kind: 'members' });
    check('user?.na█', { typed: 'na', kind: 'members' });
    check('user!.na█ = 1', { typed: 'na', kind: 'members' });
    check('load(a)[0].█;', { typed: '', kind: 'members' });
    check('`${a}`.█', { typed: '', kind: 'members' });
    check('load()\n    .█', { typed: '', kind: 'members' });
    check('this.#pri█', { typed: '#pri', kind: 'members' });
    check('node->ne█', { typed: 'ne', kind: 'members' });
    check('Vec::█', { typed: '', kind: 'members' });
    check('größe.hö█', { typed: 'hö', kind: 'members' });
    check('v2.█', { typed: '', kind: 'members' });
  });

  test('is a name in scope elsewhere', () => {
    check('const a = us█', { typed: 'us', kind: 'scope' });
    check('f(█)', { typed: '', kind: 'scope' });
    check('[...█', { typed: '', kind: 'scope' });
    check('[...us█', { typed: 'us', kind: 'scope' });
  });

  test('is none within a word and within a number', () => {
    check('us█er', undefined);
    check('12█', undefined);
    check('1.5█', undefined);
    check('1.█', { typed: '', kind: 'scope' });
  });
});

test('a list is wanted for members, names begun and arguments, in code alone', () => {
  const check = (marked: string, wanted: boolean) =>
    expect([marked, wantsList(contextOf(marked))]).toEqual([marked, wanted]);
  check('user.█', true);
  check('const a = us█', true);
  check('f(█)', true);
  check('f(a, █)', true);
  check('f(\n  a,\n  █', true);
  check('const a = █', false);
  check('[a, █]', false);
  check('if (█', false);
  check('"user.█', false);
  check('// user.█', false);
  check('`${user.█', true);
  check('user.na█me', false);
});

describe('what a list means to the policy', () => {
  interface Case {
    readonly at: string;
    readonly names: readonly (string | Partial<LanguageItem>)[];
    readonly complete?: boolean;
    readonly words: Words | undefined;
  }

  function check({ at, names, complete = true, words }: Case) {
    const context = contextOf(at);
    const word = wordAt(context.prefix, context.suffix);
    if (word === undefined) throw new Error(`No word in ${at}`);
    const list: LanguageList = {
      word: { start: context.prefix.length - word.typed.length, typed: word.typed },
      kind: word.kind,
      complete: complete && word.kind === 'members',
      items: names.map((item): LanguageItem => ({
        ...{ name: '', kind: 'value', fits: false },
        ...(typeof item === 'string' ? { name: item } : item),
      })),
    };
    expect(wordsOf(list, context)).toEqual(words);
  }

  test('of all members: one of those that begin as typed, and nothing else', () => {
    check({ at: 'a.█', names: ['push', 'pop'], words: { rests: ['push', 'pop'], only: true } });
    check({ at: 'a.pu█', names: ['push', 'pop'], words: { rests: ['sh'], only: true } });
    check({ at: 'a.push█', names: ['push', 'pushAll'], words: { rests: ['', 'All'], only: true } });
    check({ at: 'a.#b█', names: ['#bed', 'bed'], words: { rests: ['ed'], only: true } });
  });

  test('of a word that no member begins with: it may end, but not go on', () => {
    check({ at: 'a.xyz█', names: ['push'], words: { rests: [''], only: true } });
  });

  test('of members after `?.`: a call or an index may follow as well', () => {
    check({ at: 'a?.█', names: ['push'], words: { rests: ['push', ''], only: true } });
    check({ at: 'a?.p█', names: ['push'], words: { rests: ['ush'], only: true } });
  });

  test('of some members: proposals', () => {
    check({ at: 'a.█', names: ['x'], complete: false, words: { rests: ['x'], only: false } });
    check({ at: 'a.y█', names: ['x'], complete: false, words: undefined });
    check({ at: 'a.█', names: [], words: undefined });
  });

  test('of names in scope: those that fit or stand near, the nearest first', () => {
    const names = ['far', 'near', 'nearer', { name: 'fits', fits: true }];
    check({
      at: 'const near = 1, nearer = 2;\nf(█)',
      names,
      words: { rests: ['fits', 'nearer', 'near'], only: false },
    });
    check({ at: 'f(█)', names: ['far', 'away'], words: undefined });
    check({ at: 'f(fa█)', names: ['far', 'away'], words: { rests: ['r'], only: false } });
  });

  test('leaves out what is no plain name, keywords in scope, and what is listed twice', () => {
    const keyword = { name: 'return', kind: 'keyword' } as const;
    check({
      at: 're█',
      names: [keyword, 'rest', 'rest', 're-do'],
      words: { rests: ['st'], only: false },
    });
    check({
      at: 'a.█',
      names: [keyword, 'b c', 'b'],
      words: { rests: ['return', 'b'], only: true },
    });
  });

  test('of ten thousand names in scope is a handful', () => {
    const names = Array.from({ length: 10_000 }, (_, i) => `item${i}`);
    const words = wordsOf(
      {
        word: { start: 0, typed: 'it' },
        kind: 'scope',
        complete: false,
        items: names.map((name) => ({ name, kind: 'value', fits: false })),
      },
      contextOf('it█'),
    );
    expect(words?.rests).toHaveLength(24);
  });
});

test('a text obeys where it begins with a name and ends it there', () => {
  const check = (text: string, rests: readonly string[], obeying: boolean, only = true) =>
    expect([text, obeys(text, { rests, only })]).toEqual([text, obeying]);
  check('push(1)', ['push', 'pop'], true);
  check('push', ['push'], true);
  check('pushAll(1)', ['push'], false);
  check('pus', ['push'], false);
  check('(1)', [''], true);
  check('All', [''], false);
  check('anything', [], false);
  check('anything', ['push'], true, false);
  expect(obeys('anything', undefined)).toBe(true);
});
