import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  automaticClosers,
  standingClosers,
  type Stretch,
  textOf,
} from '../../../src/replay/autoClosing';

interface Place {
  readonly languageId?: string;
  readonly below?: string;
  /** Characters that stood there before typing began. */
  readonly before?: string;
}

/** What stands after the cursor where `marked` has a bar, when it is typed without it. */
function standing(marked: string, { languageId = 'typescript', below = '', before = '' }: Place) {
  const at = before.length + marked.indexOf('█');
  const text = before + marked.replace('█', '');
  const typed = { text, below, start: before.length, languageId };
  return textOf(standingClosers(typed, automaticClosers(typed), at));
}

const check = (marked: string, expected: string, place: Place = {}) =>
  expect(standing(marked, place)).toBe(expected);

describe('while a line is typed, the editor has put after the cursor', () => {
  test('the closers of the brackets that are open on it, the innermost first', () => {
    check('foo(█a, [b])', ')');
    check('foo(a, [█b])', '])');
    check('foo(a, [b█])', '])');
    check('foo(a, [b]█)', ')');
    check('foo(a, [b])█', '');
  });

  test('nothing for what the text does not close', () => {
    check('if (a) {█', '');
    check('foo(a, {█ b,', '');
    check('a = [█)', '');
  });

  test('the quote of the string at the cursor', () => {
    check("say('█hi')", "')");
    check("say('it\\'█s')", "')");
    check('`a ${█b}`', '}`');
    check('`a ${b} █`', '`');
  });

  test('no quote behind a word or another string', () => {
    check("const text = don█'t';", '');
    check("say(x'█a')", ')');
    check('tag`█a`', '`');
    check('"""█docs"""', '', { languageId: 'python' });
    check('"█""docs"""', '"', { languageId: 'python' });
    check("f'█{a}'", "'", { languageId: 'python' });
  });

  test("what the language's own rules say", () => {
    check("'foo(█)'", "'");
    check("'foo(█)'", ")'", { languageId: 'python' });
    check("f'{█a}'", "}'", { languageId: 'python' });
    check('{"a": "(█)"}', '"}', { languageId: 'jsonc' });
    check("let a: &'█a str = f('b');", '', { languageId: 'rust' });
    check('f("█a")', '")', { languageId: 'rust' });
    check('f(█a)', ')', { languageId: 'unheard-of' });
  });

  test('nothing in front of a word', () => {
    check('foo(█', '', { below: 'bar);' });
    check('foo(█a) + ', '', { below: 'bar;' });
    check('foo(█a)', ')', { below: ';' });
    check('foo(█a)', ')', { below: '\nbar();' });
  });

  test('what belongs to the text that is typed, not to what stood there', () => {
    check('a, b█)', '', { before: 'foo(' });
    check('a(█b))', ')', { before: 'foo(' });
  });

  test('nothing in the middle of a comment or text that began above', () =>
    check("it's (█so) ", '', { before: '/*\n * ', below: 'and */', languageId: 'typescript' }));
});

describe('Enter', () => {
  test('between brackets puts the closer on a line of its own', () => {
    check('if (a) {\n  █b();\n}', '\n}');
    check('  run(() => {\n    █a();\n  });', '\n  })');
    check('run(\n    █a,\n)', '\n)', { languageId: 'python' });
    check('run({\n    █a: 1,\n})', '\n})', { languageId: 'python' });
  });

  test('behind an argument does so in JavaScript alone', () => {
    check('run(a,\n  █b)', '\n)');
    check('run(a,\n    █b)', ')', { languageId: 'python' });
  });

  test('leaves closers there that stand on their own line already', () => {
    check('if (a) {\n  b();\n  if (█c) d();\n}', ')\n}');
    check('if (a) {\n  if (b) {\n    █c();\n  }\n}', '\n  }\n}');
  });

  test('puts the same line end as the text has', () => check('if (a) {\r\n  █b();\r\n}', '\r\n}'));

  test('is not pressed to come to a closer that is there', () => {
    check('run(() => {\n  a();\n█});', '})');
    check('run(() => {\n  a();\n}█);', ')');
  });
});

test('what was put in at once is not closed', () => {
  const typed = { text: 'foo(bar(a))', below: '', start: 0, languageId: 'typescript' };
  const closers = automaticClosers(typed);
  const inBar = 'foo(bar('.length;
  const inCall = (atOnce?: Stretch) => textOf(standingClosers(typed, closers, inBar, atOnce));
  expect(inCall()).toBe('))');
  expect(inCall({ start: 'foo('.length, end: inBar })).toBe(')');
  expect(inCall({ start: 0, end: 'foo('.length })).toBe(')');
  expect(inCall({ start: 0, end: inBar })).toBe('');
});

test('closers stand there from their openers on until they are typed, and all are typed', () => {
  const text = fc
    .array(fc.constantFrom('a', ' ', '(', ')', '{', '}', '[', ']', "'", '"', '`', '\n', '${', '\\'))
    .map((parts) => parts.join(''));
  const languageId = fc.constantFrom('typescript', 'python', 'jsonc', 'go');
  fc.assert(
    fc.property(text, text, text, languageId, (before, written, below, language) => {
      const whole = before + written;
      const typed = { text: whole, below, start: before.length, languageId: language };
      const closers = automaticClosers(typed);
      for (let at = before.length; at <= whole.length; at++) {
        const open = standingClosers(typed, closers, at);
        expect(textOf(open).replace(/\s/g, '')).toBe(open.map(({ close }) => close).join(''));
        let from = at;
        for (const { close, openEnd, closeAt } of open) {
          expect(openEnd).toBeLessThanOrEqual(at);
          expect(closeAt).toBeGreaterThanOrEqual(from);
          expect(whole.charAt(closeAt)).toBe(close);
          from = closeAt + 1;
        }
      }
      expect(textOf(standingClosers(typed, closers, whole.length))).toBe('');
    }),
  );
});
