import { describe, expect, test } from 'vitest';
import { closedBy, closersAfter, withoutClosers } from '../../../src/completion/closers';
import { documentAtCursor } from '../../helpers/documentAtCursor';

const at = (marked: string, languageId = 'typescript') => documentAtCursor(marked, { languageId });

describe('the closers after the cursor', () => {
  test.each([
    ['a parameter list', 'export function due(█)\n', ')'],
    ['a block', 'function due() {█}\n', '}'],
    ['a callback in a call', "test('x', () => {█})\n", '})'],
    ['an argument that is a string', "load('█')", "')"],
    ['a placeholder in a template', 'const url = `${█}`', '}`'],
    ['a list in a call', 'load([█])\r\n', '])'],
    ['a name in braces, with blanks between', 'const { █ }  \nb', ' }'],
    ['a call over several lines', 'load(\n  a,\n  b█)\n', ')'],
  ])('are those of %s', (_, marked, closers) => {
    expect(closersAfter(at(marked))).toBe(closers);
  });

  test.each([
    ['python', 'def due(█)', ')'],
    ['python', 'def due():\n    """█"""', '"""'],
    ['python', "name = f('█')", "')"],
    ['html', '<main>\n  <p class="a">█</p>', '</p>'],
    ['html', '<b>one</b><b>█</b>', '</b>'],
    ['javascriptreact', 'return (<Bed name={x}>█</Bed>)', '</Bed>)'],
    ['rust', 'fn due(a: &\'a str) { load("█")', '")'],
  ])('are known in %s: %s', (languageId, marked, closers) => {
    expect(closersAfter(at(marked, languageId))).toBe(closers);
  });

  test.each([
    ['nothing', 'load(█'],
    ['blanks alone', 'load(█  \n)'],
    ['text', 'load(█a)'],
    ['text behind a closer', 'load(█).then()'],
    ['the end of a statement', 'load(█);'],
    ['a closer of something else', 'load(█]'],
    ['a closer too many', 'load(█))'],
    ['a bracket in a comment', '// see (█)'],
    ['a quote that opens a string', "load(█'"],
    ['an escaped quote', "load('\\█')"],
    ['the end of another tag', '<b>█</i>'],
    ['a closed tag', '<b></b>█</b>'],
  ])('are none before %s', (_, marked) => {
    expect(closersAfter(at(marked))).toBe('');
  });
});

test.each([
  ['load(█)', 'load(█'],
  ['load(█)  \r\nnext', 'load(█\r\nnext'],
  ['load(a█);', 'load(a█);'],
  ['function due() {█}', 'function due() {█'],
])('%j is read as %j', (marked, bare) => {
  expect(withoutClosers(at(marked))).toEqual(at(bare));
});

describe('a text closes', () => {
  test.each([
    ['beds: readonly Bed[], today: Date', ')', ''],
    ['beds: readonly Bed[], today: Date): Task[] {', ')', ')'],
    ['withServer, async (t, server, got) => {', ')', ''],
    ['a, (b), [c]', ')', ''],
    ['a);', '))', ')'],
    ['a));', '))', '))'],
    ['\n  return 1;\n}', '}', '}'],
    ['\n  return 1;\n});', '})', '})'],
    ['\n  if (a) {\n  }', '})', ''],
    ['text', "')", ''],
    ["text'", "')", "'"],
    ["text', 'more'", "')", "'"],
    ["text', ')');", "')", "')"],
    ['id}/tasks', '}`', '}'],
    ['id}/tasks`', '}`', '}`'],
    ['a, b } = c;', ' }', ' }'],
    ['a // )', ')', ''],
    ['a)', '', ''],
  ])('%j in front of %j: %j', (text, closers, closed) => {
    expect(closers.slice(0, closedBy(text, closers, 'typescript'))).toBe(closed);
  });

  test.each([
    ['python', 'The beds of a garden."""', '"""', '"""'],
    ['python', 'self):', ')', ')'],
    ['html', '<b>one</b></p>', '</p>', '</p>'],
    ['html', '<p>one</p>', '</p>', ''],
    ['javascriptreact', '{name}</Bed>);', '</Bed>)', '</Bed>)'],
    ['javascriptreact', '<Bed />', '</Bed>)', ''],
  ])('in %s %j in front of %j: %j', (languageId, text, closers, closed) => {
    expect(closers.slice(0, closedBy(text, closers, languageId))).toBe(closed);
  });
});
