import { beforeAll, expect, test, vi } from 'vitest';
import type { ModelManifest } from '../../../src/model/modelFolder';
import { type Tokenizer, createTokenizer } from '../../../src/model/tokenizer';
import { encodeRows } from '../../../src/training/examples';
import type { TrainingRow } from '../../../src/training/rows';
import { makeTinyModel, tinyTokenizer, tinyTokenizerParts } from '../../helpers/tinyModel';
import { temporaryFolder } from '../../helpers/temporaryFolder';

let manifest: ModelManifest;
let tokenizer: Tokenizer;

beforeAll(() => {
  const { tokens, control } = tinyTokenizerParts();
  tokenizer = createTokenizer(tinyTokenizer(tokens, control), new Set(control.keys()));
});

async function encoded(prompt: string, texts: readonly string[], maxTokens: number, path = '') {
  manifest ??= (await makeTinyModel(await temporaryFolder())).manifest;
  const row: TrainingRow = { line: 3, prompt, texts, weight: 2, liked: true, repository: '', path };
  const { examples, report } = encodeRows([row], { tokenizer, manifest }, maxTokens);
  const sequences = (examples[0]?.sequences ?? []).map(({ ids, start }) =>
    [ids.slice(0, start), ids.slice(start)].map((part) => tokenizer.decode(part)),
  );
  return { sequences, report, example: examples[0] };
}

test('prompt and completion come back as they were', async () => {
  const { sequences, report, example } = await encoded('const a', [' = b;', '();'], 64);
  expect(sequences).toEqual([
    ['const a', ' = b;'],
    ['const a', '();'],
  ]);
  expect(report).toMatchObject({ cutPrompts: 0, cutCompletions: 0 });
  expect(example).toMatchObject({ line: 3, weight: 2 });
});

test('a token that spans the cursor belongs to the completion', async () => {
  expect((await encoded('x retu', ['rn 1'], 64)).sequences).toEqual([['x ', 'return 1']]);
});

test('a prompt that does not fit loses its front', async () => {
  const { sequences, report } = await encoded('abcdefghijklmnop', ['qr'], 8);
  expect(sequences).toEqual([['klmnop', 'qr']]);
  expect(report).toMatchObject({ cutPrompts: 1, cutCompletions: 0, longest: 8 });
});

test('a completion that does not fit loses its end and leaves room for a prompt', async () => {
  const { sequences, report } = await encoded('abcdefgh', ['ijklmnopq'], 8);
  expect(sequences).toEqual([['gh', 'ijklmn']]);
  expect(report).toMatchObject({ cutPrompts: 1, cutCompletions: 1 });
});

test('a completion of ten million characters is read only as far as it can matter', async () => {
  const reading = vi.spyOn(tokenizer, 'encode');
  const { sequences, report } = await encoded('a = ', ['b'.repeat(10_000_000)], 64);
  expect(Math.max(...reading.mock.calls.map(([text]) => text.length))).toBeLessThan(2_000);
  reading.mockRestore();
  expect(sequences[0]?.[1]).toMatch(/^b+$/);
  expect(report).toMatchObject({ cutCompletions: 1 });
});

test('the path is told as it is at inference, and something always stands before a completion', async () => {
  const { example } = await encoded('x', ['y'], 64, 'a.ts');
  const file = manifest.prompt.file ?? -1;
  const path = [file, ...tokenizer.encode('a.ts\n')];
  expect(example?.sequences[0]).toEqual({ ids: [...path, ...tokenizer.encode('xy')], start: 7 });
  expect((await encoded('', ['y'], 64)).example?.sequences[0]?.start).toBe(1);
});

test('the prompt of an export is told as it is at inference, with its snippets', async () => {
  const prompt = '<repo_name>r<file_sep>b.ts\nlet b;\n<file_sep>a.ts\nx';
  const { example } = await encoded(prompt, ['y'], 128);
  const { repository, file } = manifest.prompt;
  const text = (part: string) => tokenizer.encode(part);
  const header = [
    repository ?? -1,
    ...text('r'),
    file ?? -1,
    ...text('b.ts\n'),
    ...text('let b;\n'),
  ];
  const path = [file ?? -1, ...text('a.ts\n')];
  expect(example?.sequences[0]?.ids).toEqual([...header, ...path, ...text('xy')]);
  const short = (await encoded(prompt, ['y'], 24)).example?.sequences[0];
  expect(short?.ids).toEqual([repository ?? -1, ...text('r'), ...path, ...text('xy')]);
});

const marks = { prefix: 3, suffix: 4, middle: 5 };

test.each(['suffix', 'prefix'] as const)(
  'a model with marks, told the %s first, learns to fill the hole and to end there',
  async (first) => {
    const model = await makeTinyModel(await temporaryFolder());
    const told = { tokenizer, manifest: { ...model.manifest, fim: { ...marks, first } } };
    const row = { line: 1, weight: 1, liked: true, repository: '', path: '' };
    const texts = ['b;\n'];
    const [whole, plain] = [{ suffix: '\n}' }, {}].map(
      (more) =>
        encodeRows([{ ...row, prompt: 'a = ', texts, ...more }], told, 64).examples[0]
          ?.sequences[0],
    );
    const [before, after] = [tokenizer.encode('a = '), tokenizer.encode('\n}')];
    const { prefix, suffix, middle } = marks;
    const asked =
      first === 'suffix'
        ? [prefix, suffix, ...after, middle, ...before]
        : [prefix, ...before, suffix, ...after, middle];
    const end = model.manifest.eosIds[0] ?? -1;
    expect(whole?.ids).toEqual([...asked, ...tokenizer.encode('b;'), end]);
    expect(whole?.start).toBe(asked.length);
    // A row that does not say what follows is asked as before.
    expect(plain?.ids).toEqual(tokenizer.encode('a = b;\n'));
  },
);

test('a suffix leaves room for the prompt and the completion in a short window', async () => {
  const { manifest: base } = await makeTinyModel(await temporaryFolder());
  const told = { tokenizer, manifest: { ...base, fim: { ...marks, first: 'suffix' } as const } };
  const row = { line: 1, weight: 1, liked: true, repository: '', path: '' };
  const long = {
    ...row,
    prompt: 'x'.repeat(400),
    texts: ['y'.repeat(40)],
    suffix: 'z'.repeat(400),
  };
  const [sequence] = encodeRows([long], told, 160).examples[0]?.sequences ?? [];
  expect(sequence?.ids.length).toBe(160);
  expect(tokenizer.decode(sequence?.ids.slice(sequence.start) ?? [])).toContain('y'.repeat(10));
});
