/**
 * Reads stored suggestions where the database belongs to somebody else: a child that learns while the
 * editor goes on writing. It opens the files read-only and never migrates, mends or locks them.
 */
import type { Logger, StoredSuggestion } from '../types';
import { Database } from './database';
import { StoreError } from './errors';
import { inodeOf, noInode } from './opening';
import { newestTimes, type PageRequest, readPage, readPages, unreadableText } from './rows';
import { checkNotNewer, schemaVersion } from './schema';

const rowsPerPage = 100;
/** So few that reading them holds up nobody who types. */
export const gentleRowsPerPage = 8;

/**
 * The suggestions of each file, oldest first, one file after the other; where `documents` is given,
 * only of documents whose address begins so. `pageRows` of them, at least 1, are read at once. The
 * log hears of those that are left out because their rows are damaged.
 * @throws StoreError `missing`, `damaged`, `newer`, or `invalid` for a file of an older format.
 */
export async function* readStores(
  files: readonly string[],
  logger: Logger,
  documents = '',
  pageRows = rowsPerPage,
): AsyncGenerator<StoredSuggestion> {
  for (const file of files)
    yield* readStore(file, { documents: [documents] }, warnOf(file, logger), pageRows);
}

/**
 * The newest `limit` suggestions of all files together, otherwise as `readStores`; what is older is
 * not read at all.
 */
export async function* readNewest(
  files: readonly string[],
  limit: number,
  logger: Logger,
): AsyncGenerator<StoredSuggestion> {
  const times: number[] = [];
  for (const file of files) times.push(...(await newestTimesIn(file, limit)));
  times.sort((a, b) => b - a);
  for (const file of files)
    yield* readStore(file, { fromMs: times[limit - 1] ?? 0 }, warnOf(file, logger));
}

/** How many suggestions of a file can be read, and how many cannot; throws as `readStores` does. */
export async function countStored(
  file: string,
): Promise<{ readonly readable: number; readonly unreadable: number }> {
  let [readable, unreadable] = [0, 0];
  const all = readStore(file, {}, (suggestions) => (unreadable = suggestions));
  while ((await all.next()).done !== true) readable++;
  return { readable, unreadable };
}

function warnOf(file: string, logger: Logger): (suggestions: number) => void {
  return (suggestions) => logger.warn('store', `${file}: ${unreadableText(suggestions)}`);
}

async function newestTimesIn(file: string, limit: number): Promise<number[]> {
  const database = await openReadable(file);
  try {
    return (await database?.use((connection) => newestTimes(connection, limit))) ?? [];
  } finally {
    await database?.close();
  }
}

async function* readStore(
  file: string,
  part: Partial<Pick<PageRequest, 'fromMs' | 'documents'>>,
  onUnreadable: (suggestions: number) => void,
  pageRows = rowsPerPage,
): AsyncGenerator<StoredSuggestion> {
  const database = await openReadable(file);
  if (database === undefined) return;
  try {
    const latest = Number.MAX_SAFE_INTEGER;
    const all = { fromMs: 0, untilMs: latest, asOfMs: latest, documents: [] };
    const read = (request: PageRequest) =>
      database.use((connection) => readPage(connection, request));
    yield* readPages({ ...all, ...part }, pageRows, read, onUnreadable);
  } finally {
    await database.close();
  }
}

/** Undefined for a file that was made a moment ago and has no tables yet. */
async function openReadable(file: string): Promise<Database | undefined> {
  if ((await inodeOf(file)) === noInode) {
    throw new StoreError('missing', `There is no feedback database at ${file}.`);
  }
  const database = await Database.open(file, 'readOnly');
  try {
    const version = await database.use((connection) => checkNotNewer(connection, file));
    if (version === schemaVersion) return database;
    if (version > 0) {
      throw new StoreError(
        'invalid',
        `The feedback database ${file} has an older format (${version}). Open it once with \`hone doctor --db\` or in the editor, which bring it up to date.`,
      );
    }
  } catch (error) {
    await database.close();
    throw error;
  }
  await database.close();
  return undefined;
}
