/**
 * The tables and how they came to be: numbered migrations, applied in order, each tested from every
 * older version. A migration that has been released is never edited; a change is a new one at the
 * end. Units stand in the column names; offsets and lengths count UTF-16 code units.
 */
import { type Connection, Database } from './database';
import { StoreError } from './errors';

/** Migration n takes a database from version n to n + 1. */
export const migrations: readonly string[] = [
  // 0 -> 1. Facts are only ever appended; where there may be one, the latest row holds.
  `
  CREATE TABLE suggestions (
    id TEXT PRIMARY KEY NOT NULL,
    time_ms INTEGER NOT NULL,
    document_uri TEXT NOT NULL,
    offset_utf16 INTEGER NOT NULL,
    trigger TEXT NOT NULL,
    repository TEXT NOT NULL,
    path TEXT NOT NULL,
    language_id TEXT NOT NULL,
    prefix TEXT NOT NULL,
    suffix TEXT NOT NULL,
    multiline INTEGER NOT NULL,
    shown_index INTEGER,
    propensity REAL NOT NULL,
    policy_version TEXT NOT NULL,
    reward_version TEXT NOT NULL,
    context_ms REAL NOT NULL,
    copy_ms REAL NOT NULL,
    queue_ms REAL NOT NULL,
    prefill_ms REAL NOT NULL,
    decode_ms REAL NOT NULL,
    total_ms REAL NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX suggestions_by_time ON suggestions (time_ms, id);

  CREATE TABLE candidates (
    suggestion_id TEXT NOT NULL REFERENCES suggestions (id) ON DELETE CASCADE,
    candidate_index INTEGER NOT NULL,
    text TEXT NOT NULL,
    token_ids_json TEXT NOT NULL,
    log_prob_nats REAL,
    source TEXT NOT NULL,
    propensity REAL NOT NULL,
    score REAL,
    copy_run_length_utf16 INTEGER,
    copy_votes INTEGER,
    copy_places INTEGER,
    copy_same_file INTEGER,
    PRIMARY KEY (suggestion_id, candidate_index)
  ) WITHOUT ROWID;

  CREATE TABLE showings (
    id INTEGER PRIMARY KEY,
    suggestion_id TEXT NOT NULL REFERENCES suggestions (id) ON DELETE CASCADE,
    candidate_index INTEGER NOT NULL,
    time_ms INTEGER NOT NULL
  );
  CREATE INDEX showings_by_suggestion ON showings (suggestion_id);

  CREATE TABLE outcomes (
    id INTEGER PRIMARY KEY,
    suggestion_id TEXT NOT NULL REFERENCES suggestions (id) ON DELETE CASCADE,
    outcome TEXT NOT NULL,
    candidate_index INTEGER NOT NULL,
    taken_length_utf16 INTEGER NOT NULL,
    visible_ms REAL NOT NULL,
    time_ms INTEGER NOT NULL
  );
  CREATE INDEX outcomes_by_suggestion ON outcomes (suggestion_id);

  CREATE TABLE survivals (
    id INTEGER PRIMARY KEY,
    suggestion_id TEXT NOT NULL REFERENCES suggestions (id) ON DELETE CASCADE,
    after_seconds REAL NOT NULL,
    survival REAL NOT NULL,
    state TEXT NOT NULL,
    time_ms INTEGER NOT NULL
  );
  CREATE INDEX survivals_by_suggestion ON survivals (suggestion_id);

  CREATE TABLE settled_texts (
    id INTEGER PRIMARY KEY,
    suggestion_id TEXT NOT NULL REFERENCES suggestions (id) ON DELETE CASCADE,
    text TEXT NOT NULL,
    time_ms INTEGER NOT NULL
  );
  CREATE INDEX settled_texts_by_suggestion ON settled_texts (suggestion_id);

  CREATE TABLE ratings (
    id INTEGER PRIMARY KEY,
    suggestion_id TEXT NOT NULL REFERENCES suggestions (id) ON DELETE CASCADE,
    thumb TEXT,
    aspects_json TEXT NOT NULL,
    comment TEXT NOT NULL,
    time_ms INTEGER NOT NULL
  );
  CREATE INDEX ratings_by_suggestion ON ratings (suggestion_id);
  `,
  // 1 -> 2. What the policy was told beside the file: without it nothing could be learned from it.
  `ALTER TABLE suggestions ADD COLUMN snippets_json TEXT NOT NULL DEFAULT '[]'`,
  // 2 -> 3. What a reward model learns from. The state is little-endian 32-bit floats; what an older
  // Hone did not know is NULL.
  `
  ALTER TABLE suggestions ADD COLUMN exploration TEXT NOT NULL DEFAULT 'best';
  ALTER TABLE suggestions ADD COLUMN state_blob BLOB;
  ALTER TABLE candidates ADD COLUMN first_token_log_prob_nats REAL;
  ALTER TABLE candidates ADD COLUMN entropy_nats REAL;
  ALTER TABLE candidates ADD COLUMN copy_own_votes INTEGER;
  ALTER TABLE candidates ADD COLUMN copy_recency REAL;
  ALTER TABLE candidates ADD COLUMN copy_same_symbol INTEGER;
  `,
];

/** The version this Hone writes and the newest it can read. */
export const schemaVersion = migrations.length;

export async function readVersion(connection: Connection): Promise<number> {
  const row = await connection.get<{ user_version: number }>('PRAGMA user_version');
  return row?.user_version ?? 0;
}

/** Rejects with a StoreError when the database was written by a newer version than `known`. */
export async function checkNotNewer(
  connection: Connection,
  file: string,
  known = schemaVersion,
): Promise<number> {
  const version = await readVersion(connection);
  if (version > known) {
    throw new StoreError(
      'newer',
      `The feedback database ${file} was written by a newer version of Hone (format ${version}; this version knows ${known}). It is left as it is. Update Hone and reload the window.`,
    );
  }
  return version;
}

/**
 * Rejects with a StoreError `damaged` where the tables, indices, views and triggers are not those of
 * the version that the file claims: Hone could not record, or would run what somebody put there.
 */
export async function checkSchema(connection: Connection, file: string): Promise<void> {
  const version = await readVersion(connection);
  const [found, expected] = [await schemaOf(connection), await schemaOfVersion(version)];
  const names = [...new Set([...expected.keys(), ...found.keys()])];
  const wrong = names.find((name) => found.get(name) !== expected.get(name));
  if (wrong === undefined) return;
  const how = !found.has(wrong) ? 'is missing' : expected.has(wrong) ? 'differs' : 'is unknown';
  throw new StoreError('damaged', `The feedback database ${file} is damaged (${wrong} ${how}).`);
}

/** What was created under which name, but for what SQLite makes by itself. */
async function schemaOf(connection: Connection): Promise<ReadonlyMap<string, string>> {
  const rows = await connection.all<{ type: string; name: string; sql: string | null }>(
    `SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'`,
  );
  return new Map(rows.map(({ type, name, sql }) => [`${type} ${name}`, sql ?? '']));
}

async function schemaOfVersion(version: number): Promise<ReadonlyMap<string, string>> {
  const database = await Database.open(':memory:', 'create');
  try {
    return await database.use(async (connection) => {
      for (const step of migrations.slice(0, Math.max(0, version))) await connection.exec(step);
      return schemaOf(connection);
    });
  } finally {
    await database.close();
  }
}

/** Brings the database to the newest version; all steps or none. Safe when several start at once. */
export async function migrate(database: Database, steps = migrations): Promise<void> {
  const isCurrent = await database.use(async (connection) => {
    const version = await checkNotNewer(connection, database.file, steps.length);
    return version === steps.length;
  });
  if (isCurrent) return;
  await database.transaction(async (connection) => {
    // Another window may have migrated while this one waited for the lock.
    const version = await checkNotNewer(connection, database.file, steps.length);
    for (const step of steps.slice(version)) await connection.exec(step);
    await connection.exec(`PRAGMA user_version = ${steps.length}`);
  });
}
