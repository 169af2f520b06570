import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { exportFormats, planExport, writeExport } from '../../../src/store/export';
import type { FeedbackStore } from '../../../src/store/feedbackStore';
import { sampleHistory, sampleStartMs, sampleSuggestion } from '../../helpers/sampleEvents';
import { openStoreForTests, readAll, recordAll } from '../../helpers/storeForTests';
import { temporaryFolder } from '../../helpers/temporaryFolder';

/** Thirty suggestions: accepted, dismissed and replaced by other text, left, in turn. */
async function filledStore(): Promise<FeedbackStore> {
  const { store } = await openStoreForTests();
  for (let n = 0; n < 30; n++) {
    const outcome = (['accepted', 'dismissed', 'left'] as const)[n % 3] ?? 'left';
    await recordAll(store, sampleHistory(n, outcome));
    if (outcome !== 'dismissed') continue;
    const { id: suggestionId, timeMs } = sampleSuggestion(n);
    await store.record({ kind: 'settled', suggestionId, text: `mine(${n});`, timeMs });
  }
  return store;
}

async function readRows(directory: string, name: string): Promise<unknown[]> {
  const text = await readFile(path.join(directory, name), 'utf8');
  expect(text.endsWith('\n')).toBe(true);
  return text
    .slice(0, -1)
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
}

describe('an export', () => {
  test.each(exportFormats)('as %s writes what its plan says', async (format) => {
    const store = await filledStore();
    const directory = path.join(await temporaryFolder(), format);
    const plan = await planExport(store, { format });
    const result = await writeExport(store, plan, directory);
    const [train, test] = [
      await readRows(directory, 'train.jsonl'),
      await readRows(directory, 'test.jsonl'),
    ];
    expect({ train: train.length, test: test.length }).toEqual(plan.rows);
    expect(train.slice(0, 5)).toEqual(JSON.parse(JSON.stringify(plan.firstRows)));
    expect(result.files).toEqual([
      { name: 'train.jsonl', rows: train.length },
      { name: 'test.jsonl', rows: test.length },
    ]);
    for (const row of [...train, ...test]) {
      expect(Object.keys(row as object)).toEqual(plan.columns.map(({ name }) => name));
    }
    expect((await readdir(directory)).sort()).toEqual(['README.md', 'test.jsonl', 'train.jsonl']);
    expect(await readdir(path.dirname(directory))).toEqual([format]);
  });
});

test('the lines are what TRL reads, to the byte', async () => {
  const { store } = await openStoreForTests();
  await recordAll(store, [...sampleHistory(0, 'accepted'), ...sampleHistory(1, 'dismissed')]);
  const directory = path.join(await temporaryFolder(), 'unpaired');
  await writeExport(store, await planExport(store, { format: 'unpaired' }), directory);
  expect(await readFile(path.join(directory, 'train.jsonl'), 'utf8')).toBe(
    `{"prompt":"<repo_name>shop<file_sep>src/cart.ts\\n// 0\\nexport function total(items: Item[]) {\\n  return ","completion":"items.reduce((sum, item) => sum + item.price, 0);","label":true}
{"prompt":"<repo_name>shop<file_sep>tools/report.py\\n// 1\\ndef mean(values):\\n    ","completion":"return sum(values) / len(values)","label":false}
`,
  );
});

test('the test split is the newest tenth, and no suggestion is in both', async () => {
  const store = await filledStore();
  const plan = await planExport(store, { format: 'events' });
  expect(plan.rows).toEqual({ train: 27, test: 3 });
  expect(plan.testFromMs).toBe(sampleStartMs + 27 * 60_000);
  const half = await planExport(store, { format: 'events', testShare: 0.5 });
  expect(half.rows).toEqual({ train: 15, test: 15 });
});

test('rows of one instant stay on one side', async () => {
  const { store } = await openStoreForTests();
  for (let n = 0; n < 20; n++) {
    const timeMs = sampleStartMs + (n < 12 ? 0 : 1);
    await recordAll(store, sampleHistory(n, 'accepted', { timeMs }));
  }
  expect((await planExport(store, { format: 'events' })).rows).toEqual({ train: 12, test: 8 });
});

test('too few rows to hold any out are all for training, and there is no empty file', async () => {
  const { store } = await openStoreForTests();
  await recordAll(store, sampleHistory(0, 'accepted'));
  const directory = path.join(await temporaryFolder(), 'sft');
  const plan = await planExport(store, { format: 'sft', testShare: 0.9 });
  await writeExport(store, plan, directory);
  expect(await readdir(directory)).toEqual(['README.md', 'train.jsonl']);
  expect(await readFile(path.join(directory, 'README.md'), 'utf8')).not.toContain('test.jsonl');
});

test('a plan counts, names the columns and says what leaves', async () => {
  const plan = await planExport(await filledStore(), { format: 'unpaired' });
  expect(plan).toMatchObject({
    rows: { train: 18, test: 2 },
    suggestions: 20,
    labels: { positive: 10, negative: 10 },
    byLanguage: { typescript: 10, python: 10 },
    span: { fromMs: sampleStartMs, untilMs: sampleStartMs + 28 * 60_000 },
  });
  expect(plan.columns.map(({ name }) => name)).toEqual(['prompt', 'completion', 'label']);
  expect(plan.leaves).toContain('10 rows are good examples and 10 are bad ones.');
});

test('only the time asked for is exported', async () => {
  const store = await filledStore();
  const range = { fromMs: sampleStartMs + 60_000, untilMs: sampleStartMs + 2 * 60_000 };
  expect((await planExport(store, { format: 'events', ...range })).rows.train).toBe(2);
});

test('only the documents asked for are exported', async () => {
  const store = await filledStore();
  const documents = ['file:///home/user/shop/src/'];
  const plan = await planExport(store, { format: 'events', documents });
  expect(plan.byLanguage).toEqual({ typescript: 10 });
  const none = await planExport(store, { format: 'events', documents: ['file:///other/'] });
  expect(none.rows).toEqual({ train: 0, test: 0 });
});

test('what happens between plan and writing is not written', async () => {
  const store = await filledStore();
  const plan = await planExport(store, { format: 'unpaired' });
  await recordAll(store, sampleHistory(40, 'accepted'));
  const directory = path.join(await temporaryFolder(), 'later');
  const { files } = await writeExport(store, plan, directory);
  expect(files.map(({ rows }) => rows)).toEqual([18, 2]);
});

test('an event row holds everything that is stored', async () => {
  const store = await filledStore();
  const directory = path.join(await temporaryFolder(), 'events');
  await writeExport(store, await planExport(store, { format: 'events' }), directory);
  const rows = await readRows(directory, 'train.jsonl');
  const first = (await readAll(store))[0];
  expect(rows[0]).toEqual(JSON.parse(JSON.stringify({ ...first, rating: null })));
});

test('the dataset card names splits, columns and trainer', async () => {
  const store = await filledStore();
  const directory = path.join(await temporaryFolder(), 'card');
  await writeExport(store, await planExport(store, { format: 'preference' }), directory);
  const card = await readFile(path.join(directory, 'README.md'), 'utf8');
  expect(card.split('---')[1]).toBe(`
pretty_name: Hone feedback (preference)
tags:
- code
- hone
- trl
size_categories:
- n<1K
configs:
- config_name: default
  data_files:
  - split: train
    path: train.jsonl
  - split: test
    path: test.jsonl
`);
  expect(card).toContain('| train | 9 | 2026-03-02 09:01 | before 2026-03-02 09:28 |');
  expect(card).toContain('| test | 1 | 2026-03-02 09:28 | 2026-03-02 09:28 |');
  expect(card).toContain('| `chosen` | string |');
  expect(card).toContain('DPOTrainer');
});

describe('an existing folder', () => {
  test('is not overwritten unless asked, and then only an earlier export is', async () => {
    const store = await filledStore();
    const directory = path.join(await temporaryFolder(), 'out');
    const events = await planExport(store, { format: 'events' });
    const sft = await planExport(store, { format: 'sft' });
    await writeExport(store, events, directory);
    const before = await readFile(path.join(directory, 'train.jsonl'), 'utf8');
    await expect(writeExport(store, sft, directory)).rejects.toMatchObject({ code: 'exists' });
    expect(await readFile(path.join(directory, 'train.jsonl'), 'utf8')).toBe(before);
    await writeExport(store, sft, directory, { overwrite: true });
    expect(await readRows(directory, 'train.jsonl')).toHaveLength(sft.rows.train);
    expect(await readdir(path.dirname(directory))).toEqual(['out']);
  });

  test('with anything else in it is never touched', async () => {
    const store = await filledStore();
    const plan = await planExport(store, { format: 'sft' });
    const directory = await temporaryFolder();
    await writeFile(path.join(directory, 'thesis.doc'), 'three years of work');
    const writing = writeExport(store, plan, directory, { overwrite: true });
    await expect(writing).rejects.toMatchObject({ code: 'exists' });
    expect(await readdir(directory)).toEqual(['thesis.doc']);
  });

  test('that is empty is filled', async () => {
    const store = await filledStore();
    const directory = path.join(await temporaryFolder(), 'empty');
    await mkdir(directory);
    await writeExport(store, await planExport(store, { format: 'sft' }), directory);
    expect(await readdir(directory)).toContain('README.md');
  });

  test('that is a file is an error in words', async () => {
    const store = await filledStore();
    const file = path.join(await temporaryFolder(), 'out');
    await writeFile(file, '');
    const plan = await planExport(store, { format: 'sft' });
    await expect(writeExport(store, plan, file)).rejects.toMatchObject({ code: 'exists' });
  });
});

test('an export that fails halfway leaves nothing behind', async () => {
  const store = await filledStore();
  const folder = await temporaryFolder();
  const plan = await planExport(store, { format: 'sft' });
  await store.close();
  await expect(writeExport(store, plan, path.join(folder, 'out'))).rejects.toMatchObject({
    code: 'closed',
  });
  expect(await readdir(folder)).toEqual([]);
});
