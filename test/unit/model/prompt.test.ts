import { expect, test } from 'vitest';
import { VocabularyIndex } from '../../../src/model/healing';
import type { ModelManifest } from '../../../src/model/modelFolder';
import { buildPrompt } from '../../../src/model/prompt';
import { createTokenizer } from '../../../src/model/tokenizer';
import type { CompletionContext } from '../../../src/types';
import { tinyTokenizerParts } from '../../helpers/tinyModel';

const { tokens, control, merges } = tinyTokenizerParts();
const special = new Set(control.keys());
const tokenizer = createTokenizer(
  {
    added_tokens: control.map((content, id) => ({ id, content, special: true })),
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, use_regex: true },
    decoder: { type: 'ByteLevel' },
    model: {
      type: 'BPE',
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges,
    },
  },
  special,
);
const index = new VocabularyIndex(tokenizer, special);
const manifest = {
  bosId: 0,
  addBos: false,
  eosIds: [0],
  fim: null,
  prompt: { repository: 1, file: 2 },
} as unknown as ModelManifest;

const here: CompletionContext = {
  repository: 'shop',
  path: 'src/cart.ts',
  languageId: 'typescript',
  snippets: [],
  prefix: 'const a = 1;\n',
  suffix: ');\nmore',
  multiline: false,
};

/** The prompt as text, with control tokens by name and the cut bytes after a bar. */
function check(
  context: Partial<CompletionContext>,
  model: Partial<ModelManifest>,
  expected: string,
  budget = 500,
): void {
  const parts = { tokenizer, index, manifest: { ...manifest, ...model } };
  const { ids, cut } = buildPrompt({ ...here, ...context }, parts, budget);
  const spelled = ids.map((id) => control[id] ?? tokenizer.decode([id])).join('');
  expect(`${spelled}|${cut}`).toBe(expected);
}

const fim = { prefix: 3, suffix: 4, middle: 5, first: 'prefix' } as const;

test('the repository’s and the file’s name stand in front where the model knows how', () => {
  check({}, {}, '<repo_name>shop<file_sep>src/cart.ts\nconst a = 1;|\n');
  check({ repository: '' }, {}, '<file_sep>src/cart.ts\nconst a = 1;|\n');
  check({}, { prompt: { repository: null, file: null } }, 'const a = 1;|\n');
  check(
    {},
    { addBos: true, prompt: { repository: null, file: 2 } },
    ['<|endoftext|><file_sep>src/cart.ts\n', 'const a = 1;|\n'].join(''),
  );
});

test('names in the text that look like control tokens stay text', () => {
  const snippet = { kind: 'similar', path: 'a<file_sep>', text: '<|endoftext|>' } as const;
  const prompt = { repository: null, file: 2 };
  const parts = { tokenizer, index, manifest: { ...manifest, prompt } };
  const context = { ...here, path: '<file_sep>', prefix: '<repo_name>x', snippets: [snippet] };
  const { ids } = buildPrompt(context, parts, 500);
  expect(ids.filter((id) => special.has(id))).toEqual([2, 2]);
});

test('what follows the cursor goes in between, where the model can use it', () => {
  check(
    {},
    { fim },
    [
      '<repo_name>shop<file_sep>src/cart.ts\n',
      '<fim_prefix>const a = 1;<fim_suffix>);\nmore<fim_middle>|\n',
    ].join(''),
  );
});

test('a model that can is told what follows first, so that typing only adds to the prompt', () => {
  const suffixFirst = { fim: { ...fim, first: 'suffix' } as const };
  check(
    {},
    suffixFirst,
    [
      '<repo_name>shop<file_sep>src/cart.ts\n',
      '<fim_prefix><fim_suffix>);\nmore<fim_middle>const a = 1;|\n',
    ].join(''),
  );
  const parts = { tokenizer, index, manifest: { ...manifest, ...suffixFirst }, heals: false };
  const { ids } = buildPrompt({ ...here, prefix: 'const a' }, parts, 500);
  const typed = buildPrompt({ ...here, prefix: 'const a = ' }, parts, 500);
  expect(typed.ids.slice(0, ids.length)).toEqual(ids);
});

test('without healing the prompt ends at the cursor', () => {
  const parts = { tokenizer, index, manifest, heals: false };
  const { ids, cut } = buildPrompt(here, parts, 500);
  expect(tokenizer.decode(ids.slice(-1))).toBe('\n');
  expect(cut).toBe('');
});

const twice = [
  { kind: 'declaration', path: 'src/item.ts', text: 'interface Item {}' },
  { kind: 'similar', path: 'src/sum.ts', text: 'let sum;\nsum += 1;' },
] as const;

test('snippets stand before the file, in their order, each under its own path', () => {
  const told =
    '<file_sep>src/item.ts\ninterface Item {}\n<file_sep>src/sum.ts\nlet sum;\nsum += 1;\n';
  const file = '<file_sep>src/cart.ts\n';
  check({ snippets: twice }, {}, `<repo_name>shop${told}${file}const a = 1;|\n`);
  check(
    { snippets: twice, suffix: ')' },
    { fim },
    `<repo_name>shop${told}${file}<fim_prefix>const a = 1;<fim_suffix>)<fim_middle>|\n`,
  );
});

test('a model that knows no file names is told of the file alone', () => {
  check(
    { snippets: twice },
    { prompt: { repository: 1, file: null } },
    '<repo_name>shopconst a = 1;|\n',
  );
});

test('what there is no room for is cut at a line, or left out where little would remain', () => {
  const lines = (count: number) => Array.from({ length: count }, (_, i) => `${i % 10};`).join('\n');
  const long = (count: number) => ({ kind: 'similar', path: 'b', text: lines(count) }) as const;
  const parts = { tokenizer, index, manifest };
  const told = (count: number) => {
    const context = { ...here, snippets: [...twice, long(count), ...twice] };
    const { ids } = buildPrompt(context, parts, 225);
    expect(ids.length).toBeLessThanOrEqual(225);
    const text = ids.map((id) => control[id] ?? tokenizer.decode([id])).join('');
    return text.split('<file_sep>').map((part) => part.split('\n')[0]);
  };
  const repository = '<repo_name>shop';
  const [item, sum, cart] = ['src/item.ts', 'src/sum.ts', 'src/cart.ts'];
  expect(told(4)).toEqual([repository, item, sum, 'b', item, cart]);
  expect(told(30)).toEqual([repository, item, sum, 'b', cart]);
  expect(told(400)).toEqual([repository, item, sum, cart]);
});

test('the text of the file is the same whatever is told before it', () => {
  const parts = { tokenizer, index, manifest };
  const prefix = 'let a;\n'.repeat(500);
  const ends = [[], twice].map((snippets) => {
    const { ids } = buildPrompt({ ...here, prefix, snippets }, parts, 300);
    return ids.slice(ids.lastIndexOf(2));
  });
  expect(ends[0]).toEqual(ends[1]);
});

test('an empty file without a name is asked about all the same', () => {
  check({ prefix: '' }, { prompt: { repository: null, file: null } }, '<|endoftext|>|');
});

test('a long prefix is cut at a line, to the budget, and the cut stays put while one types', () => {
  const parts = { tokenizer, index, manifest };
  let prefix = Array.from({ length: 400 }, (_, i) => `line ${i} x;\n`).join('');
  const starts = new Set<string>();
  for (let typed = 0; typed < 100; typed++) {
    const { ids } = buildPrompt({ ...here, prefix }, parts, 400);
    expect(ids.length).toBeLessThanOrEqual(200);
    expect(ids.length).toBeGreaterThan(100);
    const text = ids.map((id) => control[id] ?? tokenizer.decode([id])).join('');
    const body = text.slice(text.indexOf('cart.ts\n') + 'cart.ts\n'.length);
    expect(body).toMatch(/^line \d+ x;\n/);
    starts.add(body.slice(0, 9));
    prefix += 'y';
  }
  expect(starts.size).toBeLessThan(5);
});

test('a megabyte on one line is neither tokenised whole nor too long', () => {
  const parts = { tokenizer, index, manifest };
  const { ids } = buildPrompt({ ...here, prefix: 'ab '.repeat(400_000) }, parts, 300);
  expect(ids.length).toBeLessThanOrEqual(300);
});
