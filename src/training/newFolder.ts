/**
 * A folder that is there whole or not at all: filled beside its place, then put there by one rename.
 * It never replaces anything, so whatever was there before is safe at every instant.
 */
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { removeAbandoned, temporaryBeside } from '../model/abandoned';
import { storageError } from '../model/errors';
import { TrainingError } from './errors';

const mark = '.making-';

/** @throws TrainingError `settings` where something is in the way. */
export async function assertFree(destination: string): Promise<void> {
  const names = await readdir(destination).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw storageError(error, destination);
  });
  if (names.length > 0) {
    throw new TrainingError(
      'settings',
      `${destination} is not empty. Name a folder that does not exist yet: nothing is replaced.`,
    );
  }
}

/**
 * @throws TrainingError `settings` where something is in the way, ModelError `storage` where the
 * disk is full or may not be written. Either way nothing is left behind.
 */
export async function writeNewFolder(
  folder: string,
  write: (directory: string) => Promise<void>,
): Promise<void> {
  const destination = resolve(folder);
  await assertFree(destination);
  const temporary = temporaryBeside(destination, mark);
  try {
    await mkdir(dirname(destination), { recursive: true });
    await removeAbandoned(destination, mark);
    await mkdir(temporary);
    await write(temporary);
    await syncFolder(temporary);
    await rename(temporary, destination);
  } catch (error) {
    throw storageError(error, destination);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** Makes sure that what was written survives a loss of power before the rename does. */
async function syncFolder(directory: string): Promise<void> {
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) {
      await syncFolder(path);
      continue;
    }
    const file = await open(path, 'r+');
    await file.sync().finally(() => file.close());
  }
}
