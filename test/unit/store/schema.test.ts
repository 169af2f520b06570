import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { Database } from '../../../src/store/database';
import { migrate, migrations, readVersion, schemaVersion } from '../../../src/store/schema';
import type { ScoredCandidate, Snippet, Suggestion } from '../../../src/types';
import { sampleHistory, sampleSuggestion } from '../../helpers/sampleEvents';
import { openStoreForTests, readAll } from '../../helpers/storeForTests';
import { temporaryFolder } from '../../helpers/temporaryFolder';

const fixtures = path.join(import.meta.dirname, '../../fixtures/store');

async function databaseOfVersion(version: number): Promise<string> {
  const file = path.join(await temporaryFolder(), 'feedback.db');
  const database = await Database.open(file, 'create');
  const script = await readFile(path.join(fixtures, `v${version}.sql`), 'utf8');
  await database.use((connection) => connection.exec(script));
  await database.close();
  return file;
}

async function schemaOf(file: string): Promise<object[]> {
  const database = await Database.open(file, 'readOnly');
  const rows = await database.use((connection) =>
    connection.all('SELECT name, sql FROM sqlite_master ORDER BY name'),
  );
  await database.close();
  return rows;
}

const itemDeclaration: Snippet = {
  kind: 'declaration',
  path: 'src/item.ts',
  text: 'export interface Item { price: number }',
};

/** The first suggestion as a Hone of that version knew it. */
function firstSuggestion(version: number): Suggestion {
  const suggestion = sampleSuggestion(0);
  const snippets = version < 2 ? [] : [itemDeclaration];
  const known = { ...suggestion, context: { ...suggestion.context, snippets } };
  if (version < 3) return known;
  const candidates = suggestion.candidates.map((candidate, index): ScoredCandidate => {
    if (index === 0) return { ...candidate, firstLogProb: -0.5, entropy: 1.75 };
    const { copy } = candidate;
    if (copy === undefined) return candidate;
    return { ...candidate, copy: { ...copy, ownVotes: 1, recency: 0.75, sameSymbol: true } };
  });
  const learned = { ...known, candidates, state: [0.5, -1.25, 0, 3] };
  const context = { ...known.context, ...(version >= 4 && { closers: ' }' }) };
  return { ...learned, context, exploration: 'explored' };
}

test('there is a script of every released version', async () => {
  const names = (await readdir(fixtures)).filter((name) => name.endsWith('.sql')).sort();
  expect(names).toEqual(migrations.map((_, index) => `v${index + 1}.sql`));
});

describe.each(migrations.map((_, index) => index + 1))('a database of version %i', (version) => {
  test('is brought to the newest version, which equals a new database', async () => {
    const file = await databaseOfVersion(version);
    const old = await openStoreForTests({ file });
    await old.store.close();
    const fresh = await openStoreForTests();
    expect(await schemaOf(file)).toEqual(await schemaOf(fresh.file));
    expect(old.problems).toEqual([]);
  });

  test('keeps every fact', async () => {
    const { store } = await openStoreForTests({ file: await databaseOfVersion(version) });
    const accepted = sampleHistory(0, 'accepted');
    const left = sampleHistory(0, 'left');
    const dismissed = sampleHistory(1, 'dismissed');
    expect(await readAll(store)).toEqual([
      {
        suggestion: firstSuggestion(version),
        shown: [accepted[1]],
        outcomes: [left[2], accepted[2]],
        survival: accepted.filter(({ kind }) => kind === 'survival'),
        settled: accepted.find(({ kind }) => kind === 'settled'),
        rating: undefined,
      },
      {
        suggestion: sampleSuggestion(1),
        shown: [dismissed[1]],
        outcomes: [dismissed[2]],
        survival: [],
        settled: undefined,
        rating: {
          kind: 'rating',
          suggestionId: sampleSuggestion(1).id,
          thumb: 'down',
          aspects: { style: -1 },
          comment: "not my 'style' 😀",
          timeMs: 1_772_442_000_000,
        },
      },
    ]);
  });
});

describe('migrating', () => {
  const steps = [
    'CREATE TABLE notes (text TEXT)',
    "ALTER TABLE notes ADD COLUMN author TEXT DEFAULT 'me'",
    'CREATE INDEX notes_by_author ON notes (author)',
  ];

  test('goes on from where the database stands', async () => {
    const database = await Database.open(':memory:', 'create');
    await migrate(database, steps.slice(0, 1));
    await database.use((connection) => connection.run('INSERT INTO notes VALUES (?)', 'kept'));
    await migrate(database, steps);
    const { rows, version } = await database.use(async (connection) => ({
      rows: await connection.all('SELECT * FROM notes'),
      version: await readVersion(connection),
    }));
    expect({ rows, version }).toEqual({ rows: [{ text: 'kept', author: 'me' }], version: 3 });
    await database.close();
  });

  test('applies all steps or none', async () => {
    const database = await Database.open(':memory:', 'create');
    await expect(migrate(database, [...steps, 'CREATE NONSENSE'])).rejects.toMatchObject({
      name: 'StoreError',
    });
    expect(await database.use(readVersion)).toBe(0);
    await migrate(database, steps);
    expect(await database.use(readVersion)).toBe(3);
    await database.close();
  });
});

test('a store opened for the first time has the newest version', async () => {
  const { file, store } = await openStoreForTests();
  await store.close();
  const database = await Database.open(file, 'readOnly');
  expect(await database.use(readVersion)).toBe(schemaVersion);
  await database.close();
});
