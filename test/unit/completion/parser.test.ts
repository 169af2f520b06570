import { access } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { createParser, grammarFiles, runtimeFile } from '../../../src/completion/parser';
import { copyGrammars, readGrammar } from '../../../tools/grammars.mjs';
import { temporaryFolder } from '../../helpers/temporaryFolder';

/** A parser, and what it wrote to the log. */
function parserOver(readFile: (name: string) => Promise<Uint8Array> = readGrammar) {
  const lines: string[] = [];
  const write = (_topic: string, message: string) => void lines.push(message);
  const logger = { debug: write, info: write, warn: write, error: write };
  return { parser: createParser(readFile, logger), lines };
}

/** The errors in `code`, as the texts they cover. */
async function check(languageId: string, code: string, expected: readonly string[]) {
  const { parser } = parserOver();
  expect(await parser.load(languageId)).toBe(true);
  const errors = parser.errorsIn(languageId, code);
  expect(errors?.map(({ start, end }) => code.slice(start, end))).toEqual(expected);
}

describe('errors', () => {
  test('there are none in code that is whole', async () => {
    await check('typescript', 'const a = 1;\n', []);
    await check('typescriptreact', 'const a = <b>{c}</b>;\n', []);
    await check('javascript', 'f(<a />);\n', []);
    await check('python', 'def f(a):\n    return a\n', []);
    await check('go', 'package a\n\nfunc f() int {\n\treturn 1\n}\n', []);
    await check('rust', "fn f<'a>() -> u8 { 0 }\n", []);
    await check('java', 'class A { int b = 1; }\n', []);
    await check('c', 'int new = 1;\n', []);
    await check('cpp', 'auto a = std::vector<int>();\n', []);
    await check('json', '{ "a": [1] }\n', []);
    await check('jsonc', '{ // why\n "a": 1 }\n', []);
    await check('yaml', 'a:\n  - b: c\n', []);
    await check('shellscript', 'if true; then a; fi\n', []);
  });

  test('are text that fits no rule', async () => {
    await check('typescript', 'const a = 1);\n', [')']);
    await check('python', 'a = 1]\nb = 2\n', ['1]']);
  });

  test('are places where something is missing', async () => {
    await check('typescript', 'f(1;\ng();\n', ['']);
  });

  test('are found behind letters beyond ASCII and ends of lines of both kinds', async () => {
    await check('typescript', "const a = '🌱';\r\nconst b = 1);\r\n", [')']);
  });

  test('are left alone in code that is too long', async () => {
    const { parser } = parserOver();
    await parser.load('json');
    expect(parser.errorsIn('json', '['.repeat(20_000))).toBeUndefined();
  });

  test.each([
    ['typescript', 'f(a);\n', 'if (b) {\n  █\n}\n', ['c(', 'd;', 'e)', '', "'🌱'; )"]],
    ['python', 'a = 1\n', 'def f(b):\n    █\n\n\nf(1)\n', ['return [', 'c', 'if d:\n  e', ')']],
    ['shellscript', 'a\n', 'if b; then\n  █\nfi\n', ['echo "$c"', 'cat <<D\n1\nD', 'fi', '"']],
    ['yaml', 'a: 1\n', 'b:\n  c: █\n  d: e\n', ['[1', '[1]', '- 2', '|\n    f']],
    ['rust', 'use a;\n', 'fn f() {\n    █\n}\n', ['r#"b"#;', 'c(', '/* d', '}']],
  ])('are the same when the parser is told what texts are like: %s', async (...row) => {
    const [languageId, above, around, texts] = row;
    const { parser } = parserOver();
    await parser.load(languageId);
    const like = above + around.replace('█', '');
    for (const text of texts) {
      const code = above + around.replace('█', text);
      expect(parser.errorsIn(languageId, code, like), code).toEqual(
        parser.errorsIn(languageId, code),
      );
    }
    expect(parser.errorsIn(languageId, like, like)).toEqual([]);
  });

  test('of one text are not taken for those of the next', async () => {
    const { parser } = parserOver();
    await parser.load('typescript');
    // What takes too long is given up in the middle.
    const hard = '(<a,{[?'.repeat(1700);
    parser.errorsIn('typescript', hard);
    expect(parser.errorsIn('typescript', 'const a = 1;\n')).toEqual([]);
  });
});

describe('a grammar', () => {
  test('is loaded when it is asked for first', async () => {
    const { parser } = parserOver();
    expect(parser.errorsIn('json', '[}')).toBeUndefined();
    expect(await parser.load('json')).toBe(true);
    expect(parser.errorsIn('json', '[}')).not.toEqual([]);
  });

  test('that there is none of is no trouble', async () => {
    const { parser, lines } = parserOver();
    for (const languageId of ['markdown', 'plaintext', 'constructor', '']) {
      expect(await parser.load(languageId)).toBe(false);
      expect(parser.errorsIn(languageId, ')')).toBeUndefined();
    }
    expect(lines).toEqual([]);
  });

  test.each<[string, (bytes: Uint8Array) => Uint8Array]>([
    ['cut short', (bytes) => bytes.subarray(0, bytes.length / 2)],
    ['empty', () => new Uint8Array()],
    ['not WebAssembly', () => new TextEncoder().encode('<html>')],
  ])('that is %s is reported once and done without', async (_how, damage) => {
    const { parser, lines } = parserOver(async (name) => {
      const bytes = await readGrammar(name);
      return name === runtimeFile ? bytes : damage(bytes);
    });
    for (let i = 0; i < 3; i++) {
      expect(await parser.load('json')).toBe(false);
      expect(parser.errorsIn('json', '[}')).toBeUndefined();
    }
    expect(lines).toEqual([expect.stringMatching(/^tree-sitter-json\.wasm cannot be used \(.+\)/)]);
  });

  test('that is missing is reported once and done without', async () => {
    const { parser, lines } = parserOver(() => Promise.reject(new Error('no such file')));
    expect(await parser.load('json')).toBe(false);
    expect(parser.errorsIn('json', '[}')).toBeUndefined();
    expect(lines).toEqual([expect.stringContaining('no such file')]);
  });
});

test('every grammar that is asked for ships', async () => {
  const folder = await temporaryFolder();
  copyGrammars(folder);
  for (const file of [runtimeFile, ...Object.values(grammarFiles)])
    await access(path.join(folder, file));
});
