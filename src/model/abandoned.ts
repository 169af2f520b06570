/**
 * Names for work in progress beside its destination, and their removal after a crash. The name holds
 * the id of the process at work, so a later run can tell what was left behind from what is in use.
 */
import { randomUUID } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** A name beside `destination` for this process alone; `mark` says what is being done. */
export function temporaryBeside(destination: string, mark: string): string {
  return `${destination}${mark}${process.pid}-${randomUUID().slice(0, 8)}`;
}

/** Removes what processes that are gone left beside `destination` under this mark. */
export async function removeAbandoned(destination: string, mark: string): Promise<void> {
  const parent = dirname(destination);
  const start = basename(destination) + mark;
  for (const name of await readdir(parent)) {
    const owner = name.startsWith(start) ? parseInt(name.slice(start.length), 10) : NaN;
    if (!Number.isNaN(owner) && !isRunning(owner)) {
      await rm(join(parent, name), { recursive: true, force: true });
    }
  }
}

function isRunning(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    // A process of somebody else may not be signalled, but it runs.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
