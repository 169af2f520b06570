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

const fim = { prefix: 3, suffix: 4, middle: 5 };

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
  const prompt = { repository: null, file: 2 };
  const parts = { tokenizer, index, manifest: { ...manifest, prompt } };
  const context = { ...here, path: '<file_sep>', prefix: '<repo_name>x' };
  const { ids } = buildPrompt(context, parts, 500);
  expect(ids.filter((id) => special.has(id))).toEqual([2]);
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

test('without healing the prompt ends at the cursor', () => {
  const parts = { tokenizer, index, manifest, heals: false };
  const { ids, cut } = buildPrompt(here, parts, 500);
  expect(tokenizer.decode(ids.slice(-1))).toBe('\n');
  expect(cut).toBe('');
});

test('an empty file without a name is asked about all the same', () => {
  check({ prefix: '' }, { prompt: { repository: null, file: null } }, '<|endoftext|>|');
});

test('a long prefix is cut at a line, to the budget, and the cut stays put while one types', () => {
  const parts = { tokenizer, index, manifest };
  let prefix = Array.from({ length: 400 }, (_, i) => `line ${i} x;\n`).join('');
  const starts = new Set<string>();
  for (let typed = 0; typed < 100; typed++) {
    const { ids } = buildPrompt({ ...here, prefix }, parts, 200);
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
