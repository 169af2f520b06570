import { beforeEach, describe, expect, test } from 'vitest';
import { buildContext } from '../../../src/completion/context';
import { SuggestionCache } from '../../../src/completion/typeThrough';
import type { Suggestion } from '../../../src/types';
import { documentAtCursor } from '../../helpers/documentAtCursor';

function suggestionAt(marked: string, ...texts: readonly string[]): Suggestion {
  const document = documentAtCursor(marked);
  return {
    id: marked,
    timeMs: 0,
    documentUri: document.uri,
    offset: document.offset,
    trigger: 'automatic',
    context: buildContext(document, 'auto'),
    candidates: texts.map((text) => ({
      text,
      tokenIds: [],
      logProb: -1,
      source: 'greedy',
      propensity: 1,
      score: 0.5,
    })),
    shownIndex: texts.length > 0 ? 0 : null,
    propensity: 1,
    exploration: 'best',
    policyVersion: 'test@1',
    rewardVersion: 'score-1',
    latencyMs: { context: 0, copy: 0, queue: 0, prefill: 0, decode: 0, total: 0 },
  };
}

let cache: SuggestionCache;
beforeEach(() => {
  cache = new SuggestionCache();
});

const reused = (marked: string, uri?: string) =>
  cache
    .reuse(documentAtCursor(marked, uri === undefined ? {} : { uri }))
    ?.remainders.map((remainder) => remainder.text);

describe('a suggestion is offered again', () => {
  test('while what is typed agrees with it', () => {
    const suggestion = suggestionAt('const a = █\nb();', 'load(id);');
    cache.remember(suggestion);
    expect(reused('const a = █\nb();')).toEqual(['load(id);']);
    expect(reused('const a = lo█\nb();')).toEqual(['ad(id);']);
    const reuse = cache.reuse(documentAtCursor('const a = load(i█\nb();'));
    expect(reuse?.suggestion).toBe(suggestion);
    expect(reuse?.remainders).toEqual([{ candidateIndex: 0, text: 'd);', typedLength: 6 }]);
  });

  test('after backspacing', () => {
    cache.remember(suggestionAt('const a = █', 'load(id);'));
    expect(reused('const a = load█')).toEqual(['(id);']);
    expect(reused('const a = lo█')).toEqual(['ad(id);']);
    expect(reused('const a =█')).toBeUndefined();
  });

  test('with all its candidates that agree, the one shown last first', () => {
    const suggestion = suggestionAt('a = █', 'load();', 'list();', 'make();');
    cache.remember(suggestion);
    expect(reused('a = l█')).toEqual(['oad();', 'ist();']);
    cache.shown(suggestion, 1);
    expect(reused('a = l█')).toEqual(['ist();', 'oad();']);
    expect(reused('a = lo█')).toEqual(['ad();']);
  });

  test('wherever the place moved to, if what surrounds it is the same', () => {
    const near = 'x();\n'.repeat(40);
    cache.remember(suggestionAt(`${near}a = █`, 'load();'));
    expect(reused(`// more above\n${near}a = lo█`)).toEqual(['ad();']);
  });

  test('in a document with Windows line ends', () => {
    cache.remember(suggestionAt('if (a) {█\r\n\r\nb', '\n  load();\n}'));
    expect(reused('if (a) {\r\n  lo█\r\n\r\nb')).toEqual(['ad();\n}']);
  });

  test('beside the brackets that the editor closed by itself', () => {
    cache.remember(suggestionAt('a = █\nb', 'load(id);'));
    expect(reused('a = load(█)\nb')).toEqual(['id);']);
    cache.remember(suggestionAt('c = █', '"text"'));
    expect(reused('c = "te█"')).toEqual(['xt"']);
    cache.remember(suggestionAt('f(█, b);', '[a]'));
    expect(reused('f([█], b);')).toEqual(['a']);
  });
});

describe('brackets that come after a suggestion was made', () => {
  test('stand behind what was prepared before them', () => {
    cache.prepare(suggestionAt('function f() {█\nb', '\n  return 1;\n}', ' }'));
    expect(reused('function f() {█}\nb')).toEqual(['\n  return 1;\n}', ' }']);
  });

  test('go away while they are typed over', () => {
    cache.remember(suggestionAt('function f(█)', 'a: B[], c: D): E {'));
    expect(reused('function f(a: B[█])')).toEqual(['], c: D): E {']);
    expect(reused('function f(a: B[]█)')).toEqual([', c: D): E {']);
    expect(reused('function f(a: B[], c: D)█')).toEqual([': E {']);
  });

  test('leave nothing to offer where they are all that is left', () => {
    cache.remember(suggestionAt('f(█)', 'a)', 'a, b)'));
    expect(reused('f(a█)')).toEqual([', b)']);
  });
});

describe('a suggestion is not offered again', () => {
  test('when something else was typed, or all of it', () => {
    cache.remember(suggestionAt('a = █', 'load();'));
    expect(reused('a = x█')).toBeUndefined();
    expect(reused('a = load();█')).toBeUndefined();
  });

  test('when what surrounds the cursor has changed', () => {
    cache.remember(suggestionAt('const a = █\nb();', 'load();'));
    expect(reused('let a = lo█\nb();')).toBeUndefined();
    expect(reused('const a = lo█\nc();')).toBeUndefined();
    expect(reused('const a = lo█')).toBeUndefined();
    expect(reused('const a = █)\nb();')).toBeUndefined();
  });

  test('in another document', () => {
    cache.remember(suggestionAt('a = █', 'load();'));
    expect(reused('a = █', 'file:///other.ts')).toBeUndefined();
  });

  test('once it was forgotten', () => {
    const suggestion = suggestionAt('a = █', 'load();');
    cache.remember(suggestion);
    cache.remember(suggestionAt('b = █', 'make();'));
    cache.forget(suggestion.id);
    expect(reused('a = █')).toBeUndefined();
    expect(reused('b = █')).toEqual(['make();']);
    cache.forget();
    expect(reused('b = █')).toBeUndefined();
  });

  test('when many others were made since', () => {
    cache.remember(suggestionAt('first = █', 'load();'));
    for (let i = 0; i < 40; i++) cache.remember(suggestionAt(`a${i} = █`, 'load();'));
    expect(reused('first = █')).toBeUndefined();
    expect(reused('a39 = █')).toEqual(['load();']);
  });
});

test('silence holds at the very cursor it was decided for, and nowhere else', () => {
  cache.remember({ ...suggestionAt('a = █', 'load();'), shownIndex: null });
  expect(reused('a = █')).toEqual([]);
  expect(reused('a = l█')).toBeUndefined();
  expect(reused('a =█')).toBeUndefined();
  expect(reused('a = █)')).toBeUndefined();
});

test('of two suggestions for one place the later holds', () => {
  cache.remember(suggestionAt('a = █', 'old();'));
  cache.remember(suggestionAt('a = █', 'new();'));
  expect(reused('a = █')).toEqual(['new();']);
  expect(reused('a = o█')).toBeUndefined();
});

test('one that was prepared waits behind the one used last, at the same place too', () => {
  cache.remember(suggestionAt('a = █', 'load();'));
  cache.prepare(suggestionAt('a = █', 'load();', 'make();'));
  cache.prepare(suggestionAt('a = load();\nb = █', 'next();'));
  expect(reused('a = █')).toEqual(['load();']);
  expect(reused('a = m█')).toEqual(['ake();']);
  expect(reused('a = load();\nb = █')).toEqual(['next();']);
});
