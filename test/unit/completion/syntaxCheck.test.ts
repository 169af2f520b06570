import { readFileSync } from 'node:fs';
import { globSync } from 'tinyglobby';
import { beforeAll, describe, expect, test } from 'vitest';
import { createParser, grammarFiles } from '../../../src/completion/parser';
import { inSlices } from '../../../src/completion/slices';
import { syntaxCheck } from '../../../src/completion/syntaxCheck';
import { systemClock } from '../../../src/util/clock';
import { seededRandom } from '../../../src/util/random';
import { readGrammar } from '../../../tools/grammars.mjs';
import { documentAtCursor } from '../../helpers/documentAtCursor';

const silent = () => undefined;
const logger = { debug: silent, info: silent, warn: silent, error: silent };
const parser = createParser(readGrammar, logger);

beforeAll(async () => {
  for (const languageId of Object.keys(grammarFiles)) await parser.load(languageId);
});

/** What is left of `text` at the cursor of `marked`. */
async function check(languageId: string, marked: string, text: string, expected: string) {
  const document = documentAtCursor(marked, { languageId });
  const left = await inSlices(syntaxCheck(parser, document)(text), systemClock);
  expect(left, `${marked} + ${text}`).toBe(expected);
}

describe('a candidate that is right stays as it is', () => {
  test.each([
    ['typescript', 'const a = █\nconst b = 1;\n', 'f(1);'],
    ['typescript', 'class A {\n  b(█) {\n    c();\n  }\n}\n', 'd: string, e = 1'],
    ['typescriptreact', 'const a = (\n  <b>\n    █\n  </b>\n);\n', '<c d={e} />'],
    ['javascript', 'function f() {\n  return █\n}\n', 'a?.b ?? [];'],
    ['python', 'def f(a):\n    █\n\n\nf(1)\n', 'return [b for b in a]'],
    ['python', 'def f(a):\n    █\n    return a\n', '"""What is left of `a`.'],
    ['python', 'def f(a):\n    █\n    return a\n', '"""What is left."""'],
    ['go', 'package a\n\nfunc f() int {\n\t█\n}\n', 'return len(b) + 1'],
    ['rust', 'fn f() -> u8 {\n    let a = █\n    a\n}\n', 'b.iter().map(|c| c + 1).sum();'],
    ['java', 'class A {\n    void b() {\n        █\n    }\n}\n', 'List<String> c = d();'],
    ['c', 'int main(void) {\n  █\n  return 0;\n}\n', 'char *a = b[0];'],
    ['cpp', 'int main() {\n  █\n  return 0;\n}\n', 'std::vector<int> a{1, 2};'],
    ['json', '{\n  "a": █\n  "b": 1\n}\n', '[1, 2],'],
    ['yaml', 'a:\n  b: █\n  c: 1\n', '[d, e]'],
    ['shellscript', 'if true; then\n  █\nfi\n', 'echo "$a" | grep b'],
  ])('%s: %s', (languageId, marked, text) => check(languageId, marked, text, text));
});

describe('a candidate is cut before its first error', () => {
  test.each([
    ['typescript', 'const a = █;\nconst b = 1;\n', 'f(1)) + 2', 'f(1)'],
    ['typescript', 'f(█)\ng();\n', 'a, b) c', 'a, b)'],
    ['typescript', 'f(█)\ng();\n', 'a b', 'a'],
    ['typescriptreact', 'const a = <b>{█}</b>;\nf();\n', 'c}}', 'c'],
    ['javascript', 'function f() {\n  return █\n}\n', 'a b c;', 'a'],
    ['python', 'def f(a):\n    return █\n\n\nf(1)\n', 'g(a))', 'g(a)'],
    ['go', 'package a\n\nfunc f() {\n\tb(█)\n}\n', 'c, d) e', 'c, d)'],
    ['rust', 'fn f() {\n    let a = █;\n    a\n}\n', 'b(1)]', 'b(1)'],
    ['java', 'class A {\n    int b = █;\n}\n', 'c(1))', 'c(1)'],
    ['c', 'int main(void) {\n  f(█);\n  return 0;\n}\n', 'a, b);', 'a, b'],
    ['cpp', 'int main() {\n  f(█);\n  return 0;\n}\n', 'a, b);', 'a, b'],
    ['json', '{\n  "a": █\n}\n', '[1]]', '[1]'],
    ['yaml', 'a:\n  b: █\n  c: 1\n', '[d]]', '[d]'],
    ['shellscript', 'if true; then\n  █\nfi\n', 'echo a)', 'echo a'],
  ])('%s: %s + %s', check);
});

describe('a candidate no part of which is right is dropped', () => {
  test.each([
    ['typescript', 'const a = 1 █;\nconst b = 1;\n', 'word word'],
    ['python', 'def f(a):\n    return a █\n\n\nf(1)\n', 'word'],
    ['go', 'package a\n\nfunc f() {\n\tb(1█)\n}\n', ' word'],
    ['json', '{\n  "a": 1█\n}\n', ' "b"'],
  ])('%s: %s + %s', (languageId, marked, text) => check(languageId, marked, text, ''));
});

test('a candidate is judged with the closers behind it, and those it needs before them', async () => {
  const whole = 'withServer, async (t, server) => {';
  await check('typescript', "test('x', █)\n", whole, whole);
  await check('typescript', 'function f(█)\n', 'a: b[], c: D): E {', 'a: b[], c: D): E {');
  await check('typescript', 'function f(█)\n', 'a: b;', 'a: b');
  await check('typescript', 'function f() {█}\n', '\n  a b;', '\n  a');
  await check('python', 'def f(█)\n', 'a: str = 1) -> None:', 'a: str = 1) -> None:');
});

describe('what is not finished', () => {
  test('condemns no candidate that is not finished either', async () => {
    await check('typescript', 'if (a) {\n  f();\n}\n█\ng();\n', 'if (b) {', 'if (b) {');
    await check('typescript', 'f(\n  a,\n  █', 'b,', 'b,');
    await check('python', 'def f(a):\n    █\n\n\nf(1)\n', 'if a:', 'if a:');
    await check('go', 'package a\n\nfunc f() {\n\t█\n}\n', 'if b {', 'if b {');
  });

  test('above or below condemns no candidate', async () => {
    await check(
      'typescript',
      'function f() {\n  if (a) {\n  █\n}\ng();\n',
      'return 1;',
      'return 1;',
    );
    await check('typescript', 'const = ;\nconst a = █\nb();\n', 'f(1);', 'f(1);');
    await check('typescript', 'const a = █\nconst = (;\nb();\n', 'f(1);', 'f(1);');
    await check('typescript', 'function f() {\n  const a = █', 'g(1);', 'g(1);');
  });
});

test('documents with tabs and with ends of lines of both kinds are read alike', async () => {
  await check('typescript', 'function f() {\r\n\tg(█)\r\n}\r\n', 'a, b) c', 'a, b)');
  await check('python', 'def f(a):\r\n\treturn █\r\n\r\nf(1)\r\n', 'g(a))', 'g(a)');
});

test('several lines are judged as one', async () => {
  const marked = 'function f() {\n  if (a) {█\n}\ng();\n';
  await check('typescript', marked, '\n    b();\n  }', '\n    b();\n  }');
  await check('typescript', marked, '\n    b();\n  }\n}', '\n    b();\n  }');
});

test('what a comment says is not judged', async () => {
  await check('typescript', '/**\n * A: █\n */\nf();\n', 'is (it so', 'is (it so');
  await check('c', '/* A\n * is █\n */\nint b;\n', 'that isn\'t "b', 'that isn\'t "b');
});

test('a language without a grammar is not judged', async () => {
  await check('ruby', 'a = █\n', '1))', '1))');
});

test('what people wrote is not cut: lines of this repository, cut anywhere', async () => {
  const random = seededRandom(3);
  const cuts = globSync('src/**/*.ts').flatMap((file) => {
    const text = readFileSync(file, 'utf8');
    let offset = 0;
    return text.split('\n').flatMap((line) => {
      const start = offset;
      offset += line.length + 1;
      if (line.trim().length < 10 || /^ *(\/\/|\/?\*)/.test(line) || random() > 0.1) return [];
      const column = line.length - Math.ceil(random() * line.trim().length);
      const at = start + column;
      return [
        { text: text.slice(0, at) + text.slice(start + line.length), at, rest: line.slice(column) },
      ];
    });
  });
  let wrong = 0;
  for (const { text, at, rest } of cuts) {
    const marked = `${text.slice(0, at)}█${text.slice(at)}`;
    const check = syntaxCheck(parser, documentAtCursor(marked));
    if ((await inSlices(check(rest), systemClock)) !== rest) wrong++;
  }
  expect(cuts.length).toBeGreaterThan(300);
  expect(wrong / cuts.length).toBeLessThanOrEqual(0.01);
});
