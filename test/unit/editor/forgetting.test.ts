/** What is left on the disk once feedback is deleted or too old, with what was learned or without. */
import { existsSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import * as path from 'node:path';
import { expect, test } from 'vitest';
import {
  forgetEverything,
  forgetOldRows,
  forgetRows,
  hasLearned,
  noteDeletion,
} from '../../../src/editor/forgetting';
import { type LearnedFiles, learnedFiles } from '../../../src/editor/learnedFiles';
import { takeLock } from '../../../src/editor/lockFile';
import { stampOf } from '../../../src/editor/watch';
import { FakeClock } from '../../helpers/fakeClock';
import { temporaryFolder } from '../../helpers/temporaryFolder';

const dayMs = 86_400_000;

/** Two lines of versions, a run that was interrupted, a history, a fitted reward model. */
async function setUp(): Promise<{ files: LearnedFiles; clock: FakeClock }> {
  const files = learnedFiles(path.join(await temporaryFolder(), 'learned'));
  const all = [
    'reward.json',
    'memory.json',
    'activity',
    'histories/0a1b.db',
    'histories/0a1b.db.learning/answers/1.json',
    'everywhere/champion.json',
    'everywhere/versions/v1/verdict.json',
    'everywhere/learning/plan.json',
    'everywhere/learning/likelihood.jsonl',
    'fedcba987654/champion.json',
    'fedcba987654/versions/v2/adapter/adapter_model.safetensors',
  ];
  for (const name of all) {
    const file = path.join(files.directory, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, 'something');
  }
  return { files, clock: new FakeClock(Date.now()) };
}

const left = async ({ directory }: LearnedFiles): Promise<string[]> => {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(directory, path.join(entry.parentPath, entry.name)))
    .sort();
};

const moment = () => new Promise((resolve) => setTimeout(resolve, 4));

test('without its rows what was learned stays, but no copy of a row does', async () => {
  const { files, clock } = await setUp();
  await forgetRows(files, clock, 'all');
  expect(await left(files)).toEqual([
    'activity',
    'everywhere/champion.json',
    'everywhere/versions/v1/verdict.json',
    'fedcba987654/champion.json',
    'fedcba987654/versions/v2/adapter/adapter_model.safetensors',
    'memory.json',
    'reward.json',
  ]);
  expect(await hasLearned(files)).toBe(true);
});

test.each<[string, 'all' | readonly string[], readonly string[]]>([
  ['all', 'all', []],
  ['of one repository', ['0a1b'], []],
  ['none', [], ['histories/0a1b.db', 'histories/0a1b.db.learning/answers/1.json']],
])('replayed histories go with their rows as far as they are meant: %s', async (_, meant, kept) => {
  const { files, clock } = await setUp();
  await forgetRows(files, clock, meant);
  expect((await left(files)).filter((file) => /histories|learning/.test(file))).toEqual(kept);
});

test('everything means every line of versions, and none is in use when it is let go of', async () => {
  const { files, clock } = await setUp();
  await noteDeletion(files, clock);
  let inUse: string[] = [];
  await forgetEverything(files, clock, async () => {
    inUse = (await left(files)).filter((file) => /champion|reward/.test(file));
  });
  expect(inUse).toEqual([]);
  expect(await left(files)).toEqual(['activity', 'deletion']);
  expect(await hasLearned(files)).toBe(false);
});

test('what is at work in another window is ended, and waited for, before anything is removed', async () => {
  const { files, clock } = await setUp();
  const held = await takeLock(files.locks.training, clock);
  let isDone = false;
  const forgetting = forgetRows(files, clock, 'all').then(() => (isDone = true));
  await expect.poll(() => existsSync(files.locks.history)).toBe(true);
  await moment();
  for (let passed = 0; !held?.lost.aborted && passed < 10; passed++) {
    clock.advance(1_000);
    await moment();
  }
  expect(held?.lost.aborted).toBe(true);
  // It writes down how far it got, as it would if it were told to stop for another reason.
  writeFileSync(path.join(files.directory, 'everywhere/learning/likelihood.checkpoint'), 'rows');
  expect(isDone).toBe(false);
  expect(await takeLock(files.locks.training, clock)).toBeUndefined();
  clock.advance(30_000);
  await forgetting;
  expect((await left(files)).filter((file) => file.includes('learning'))).toEqual([]);
  expect(await takeLock(files.locks.training, clock)).toBeDefined();
});

test('with nothing learned there is nothing to forget', async () => {
  const files = learnedFiles(path.join(await temporaryFolder(), 'learned'));
  expect(await hasLearned(files)).toBe(false);
  await forgetRows(files, new FakeClock(), 'all');
  await forgetEverything(files, new FakeClock(), () => Promise.resolve());
  expect(await left(files)).toEqual([]);
});

test('windows hear that feedback was deleted', async () => {
  const { files, clock } = await setUp();
  const stamps = [await stampOf(files.deletion)];
  for (let i = 0; i < 2; i++) {
    clock.correct(1_000);
    await noteDeletion(files, clock);
    stamps.push(await stampOf(files.deletion));
  }
  expect(new Set(stamps).size).toBe(3);
});

test('copies of feedback go once nobody goes on with them, or they are older than it is kept', async () => {
  const { files, clock } = await setUp();
  const age = (name: string, days: number): void => {
    const seconds = (clock.now() - days * dayMs) / 1000;
    utimesSync(path.join(files.directory, name), seconds, seconds);
  };
  const rows = async () => (await left(files)).filter((file) => /histories|learning/.test(file));
  const before = await rows();
  await forgetOldRows(files, 30, clock);
  expect(await rows()).toEqual(before);

  age('everywhere/learning', 2);
  age('histories/0a1b.db', 31);
  age('histories/0a1b.db.learning', 29);
  await forgetOldRows(files, 0, clock);
  expect(await rows()).toEqual(before.filter((file) => file.startsWith('histories')));
  await forgetOldRows(files, 30, clock);
  expect(await rows()).toEqual(['histories/0a1b.db.learning/answers/1.json']);
});

test('what is at work keeps its rows, however old they are', async () => {
  const { files, clock } = await setUp();
  const lock = await takeLock(files.locks.training, clock);
  const run = path.join(files.directory, 'everywhere/learning');
  utimesSync(run, 0, 0);
  await forgetOldRows(files, 1, clock);
  expect(existsSync(run)).toBe(true);
  await lock?.release();
  await forgetOldRows(files, 1, clock);
  expect(existsSync(run)).toBe(false);
});
