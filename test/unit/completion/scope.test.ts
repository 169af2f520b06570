import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NeighbourIndex } from '../../../src/completion/neighbours';
import { scopeCheck } from '../../../src/completion/scope';
import { languageOf } from '../../../src/util/language';
import { documentAtCursor } from '../../helpers/documentAtCursor';

/** What is left of a candidate at █, in the file at `path`, beside other files by path. */
function left(
  marked: string,
  candidate: string,
  path = 'src/main.ts',
  others: Readonly<Record<string, string>> = {},
): string {
  const workspace = new NeighbourIndex();
  for (const [other, text] of Object.entries(others)) {
    const uri = `file:///repository/${other}`;
    workspace.update({
      ...{ uri, path: other, repository: 'repository' },
      ...{ languageId: languageOf(other), text },
    });
  }
  const document = documentAtCursor(marked, { path, languageId: languageOf(path) });
  return scopeCheck(document, workspace)(candidate);
}

describe('a name that nothing declares is not offered', () => {
  test.each([
    ['in a loop', 'function f(headers: Headers) {\n  for (const key in █', 'header) {'],
    ['as an argument', 'const all = Object.entries(█', 'header)) {'],
    ['as a type', 'async function get(url: URL█', ', options?: options) {'],
    ['in a template', 'const a = 1;\nconst text = █', '`${b} of ${a}`;'],
    ['that the candidate only ends', 'const result = hea█', 'der.value;'],
    [
      'but for a parameter of another function',
      'function f(header: string) {\n  return header;\n}\nfunction g() {\n  return █',
      'header;',
    ],
    [
      'but for a variable of another block',
      'for (const header of list) {\n  use(header);\n}\nlog(█',
      'header);',
    ],
    ['but for one of another arrow', 'a.map((row) => row.x);\nb.map((line) => █', 'row.x);'],
    ['but for a member', 'x.header = 1;\nconst a = █', 'header;'],
    ['but in a comment or a string', '// header\nconst a = "header" + █', 'header;'],
  ])('%s', (_, marked, candidate) => {
    expect(left(marked, candidate)).toBe('');
    expect(left(marked, candidate, 'src/main.js')).toBe('');
  });

  test.each([
    [
      'in a class',
      'class A:\n    def __init__(self, app):\n        self.app = app\n\n    def f(self):\n        self.█',
      'app = app',
    ],
    ['as an argument', 'import os\nos.path.join(█', 'folder)'],
    ['of another comprehension', 'a = [row for row in x()]\nb = █', 'row.x'],
    [
      'of another function',
      'def f():\n    name = 1\n    return name\n\ndef g():\n    return █',
      'name',
    ],
  ])('%s of Python', (_, marked, candidate) => {
    expect(left(marked, candidate, 'src/main.py')).toBe('');
  });
});

describe('a name stays that', () => {
  test.each([
    ['is imported', "import { load } from './load';\nconst a = █", 'load();'],
    ['is declared below', 'run(█\nfunction start() {}', 'start);'],
    [
      'is a parameter',
      'const f = ({ a, b: { c } }: Options, ...d: string[]) => {\n  █',
      'a + c + d;',
    ],
    [
      'is one before a type in braces',
      'function f(url: URL): { a: () => A; b: B } {\n  g();\n  █\n}',
      'g(url);',
    ],
    ['is a parameter being written', 'function f(█', 'url: URL, max = 3): void {'],
    ['is one of an arrow', 'app.get("/", █', '(request, response) => response.send(request.url));'],
    ['is one of an arrow cut short', 'app.get("/", (█', 'request, response'],
    ['the text declares', '█', 'const { a, b = 1 } = f();\nconst c = a + b;', 'function f() {}'],
    ['is a key, a member or a method', 'const a = { █', 'key: 1, run() { this.go(); } };'],
    ['is a type parameter', 'export function █', 'first<T extends object, K>(a: T, b: K): T {'],
    ['is the key of a mapped type', 'type A<B> = █', '{ [K in keyof B]: B[K] };'],
    ['is inferred', 'type A<B> = B extends █', '(infer C)[] ? C : never;'],
    ['is global', 'const a = █', 'new URL(String(Math.max(1, 2)), document.baseURI);'],
    ['has its meaning from elsewhere', 'describe.each(cases);\nmagic();\n█', 'magic(cases);'],
    [
      'is a catch or a loop variable',
      '█',
      'try {\n  a();\n} catch (error) {\n  throw error;\n}',
      'const a = 1;',
    ],
    ['is a key and its value', 'const f = █', '(key: string) => ({ a: 1, key: key });'],
    ['may become a key', 'const a = {\n  █\n};', 'header'],
    ['is a label of a tuple', 'type A = █', '[start: number, end: number];'],
    [
      'a regular expression holds',
      'const a = name.█',
      'replace(/[a-z]+\\s(x)/gi, "$1");',
      'let name;',
    ],
  ])('%s', (_, marked, candidate, below = '') => {
    expect(left(`${marked}\n${below}`, candidate)).toBe(candidate);
  });

  test.each([
    ['is imported', 'from a import (\n    load as read,\n)\nx = █', 'read()'],
    ['is a parameter', 'def f(a, *b, c: int = 1, **d):\n    return █', 'a + b[0] + c + d["e"]'],
    ['is given by name', 'dict(█', 'header=1, other=2)'],
    ['is declared below', 'def f():\n    return █\n\ndef g():\n    pass\n', 'g()'],
    [
      'the text declares',
      'x = 1\n█',
      'for i, (k, v) in enumerate({}.items()):\n    print(i, k, v, x)',
    ],
    ['a comprehension declares', 'x = []\ny = █', '[row.a for row in x if row]'],
    ['a line below may declare', 'x = [\n    █\n    for row in rows()\n]', 'row.a'],
    ['a `for` below may yet declare', 'x = {\n    █', 'row.a: row.b'],
    ['a lambda declares', 'x = []\nx.sort(key=█', 'lambda row: row.a)'],
    ['an assignment declares', 'def f():\n    █', 'total: int = 0\n    total += 1'],
    ['is built in', 'x = █', 'sorted(len(__name__), key=str)'],
    ['stars may bring', 'from a import *\nx = █', 'anything()'],
    ['with binds', '█', 'with open("a") as file:\n    file.read()'],
  ])('%s in Python', (_, marked, candidate) => {
    expect(left(marked, candidate, 'src/main.py')).toBe(candidate);
  });

  test.each([
    ['another file exports', { 'src/a.ts': 'export function load() {}' }, true],
    ['another file imports', { 'src/a.ts': "import { load } from 'loader';" }, true],
    ['only a test exports', { 'test/a.test.ts': 'export function load() {}' }, false],
    ['no file exports', { 'src/a.ts': 'function load() {}' }, false],
  ])('can be imported: %s', (_, others, stays) => {
    expect(left('const a = █', 'load();', 'src/main.ts', others)).toBe(stays ? 'load();' : '');
  });

  test('a language server lists', () => {
    const check = scopeCheck(documentAtCursor('const a = he█'), new NeighbourIndex());
    expect(check('ader', { rests: ['ader'], only: false })).toBe('ader');
    expect(check('ader', { rests: ['adline'], only: false })).toBe('');
  });
});

describe('a module that does not exist is not offered', () => {
  const workspace = {
    'package.json':
      '{"name": "garden", "dependencies": {"@sindresorhus/is": "1"}, "devDependencies": {"@types/estree": "1"}}',
    'tsconfig.json':
      '{"compilerOptions": {"paths": {"@app/*": ["./src/*"], /* */ "exact": ["x"]}}}',
    'src/beds.ts': "import got from 'got';\nexport const beds = 1;",
    'src/plants/index.ts': 'export const plants = 1;',
    'pyproject.toml': '[project]\ndependencies = ["flask>=3", "PyYAML"]\n',
    'pkg/__init__.py': '',
    'pkg/views.py': 'import click\n',
  };

  test.each([
    ['import {FormData} █', "from '@sindresorhus/form-data'", false],
    ['import is █', "from '@sindresorhus/is';", true],
    ['import is █', "from '@sindresorhus/is/distribution';", true],
    ['import x █', "from 'got';", true],
    ['import x █', "from 'garden';", true],
    ['import type { Node } █', "from 'estree';", true],
    ['import x █', "from 'node:fs/promises';", true],
    ['import x █', "from 'node:nothing';", false],
    ['import x █', "from '@app/beds';", true],
    ['import x █', "from 'exact';", true],
    ["import { beds } from './█", "beds.js';", true],
    ["import { beds } from './█", "bed.js';", false],
    ["import { plants } from './█", "plants';", true],
    ["import style from './█", "style.css';", true],
    ['const x = require(█', "'lodash');", false],
    ["import x from 'lodash';\nconst a = █", 'x.b();', true],
  ])('%s%s', (marked, candidate, stays) => {
    expect(left(marked, candidate, 'src/main.ts', workspace)).toBe(stays ? candidate : '');
  });

  test.each([
    ['from █', 'flask import Flask', true],
    ['import █', 'yaml', true],
    ['import █', 'click', true],
    ['import █', 'numpy', false],
    ['from █', 'os.path import join', true],
    ['from █', 'pkg.views import show', true],
    ['from █', 'pkg.models import Bed', false],
    ['from █', '.views import show', true],
    ['from █', '.models import Bed', false],
    ['from █', '. import views', true],
  ])('%s%s of Python', (marked, candidate, stays) => {
    expect(left(marked, candidate, 'pkg/main.py', workspace)).toBe(stays ? candidate : '');
  });

  test('where no manifest is known, every package may', () => {
    const others = { 'src/a.ts': '', 'src/b.ts': '', 'src/c.ts': '' };
    const candidate = "from 'anything';";
    expect(left('import x █', candidate, 'src/main.ts', others)).toBe(candidate);
  });
});

describe('text of another kind is not offered', () => {
  test.each([
    [
      'code in a comment',
      '// strips the head█',
      "er', withServer, async (t, server, got) => {",
      '',
    ],
    ['a call in a comment', '// first█', ' load(beds);', ''],
    [
      'prose in a comment',
      '// strips the head█',
      'er (and the body), then ends.',
      'er (and the body), then ends.',
    ],
    ['code in code that is commented out', '// const a = load(█', 'beds);', 'beds);'],
    ['a function that is commented out', '// function█', ' f() {', ' f() {'],
    ['prose in code', 'const a = 1;\na█', ' is cheaper than the others', ''],
    ['a `;` among parameters', 'function f(header: string | undefined█) {}', ';', ''],
    ['what stands before a `;` among arguments', 'run(\n  save(█\n);', "'a', 1);", "'a', 1)"],
    ['a `;` in a type among them', 'function f(a: { b: string█ }) {}', ';', ';'],
    ['a `;` in the head of a loop', 'for (let i = 0█', '; i < 3; i++) {', '; i < 3; i++) {'],
    [
      'a comment that silences a tool',
      'const a = 1;\n█',
      '// eslint-disable-next-line no-console',
      '',
    ],
    ['one that was begun', '// eslint-dis█', 'able-next-line', 'able-next-line'],
  ])('%s', (_, marked, candidate, expected) => {
    expect(left(marked, candidate)).toBe(expected);
  });

  test('a comment that silences a tool is no body of a class', () => {
    expect(left('class A:\n    █', '# noqa: F821', 'src/main.py')).toBe('');
  });

  test.each(['<p>█</p>', '<p>\n  █\n</p>'])('prose in an element may be: %s', (marked) => {
    const text = 'Water the beds';
    expect(left(`const a = ${marked};`, text, 'src/main.tsx')).toBe(text);
  });
});

describe('of a block', () => {
  test('the lines before the first that is wrong stay', () => {
    const block = 'if (list.length > 0) {\n    const [first] = list;\n    return bed(first);\n  }';
    expect(left('function f(list: string[]) {\n  █\n}', block)).toBe(
      'if (list.length > 0) {\n    const [first] = list;',
    );
  });
});

test.each(['rust', 'markdown', 'vue'])('nothing is known of %s', (languageId) => {
  const document = documentAtCursor('█', { languageId });
  expect(scopeCheck(document, new NeighbourIndex())('anything(goes)')).toBe('anything(goes)');
});

test('without a workspace, and in a very long text, names are not judged', () => {
  expect(scopeCheck(documentAtCursor('a = █'), undefined)('header;')).toBe('header;');
  const long = `${'call();\n'.repeat(13_000)}a = █`;
  expect(scopeCheck(documentAtCursor(long), new NeighbourIndex())('header;')).toBe('header;');
});

test('of any candidate in any code a beginning is left', () => {
  const pieces = fc.constantFrom(
    ...[...'(){}[]<>,:;=?.\n*`$/"#'],
    ...['=>', '${', 'a', 'b', 'const', 'def', 'for', 'class', 'import', 'lambda', 'in', ' '],
  );
  const text = fc.array(pieces, { maxLength: 30 }).map((all) => all.join(''));
  fc.assert(
    fc.property(
      text,
      text,
      text,
      fc.constantFrom('a.ts', 'a.py'),
      (before, after, candidate, path) => {
        expect(candidate.startsWith(left(`${before}█${after}`, candidate, path))).toBe(true);
      },
    ),
  );
});
