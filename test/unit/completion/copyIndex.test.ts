import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CopyIndex } from '../../../src/completion/copyIndex';
import { documentAtCursor } from '../../helpers/documentAtCursor';

interface Options {
  readonly files?: Readonly<Record<string, string>>;
  readonly languageId?: string;
  readonly multiline?: boolean;
}

function lookup(marked: string, { files = {}, languageId, multiline = false }: Options = {}) {
  const index = new CopyIndex();
  for (const [uri, text] of Object.entries(files)) index.update(uri, 'typescript', text);
  const document = documentAtCursor(marked, languageId === undefined ? {} : { languageId });
  return index.lookup({ ...document, multiline });
}

const texts = (marked: string, options?: Options) =>
  lookup(marked, options).map((draft) => draft.text);

describe('what is copied', () => {
  test('is what followed the same run in the same file', () => {
    expect(texts('const user = await load(id);\nconst user = await █')).toEqual(['load(id);']);
  });

  test('is what followed the longest run, before what followed a shorter one', () => {
    const other = 'const shop = await open();\nlet user = await load();\n';
    expect(texts('let user = await █', { files: { other } })).toEqual(['load();', 'open();']);
  });

  test('is what most places agree on', () => {
    const other = 'return value.one;\nreturn value.two;\nreturn value.two;\n';
    const [first, second] = lookup('return value.█', { files: { other } });
    expect(first).toMatchObject({ text: 'two;', copy: { runLength: 13, votes: 2, places: 3 } });
    expect(second).toMatchObject({ text: 'one;', copy: { votes: 1, sameFile: false } });
  });

  test('is rather from the same file when the votes would be even', () => {
    const other = 'x = value.one;\nx = value.one;\n';
    const [first] = lookup('x = value.two;\nx = value.█', { files: { other } });
    expect(first).toMatchObject({ text: 'one;' });
    const [own] = lookup('\nx = value.two;\nx = value.█', { files: { other: '\nx = value.one;' } });
    expect(own).toMatchObject({ text: 'two;', copy: { sameFile: true } });
  });

  test('is the newest when nothing else decides', () => {
    const files = { a: '\nreturn value.old;', b: '\nreturn value.new;' };
    expect(texts('\nreturn value.█', { files })[0]).toBe('new;');
  });

  test('is found after the cursor too, and whatever the indentation and line ends', () => {
    expect(texts('if (a) {\n    call(█\n}\nif (a) {\n  call(b);\n}\n')).toEqual(['b);']);
    expect(texts('if (a) {\r\n\tcall(b);\r\n}\r\nif (a) {\r\n        call(█')).toEqual(['b);']);
    expect(texts('if (a) {\n  call(b);\n}\nif (a) {\n      █')).toEqual(['call(b);']);
  });

  test('is rather what stood above the line that is below the cursor', () => {
    const other = 'open(shop);\nsweep();\nclose(shop);\nopen(shop);\nlock();\nleave(town);\n';
    const [first, second] = texts('open(shop);\n█\nclose(shop);\n', { files: { other } });
    expect([first, second]).toEqual(['sweep();', 'lock();']);
    const [draft] = lookup('open(shop);\n█\n\n  leave(town);\n', { files: { other } });
    expect(draft).toMatchObject({ text: 'lock();', copy: { runLength: 12 + 12, votes: 1 } });
  });

  test('is found by the line below alone, where what is typed begins so too', () => {
    const files = { other: 'begin();\n  sweep(shop);\n  close(shop);\n' };
    expect(texts('ready();\n█\nclose(shop);\n', { files })).toEqual(['sweep(shop);']);
    expect(texts('ready();\nswe█\nclose(shop);\n', { files })).toEqual(['ep(shop);']);
    expect(texts('█\nclose(shop);\n', { files })).toEqual(['sweep(shop);']);
    expect(texts('ready();\nsweat█\nclose(shop);\n', { files })).toEqual([]);
    expect(texts('ready();\n█\nclose(shop)\n', { files })).toEqual([]);
    expect(texts('ready();\n█\n});\n', { files: { other: 'sweep();\n});\n' } })).toEqual([]);
  });

  test('is nothing after a short run, at an empty start, or when the line ended there', () => {
    expect(texts('abc = 1;\nabc█')).toEqual([]);
    expect(texts('█')).toEqual([]);
    expect(texts('const a = 1;\nconst a = 1;█')).toEqual([]);
  });

  test('comes from files whose language shares code, and from no others', () => {
    const files = { other: 'return value.two;' };
    expect(texts('return value.█', { files, languageId: 'javascriptreact' })).toEqual(['two;']);
    expect(texts('return value.█', { files, languageId: 'python' })).toEqual([]);
  });
});

describe('what the user wrote a moment ago', () => {
  const old = 'await users.find(name);\n'.repeat(5);
  const asked = { ...documentAtCursor('  await users.█'), multiline: false };

  /** The index once the user, or a program, has put `line` into a file of its own. */
  function indexAfter(line: string, author: 'user' | 'program'): CopyIndex {
    const index = new CopyIndex();
    index.update('old', 'typescript', old);
    index.update('new', 'typescript', 'start();\n');
    // A file that is taken in later is the newer one, which decides where nothing else does.
    index.update('old', 'typescript', `${old}\n`);
    if (author === 'user') index.noteEdit('new');
    index.update('new', 'typescript', `start();\n${line}\n`);
    return index;
  }

  test('comes before older text that stands in more places', () => {
    const [own] = indexAfter('await users.load(id);', 'user').lookup(asked);
    expect(own).toMatchObject({ text: 'load(id);', copy: { ownVotes: 1, recency: 1, votes: 1 } });
    const [other] = indexAfter('await users.load(id);', 'program').lookup(asked);
    expect(other).toMatchObject({ text: 'find(name);', copy: { ownVotes: 0, recency: 0 } });
  });

  test('comes before a run a little longer, not before one much longer', () => {
    const user = (marked: string) => {
      const index = indexAfter('await users.load(id);', 'user');
      return index.lookup({ ...documentAtCursor(marked), multiline: false })[0]?.text;
    };
    expect(user('\nawait users.█')).toBe('load(id);');
    expect(user('await users.find(name);\nawait users.█')).toBe('find(name);');
  });

  test('counts at once, before the file is taken in again', () => {
    const index = new CopyIndex();
    const before = 'stop();\n';
    index.update('file:///repository/src/main.ts', 'typescript', before);
    index.update('old', 'typescript', old);
    index.noteEdit('file:///repository/src/main.ts');
    const document = documentAtCursor(`await users.load(id);\n${before}await users.█`);
    const [first] = index.lookup({ ...document, multiline: false });
    expect(first).toMatchObject({ text: 'load(id);', copy: { recency: 1, sameFile: true } });
  });

  test('is forgotten on request, and stands in the file like any other text', () => {
    const index = indexAfter('await users.load(id);', 'user');
    index.forgetWritten();
    const drafts = index.lookup(asked);
    expect(drafts.map(({ text }) => text)).toEqual(['find(name);', 'load(id);']);
    expect(drafts.map(({ copy }) => copy.recency)).toEqual([0, 0]);
  });
});

test('a place in what has the same name counts for more', () => {
  const body = (name: string, rest: string) =>
    `class A {\n  ${name}() {\n    return ${rest}\n  }\n}\n`;
  const files = {
    a: body('render', 'view(a);'),
    b: body('render', 'view(a);'),
    c: body('close', 'x;'),
  };
  const more = { ...files, d: body('close', 'x;') };
  const [first] = lookup('class B {\n  close() {\n    return █', { files: more });
  expect(first).toMatchObject({ text: 'x;', copy: { sameSymbol: true } });
  const [other] = lookup('class B {\n  render() {\n    return █', { files: more });
  expect(other).toMatchObject({ text: 'view(a);', copy: { sameSymbol: true } });
  const [none] = lookup('class B {\n  open() {\n    return █', { files: more });
  expect(none).toMatchObject({ copy: { sameSymbol: false } });
});

describe('a block', () => {
  const other = [
    'export function load(id: string): User {',
    '  const user = users.get(id);',
    '  if (user === undefined) {',
    '    throw new Error(id);',
    '  }',
    '',
    '  return user;',
    '}',
  ].join('\n');

  test('is copied after a long run, up to the end of the paragraph', () => {
    const marked = 'export function load(id: string): User {\n  █';
    expect(texts(marked, { files: { other }, multiline: true })).toEqual([
      'const user = users.get(id);\n  if (user === undefined) {\n    throw new Error(id);\n  }',
    ]);
    expect(texts(marked, { files: { other } })).toEqual(['const user = users.get(id);']);
  });

  test('stands as deep as where it is copied to', () => {
    const marked = '  const user = users.get(id);\n        if (user === █';
    expect(texts(marked, { files: { other }, multiline: true })).toEqual([
      'undefined) {\n          throw new Error(id);\n        }',
    ]);
  });

  test('is not copied after a short run', () => {
    expect(texts('undefined) {\n  █', { files: { other }, multiline: true })).toEqual([
      'throw new Error(id);',
    ]);
  });
});

describe('the index', () => {
  const query = { ...documentAtCursor('return value.█'), multiline: false };

  test('forgets what is removed and what has become another text', () => {
    const index = new CopyIndex();
    index.update('other', 'typescript', 'return value.one;');
    expect(index.lookup(query)).toHaveLength(1);
    index.update('other', 'typescript', 'return nothing');
    expect(index.lookup(query)).toHaveLength(0);
    index.update('other', 'typescript', 'return value.one;');
    index.remove('other');
    expect(index.lookup(query)).toHaveLength(0);
  });

  test('keeps within its size by dropping the files updated longest ago', () => {
    const index = new CopyIndex({ maxCharacters: 1000 });
    index.update('old', 'typescript', 'return value.one;');
    for (let i = 0; i < 20; i++) index.update(`file${i}`, 'typescript', 'x'.repeat(100));
    expect(index.stats.characters).toBeLessThanOrEqual(1000);
    expect(index.lookup(query)).toHaveLength(0);
  });

  test('leaves out binary and enormous files', () => {
    const index = new CopyIndex({ maxFileCharacters: 1000 });
    index.update('binary', 'typescript', 'return value.one;\0');
    index.update('large', 'typescript', 'return value.one;'.repeat(100));
    expect(index.stats).toEqual({ files: 0, characters: 0, bytes: 0 });
  });

  test('takes no more than six bytes a character', () => {
    const index = new CopyIndex();
    for (let i = 0; i < 50; i++)
      index.update(`file${i}`, 'typescript', `const name${i} = ${i};\n`.repeat(20 * i));
    expect(index.stats.bytes / index.stats.characters).toBeLessThan(6);
  });

  test('answers after any edits as an index that sees the text for the first time', () => {
    const piece = fc.constantFrom(
      'const a = 1;\n',
      '  return value.name;\n',
      'call(value);\n'.repeat(400),
      '\n',
      'x'.repeat(9000),
      'b',
    );
    const edit = fc.record({ at: fc.nat(100), removed: fc.nat(20_000), inserted: piece });
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 12 }),
        fc.array(edit, { maxLength: 6 }),
        (pieces, edits) => {
          const edited = new CopyIndex();
          let text = pieces.join('');
          edited.update('other', 'typescript', text);
          for (const { at, removed, inserted } of edits) {
            const from = Math.floor((text.length * at) / 100);
            text = text.slice(0, from) + inserted + text.slice(from + removed);
            edited.update('other', 'typescript', text);
          }
          const fresh = new CopyIndex();
          fresh.update('other', 'typescript', text);
          for (const marked of ['return value.█', 'const a█', 'call(value█', '\n█', 'xxxxxxxx█']) {
            const asked = { ...documentAtCursor(marked), multiline: true };
            expect(edited.lookup(asked)).toEqual(fresh.lookup(asked));
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  test('finds what a search of every place finds', () => {
    const text = fc
      .array(fc.constantFrom('a', 'b', 'ab', ' ', '\n', '\n  ', '\t', '\r\n', ';'), {
        maxLength: 120,
      })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, text, text, (before, after, other) => {
        const index = new CopyIndex();
        index.update('other', 'typescript', other);
        const document = documentAtCursor(`${before}█${after}`);
        const [draft] = index.lookup({ ...document, multiline: false });
        expect(draft?.copy.runLength ?? 0).toBe(longestRunWithText(document, other));
      }),
      { numRuns: 2000 },
    );
  });
});

/**
 * The longest run that is followed by text on its line, by brute force: of six characters or more
 * before the place, or with the line below the cursor below the place too.
 */
function longestRunWithText(
  document: { readonly text: string; readonly offset: number },
  other: string,
): number {
  const significant = (text: string) => text.replaceAll('\r\n', '\n').replace(/^[ \t]+/gm, '');
  const head = (text: string) => (/[^\n]*$/.exec(text)?.[0] ?? '').trimStart();
  const typed = document.text.slice(0, document.offset);
  const before = significant(typed);
  const wanted = below(document.text, document.offset);
  let longest = 0;
  for (const text of [document.text, other]) {
    for (let end = 0; end < text.length; end++) {
      const place = text.slice(0, end);
      const rest = (/^[^\n]*/.exec(text.slice(end))?.[0] ?? '').trim();
      const isCursor =
        text === document.text &&
        significant(place) === before &&
        onOneLine(text, end, document.offset);
      if (rest === '' || isCursor) continue;
      const line = below(text, end);
      const isOwn = text === document.text && line.end === wanted.end;
      const agrees = /^(?=.*\w).{6}/.test(wanted.text) && line.text === wanted.text && !isOwn;
      const run = commonEnd(significant(place), before);
      if (run >= 6 || (agrees && head(place) === head(typed)))
        longest = Math.max(longest, run + (agrees ? wanted.text.length : 0));
    }
  }
  return longest;
}

/** The first line that is not blank below that of `offset`, and where it ends. */
function below(text: string, offset: number) {
  const from = offset + (/^[^\n]*/.exec(text.slice(offset))?.[0].length ?? 0);
  const line = /\S[^\n]*/.exec(text.slice(from));
  const trimmed = line?.[0].trimEnd() ?? '';
  return { text: trimmed, end: from + (line?.index ?? 0) + trimmed.length };
}

function onOneLine(text: string, a: number, b: number): boolean {
  return !text.slice(Math.min(a, b), Math.max(a, b)).includes('\n');
}

function commonEnd(a: string, b: string): number {
  let length = 0;
  while (length < Math.min(a.length, b.length) && a.at(-1 - length) === b.at(-1 - length)) length++;
  return length;
}

describe('a place of another kind says nothing', () => {
  test.each([
    ['code for a comment', '// strips the header█', "test('the header', withServer, run);", []],
    ['a string for code', 'strips.the.header█', "test('strips.the.header', withServer);", []],
    ['a comment for code', 'strips.the.header█', '// strips.the.header of all\n', []],
    [
      'a comment for a comment',
      '// strips the header█',
      '// strips the header of all',
      [' of all'],
    ],
    [
      'a comment of several lines for one',
      '/**\n * Strips the header█\n */',
      '/**\n * Strips the header of all\n */',
      [' of all'],
    ],
  ])('%s', (_, marked, other, expected) => {
    expect(texts(marked, { files: { other } })).toEqual(expected);
  });
});

describe('values of a test', () => {
  const other =
    'send(url, {\n  headers: {unicorn: "rainbow"},\n});\nurl_for("index", args=[4, 5]);';

  test.each([
    ['are not copied into other code', 'headers: {█', 'file:///garden/test/post.ts', []],
    ['nor are its lists', 'url_for("index", █', 'file:///garden/tests/test_basic.py', []],
    [
      'are copied from other code',
      'headers: {█',
      'file:///garden/src/post.ts',
      ['unicorn: "rainbow"},'],
    ],
  ])('%s', (_, marked, uri, expected) => {
    expect(texts(marked, { files: { [uri]: other } })).toEqual(expected);
  });

  test('are copied into a test, and what a test imports into all code', () => {
    const index = new CopyIndex();
    const tests = 'headers: {unicorn: "rainbow"},\nimport process from "node:process";';
    index.update('file:///garden/test/post.ts', 'typescript', tests);
    const copied = (marked: string, uri: string) =>
      index
        .lookup({ ...documentAtCursor(marked, { uri }), multiline: false })
        .map(({ text }) => text);
    expect(copied('headers: {█', 'file:///garden/test/get.ts')).toEqual(['unicorn: "rainbow"},']);
    expect(copied('import process █', 'file:///garden/src/get.ts')).toEqual([
      'from "node:process";',
    ]);
  });
});
