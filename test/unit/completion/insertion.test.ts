import { describe, expect, test } from 'vitest';
import { insertionAt } from '../../../src/completion/insertion';
import { documentAtCursor } from '../../helpers/documentAtCursor';

/** The document once `text` is taken, `█` where a person goes on. */
function taken(marked: string, text: string, languageId = 'typescript'): string | undefined {
  const document = documentAtCursor(marked, { languageId });
  const insertion = insertionAt(document)(text);
  if (insertion === undefined) return undefined;
  const { offset } = document;
  const after = document.text.slice(offset + insertion.replacedLength);
  const whole = document.text.slice(0, offset) + insertion.text + after;
  const cursor = offset + insertion.cursorAt;
  return `${whole.slice(0, cursor)}█${whole.slice(cursor)}`;
}

describe('a text that is taken in front of closers', () => {
  test.each([
    [
      'stands in front of those that it does not close',
      'function due(█)\n',
      'beds: readonly Bed[], today: Date',
      'function due(beds: readonly Bed[], today: Date█)\n',
    ],
    [
      'goes on past those that it closes',
      'function due(█)\n',
      'beds: readonly Bed[], today: Date): Task[] {',
      'function due(beds: readonly Bed[], today: Date): Task[] {█\n',
    ],
    ['ends in front of a closer that was there', 'load(█)\n', 'a, b)', 'load(a, b█)\n'],
    ['ends a statement', 'load(█)\n', 'a, b);', 'load(a, b);█\n'],
    ['ends a string', "load('█')\n", "name', 3);", "load('name', 3);█\n"],
    [
      'ends a placeholder',
      'const url = `${█}`\n',
      'base}/tasks`;',
      'const url = `${base}/tasks`;█\n',
    ],
    ['fills braces with blanks', 'const { █ }\n', 'a, b } = c;', 'const { a, b } = c;█\n'],
    [
      'is a whole block',
      'function due() {█}\n',
      '\n  return 1;\n}',
      'function due() {\n  return 1;\n}█\n',
    ],
    [
      'is a whole block of a callback',
      "test('x', (t) => {█})\n",
      '\n  t.pass();\n});',
      "test('x', (t) => {\n  t.pass();\n});█\n",
    ],
    [
      'leaves the call around a block',
      "test('x', (t) => {█})\n",
      '\n  t.pass();\n}',
      "test('x', (t) => {\n  t.pass();\n}█)\n",
    ],
    [
      'is the first line of a block',
      'function due() {█}\n',
      '\n  const now = 1;',
      'function due() {\n  const now = 1;█\n}\n',
    ],
    [
      'is the beginning of a block',
      'function due() {\n\tif (a) {█}\n}\n',
      '\n\t\tfor (const b of c) {\n\t\t\td(b);',
      'function due() {\n\tif (a) {\n\t\tfor (const b of c) {\n\t\t\td(b);█\n\t\t}\n\t}\n}\n',
    ],
    [
      'opens a block in a block',
      'function due() {█}\n',
      '\n    if (a) {',
      'function due() {\n    if (a) {\n      █\n    }\n}\n',
    ],
    [
      'opens a callback',
      "a();\n\ttest('x', █)\n",
      'withServer, async (t, server, got) => {',
      "a();\n\ttest('x', withServer, async (t, server, got) => {\n\t\t█\n\t});\n",
    ],
    [
      'opens a callback where nothing ends with a semicolon',
      "start()\ntest('x', █)\n",
      'async (t) => {',
      "start()\ntest('x', async (t) => {\n  █\n})\n",
    ],
    [
      'opens a callback in an object',
      'const a = {\n  b: c(█)\n};\n',
      'async (t) => {',
      'const a = {\n  b: c(async (t) => {\n    █\n  })\n};\n',
    ],
    ['opens a call', 'test(█)\n', 'load(', 'test(load(█))\n'],
    ['opens a list', 'test(█)\n', 'a, [b', 'test(a, [b█])\n'],
    ['is an argument of several lines', 'test(█)\n', '{\n  a,\n}', 'test({\n  a,\n}█)\n'],
    ['has no closers behind it', 'test(█\n', 'a, () => {', 'test(a, () => {█\n'],
    ['is in a document with Windows line ends', 'load(█)\r\nb', 'a);', 'load(a);█\r\nb'],
  ])('%s', (_, marked, text, expected) => {
    expect(taken(marked, text)).toBe(expected);
  });

  test.each([
    ['python', 'def due(█)\n', 'self) -> None:', 'def due(self) -> None:█\n'],
    ['python', 'load(█)\n', '\n    a,', 'load(\n    a,█\n)\n'],
    [
      'python',
      'def due():\n    """█"""\n',
      'What is due.',
      'def due():\n    """What is due.█"""\n',
    ],
    ['html', '<p>█</p>\n', '<b>one</b></p>', '<p><b>one</b>█</p>\n'],
    ['html', '<ul>█</ul>\n', '\n  <li>one</li>\n</ul>', '<ul>\n  <li>one</li>\n</ul>█\n'],
    [
      'typescriptreact',
      'return (<Bed>█</Bed>)\n',
      '{name}</Bed>);',
      'return (<Bed>{name}</Bed>);█\n',
    ],
  ])('goes into %s: %j', (languageId, marked, text, expected) => {
    expect(taken(marked, text, languageId)).toBe(expected);
  });

  test.each([
    ['nothing', 'load(█)', ''],
    ['closers that are there', 'load([█])', '])'],
    ['a closer without the blanks before the one that is there', 'load( █ )', 'a);'],
  ])('cannot be %s', (_, marked, text) => {
    expect(taken(marked, text)).toBeUndefined();
  });
});
