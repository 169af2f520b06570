import { expect, test } from 'vitest';
import {
  endOf,
  endOfUnfinished,
  loopStart,
  maxLines,
  stopRules,
  wholeWords,
} from '../../../src/model/stop';

/**
 * `source` is text with the cursor as █; what is generated after it is `generated`, and `expected`
 * is what is kept, or null while the text may go on.
 */
function check(
  source: string,
  generated: string,
  expected: string | null,
  { multiline = true, languageId = 'typescript' } = {},
): void {
  const rules = stopRules(source.slice(0, source.indexOf('█')), languageId, multiline);
  const end = endOf(generated, rules);
  expect(end === null ? null : generated.slice(0, end)).toBe(expected);
}

const single = { multiline: false };

test('a line ends at the first line break of any kind', () => {
  check('const a = █', '1;\nconst', '1;', single);
  check('const a = █', '1;\r\nconst', '1;', single);
  check('const a = █', '1;', null, single);
  check('const a = █', '\n', '', single);
});

test('a block goes on while it is indented deeper', () => {
  check('function f() {█', '\n  return 1;', null);
  check('function f() {█', '\n  if (a) {\n    b();\n  }\n  c', null);
});

test('a block ends with the line that closes it', () => {
  check('function f() {█', '\n  return 1;\n}\nfun', '\n  return 1;\n}');
  check('foo(() => {█', '\n  bar();\n});\n', '\n  bar();\n});');
  check('  if x do█', '\n    y\n  end\n', '\n    y\n  end', { languageId: 'ruby' });
});

test('a closing line that opens again lets the block go on', () => {
  check('if (a) {█', '\n  b();\n} else {\n  c();', null);
  check('if (a) {█', '\n  b();\n} else {\n  c();\n}\n', '\n  b();\n} else {\n  c();\n}');
});

test('a closing line is waited for until it is whole', () => {
  check('function f() {█', '\n  return 1;\n}', null);
  check('function f():█', '\n    a\ne', null, { languageId: 'ruby' });
});

test('a block ends before the next statement and before a dedent', () => {
  check('def f():█', '\n    return 1\ndef', '\n    return 1', { languageId: 'python' });
  check('    a = 1█', '\n    b = 2\nc', '\n    b = 2');
  check('\tfor {█', '\n\t\ta()\n\t}\n', '\n\t\ta()\n\t}', { languageId: 'go' });
});

test('a block ends before a blank line', () => {
  check('  a();█', '\n  b();\n\n  c();', '\n  b();');
  check('  a();█', '\n  b();\n   ', null);
});

test(`a block has at most ${maxLines} lines`, () => {
  const lines = Array.from({ length: 20 }, (_, i) => `x${i};`);
  check('█', lines.join('\n'), lines.slice(0, maxLines).join('\n'));
});

test('code has no fences, Markdown and a comment that begins one may', () => {
  check('const a = █', 'b```', 'b', single);
  check('// █', 'a\n// ```\n', 'a', { multiline: true });
  check('text █', 'b```', null, { ...single, languageId: 'markdown' });
  check(' * ```█', 'ts', null, single);
  check(' * `█', '``ts', null, single);
});

test('what is said about a text holds for all that begin with it', () => {
  const rules = stopRules('function f() {', 'typescript', true);
  const text = '\n  a();\n  if (b) {\n    c();\n  }\n}\n\nmore();\n}';
  let end: number | null = null;
  for (let length = 0; length <= text.length; length++) {
    const now = endOf(text.slice(0, length), rules);
    if (end !== null) expect(now).toBe(end);
    end = now;
  }
  expect(end).toBe(text.indexOf('\n\nmore'));
});

test('an unfinished block is cut back to whole lines, an unfinished line is kept', () => {
  const block = stopRules('f(', 'typescript', true);
  expect(endOfUnfinished('a,\n  b,\n  c', block)).toBe('a,\n  b,'.length);
  expect(endOfUnfinished('abc', block)).toBe(3);
  expect(endOfUnfinished('', block)).toBe(0);
  expect(endOfUnfinished('a, b', { ...block, multiline: false })).toBe(4);
});

test.each([
  ['actions/checkout@de0fac2e45', 'actions/checkout@'],
  ['a, b', 'a, '],
  ['a, ', 'a, '],
  ['alone', 'alone'],
  ['', ''],
])('of %j, which was cut off, whole words are kept', (text, kept) => {
  expect(wholeWords(text)).toBe(kept);
});

test('a loop is found where it begins to turn, and lists are not loops', () => {
  expect(loopStart([1, 2, 3, 4, 5, 4, 5])).toBeNull();
  expect(loopStart([9, 0, 0, 0, 0, 0, 0])).toBe(2);
  expect(loopStart([0, 1, 0, 1, 0, 1])).toBeNull();
  expect(loopStart([7, 1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4])).toBe(5);
  expect(loopStart([1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 5])).toBeNull();
});
