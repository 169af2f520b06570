/**
 * How long and how much feedback is kept. Deletes the oldest suggestions with all their facts in
 * short transactions, so that other windows can write in between, and gives the room back to the
 * disk. Decides nothing about what is worth keeping.
 */
import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Connection, Database } from './database';
import { setAsideMark } from './opening';

export interface RetentionLimits {
  /** 0 keeps for good. */
  readonly retentionDays: number;
  /** 0 sets no limit. */
  readonly maxStoreMegabytes: number;
}

const msPerDay = 86_400_000;
const bytesPerMegabyte = 1_048_576;
/** Suggestions deleted in one transaction. */
const batchSize = 200;

/** Resolves to the number of suggestions removed. */
export async function pruneOldest(
  database: Database,
  limits: RetentionLimits,
  nowMs: number,
): Promise<number> {
  let removed = 0;
  if (limits.retentionDays > 0) {
    const oldestMs = oldestKeptMs(limits, nowMs);
    removed += await repeat(() => deleteOldest(database, batchSize, oldestMs));
  }
  if (limits.maxStoreMegabytes > 0) {
    const maxBytes = limits.maxStoreMegabytes * bytesPerMegabyte;
    removed += await repeat(async () => {
      const excessBytes = (await database.use(usedBytes)) - maxBytes;
      return excessBytes > 0 ? deleteOldest(database, batchSize, Infinity) : 0;
    });
  }
  if (removed > 0) await reclaim(database);
  return removed;
}

/** Removes damaged files that were set aside, those last written before that time: they hold feedback. */
export async function removeSetAside(file: string, beforeMs: number): Promise<void> {
  const folder = path.dirname(file);
  const begin = path.basename(file) + setAsideMark;
  const names = await readdir(folder).catch(() => []);
  for (const name of names.filter((each) => each.startsWith(begin))) {
    const aside = path.join(folder, name);
    const { mtimeMs } = await stat(aside).catch(() => ({ mtimeMs: Infinity }));
    if (mtimeMs < beforeMs) await rm(aside, { force: true });
  }
}

/** The time before which suggestions are older than they are kept; -Infinity where they are for good. */
export function oldestKeptMs({ retentionDays }: RetentionLimits, nowMs: number): number {
  return retentionDays > 0 ? nowMs - retentionDays * msPerDay : -Infinity;
}

/** Bytes of pages that hold something. */
export async function usedBytes(connection: Connection): Promise<number> {
  const row = await connection.get<{ bytes: number }>(
    `SELECT (page_count - freelist_count) * page_size AS bytes
     FROM pragma_page_count, pragma_freelist_count, pragma_page_size`,
  );
  return row?.bytes ?? 0;
}

/** Gives free pages back to the disk, and leaves nothing deleted in the write-ahead log. */
export async function reclaim(database: Database): Promise<void> {
  await database.use(async (connection) => {
    await connection.exec('PRAGMA incremental_vacuum');
    await connection.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  });
}

async function repeat(step: () => Promise<number>): Promise<number> {
  let total = 0;
  for (let n = await step(); n > 0; n = await step()) total += n;
  return total;
}

function deleteOldest(database: Database, limit: number, beforeMs: number): Promise<number> {
  return database.transaction((connection) =>
    connection.run(
      `DELETE FROM suggestions WHERE id IN
         (SELECT id FROM suggestions WHERE time_ms < ? ORDER BY time_ms, id LIMIT ?)`,
      Math.min(beforeMs, Number.MAX_SAFE_INTEGER),
      limit,
    ),
  );
}
