import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type NeighbourFile, NeighbourIndex } from '../../../src/completion/neighbours';
import type { DocumentSnapshot } from '../../../src/completion/context';
import type { Snippet } from '../../../src/types';
import { languageOf } from '../../../src/util/language';
import { documentAtCursor } from '../../helpers/documentAtCursor';

function file(path: string, text: string, changes: Partial<NeighbourFile> = {}): NeighbourFile {
  const uri = `file:///${changes.repository ?? 'repository'}/${path}`;
  return { uri, path, repository: 'repository', languageId: languageOf(path), text, ...changes };
}

function indexOf(...files: readonly NeighbourFile[]): NeighbourIndex {
  const index = new NeighbourIndex();
  for (const each of files) index.update(each);
  return index;
}

/** What is told, as `kind path: first line`. */
function brief(snippets: readonly Snippet[]): readonly string[] {
  return snippets.map(({ kind, path, text }) => `${kind} ${path}: ${text.split('\n')[0]}`);
}

function near(index: NeighbourIndex, marked: string, changes: Partial<DocumentSnapshot> = {}) {
  return brief(index.near(documentAtCursor(marked, changes)));
}

/** Code that nothing below resembles, to fill a workspace. */
const noise = Array.from({ length: 6 }, (_, i) =>
  file(`src/noise${i}.ts`, `export const filler${i} = makeFiller(${i}, otherThing${i});\n`),
);
const invoice = 'function printInvoice(order) {\n  renderHeader(order.customer);\n}\n';
const atInvoice = 'function mailInvoice(order) {\n  renderHeader(█';

describe('similar windows', () => {
  test('the file with the most names in common is told, and one with none is not', () => {
    const index = indexOf(...noise, file('src/invoice.ts', invoice));
    expect(near(index, atInvoice)).toEqual([
      'similar src/invoice.ts: function printInvoice(order) {',
    ]);
  });

  test('files of another language are not', () => {
    const index = indexOf(...noise, file('src/invoice.py', invoice));
    expect(near(index, atInvoice)).toEqual([]);
    expect(near(indexOf(...noise, file('src/invoice.jsx', invoice)), atInvoice)).toHaveLength(1);
  });

  test.each([
    ['of the same folder', file('src/b.ts', invoice), file('lib/a.ts', invoice)],
    ['that is imported', file('lib/b.ts', invoice), file('lib/a.ts', invoice)],
    ['of the same root', file('lib/a.ts', invoice), file('lib/a.ts', invoice, { repository: 'x' })],
    ['looked at last', file('lib/seen.ts', invoice), file('lib/a.ts', invoice)],
  ])('of two alike the one %s comes first', (_, first, second) => {
    const index = indexOf(...noise, second, first);
    index.noteLooked('file:///repository/lib/seen.ts');
    const [told] = near(index, `import { x } from '../lib/b';\n${atInvoice}`);
    expect(told).toBe(`similar ${first.path}: function printInvoice(order) {`);
  });

  test('a name on the line of the cursor counts more than one above it', () => {
    const [above, own] = ['resizeThumbnail', 'rotateThumbnail'];
    const index = indexOf(
      ...noise,
      file('lib/above.ts', `${above}(image, border);\n`),
      file('lib/own.ts', `${own}(photo, margin);\n`),
    );
    const told = near(index, `${above}(a, b);\n${own}(█`);
    expect(told.map((each) => each.split(':')[0])).toEqual([
      'similar lib/own.ts',
      'similar lib/above.ts',
    ]);
  });

  test.each([
    ['on the line of the cursor', 'save(thumbnail(image, ', '█'],
    ['on the line above, where there is nothing on that', 'save(thumbnail(image, small));', '\n█'],
  ])('the very text %s counts more than its names', (_, written, cursor) => {
    const index = indexOf(
      ...noise,
      file('lib/names.ts', 'image(small);\nthumbnail(save);\n'),
      file('lib/text.ts', `${written}\nother(border);\n`),
    );
    const told = near(index, `${written}${cursor}`);
    expect(told.map((each) => each.split(':')[0])).toEqual([
      'similar lib/text.ts',
      'similar lib/names.ts',
    ]);
  });

  test('a file of another root is told with the name of that root', () => {
    const other = file('src/invoice.ts', invoice, { repository: 'backend' });
    expect(near(indexOf(...noise, other), atInvoice)).toEqual([
      'similar backend/src/invoice.ts: function printInvoice(order) {',
    ]);
  });

  test('the document itself is told where the policy does not see it', () => {
    const far = '+ + + +;\n'.repeat(240);
    const index = indexOf(...noise);
    expect(near(index, `${invoice}${far}${atInvoice}`)).toEqual([
      'similar src/main.ts: function printInvoice(order) {',
    ]);
    expect(near(index, `${atInvoice}\n}\n${far}${invoice}`, { uri: 'file:///below' })).toHaveLength(
      1,
    );
    expect(near(index, `${invoice}${atInvoice}`, { uri: 'file:///close' })).toEqual([]);
  });

  test('line ends are told as the policy reads them', () => {
    const index = indexOf(...noise, file('src/invoice.ts', invoice.replaceAll('\n', '\r\n')));
    expect(index.near(documentAtCursor(atInvoice))[0]?.text).toBe(invoice.trimEnd());
  });

  test('untitled documents and the cells of one notebook are neighbours like any other', () => {
    const cell = (fragment: string, text: string) =>
      file('plot.ipynb', text, {
        uri: `vscode-notebook-cell:///plot.ipynb#${fragment}`,
        languageId: 'python',
      });
    const index = indexOf(...noise, cell('W0', 'frame = read_sales(path)\nframe.plot(kind)\n'));
    const document = {
      path: 'plot.ipynb',
      languageId: 'python',
      uri: 'vscode-notebook-cell:///plot.ipynb#W1',
    };
    expect(near(index, 'frame = read_sales(path)\nframe.█', document)).toEqual([
      'similar plot.ipynb: frame = read_sales(path)',
    ]);
  });
});

describe('what stays out', () => {
  const told = (index: NeighbourIndex) => near(index, atInvoice);

  test.each([
    ['marked as generated', 'src/a.ts', `// @generated by a tool\n${invoice}`],
    ['marked not to be edited', 'src/a.ts', `/* Code generated. DO NOT EDIT. */\n${invoice}`],
    ['minified by name', 'src/a.min.js', invoice],
    ['of one long line', 'src/a.ts', `${invoice}${'renderHeader(order.customer);'.repeat(200)}`],
    [
      'with long lines on average',
      'src/a.ts',
      `${'renderHeader(order.customer);'.repeat(9)}\n`.repeat(4),
    ],
    ['binary', 'src/a.ts', `${invoice}\0`],
  ])('a file %s', (_, path, text) => {
    expect(told(indexOf(...noise, file(path, text)))).toEqual([]);
  });

  test('a file that was taken out, at once', () => {
    const index = indexOf(...noise, file('src/invoice.ts', invoice));
    expect(told(index)).toHaveLength(1);
    index.remove('file:///repository/src/invoice.ts');
    expect(told(index)).toEqual([]);
  });

  test('a file whose newest text is generated', () => {
    const index = indexOf(...noise, file('src/invoice.ts', invoice));
    index.update(file('src/invoice.ts', `// @generated\n${invoice}`));
    expect(told(index)).toEqual([]);
  });
});

describe('declarations behind imports', () => {
  const check = (
    main: string,
    others: Readonly<Record<string, string>>,
    expected: readonly string[],
    changes: Partial<DocumentSnapshot> = {},
  ): void => {
    const index = indexOf(...Object.entries(others).map(([path, text]) => file(path, text)));
    const snippets = index.near(documentAtCursor(main, changes));
    expect(snippets.filter(({ kind }) => kind === 'declaration').map(({ text }) => text)).toEqual(
      expected,
    );
  };

  test('a function, up to its body', () => {
    const text = '/** Adds. */\nexport function total(items: Item[]): number {\n  return 0;\n}\n';
    const expected = ['export function total(items: Item[]): number {'];
    check(`import { total } from './sum';\ntotal(█`, { 'src/sum.ts': text }, expected);
    check(`import { total as all } from './sum.js';\ntotal(█`, { 'src/sum.ts': text }, expected);
    check(`import { total } from '../lib';\ntotal(█`, { 'lib/index.ts': text }, expected);
  });

  test('a type, whole, and only what is in use near the cursor', () => {
    const text = 'export interface Item {\n  price: number;\n}\n\nexport type Other = 1;\n';
    check(
      `import type { Item, Other } from './item';\n\n\n\n\n\n\nconst item: Item = {█`,
      { 'src/item.ts': text },
      ['export interface Item {\n  price: number;\n}'],
    );
  });

  test('of Python, with relative and absolute modules', () => {
    const text =
      'class Cart(Base):\n    def add(self): ...\n\ndef total(cart, tax=0):\n    return 1\n';
    const python = { languageId: 'python', path: 'shop/main.py' };
    const expected = ['class Cart(Base):\ndef total(cart, tax=0):'];
    check(
      'from .cart import Cart, total\ntotal(Cart(█',
      { 'shop/cart.py': text },
      expected,
      python,
    );
    check(
      'from shop.cart import (\n  Cart,\n  total,\n)\ntotal(Cart(█',
      { 'shop/cart.py': text },
      expected,
      python,
    );
    check(
      'from ..cart import total\ntotal(█',
      { 'cart.py': text },
      ['def total(cart, tax=0):'],
      python,
    );
  });

  test('names that are not declared there, and packages, give nothing', () => {
    check(
      `import { a } from './b';\nimport { z } from 'zod';\na(z█`,
      { 'src/b.ts': 'let c;\n' },
      [],
    );
  });
});

describe('recent edits', () => {
  const before = 'const a = oldName(1);\nconst b = 2;\n';
  const after = 'const a = newName(1);\nconst b = 2;\n';
  const elsewhere = { path: 'src/other.ts', uri: 'file:///repository/src/other.ts' };
  const edit = 'edit src/a.ts: const a = newName(1);';

  test('what the user changed is told as it stands now', () => {
    const index = indexOf(file('src/a.ts', before));
    index.noteEdit('file:///repository/src/a.ts');
    index.update(file('src/a.ts', after));
    const [told] = index.near(documentAtCursor('x█', elsewhere));
    expect(told).toEqual({
      kind: 'edit',
      path: 'src/a.ts',
      text: 'const a = newName(1);',
    });
  });

  test('lines that were only taken away are not', () => {
    const index = indexOf(file('src/a.ts', before));
    index.noteEdit('file:///repository/src/a.ts');
    index.update(file('src/a.ts', 'const b = 2;\n'));
    expect(near(index, 'x█', elsewhere)).toEqual([]);
  });

  test('of many the last three are, the newest nearest to the cursor', () => {
    const numbered = (text: (i: number) => string) =>
      Array.from({ length: 5 }, (_, i) => `${text(i)}\n\n\n\n\n`).join('');
    const index = indexOf(
      file(
        'src/a.ts',
        numbered((i) => `old${i}`),
      ),
    );
    for (let edited = 0; edited < 5; edited++) {
      index.noteEdit('file:///repository/src/a.ts');
      index.update(
        file(
          'src/a.ts',
          numbered((i) => (i <= edited ? `new${i}` : `old${i}`)),
        ),
      );
    }
    const told = ['new2', 'new3', 'new4'].map((text) => `edit src/a.ts: ${text}`);
    expect(near(index, 'x█', elsewhere)).toEqual(told);
  });

  test('what a program changed is not', () => {
    const index = indexOf(file('src/a.ts', before), file('src/a.ts', after));
    expect(near(index, 'x█', elsewhere)).toEqual([]);
  });

  test('the edit at the cursor is not, others of the same file are', () => {
    const far = 'more();\n'.repeat(20);
    const index = indexOf(file('src/main.ts', before + far, { uri: 'file:///main' }));
    index.noteEdit('file:///main');
    index.update(file('src/main.ts', after + far, { uri: 'file:///main' }));
    const own = (marked: string) =>
      near(index, marked, { uri: 'file:///main' }).filter((told) => told.startsWith('edit'));
    expect(own(`const a = newName(1█);\nconst b = 2;\n${far}`)).toEqual([]);
    expect(own(`${after}${'more();\n'.repeat(40)}█`)).toEqual([edit.replace('a.ts', 'main.ts')]);
  });

  test('those of a file that is taken out go with it', () => {
    const index = indexOf(file('src/a.ts', before));
    index.noteEdit('file:///repository/src/a.ts');
    index.update(file('src/a.ts', after));
    expect(near(index, 'x█', elsewhere)).toEqual([edit]);
    index.remove('file:///repository/src/a.ts');
    expect(near(index, 'x█', elsewhere)).toEqual([]);
  });
});

describe('the choice stays', () => {
  const library = Array.from({ length: 12 }, (_, i) =>
    file(
      `src/part${i}.ts`,
      Array.from(
        { length: 40 },
        (_, line) => `call${(i * 7 + line) % 60}(value${line % 9});\n`,
      ).join(''),
    ),
  );

  test('the same while one types, whatever one types, until the cursor is some lines on', () => {
    const typing = fc.array(fc.constantFrom('call3(', 'value4', ');\n', ' ', 'x', '}\n'), {
      maxLength: 120,
    });
    fc.assert(
      fc.property(typing, (keys) => {
        const index = indexOf(...library);
        let text = 'call2(value1);\n';
        let told = index.near(documentAtCursor(`${text}█`));
        let chosenAt = text.length;
        for (const key of keys) {
          text += key;
          const next = index.near(documentAtCursor(`${text}█`));
          if (text.length - chosenAt <= 300) expect(next).toBe(told);
          else chosenAt = text.length;
          told = next;
        }
      }),
      { numRuns: 30 },
    );
  });

  test('and what is told again comes first, in the order it had', () => {
    const index = indexOf(...library);
    const first = index.near(documentAtCursor('call2(value1);\ncall3(value2);\n█'));
    const more = 'call2(value1);\ncall3(value2);\n'.repeat(15);
    const second = index.near(documentAtCursor(`${more}call3(value2);\n█`));
    expect(first.length).toBeGreaterThan(0);
    expect(second.slice(0, first.length)).toEqual(first);
  });

  test('but not where it was made before the files of the workspace were read', () => {
    const index = new NeighbourIndex();
    expect(index.near(documentAtCursor('call2(value1);\n█'))).toEqual([]);
    for (const each of library) index.update(each);
    expect(index.near(documentAtCursor('call2(value1);\n█'))).not.toEqual([]);
  });

  test('for each document by itself', () => {
    const index = indexOf(...noise, file('src/invoice.ts', invoice));
    expect(near(index, atInvoice, { uri: 'file:///a' })).toHaveLength(1);
    expect(near(index, 'nothing█', { uri: 'file:///b' })).toHaveLength(0);
    expect(near(index, 'nothing█', { uri: 'file:///a' })).toHaveLength(1);
  });
});
