import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LanguageList } from '../../../src/completion/languageList';
import {
  loadTypeScript,
  typeScriptServer,
  type TypeScriptServer,
} from '../../../src/replay/typescriptServer';
import { documentAtCursor } from '../../helpers/documentAtCursor';

const files = [
  {
    path: 'src/garden.ts',
    text: `export interface Bed { readonly rows: number; readonly 'soil type': string }
export class Garden {
  #beds: Bed[] = [];
  readonly name: string = '';
  plant(bed: Bed): void { this.#beds.push(bed); }
}
export const prices: Record<string, number> = { rose: 3 };
export enum Season { Spring, Autumn }`,
  },
  { path: 'README.md', text: '# Garden' },
];

let server: TypeScriptServer;

beforeAll(async () => {
  const typescript = await loadTypeScript();
  if (typescript === undefined) throw new Error('TypeScript is not installed.');
  server = typeScriptServer(typescript, { files });
});

afterAll(() => server.dispose());

async function listed(marked: string, path = 'src/main.ts'): Promise<LanguageList | undefined> {
  const languageId = path.endsWith('.js') ? 'javascript' : 'typescript';
  const document = documentAtCursor(marked, { path, languageId });
  return server.list(document, new AbortController().signal);
}

interface Expected {
  readonly kind: LanguageList['kind'];
  readonly complete: boolean;
  readonly has?: readonly string[];
  readonly hasNot?: readonly string[];
  readonly fits?: readonly string[];
}

async function check(marked: string, expected: Expected | undefined, path?: string) {
  const list = await listed(marked, path);
  if (list === undefined || expected === undefined) {
    expect(list).toBe(expected);
    return;
  }
  const names = list.items.map(({ name }) => name);
  expect(list).toMatchObject({ kind: expected.kind, complete: expected.complete });
  expect(names).toEqual(expect.arrayContaining([...(expected.has ?? [])]));
  for (const name of expected.hasNot ?? []) expect(names).not.toContain(name);
  const fitting = list.items.filter(({ fits }) => fits).map(({ name }) => name);
  if (expected.fits) expect(fitting.toSorted()).toEqual([...expected.fits].toSorted());
}

const imports = `import { Garden, prices, Season, type Bed } from './garden';\n`;

describe('members', () => {
  test('of a known type are all there are', async () => {
    const garden = { kind: 'members', complete: true, has: ['name', 'plant'] } as const;
    await check(`${imports}new Garden().█`, { ...garden, hasNot: ['#beds', 'Garden'] });
    await check(`${imports}const g = new Garden();\ng.pl█\nconst x = 1;`, garden);
    await check(`${imports}Season.█`, { ...garden, has: ['Spring', 'Autumn'] });
    await check(`const text = '';\ntext.█`, { ...garden, has: ['trim', 'slice'] });
  });

  test('of the class itself include what is private', async () => {
    const own = { kind: 'members', complete: true, has: ['#a', 'b'] } as const;
    await check('class A { #a = 1; b = 2; m() { return this.█ } }', own);
    await check('class A { #a = 1; b = 2; m() { return this.#a█ } }', own);
  });

  test('of what may be missing are listed as well', async () => {
    await check(`${imports}declare const g: Garden | undefined;\ng?.█`, {
      ...{ kind: 'members', complete: true, has: ['name', 'plant'] },
    });
  });

  test('are not all there are where any name may be asked for', async () => {
    await check(`${imports}prices.█`, undefined);
    await check(`declare const e: { a: 1; [name: string]: number };\ne.█`, {
      ...{ kind: 'members', complete: false, has: ['a'] },
    });
  });

  test('of what is not known are not listed', async () => {
    await check('declare const x: any;\nx.█', undefined);
    await check(`import { y } from 'not-installed';\ny.█`, undefined);
  });

  test('of JavaScript are not all there are', async () => {
    const list = { kind: 'members', complete: false, has: ['a'], hasNot: ['elsewhere'] } as const;
    await check('const o = { a: 1 };\nlet elsewhere;\no.█', list, 'src/main.js');
  });

  test('are told of a file that does not compile', async () => {
    await check(`${imports}const = ;\nlet n: number = 'a';\nn.plant(;\nnew Garden().█`, {
      ...{ kind: 'members', complete: true, has: ['plant'] },
    });
  });
});

describe('names in scope', () => {
  test('are never all there are, and need no import', async () => {
    await check(`const local = 1;\nlo█`, {
      ...{ kind: 'scope', complete: false, has: ['local'], hasNot: ['Garden'] },
    });
  });

  test('fit where their type is the awaited one', async () => {
    const declared = `declare function f(n: number, s: string): void;
const count = 1; const title = 'a'; const both: string | number = 1 as string | number;\n`;
    const scope = { kind: 'scope', complete: false } as const;
    await check(`${declared}f(█`, { ...scope, fits: ['count'] });
    await check(`${declared}f(count, █)`, { ...scope, fits: ['title'] });
    await check(`${declared}f(count, ti█)`, { ...scope, fits: ['title'] });
    await check(`${declared}const x = █`, { ...scope, fits: [] });
    await check(`declare function g(...all: number[]): void;\nconst n = 1;\ng(1, █)`, {
      ...{ ...scope, fits: ['n'] },
    });
    await check(`const any: any = 1;\nconsole.log(█)`, { ...scope, fits: [] });
  });
});

test('a member exists for the compiler or does not, where the type before it is known', () => {
  const exists = (marked: string) =>
    server.memberExists(documentAtCursor(marked, { path: 'src/main.ts' }));
  expect(exists(`${imports}new Garden().█plant(1);`)).toBe(true);
  expect(exists(`${imports}new Garden().█planted(1);`)).toBe(false);
  expect(exists(`${imports}declare const g: Garden | undefined;\ng?.█plant`)).toBe(true);
  expect(exists(`${imports}prices.█rose`)).toBeUndefined();
  expect(exists('declare const x: any;\nx.█y')).toBeUndefined();
  expect(exists('const █x = 1;')).toBeUndefined();
});

test('a file is what it was once the question about another text of it is answered', async () => {
  await check(
    `export class Garden { weed() {} }\nnew Garden().█`,
    {
      ...{ kind: 'members', complete: true, has: ['weed'], hasNot: ['plant'] },
    },
    'src/garden.ts',
  );
  await check(`${imports}new Garden().█`, {
    ...{ kind: 'members', complete: true, has: ['plant'], hasNot: ['weed'] },
  });
});

test('nothing is said of other languages, in the middle of a word, and after an abort', async () => {
  const signal = new AbortController().signal;
  const python = documentAtCursor('a.█', { path: 'main.py', languageId: 'python' });
  expect(await server.list(python, signal)).toBeUndefined();
  expect(await listed('"".█trim')).toBeUndefined();
  const ended = server.list(documentAtCursor('"".█'), AbortSignal.abort());
  await expect(ended).rejects.toMatchObject({ name: 'AbortError' });
});
