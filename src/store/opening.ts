/**
 * Getting from a path to a sound, current database: probe before touching, set a damaged file aside,
 * migrate. Never deletes anything, and leaves a file from a newer version byte for byte as it is.
 */
import { chmod, mkdir, open, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../types';
import { Database } from './database';
import { StoreError } from './errors';
import { checkNotNewer, checkSchema, migrate } from './schema';

/** How often opening is tried again while another window holds the file for a moment. */
const openAttempts = 20;
const openPauseMs = 100;
const staleLockMs = 10_000;

/** Rejects with a StoreError: missing, damaged, newer, readOnly, full, busy or failed. */
export async function openDatabase(file: string, mode: 'existing' | 'create'): Promise<Database> {
  if (await hasContent(file)) await probe(file);
  else if (mode === 'existing') {
    throw new StoreError('missing', `There is no feedback database at ${file}.`);
  }
  for (let attempt = 1; ; attempt++) {
    try {
      return await openAndPrepare(file, mode);
    } catch (error) {
      // Several windows that start at once stand in each other's way while the file is set up.
      if (!isStoreError(error, 'busy') || attempt === openAttempts) throw error;
      await delay(openPauseMs);
    }
  }
}

/**
 * Like `openDatabase`, but creates the folder, and sets a damaged file aside, tells `onProblem` and
 * begins a new one. `damagedInode` names a file that has shown its damage while it was written.
 */
export async function openForEditor(
  file: string,
  options: {
    readonly clock: Clock;
    readonly damagedInode: bigint;
    readonly onProblem: (problem: StoreError) => void;
  },
): Promise<Database> {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw new StoreError(
      'readOnly',
      `The folder of the feedback database ${file} cannot be created. Check the permissions of ${path.dirname(file)}.`,
      { cause: error },
    );
  });
  const seen = await inodeOf(file);
  try {
    if (seen !== noInode && seen === options.damagedInode) {
      throw new StoreError('damaged', `The feedback database ${file} is damaged.`);
    }
    return await openDatabase(file, 'create');
  } catch (error) {
    if (!isStoreError(error, 'damaged')) throw error;
    await alone(`${file}.repairing`, async () => {
      // Another window may have found the damage first and replaced the file already.
      if ((await inodeOf(file)) !== seen) return;
      const asideFile = await setAside(file, options.clock.now());
      options.onProblem(
        new StoreError(
          'damaged',
          `The feedback database was damaged. It is kept as ${asideFile}, and a new one has been begun at ${file}. Suggestions go on as before.`,
          { cause: error },
        ),
      );
    });
    return openDatabase(file, 'create');
  }
}

/** Reads version, soundness and tables through a connection that cannot write, not even at its close. */
async function probe(file: string): Promise<void> {
  const database = await Database.open(file, 'readOnly');
  try {
    await database.use(async (connection) => {
      // Another window may be making the tables: version and tables must be of one moment.
      await connection.exec('BEGIN');
      await checkNotNewer(connection, file);
      const row = await connection.get<{ quick_check: string }>('PRAGMA quick_check(1)');
      if (row?.quick_check !== 'ok') {
        throw new StoreError(
          'damaged',
          `The feedback database ${file} is damaged (${row?.quick_check ?? 'no answer'}).`,
        );
      }
      await checkSchema(connection, file);
    });
  } finally {
    await database.close();
  }
}

async function openAndPrepare(file: string, mode: 'existing' | 'create'): Promise<Database> {
  if (mode === 'create') await makePrivate(file);
  const database = await Database.open(file, mode);
  try {
    await database.use((connection) =>
      // NORMAL loses nothing when a process is killed; a power cut may cost the last few events.
      // Deleted text is overwritten, so that "delete" means it.
      connection.exec(`
        PRAGMA auto_vacuum = INCREMENTAL;
        PRAGMA journal_mode = WAL;
        PRAGMA synchronous = NORMAL;
        PRAGMA foreign_keys = ON;
        PRAGMA secure_delete = ON;
      `),
    );
    await migrate(database);
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}

/**
 * The file holds code of every workspace, so nobody else on this machine may read it, nor its log,
 * which takes its rights over. What cannot be done here is told when the file is opened. A file that is
 * there is not opened: closing it would give up the locks that SQLite holds on it in this process.
 */
async function makePrivate(file: string): Promise<void> {
  const made = await open(file, 'wx', 0o600).catch(() => undefined);
  await (made?.close() ?? chmod(file, 0o600).catch(() => undefined));
}

/** What follows the name of a file that was set aside, before the time. */
export const setAsideMark = '.damaged-';

/** Renames the file to `NAME.damaged-<time>`, its log before it: a log without its file is inert. */
async function setAside(file: string, nowMs: number): Promise<string> {
  const stamp = new Date(nowMs).toISOString().replace(/[:.]/g, '-');
  let asideFile = `${file}${setAsideMark}${stamp}`;
  for (let n = 2; (await inodeOf(asideFile)) !== noInode; n++) {
    asideFile = `${file}${setAsideMark}${stamp}-${n}`;
  }
  for (const suffix of ['-wal', '-shm', '']) {
    await rename(file + suffix, asideFile + suffix).catch((error: unknown) => {
      if (suffix !== '' && hasCode(error, 'ENOENT')) return;
      throw new StoreError(
        'damaged',
        `The feedback database ${file} is damaged and cannot be set aside. Close other windows, then move it away by hand.`,
        { cause: error },
      );
    });
  }
  return asideFile;
}

/** Runs `work` while no other process runs its own under the same lock file. */
async function alone(lockFile: string, work: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      await writeFile(lockFile, '', { flag: 'wx' });
      break;
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error;
      const ageMs = await stat(lockFile).then(
        ({ mtimeMs }) => Date.now() - mtimeMs,
        () => 0,
      );
      // Its owner was killed: the work takes milliseconds.
      if (ageMs > staleLockMs) await rm(lockFile, { force: true });
      else await delay(openPauseMs);
    }
  }
  try {
    await work();
  } finally {
    await rm(lockFile, { force: true });
  }
}

/** What `inodeOf` says of a path where there is no file. */
export const noInode = 0n;

/** Tells whether two looks at a path saw the same file. */
export async function inodeOf(file: string): Promise<bigint> {
  return stat(file, { bigint: true }).then(
    ({ ino }) => ino,
    () => noInode,
  );
}

async function hasContent(file: string): Promise<boolean> {
  return stat(file).then(
    ({ size }) => size > 0,
    () => false,
  );
}

function isStoreError(error: unknown, code: StoreError['code']): error is StoreError {
  return error instanceof StoreError && error.code === code;
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
