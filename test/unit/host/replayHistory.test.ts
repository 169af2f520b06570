/** A history replayed by a real child, into a store that its parent reads. */
import { mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import * as os from 'node:os';
import path from 'node:path';
import * as esbuild from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { defaultSettings } from '../../../src/contributions';
import { replayHistoryInChild } from '../../../src/host/ownChild';
import type { ModelFolder } from '../../../src/model/modelFolder';
import { openExistingStore } from '../../../src/store/feedbackStore';
import { systemClock } from '../../../src/util/clock';
import { garden } from '../../helpers/gardenHistory';
import { silentLogger } from '../../helpers/storeForTests';
import { makeTinyModel } from '../../helpers/tinyModel';

const repository = path.resolve(import.meta.dirname, '../../..');
let folder: string;
let base: ModelFolder;

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'hone-replay-'));
  await symlink(path.join(repository, 'node_modules'), path.join(folder, 'node_modules'), 'dir');
  await esbuild.build({
    entryPoints: [path.join(repository, 'src/host/main.ts')],
    outfile: path.join(folder, 'host.js'),
    bundle: true,
    platform: 'node',
    format: 'cjs',
    external: ['onnxruntime-node', 'sqlite3'],
    define: { 'import.meta.url': '"file:///bundle.js"' },
    logLevel: 'error',
  });
  base = await makeTinyModel(path.join(folder, 'base'));
}, 60_000);

afterAll(() => rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }));

async function run(source: string, signal?: AbortSignal) {
  const out = path.join(folder, 'stores', 'history.db');
  const shares: number[] = [];
  const report = await replayHistoryInChild(
    {
      ...{ repository: source, out, settings: defaultSettings, modelDir: base.directory },
      ...{ limits: { commits: 20, decisions: 8, minutes: 2 }, threads: 1 },
    },
    {
      ...{ hostScript: path.join(folder, 'host.js'), logger: silentLogger, clock: systemClock },
      onProgress: ({ share }) => void shares.push(share),
      ...(signal === undefined ? {} : { signal }),
    },
  );
  return { report, out, shares };
}

test('a child replays a history into a store, and progress comes across', async () => {
  const { report, out, shares } = await run(await garden());
  expect(report).toMatchObject({ ended: 'history' });
  expect(report.decisions).toBeGreaterThan(3);
  expect(shares.at(-1)).toBe(1);
  const store = await openExistingStore(out, { logger: silentLogger });
  expect((await store.counts()).suggestions).toBe(report.decisions);
  await store.close();
}, 60_000);

test('a child that is told to stop leaves the store that was', async () => {
  const source = await garden();
  const { out } = await run(source);
  const stop = AbortSignal.timeout(1);
  await expect(run(source, stop)).rejects.toMatchObject({ name: 'AbortError' });
  expect(await readdir(path.dirname(out))).toContain('history.db');
}, 60_000);

test('what is wrong with a history is said as it is', async () => {
  await expect(run(folder)).rejects.toThrow('neither a git repository');
}, 60_000);
