import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buildContext } from '../../../src/completion/context';
import { trim } from '../../../src/completion/trim';
import { documentAtCursor } from '../../helpers/documentAtCursor';

/** Trims `text` at the cursor of `marked`; `lines` says whether a block may be proposed. */
function check(marked: string, text: string, expected: string, lines: 'one' | 'many' = 'one') {
  const multiline = lines === 'many' ? 'always' : 'never';
  const context = buildContext(documentAtCursor(marked), multiline);
  expect(trim(text, context), marked).toBe(expected);
}

test('a candidate is one line where one line is asked for', () => {
  check('const a = █', '1;\nconst b = 2;', '1;');
  check('const a = █', '1;  \r\n', '1;');
  check('const a = 1;█', '\nconst b = 2;', '');
});

test.each(['/**', '//', '#', '"""', "''", '`'])('nothing is left of %s alone', (text) => {
  check('█\n', text, '');
  check('  █\n', `${text}\n`, '');
});

test('blanks that stand before the cursor already are not repeated', () => {
  check('const a = █', ' 1;', '1;');
  check('const a =█', ' 1;', ' 1;');
  check('  █', '  return;', 'return;');
});

describe('what stands after the cursor is not repeated', () => {
  test('brackets and quotes before the end of a statement', () => {
    check('call(█);', 'a, b)', 'a, b');
    check('call(█);', 'a, b);', 'a, b');
    check('call("█");', 'name", b)', 'name');
    check('call("█");', 'name")', 'name');
    check("import a from '█';", "./a';", './a');
    check('call(inner(█));', 'a))', 'a');
    check('const a = [█];', 'b[0], c]', 'b[0], c');
  });

  test('but closers that stand there alone, a candidate may close itself', () => {
    check('call(█)', 'a, b);', 'a, b);');
    check('call("█")', 'name", b);', 'name", b);');
    check('call(inner(█))', 'a))', 'a))');
    check('if (x) {█}', ' return; }', ' return; }');
    check('call(a█)', ')', ')');
  });

  test('on a line that opens a block', () => {
    check('  if █) {', '(hash) {', '(hash');
    check('const f = █) => {', '(a, b) => {', '(a, b');
  });

  test('a quote, where the candidate ends its last string', () => {
    check("import {█'", " a } from './a.js'", " a } from './a.js");
    check("  █'", "['id'", "['id");
    check('set({ unit: "█" },', 'bytes", verb: "have" },', 'bytes", verb: "have');
  });

  test('but brackets of its own stay', () => {
    check('outer(█);', 'inner(a)', 'inner(a)');
    check('outer(█);', 'inner(a))', 'inner(a)');
    check('call(inner(█', 'a));', 'a));');
  });

  test('nor a longer rest of the line', () => {
    check('call(█, second);', 'first, second);', 'first');
    check('const a = █ + other;', 'value + other;', 'value');
  });

  test('and nothing is left of a candidate that says only that', () => {
    check('call(a█);', ');', '');
  });
});

describe('what stands below the cursor is not repeated', () => {
  test('a line', () => {
    check('function f() {\n  retu█\n  return value;\n}', 'rn value;', '');
    check('  █\n  return value;', 'return value;', '');
    check('  █\n\n  return value;', 'return other;', 'return other;');
  });

  test('the end of a block', () => {
    check('if (a) {\n  █\n}', 'return;\n}', 'return;', 'many');
    check('  █\n  b();\n  c();', 'a();\n  b();\n  c();', 'a();', 'many');
  });

  test('a bracket that the next line closes', () => {
    check('call(\n  a█\n)', ', b);', ', b');
    check('call(\n  inner(a█\n)', '));', ')');
    check('  (a &&\n    (b ||\n      c█\n  )', '))', ')');
    check('f(() => {\n  try {\n    a();\n  } catch█\n});', ' (_error) {}', ' (_error) {}');
    check('f(() => {\n  g({\n    a,\n  }).parse(un█\n});', 'defined);', 'defined);');
  });
});

test('a closer that nothing awaits is left out', () => {
  check('function f() {\n  call(a█', '));', ')');
  check('const a = [1█', ')', '');
  check('const a = "it█', ') is");', ') is");');
});

describe('a block ends', () => {
  test('where it is indented less', () => {
    check('  if (a) {█', '\n    b();\n  }\n}\nc();', '\n    b();\n  }', 'many');
    check('def f():\n    █', 'a = 1\n    return a\n\ndef g():', 'a = 1\n    return a', 'many');
  });

  test('after its last line', () => {
    check('if (a) {█', '\n  b();\n}\nc();', '\n  b();\n}', 'many');
    check('if (a) {█', '\n  b();\n} else {\n  c();\n}', '\n  b();\n} else {\n  c();\n}', 'many');
  });

  test('with its paragraph', () => {
    check('{\n  █', 'a();\n  b();\n\n  c();', 'a();\n  b();', 'many');
  });
});

describe('whatever the candidate', () => {
  const word = fc.constantFrom('a', 'b', ' ', ', ', 'ab', '\n', '\n  ', '; ', '\r\n');
  const words = fc.array(word, { maxLength: 12 }).map((parts) => parts.join(''));
  const piece = fc.oneof(word, fc.constantFrom('(', ')', '{', '}', '"', "'", '`', '[', ']', '//'));
  const pieces = fc.array(piece, { maxLength: 16 }).map((parts) => parts.join(''));
  const setting = fc.constantFrom('always' as const, 'never' as const);

  test('it is only cut, and cutting it twice changes nothing', () => {
    fc.assert(
      fc.property(pieces, pieces, pieces, setting, (before, after, text, multiline) => {
        const context = buildContext(documentAtCursor(`${before}█${after}`), multiline);
        const cut = trim(text, context);
        expect(text.replaceAll('\r\n', '\n').trimStart()).toContain(cut.trimStart());
        expect(trim(cut, context)).toBe(cut);
      }),
      { numRuns: 2000 },
    );
  });

  test('what is left never ends with the beginning of the rest of the line', () => {
    fc.assert(
      fc.property(words, words, words, setting, (before, after, text, multiline) => {
        const context = buildContext(documentAtCursor(`${before}█${after}`), multiline);
        const rest = context.suffix.split('\n')[0] ?? '';
        fc.pre(rest.trim() !== '');
        const cut = trim(text, context);
        for (let length = 1; length <= cut.length; length++)
          expect(rest.startsWith(cut.slice(-length)), `${cut}|${rest}`).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });

  test('what is left holds no line that the next line repeats', () => {
    fc.assert(
      fc.property(words, words, words, setting, (before, after, text, multiline) => {
        const context = buildContext(documentAtCursor(`${before}█\n${after}`), multiline);
        const below = after.split(/\r?\n/).find((line) => line.trim() !== '');
        fc.pre(below !== undefined && /[ab]/.test(below));
        const cut = trim(text, context);
        const head = context.prefix.slice(context.prefix.lastIndexOf('\n') + 1);
        const lines = cut === '' ? [] : (head + cut).split('\n');
        expect(lines.map((line) => line.trim())).not.toContain(below?.trim());
      }),
      { numRuns: 2000 },
    );
  });
});
