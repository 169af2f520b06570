import { build } from 'esbuild';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { Database } from '../../../src/store/database';
import { openFeedbackStore } from '../../../src/store/feedbackStore';
import type { StoredSuggestion } from '../../../src/types';
import { seededRandom } from '../../../src/util/random';
import { sampleHistory, sampleSuggestion } from '../../helpers/sampleEvents';
import { openStoreForTests, readAll, silentLogger } from '../../helpers/storeForTests';
import { temporaryFolder } from '../../helpers/temporaryFolder';

const eventsPerHistory = sampleHistory(0, 'accepted').length;

/** Bundled beside the sources, where the driver is found by name. */
const writerScript = path.join(import.meta.dirname, '../../../out/test/storeWriter.cjs');

async function bundleWriter(): Promise<void> {
  await build({
    entryPoints: [path.join(import.meta.dirname, '../../helpers/storeWriter.ts')],
    outfile: writerScript,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    external: ['sqlite3'],
  });
}

interface Writer {
  readonly child: ChildProcess;
  /** `<history> <event>` for each event that the store said was committed. */
  readonly acknowledged: () => readonly string[];
  readonly complaints: () => string;
  readonly hasBegun: Promise<unknown>;
  readonly hasEnded: Promise<unknown>;
}

function startWriter(file: string, first: number, histories: number): Writer {
  const child = spawn(process.execPath, [writerScript, file, String(first), String(histories)]);
  let output = '';
  let complaints = '';
  child.stdout.on('data', (data: Buffer) => (output += data.toString()));
  child.stderr.on('data', (data: Buffer) => (complaints += data.toString()));
  return {
    child,
    acknowledged: () => output.split('\n').slice(0, -1),
    complaints: () => complaints,
    hasBegun: Promise.race([once(child.stdout, 'data'), once(child, 'close')]),
    hasEnded: once(child, 'close'),
  };
}

async function quickCheck(file: string): Promise<object[]> {
  const database = await Database.open(file, 'existing');
  const rows = await database.use((connection) => connection.all('PRAGMA quick_check'));
  await database.close();
  return rows;
}

/** Every `<history> <event>` that stands in the database. */
function storedEvents(all: readonly StoredSuggestion[]): Set<string> {
  return new Set(
    all.flatMap(({ suggestion, shown, outcomes, survival, settled }) => {
      const history = Number(suggestion.id.slice(-12));
      const events = sampleHistory(history, 'accepted');
      const facts = [...shown, ...outcomes, ...survival, ...(settled ? [settled] : [])];
      const stored = new Set(facts.map((fact) => JSON.stringify(fact)));
      return events.flatMap((event, index) =>
        event.kind === 'suggestion' || stored.has(JSON.stringify(event))
          ? [`${history} ${index}`]
          : [],
      );
    }),
  );
}

test('four processes write five hundred events each at once, and all are there', async () => {
  await bundleWriter();
  const { store, file } = await openStoreForTests();
  await store.close();
  const histories = Math.ceil(500 / eventsPerHistory);
  const writers = [0, 1, 2, 3].map((n) => startWriter(file, n * 1_000, histories));
  await Promise.all(writers.map(({ hasEnded }) => hasEnded));
  expect(writers.map(({ complaints }) => complaints()).join('')).toBe('');
  const acknowledged = writers.flatMap((writer) => writer.acknowledged());
  expect(acknowledged).toHaveLength(4 * histories * eventsPerHistory);
  const reader = await openStoreForTests({ file });
  const stored = storedEvents(await readAll(reader.store));
  expect(acknowledged.filter((event) => !stored.has(event))).toEqual([]);
}, 60_000);

test('four processes that start on no database at once make one', async () => {
  const file = path.join(await temporaryFolder(), 'feedback.db');
  const stores = await Promise.all(
    [0, 1, 2, 3].map(() => openFeedbackStore(file, { logger: silentLogger })),
  );
  await Promise.all(
    stores.map((store, n) => store.record({ kind: 'suggestion', suggestion: sampleSuggestion(n) })),
  );
  expect(stores[0] && (await readAll(stores[0]))).toHaveLength(4);
  await Promise.all(stores.map((store) => store.close()));
});

test('a database whose tables are being made by another process is not set aside', async () => {
  const folder = await temporaryFolder();
  for (let round = 0; round < 20; round++) {
    const file = path.join(folder, `${round}.db`);
    const stores = await Promise.all(
      [0, 1, 2, 3, 4].map(async (n) => {
        // Each looks at the file at another moment of its making.
        await new Promise((resolve) => setTimeout(resolve, n * 3));
        return openFeedbackStore(file, { logger: silentLogger });
      }),
    );
    await Promise.all(stores.map((store) => store.close()));
  }
  expect((await readdir(folder)).filter((name) => name.includes('.damaged-'))).toEqual([]);
}, 60_000);

test('killed at fifty random instants, it loses no acknowledged event', async () => {
  await bundleWriter();
  const kills = 50;
  const atOnce = 5;
  const random = seededRandom(3);
  const file = path.join(await temporaryFolder(), 'feedback.db');
  const acknowledged: string[] = [];
  for (let kill = 0; kill < kills; kill += atOnce) {
    const writers = Array.from({ length: atOnce }, (_, n) =>
      startWriter(file, (kill + n) * 10_000, 10_000),
    );
    await Promise.all(
      writers.map(async ({ child, hasBegun, hasEnded }) => {
        await hasBegun;
        await new Promise((resolve) => setTimeout(resolve, random() * 60));
        child.kill('SIGKILL');
        await hasEnded;
        expect(child.signalCode).toBe('SIGKILL');
      }),
    );
    acknowledged.push(...writers.flatMap((writer) => writer.acknowledged()));
  }
  expect(acknowledged.length).toBeGreaterThan(kills);
  expect(await quickCheck(file)).toEqual([{ quick_check: 'ok' }]);
  const { store, problems } = await openStoreForTests({ file });
  const stored = storedEvents(await readAll(store));
  expect(acknowledged.filter((event) => !stored.has(event))).toEqual([]);
  expect(problems).toEqual([]);
}, 120_000);
