/**
 * Reads stored suggestions where the database belongs to somebody else: a child that learns while the
 * editor goes on writing. It opens the files read-only and never migrates, mends or locks them.
 */
import type { StoredSuggestion } from '../types';
import { Database } from './database';
import { StoreError } from './errors';
import { inodeOf, noInode } from './opening';
import { readPage, readPages } from './rows';
import { checkNotNewer, schemaVersion } from './schema';

const rowsPerPage = 100;

/**
 * The suggestions of each file, oldest first, one file after the other; where `documents` is given,
 * only of documents whose address begins so.
 * @throws StoreError `missing`, `damaged`, `newer`, or `invalid` for a file of an older format.
 */
export async function* readStores(
  files: readonly string[],
  documents = '',
): AsyncGenerator<StoredSuggestion> {
  for (const file of files)
    for await (const stored of readStore(file))
      if (stored.suggestion.documentUri.startsWith(documents)) yield stored;
}

async function* readStore(file: string): AsyncGenerator<StoredSuggestion> {
  if ((await inodeOf(file)) === noInode) {
    throw new StoreError('missing', `There is no feedback database at ${file}.`);
  }
  const database = await Database.open(file, 'readOnly');
  try {
    const version = await database.use((connection) => checkNotNewer(connection, file));
    // A file that was made a moment ago has no tables yet.
    if (version === 0) return;
    if (version < schemaVersion) {
      throw new StoreError(
        'invalid',
        `The feedback database ${file} has an older format (${version}). Open it once with \`hone doctor --db\` or in the editor, which bring it up to date.`,
      );
    }
    const all = { fromMs: 0, untilMs: Number.MAX_SAFE_INTEGER, asOfMs: Number.MAX_SAFE_INTEGER };
    yield* readPages(all, rowsPerPage, (request) =>
      database.use((connection) => readPage(connection, request)),
    );
  } finally {
    await database.close();
  }
}
