import { readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Database } from '../../../src/store/database';
import { StoreError } from '../../../src/store/errors';
import { maxWaitingEvents, openExistingStore } from '../../../src/store/feedbackStore';
import { schemaVersion } from '../../../src/store/schema';
import type { Clock, FeedbackEvent } from '../../../src/types';
import { sampleSuggestion } from '../../helpers/sampleEvents';
import { openStoreForTests, readAll, recordAll, silentLogger } from '../../helpers/storeForTests';
import { temporaryFolder } from '../../helpers/temporaryFolder';

/** A clock whose timers fire when told. */
function handClock(): Clock & { fire(): void; readonly delaysMs: number[] } {
  const due = new Set<() => void>();
  const delaysMs: number[] = [];
  return {
    delaysMs,
    now: () => Date.UTC(2026, 2, 2),
    after(delayMs, run) {
      delaysMs.push(delayMs);
      due.add(run);
      return () => due.delete(run);
    },
    fire() {
      for (const run of [...due]) {
        due.delete(run);
        run();
      }
    },
  };
}

const suggestionEvent = (n: number): FeedbackEvent => ({
  kind: 'suggestion',
  suggestion: sampleSuggestion(n),
});

/** Some thirty pages. */
async function filledDatabase(): Promise<string> {
  const { store, file } = await openStoreForTests();
  const context = { ...sampleSuggestion(0).context, prefix: 'let x = 1;\n'.repeat(1_000) };
  await recordAll(
    store,
    Array.from({ length: 10 }, (_, n) => ({
      kind: 'suggestion',
      suggestion: sampleSuggestion(n, { context }),
    })),
  );
  await store.close();
  return file;
}

async function overwrite(file: string, offset: number, bytes: string): Promise<Buffer> {
  const content = await readFile(file);
  content.write(bytes, offset, 'latin1');
  await writeFile(file, content);
  return content;
}

afterEach(() => vi.restoreAllMocks());

describe('a database whose tables are not those of Hone', () => {
  test.each([
    ['without a table', 'DROP TABLE ratings', 'table ratings is missing'],
    [
      'with a renamed column',
      'ALTER TABLE outcomes RENAME COLUMN visible_ms TO seen_ms',
      'table outcomes differs',
    ],
    [
      'with a trigger that deletes',
      'CREATE TRIGGER t AFTER INSERT ON suggestions BEGIN DELETE FROM suggestions; END',
      'trigger t is unknown',
    ],
    ['of version 0', 'PRAGMA user_version = 0', 'is unknown'],
    ['of an older version', 'PRAGMA user_version = 1', 'differs'],
    ['of a negative version', 'PRAGMA user_version = -5', 'is unknown'],
  ])('%s is set aside and a new one begun', async (_, sql, reason) => {
    const file = await filledDatabase();
    const database = await Database.open(file, 'existing');
    await database.use((connection) => connection.exec(sql));
    await database.close();
    const { store, problems } = await openStoreForTests({ file, clock: handClock() });
    expect(problems.map(({ code }) => code)).toEqual(['damaged']);
    expect(String(problems[0]?.cause)).toContain(reason);
    await recordAll(store, [suggestionEvent(1)]);
    expect(await readAll(store)).toHaveLength(1);
    await store.close();
    expect(await readdir(path.dirname(file))).toContain(
      `${path.basename(file)}.damaged-2026-03-02T00-00-00-000Z`,
    );
  });
});

test('nobody else on the machine may read a new database', async () => {
  const { store, file } = await openStoreForTests();
  await recordAll(store, [suggestionEvent(1)]);
  for (const suffix of ['', '-wal']) expect((await stat(file + suffix)).mode & 0o777).toBe(0o600);
  await store.close();
});

describe('a damaged database', () => {
  test.each([
    ['a file that is no database', 0, 'This is a letter to my aunt.'],
    ['a page overwritten in the middle', 4_096 * 20, 'garbage '.repeat(512)],
  ])('%s is set aside and a new one begun', async (_, offset, bytes) => {
    const file = await filledDatabase();
    const damaged = await overwrite(file, offset, bytes);
    await writeFile(`${file}-wal`, 'its log');
    const { store, problems } = await openStoreForTests({ file, clock: handClock() });
    const aside = `${file}.damaged-2026-03-02T00-00-00-000Z`;
    expect(problems.map(({ code, message }) => [code, message])).toEqual([
      [
        'damaged',
        `The feedback database was damaged. It is kept as ${aside}, and a new one has been begun at ${file}. Suggestions go on as before.`,
      ],
    ]);
    expect(await readFile(aside)).toEqual(damaged);
    expect(await readFile(`${aside}-wal`, 'utf8')).toBe('its log');
    await store.record(suggestionEvent(7));
    expect(await readAll(store)).toHaveLength(1);
  });

  test('two windows that find it at once set it aside once', async () => {
    const file = await filledDatabase();
    await overwrite(file, 0, 'no database');
    const windows = await Promise.all([1, 2, 3].map(() => openStoreForTests({ file })));
    await Promise.all(windows.map(({ store }, n) => store.record(suggestionEvent(n))));
    const aside = (await readdir(path.dirname(file))).filter((name) => name.includes('.damaged-'));
    expect(aside).toHaveLength(1);
    expect(windows.flatMap(({ problems }) => problems)).toHaveLength(1);
    expect(windows[0] && (await readAll(windows[0].store))).toHaveLength(3);
  });

  test('what was set aside goes with all feedback, or once it is older than that is kept', async () => {
    const file = await filledDatabase();
    await overwrite(file, 0, 'no database');
    const { store } = await openStoreForTests({ file });
    const beside = () => readdir(path.dirname(file));
    const prune = () => store.prune({ retentionDays: 30, maxStoreMegabytes: 0 });
    const aside = path.join(
      path.dirname(file),
      (await beside()).find((name) => name.includes('.damaged-')) ?? '',
    );
    await prune();
    expect(await beside()).toContain(path.basename(aside));
    await utimes(aside, 0, Date.now() / 1000 - 31 * 86_400);
    await prune();
    expect(await beside()).not.toContain(path.basename(aside));
    await writeFile(aside, 'no database');
    await store.deleteAll();
    expect(await beside()).not.toContain(path.basename(aside));
  });

  test('damage that comes while it is open costs no event', async () => {
    const { store, file, problems } = await openStoreForTests();
    await store.record(suggestionEvent(0));
    // SQLite may find damage only when it needs the page, long after `quick_check`.
    vi.spyOn(Database.prototype, 'transaction').mockRejectedValueOnce(
      new StoreError('damaged', 'database disk image is malformed'),
    );
    await store.record(suggestionEvent(1));
    expect(problems.map(({ code }) => code)).toEqual(['damaged']);
    expect(problems[0]?.message).toContain(`${file}.damaged-`);
    expect((await readAll(store)).map(({ suggestion }) => suggestion.id)).toEqual([
      sampleSuggestion(1).id,
    ]);
  });

  test('the command line is told and changes nothing', async () => {
    const file = await filledDatabase();
    const damaged = await overwrite(file, 0, 'no database');
    const opening = openExistingStore(file, { logger: silentLogger });
    await expect(opening).rejects.toMatchObject({ name: 'StoreError', code: 'damaged' });
    expect(await readFile(file)).toEqual(damaged);
    expect(await readdir(path.dirname(file))).toEqual([path.basename(file)]);
  });
});

describe('a database from a newer version', () => {
  async function newerDatabase(): Promise<{ file: string; bytes: Buffer; wal: Buffer }> {
    const file = await filledDatabase();
    // Copied while a connection is open, so that the newer version stands in the log alone.
    const database = await Database.open(file, 'existing');
    await database.use((connection) =>
      connection.exec(`PRAGMA journal_mode = WAL; PRAGMA user_version = ${schemaVersion + 1}`),
    );
    const [bytes, wal] = await Promise.all([readFile(file), readFile(`${file}-wal`)]);
    await database.close();
    await writeFile(file, bytes);
    await writeFile(`${file}-wal`, wal);
    return { file, bytes, wal };
  }

  test('is left as it is, and the user is told to update', async () => {
    const { file, bytes, wal } = await newerDatabase();
    const { store, problems } = await openStoreForTests({ file, clock: handClock() });
    const recorded = store.record(suggestionEvent(0));
    await expect(store.counts()).rejects.toMatchObject({ code: 'newer' });
    await store.close();
    await expect(recorded).rejects.toMatchObject({ code: 'closed' });
    expect(problems.map(({ code }) => code)).toEqual(['newer']);
    expect(problems[0]?.message).toContain('Update Hone');
    expect(await readFile(file)).toEqual(bytes);
    expect(await readFile(`${file}-wal`)).toEqual(wal);
  });

  test('is not written by a window that was open before the update', async () => {
    const { store, file, problems } = await openStoreForTests({ clock: handClock() });
    await store.record(suggestionEvent(0));
    const database = await Database.open(file, 'existing');
    await database.use((c) => c.exec(`PRAGMA user_version = ${schemaVersion + 1}`));
    const recorded = store.record(suggestionEvent(1));
    await until(() => problems.length > 0);
    expect(problems.map(({ code }) => code)).toEqual(['newer']);
    await database.use((c) => c.exec(`PRAGMA user_version = ${schemaVersion}`));
    await database.close();
    await store.close();
    await recorded;
  });
});

describe('a disk that cannot be written', () => {
  test('when it is full, events wait and are written when there is room', async () => {
    const clock = handClock();
    const { store, problems } = await openStoreForTests({ clock });
    const transactions = vi.spyOn(Database.prototype, 'transaction');
    await store.record(suggestionEvent(0));
    const database = transactions.mock.contexts[0] as Database | undefined;
    // SQLite answers as on a full disk once the file has as many pages as it may.
    const allowPages = (pages: number) =>
      database?.use((connection) => connection.exec(`PRAGMA max_page_count = ${pages}`));
    await allowPages(1);
    let stored = 0;
    const waiting = Array.from({ length: 40 }, (_, n) =>
      store.record(suggestionEvent(n + 1)).then(() => stored++),
    );
    await until(() => problems.length > 0);
    clock.fire();
    await until(() => clock.delaysMs.length === 2);
    expect(clock.delaysMs).toEqual([1_000, 2_000]);
    expect(problems.map(({ code }) => code)).toEqual(['full']);
    expect(problems[0]?.message).toContain('is full');
    expect(stored).toBeLessThan(40);
    await allowPages(100_000);
    clock.fire();
    await Promise.all(waiting);
    expect(await readAll(store)).toHaveLength(41);
  });

  test.each([
    [
      'its folder cannot be made',
      (folder: string) => writeFile(path.join(folder, 'a'), ''),
      'a/f.db',
      'readOnly',
    ],
    [
      'a folder stands in its place',
      (folder: string) =>
        temporaryFolder().then((other) => rename(other, path.join(folder, 'f.db'))),
      'f.db',
      'failed',
    ],
  ])('when %s, events wait until it can be opened', async (_, prepare, name, code) => {
    const clock = handClock();
    const folder = await temporaryFolder();
    await prepare(folder);
    const { store, problems } = await openStoreForTests({ file: path.join(folder, name), clock });
    expect(problems.map((problem) => problem.code)).toEqual([code]);
    const recorded = store.record(suggestionEvent(0));
    await until(() => clock.delaysMs.length > 0);
    await rm(path.join(folder, name.split('/')[0] ?? name), { recursive: true });
    clock.fire();
    await recorded;
    expect(await readAll(store)).toHaveLength(1);
    expect(problems).toHaveLength(1);
  });

  test('beyond what memory may hold, the oldest event is given up and says so', async () => {
    const folder = await temporaryFolder();
    await writeFile(path.join(folder, 'a'), '');
    const file = path.join(folder, 'a', 'f.db');
    const { store } = await openStoreForTests({ file, clock: handClock() });
    const outcomes = Array.from({ length: maxWaitingEvents + 2 }, (_, n) =>
      store.record(suggestionEvent(n)).then(
        () => 'stored',
        ({ code }: { code: string }) => code,
      ),
    );
    await store.close();
    const codes = await Promise.all(outcomes);
    expect(codes.filter((code) => code === 'full')).toHaveLength(2);
    expect(codes.slice(0, 2)).toEqual(['full', 'full']);
    expect(codes.slice(2).every((code) => code === 'closed')).toBe(true);
  });
});

test('a file moved away while it is open is begun anew, and the moved one keeps what it had', async () => {
  const { store, file } = await openStoreForTests();
  await store.record(suggestionEvent(0));
  for (const suffix of ['', '-wal', '-shm']) await rename(file + suffix, `${file}.old${suffix}`);
  await store.record(suggestionEvent(1));
  expect(await readAll(store)).toHaveLength(1);
  const { store: old } = await openStoreForTests({ file: `${file}.old` });
  expect(await readAll(old)).toHaveLength(1);
});

test('a missing database is an error for the command line, which creates none', async () => {
  const file = path.join(await temporaryFolder(), 'feedback.db');
  const opening = openExistingStore(file, { logger: silentLogger });
  await expect(opening).rejects.toMatchObject({ code: 'missing' });
  expect(await readdir(path.dirname(file))).toEqual([]);
});

test('a lock held by another program is waited for', async () => {
  const { store, file } = await openStoreForTests();
  const other = await Database.open(file, 'existing');
  const order: string[] = [];
  const { recorded } = await other.transaction(async () => {
    const recorded = store.record(suggestionEvent(0)).then(() => order.push('stored'));
    await new Promise((resolve) => setTimeout(resolve, 50));
    order.push('lock given back');
    // In an object, or the transaction would wait for what waits for it.
    return { recorded };
  });
  await recorded;
  await other.close();
  expect(order).toEqual(['lock given back', 'stored']);
});

/** Waits for something that is bound to happen; the test's own time limit ends it otherwise. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}
