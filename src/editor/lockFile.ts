/**
 * A lock that one window at a time holds: a file with the holder's name in it, whose time the holder
 * renews while it lives. A holder that was killed renews nothing, and after a while the lock is free.
 * It is a courtesy between windows: who finds that the lock was lost is told, and what it guards must
 * bear that for a moment two believe they hold it.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import * as path from 'node:path';
import type { Clock } from '../types';

export interface HeldLock {
  /** Fires when somebody else has taken the lock, or its file is gone. */
  readonly lost: AbortSignal;
  release(): Promise<void>;
}

export const beatEveryMs = 5_000;
/** A holder that was asleep with its machine must have the time to renew the lock. */
export const staleAfterMs = 30_000;

/** Takes the lock; undefined while somebody else holds it. Rejects where nothing can be written. */
export async function takeLock(file: string, clock: Clock): Promise<HeldLock | undefined> {
  const name = randomUUID();
  await mkdir(path.dirname(file), { recursive: true });
  const state = await stateOf(file, clock);
  if (state === 'held') return undefined;
  if (state === 'stale') await removeStale(file);
  try {
    const handle = await open(file, 'wx');
    await handle.writeFile(name).finally(() => handle.close());
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return undefined;
    throw error;
  }
  await renew(file, clock);
  return hold(file, name, clock);
}

/**
 * Takes the lock whoever holds it: the holder is told that it has lost it, and given `farewellMs` to
 * put away what it guarded. Resolves once nobody else uses that.
 */
export async function takeOver(file: string, farewellMs: number, clock: Clock): Promise<HeldLock> {
  let wasHeld = false;
  for (;;) {
    const lock = await takeLock(file, clock);
    if (lock === undefined) {
      wasHeld = true;
      await rm(file, { force: true });
      continue;
    }
    if (wasHeld) await new Promise<void>((done) => clock.after(beatEveryMs + farewellMs, done));
    return lock;
  }
}

/** Whether anybody holds the lock at this moment. */
export async function isHeld(file: string, clock: Clock): Promise<boolean> {
  return (await stateOf(file, clock)) === 'held';
}

async function stateOf(file: string, clock: Clock): Promise<'free' | 'held' | 'stale'> {
  const beatMs = await stat(file).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  );
  if (beatMs === undefined) return 'free';
  // A time that lies ahead was written before the clock was set back.
  return Math.abs(clock.now() - beatMs) <= staleAfterMs ? 'held' : 'stale';
}

function hold(file: string, name: string, clock: Clock): HeldLock {
  const lost = new AbortController();
  const isOurs = async (): Promise<boolean> =>
    (await readFile(file, 'utf8').catch(() => '')) === name;
  let cancelBeat: () => void = () => undefined;
  let isReleased = false;
  const beat = async (): Promise<void> => {
    const renewed = (await isOurs()) && (await renew(file, clock));
    if (isReleased) return;
    if (renewed) cancelBeat = clock.after(beatEveryMs, () => void beat());
    else lost.abort();
  };
  cancelBeat = clock.after(beatEveryMs, () => void beat());
  return {
    lost: lost.signal,
    async release() {
      isReleased = true;
      cancelBeat();
      if (await isOurs()) await rm(file, { force: true });
    },
  };
}

/** False where the file cannot be touched any more. */
async function renew(file: string, clock: Clock): Promise<boolean> {
  const now = clock.now() / 1000;
  return utimes(file, now, now).then(
    () => true,
    () => false,
  );
}

/** By a rename, which of two windows that see the same stale lock only one can do. */
async function removeStale(file: string): Promise<void> {
  const aside = `${file}.stale-${randomUUID().slice(0, 8)}`;
  try {
    await rename(file, aside);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return;
    throw error;
  }
  await rm(aside, { force: true });
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
