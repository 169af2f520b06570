import { expect, test } from 'vitest';
import { scanSyntax } from '../../../src/completion/syntax';

const check = (text: string, kind: string, open: string, languageId = 'typescript') =>
  expect(scanSyntax(text, languageId), text).toEqual({ kind, open });

test('brackets are followed, and those in strings and comments are not', () => {
  check('f(a, [b', 'code', '([');
  check('f(a, [b]', 'code', '(');
  check('f(")", \'(\', /[(]/, `(` /* ( */) // (\n', 'code', '');
  check('a) b', 'code', '');
});

test('the end of the text may lie in a comment', () => {
  check('a; // b', 'comment', '');
  check('a; // b\n', 'code', '');
  check('{ /* a', 'comment', '{');
  check('a = 1  # b', 'comment', '', 'python');
  check('echo ${a#b} $#', 'code', '', 'shellscript');
  check("<p>it's</p> <!-- a", 'comment', '', 'html');
  check('SELECT a -- b', 'comment', '', 'sql');
});

test('or in a string', () => {
  check('const a = "b', 'string', '');
  check('const a = "b\n', 'code', '');
  check('const a = "b\\"', 'string', '');
  check('a = """\nb', 'string', '', 'python');
  check('a = """\nb"""', 'code', '', 'python');
  check('const a = /b', 'string', '');
  check('const a = b / c', 'code', '');
});

test('templates hold code', () => {
  check('const a = `b', 'string', '`');
  check('const a = `b ${c(', 'code', '`{(');
  check('const a = `b ${c(`d`)} e', 'string', '`');
  check('const a = `b ${c} \\` {`', 'code', '');
});

test('an apostrophe is not a string where it is something else', () => {
  check("fn f<'a>(b: &'a str) {", 'code', '{', 'rust');
  check("it's (", 'code', '(', 'plaintext');
});
