import { access } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { createParser, grammarFiles, runtimeFile } from '../../../src/completion/parser';
import { copyGrammars, readGrammar } from '../../../tools/grammars.mjs';
import { temporaryFolder } from '../../helpers/temporaryFolder';

const never = new AbortController().signal;

/** A parser, and what it wrote to the log. */
function parserOver(readFile: (name: string) => Promise<Uint8Array> = readGrammar) {
  const lines: string[] = [];
  const write = (_topic: string, message: string) => void lines.push(message);
  const logger = { debug: write, info: write, warn: write, error: write };
  return { parser: createParser(readFile, logger), lines };
}

const uri = 'file:///main';
const everywhere = [0, Infinity] as const;

/** The errors in `text` once the first `[replaced|by]` in it is edited, as the texts they cover. */
async function check(languageId: string, marked: string, expected: readonly string[] | undefined) {
  const { parser } = parserOver();
  expect(await parser.load(languageId)).toBe(true);
  const { before, edit, after } = parseEdit(marked);
  const document = { uri, languageId, text: before };
  expect(await parser.read(document, never)).toBe(true);
  const errors = parser.errorsAfter(document, edit, ...everywhere);
  expect(errors?.map(({ start, end }) => after.slice(start, end))).toEqual(expected);
}

function parseEdit(marked: string) {
  const [, head = '', removed = '', text = '', tail = ''] =
    /^([^]*?)«([^]*?)\|([^]*?)»([^]*)$/.exec(marked) ?? [];
  return {
    before: head + removed + tail,
    edit: { start: head.length, end: head.length + removed.length, text },
    after: head + text + tail,
  };
}

describe('errors after an edit', () => {
  test('none where the text is whole', async () => {
    await check('typescript', 'const a = «|1»;\n', []);
    await check('typescriptreact', 'const a = <b>«|{c}»</b>;\n', []);
    await check('javascript', 'f(«|<a />»);\n', []);
    await check('python', 'def f(a):\n    «|return a»\n', []);
    await check('go', 'package a\n\nfunc f() int {\n\t«|return 1»\n}\n', []);
    await check('rust', "fn f<'a>() -> u8 { «|0» }\n", []);
    await check('java', 'class A { int b = «|1»; }\n', []);
    await check('c', 'int new = «|1»;\n', []);
    await check('cpp', 'auto a = std::vector<«|int»>();\n', []);
    await check('json', '{ "a": «|[1]» }\n', []);
    await check('jsonc', '{ // why\n "a": «|1» }\n', []);
    await check('yaml', 'a:\n  - «|b: c»\n', []);
    await check('shellscript', 'if «|true»; then a; fi\n', []);
  });

  test('text that fits no rule', async () => {
    await check('typescript', 'const a = 1«|)»;\n', [')']);
    await check('python', 'a = 1«|]»\nb = 2\n', ['1]']);
  });

  test('the place where something is missing', async () => {
    await check('typescript', 'f(1«)|»;\ng();\n', ['']);
  });

  test('with ends of lines of both kinds and letters beyond ASCII', async () => {
    await check('python', "def f():\r\n    a = '🌱'\r\n    return«| 'é'»\r\n", []);
    await check('typescript', "const a = '🌱';\r\nconst b = 1«|)»;\r\n", [')']);
  });
});

describe('a document that changes', () => {
  test('is read again from where it differs', async () => {
    const { parser } = parserOver();
    await parser.load('typescript');
    let text = 'const a = [\n  1,\n];\n'.repeat(500);
    for (const [from, to] of [
      ['1', '12'],
      ['];\n', ']);\n'],
      [']);\n', '];\n'],
    ] as const) {
      // prettier-ignore
      text = text.replace(from, to);
      const document = { uri, languageId: 'typescript', text };
      expect(await parser.read(document, never)).toBe(true);
      const errors = parser.errorsAfter(document, { start: 0, end: 0, text: '' }, ...everywhere);
      expect(errors?.length === 0, to).toBe(!to.includes(')'));
    }
  });

  test('is answered for only as it was read', async () => {
    const { parser } = parserOver();
    await parser.load('typescript');
    const document = { uri, languageId: 'typescript', text: 'a();\n' };
    await parser.read(document, never);
    const edit = { start: 0, end: 0, text: '' };
    expect(parser.errorsAfter({ ...document, text: 'b();\n' }, edit, 0, 1)).toBeUndefined();
    expect(parser.errorsAfter({ ...document, languageId: 'go' }, edit, 0, 1)).toBeUndefined();
    expect(parser.errorsAfter({ ...document, uri: 'file:///b' }, edit, 0, 1)).toBeUndefined();
  });

  test('is forgotten once some others have been read', async () => {
    const { parser } = parserOver();
    await parser.load('json');
    const documents = [...'abcde'].map((name) => ({ uri: name, languageId: 'json', text: '[]' }));
    for (const document of documents) await parser.read(document, never);
    const edit = { start: 1, end: 1, text: '1' };
    const known = documents.map(
      (document) => parser.errorsAfter(document, edit, 0, 9) !== undefined,
    );
    expect(known).toEqual([false, true, true, true, true]);
  });
});

describe('a long document', () => {
  const text = 'export function f(a: string): string[] {\n  return [a];\n}\n'.repeat(4000);

  test('is read without holding up anything else', async () => {
    const { parser } = parserOver();
    await parser.load('typescript');
    let turns = 0;
    const count = () => void (turns++, (timer = setImmediate(count)));
    let timer = setImmediate(count);
    expect(await parser.read({ uri, languageId: 'typescript', text }, never)).toBe(true);
    clearImmediate(timer);
    expect(turns).toBeGreaterThan(3);
  });

  test('is left where it was when no one waits any more', async () => {
    const { parser } = parserOver();
    await parser.load('typescript');
    const abort = new AbortController();
    const reading = parser.read({ uri, languageId: 'typescript', text }, abort.signal);
    abort.abort();
    await expect(reading).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }));
  });

  test('is not read at all beyond a size', async () => {
    const { parser } = parserOver();
    await parser.load('json');
    const long = '1'.repeat(2_000_001);
    expect(await parser.read({ uri, languageId: 'json', text: long }, never)).toBe(false);
  });
});

describe('a grammar', () => {
  const document = { uri, languageId: 'json', text: '[]' };

  test('is loaded when a document asks for it first', async () => {
    const { parser } = parserOver();
    expect(await parser.read(document, never)).toBe(false);
    expect(await parser.load('json')).toBe(true);
    expect(await parser.read(document, never)).toBe(true);
  });

  test('that there is none of is no trouble', async () => {
    const { parser, lines } = parserOver();
    for (const languageId of ['markdown', 'plaintext', 'constructor', ''])
      expect(await parser.load(languageId)).toBe(false);
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
      expect(await parser.read(document, never)).toBe(false);
    }
    expect(lines).toEqual([expect.stringMatching(/^tree-sitter-json\.wasm cannot be used \(.+\)/)]);
  });

  test('that is missing is reported once and done without', async () => {
    const { parser, lines } = parserOver(() => Promise.reject(new Error('no such file')));
    expect(await parser.load('json')).toBe(false);
    expect(await parser.read(document, never)).toBe(false);
    expect(lines).toEqual([expect.stringContaining('no such file')]);
  });
});

test('every grammar that is asked for ships', async () => {
  const folder = await temporaryFolder();
  copyGrammars(folder);
  for (const file of [runtimeFile, ...Object.values(grammarFiles)])
    await access(path.join(folder, file));
});
