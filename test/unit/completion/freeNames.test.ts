import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { freeNames } from '../../../src/completion/freeNames';

describe('free in a script', () => {
  test.each([
    ['what is called, made and inherited', 'a(new B());\nclass C extends D {}', 'a B D'],
    ['types', 'let x: Money<Euro> = 1;', 'Money Euro'],
    ['types of parameters, not they', 'f = (a: A, { b }, ...c) => a + b + c;', 'f A'],
    ['types of results', 'function f(a: A): B | C {\n  return a;\n}', 'A B C'],
    ['not members, keys and methods', 'x.y = { z: w };\nclass A { m(a) { a; } }', 'x w'],
    ['what a member is called with', 'if (a) { b?.c(d); }', 'a b d'],
    ['all of a choice', 'p ? q : r;\nswitch (s) { case t: u; }', 'p q r s t u'],
    ['not what is taken apart', 'const { a, b: c, d = e } = f; a + c + d;', 'e f'],
    ['not what is imported', "import A, { b, type C as D } from 'x';\nA(b as D);", ''],
    ['not parameters of types', 'function f<T, U extends V>(a: T): U {}', 'V'],
    ['not what is caught, or next', 'for (const a of b) a; try {} catch (e) { e; }', 'b'],
    ['not comments and strings', '// a\n/* b */ "c" + \'d\' + `e`;', ''],
  ])('%s', (_, text, expected) => {
    expect([...freeNames(text, 'typescript')].join(' ')).toBe(expected);
    expect([...freeNames(text, 'javascriptreact')].join(' ')).toBe(expected);
  });
});

describe('free in Python', () => {
  test.each([
    [
      'types and defaults',
      'def f(a: A, *b, c=D, **e) -> G:\n    return a + b + h(c=e)\n',
      'A D G h',
    ],
    ['not what is assigned', 'x, y = z\nw: int = x + y\n', 'z int'],
    ['what is gone through', 'for k, v in m.items():\n    k + v\n', 'm'],
    ['not what is imported', 'from a.b import c as d, e\nimport f.g\nd(e, f.g, h)', 'h'],
    ['not over lines either', 'from a import (\n    b,\n    c,\n)\nb(c)\n', ''],
    ['not comments and strings', 'f"{a}" + b"c" + "d" # e\n"""f"""\n', ''],
    ['not what a part of it binds', '[i for i in j if (n := i)]\nlambda a: a + n', 'j'],
    ['keys and values', 'd = {a: b}', 'a b'],
  ])('%s', (_, text, expected) => {
    expect([...freeNames(text, 'python')].join(' ')).toBe(expected);
  });
});

test('nothing is known of other languages, nor of what is too long to look at', () => {
  expect(freeNames('a.b()', 'rust').size).toBe(0);
  expect(freeNames('a();\n'.repeat(20_001), 'typescript').size).toBe(0);
});

test('any text is read to its end', () => {
  const piece = fc.constantFrom(
    ...'(){}[]<>,:;=?.\n*',
    '=>',
    '...',
    'a',
    'b',
    'const',
    'def',
    'for',
  );
  fc.assert(
    fc.property(fc.array(piece), fc.constantFrom('typescript', 'python'), (pieces, languageId) => {
      const text = pieces.join(' ');
      for (const name of freeNames(text, languageId)) expect(text).toContain(name);
    }),
  );
});
