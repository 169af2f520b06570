/** Reading beside a writer, without leaving a trace. */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { Database } from '../../../src/store/database';
import { readNewest, readStores } from '../../../src/store/storeReader';
import { sampleSuggestion } from '../../helpers/sampleEvents';
import { openStoreForTests, readAll, recordAll, silentLogger } from '../../helpers/storeForTests';
import { temporaryFolder } from '../../helpers/temporaryFolder';

async function read(...files: string[]): Promise<string[]> {
  const ids: string[] = [];
  for await (const { suggestion } of readStores(files, silentLogger)) ids.push(suggestion.id);
  return ids;
}

const numbers = (from: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => from + i);

test('it reads all pages of all files while they are being written', async () => {
  const first = await openStoreForTests();
  const second = await openStoreForTests();
  const record = (store: typeof first, from: number, count: number): Promise<void> =>
    recordAll(
      store.store,
      numbers(from, count).map((n) => ({ kind: 'suggestion', suggestion: sampleSuggestion(n) })),
    );
  await record(first, 0, 205);
  await record(second, 300, 3);
  const expected = [...numbers(0, 205), ...numbers(300, 3)].map((n) => sampleSuggestion(n).id);
  expect(await read(first.file, second.file)).toEqual(expected);
  await record(first, 205, 1);
  expect(await readAll(first.store)).toHaveLength(206);
});

test('the newest of all files together are read, and none that is older', async () => {
  const own = await openStoreForTests();
  const history = await openStoreForTests();
  for (const [{ store }, from] of [
    [own, 100],
    [history, 0],
  ] as const)
    await recordAll(
      store,
      numbers(from, 120).map((n) => ({ kind: 'suggestion', suggestion: sampleSuggestion(n) })),
    );
  const newest = async (limit: number, ...files: readonly string[]): Promise<string[]> => {
    const ids: string[] = [];
    for await (const { suggestion } of readNewest(files, limit, silentLogger))
      ids.push(suggestion.id);
    return ids;
  };
  const ids = (from: number, count: number) =>
    numbers(from, count).map((n) => sampleSuggestion(n).id);
  expect(await newest(7, own.file)).toEqual(ids(213, 7));
  // Those from 100 to 119 are in both, made at the same times.
  expect(await newest(110, own.file, history.file)).toEqual([...ids(115, 105), ...ids(115, 5)]);
  expect(await newest(1_000, own.file, history.file)).toEqual([...ids(100, 120), ...ids(0, 120)]);
});

test('what it cannot read, it says and leaves as it is', async () => {
  const folder = await temporaryFolder();
  await expect(read(path.join(folder, 'none.db'))).rejects.toThrow(
    expect.objectContaining({ code: 'missing' }),
  );
  const text = path.join(folder, 'text.db');
  await writeFile(text, 'This is no database at all, whatever its name says. '.repeat(40));
  await expect(read(text)).rejects.toThrow(expect.objectContaining({ code: 'damaged' }));

  const old = path.join(folder, 'old.db');
  const database = await Database.open(old, 'create');
  await database.use((connection) => connection.exec('PRAGMA user_version = 1'));
  await database.close();
  const before = await readFile(old);
  await expect(read(old)).rejects.toThrow(/older format \(1\)/);
  expect(await readFile(old)).toEqual(before);
});

test('a database that was only just made is empty', async () => {
  const file = path.join(await temporaryFolder(), 'new.db');
  await (await Database.open(file, 'create')).close();
  expect(await read(file)).toEqual([]);
});
