/**
 * Forgets what was made of feedback once the feedback itself is deleted or too old: ends in every
 * window what is at work on it, then removes the rows that were put by for it, and the models it made.
 * The database is the store's, and what a window remembers is its own to forget.
 */
import { mkdir, open, readdir, rm, stat, utimes } from 'node:fs/promises';
import * as path from 'node:path';
import { pointerName, runFolder, runStaleMs } from '../training/registry';
import type { Clock } from '../types';
import type { LearnedFiles } from './learnedFiles';
import { type HeldLock, isHeld, takeOver } from './lockFile';
import { messageOf } from './log';
import { stampOf } from './watch';

/** How long work that has lost its lock may take to end. */
const farewellMs = 12_000;
const msPerDay = 86_400_000;
/** Where a file is in use for a moment, as some systems have it. */
const patiently = { recursive: true, force: true, maxRetries: 8, retryDelay: 200 } as const;

/** Whether anything that was learned would outlive the feedback it came from. */
export async function hasLearned(files: LearnedFiles): Promise<boolean> {
  if ((await stampOf(files.fittedReward)) !== '') return true;
  for (const line of await entriesOf(files.directory)) {
    if ((await entriesOf(path.join(line, 'versions'))).length > 0) return true;
  }
  return false;
}

/**
 * Removes the copies of feedback that learning keeps: replayed histories, all or those whose files
 * begin with one of these names, and the rows of a run that was interrupted. What was learned stays.
 * Waits for what is at work in any window to end.
 */
export async function forgetRows(
  files: LearnedFiles,
  clock: Clock,
  histories: 'all' | readonly string[],
): Promise<void> {
  await whileNobodyLearns(files, clock, async () => {
    for (const history of await entriesOf(files.histories)) {
      const isMeant = (name: string): boolean => path.basename(history).startsWith(name);
      if (histories === 'all' || histories.some(isMeant)) await remove(history);
    }
    for (const run of await runsOf(files)) await remove(run);
  });
}

/**
 * Removes all that was learned as well. `release` is called once no version is in use any more, so
 * that their files can be let go of.
 * @throws Error that names the folder, where something cannot be removed
 */
export async function forgetEverything(
  files: LearnedFiles,
  clock: Clock,
  release: () => Promise<void>,
): Promise<void> {
  await whileNobodyLearns(files, clock, async () => {
    const { directory, locks, activity, deletion, fittedReward } = files;
    await rm(fittedReward, patiently);
    for (const line of await entriesOf(directory)) {
      if ((await stampOf(path.join(line, pointerName))) === '') continue;
      await rm(path.join(line, pointerName), patiently);
    }
    await release();
    const kept = new Set([...Object.values(locks), activity, deletion]);
    for (const entry of await entriesOf(directory)) {
      if (!kept.has(entry)) await remove(entry);
    }
  });
}

/**
 * Removes copies of feedback that nobody will go on with, and histories that were read longer ago than
 * feedback is kept; 0 days keep these for good.
 */
export async function forgetOldRows(
  files: LearnedFiles,
  retentionDays: number,
  clock: Clock,
): Promise<void> {
  const isOlder = async (file: string, ageMs: number): Promise<boolean> =>
    stat(file).then(
      ({ mtimeMs }) => clock.now() - mtimeMs > ageMs,
      () => false,
    );
  if (!(await isHeld(files.locks.training, clock))) {
    for (const run of await runsOf(files)) if (await isOlder(run, runStaleMs)) await remove(run);
  }
  if (retentionDays > 0 && !(await isHeld(files.locks.history, clock))) {
    for (const history of await entriesOf(files.histories)) {
      if (await isOlder(history, retentionDays * msPerDay)) await remove(history);
    }
  }
}

/** Tells all windows that feedback was deleted. */
export async function noteDeletion({ deletion }: LearnedFiles, clock: Clock): Promise<void> {
  await mkdir(path.dirname(deletion), { recursive: true });
  await (await open(deletion, 'a')).close();
  await utimes(deletion, clock.now() / 1000, clock.now() / 1000);
}

async function whileNobodyLearns(
  { locks }: LearnedFiles,
  clock: Clock,
  work: () => Promise<void>,
): Promise<void> {
  const held: HeldLock[] = await Promise.all(
    Object.values(locks).map((lock) => takeOver(lock, farewellMs, clock)),
  );
  try {
    await work();
  } finally {
    for (const lock of held) await lock.release();
  }
}

/** Where runs of each line keep what they have so far. */
async function runsOf({ directory }: LearnedFiles): Promise<string[]> {
  const runs = (await entriesOf(directory)).map((line) => path.join(line, runFolder));
  const stamps = await Promise.all(runs.map(stampOf));
  return runs.filter((_, i) => stamps[i] !== '');
}

async function entriesOf(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.map((name) => path.join(folder, name));
}

async function remove(entry: string): Promise<void> {
  try {
    await rm(entry, patiently);
  } catch (error) {
    const message = `${entry} could not be removed: ${messageOf(error)}`;
    throw new Error(`${message} Close all windows and delete it by hand.`, { cause: error });
  }
}
