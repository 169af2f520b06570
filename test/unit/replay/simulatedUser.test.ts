import { describe, expect, test } from 'vitest';
import { drawMood, type Mood, reactTo } from '../../../src/replay/simulatedUser';
import { seededRandom } from '../../../src/util/random';

const patient: Mood = {
  looks: true,
  mends: true,
  takesWords: true,
  dismisses: false,
  readMs: 1_000,
};

function check(
  shown: string,
  truth: string,
  expected: ReturnType<typeof reactTo>,
  mood: Partial<Mood> = {},
): void {
  expect(reactTo(shown, truth, { ...patient, ...mood })).toEqual(expected);
}

describe('a simulated user', () => {
  test('takes what is written next', () => check('foo(a);', 'foo(a);\nbar();', { kind: 'accept' }));

  test('does not mind blanks at its end', () => check('foo();\n  ', 'foo();', { kind: 'accept' }));

  test('does not take half a word', () => check('value', 'values.map(x)', { kind: 'typeAgainst' }));

  test('takes the words that agree, one by one', () =>
    check('const total = sum(a);', 'const total = count(a);', {
      kind: 'partial',
      words: [5, 6, 2],
    }));

  test('types rather than take a word or two that are short', () =>
    check('if (b', 'if (a', { kind: 'typeAgainst' }));

  test('takes and mends a long near miss', () =>
    check('return compute(first, second, 1);', 'return compute(first, second, 2);\nnext();', {
      kind: 'mend',
      mendedLength: 33,
    }));

  test('sends away or types over the rest, as the mood is', () => {
    check('foo();', 'bar();', { kind: 'typeAgainst' });
    check('foo();', 'bar();', { kind: 'dismiss' }, { dismisses: true });
    check(
      'const total = sum(a);',
      'const total = count(a);',
      { kind: 'typeAgainst' },
      { takesWords: false },
    );
  });

  test('does not take whole what leaves a wrong closer behind, but may mend it', () => {
    const leavesWrong = (text: string) => reactTo(text, `${text}\n`, patient, false);
    expect(leavesWrong('a)')).toEqual({ kind: 'typeAgainst' });
    expect(leavesWrong('first, second)')).toEqual({ kind: 'partial', words: [5, 1, 7, 1] });
    const long = 'schedule(beds, today, tools)';
    expect(leavesWrong(long)).toEqual({ kind: 'mend', mendedLength: long.length });
  });

  test('may not look at all', () =>
    check('foo();', 'foo();', { kind: 'ignore' }, { looks: false }));

  test('takes nothing where nothing is said', () => check('  ', 'x', { kind: 'typeAgainst' }));

  test('is always of the same mood for the same seed', () => {
    expect(drawMood(seededRandom(7))).toEqual(drawMood(seededRandom(7)));
  });
});
