/**
 * Learning and promotion where there is no room left, with the system's own errors: child processes
 * run under a limit on the size of the files they write, as on a disk that fills up on the way.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import * as os from 'node:os';
import path from 'node:path';
import * as esbuild from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { learnInChild, mergeInChild, refitInChild } from '../../../src/host/ownChild';
import type { LearnParams } from '../../../src/host/protocol';
import { readRewardWeights } from '../../../src/model/rewardModel';
import { openRegistry } from '../../../src/training/registry';
import { systemClock } from '../../../src/util/clock';
import { idiomHistory } from '../../helpers/idiomHistory';
import { openStoreForTests, recordAll, silentLogger as logger } from '../../helpers/storeForTests';
import { makeTinyModel } from '../../helpers/tinyModel';
import { add } from '../../helpers/versions';

const repository = path.resolve(import.meta.dirname, '../../..');
let folder: string;
let hostScript: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'hone-full-'));
  await symlink(path.join(repository, 'node_modules'), path.join(folder, 'node_modules'), 'dir');
  hostScript = path.join(folder, 'host.js');
  await bundle('src/host/main.ts', hostScript);
}, 60_000);

afterAll(() => rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }));

async function bundle(entry: string, outfile: string): Promise<void> {
  await esbuild.build({
    ...{ entryPoints: [path.join(repository, entry)], outfile, bundle: true },
    ...{ platform: 'node', format: 'cjs', logLevel: 'error' },
    external: ['onnxruntime-node', 'sqlite3'],
  });
}

/** A Node whose files may have so many blocks of 512 bytes. */
function nodeWithin(blocks: number): string {
  const file = path.join(folder, `node-${blocks}`);
  writeFileSync(file, `#!/bin/sh\nulimit -f ${blocks}\nexec "${process.execPath}" "$@"\n`);
  chmodSync(file, 0o755);
  return file;
}

const options = { hostScript: '', logger, clock: systemClock };
const within = (blocks: number) => ({ ...options, hostScript, execPath: nodeWithin(blocks) });
const withRoom = () => ({ ...options, hostScript });
const noRoom = expect.objectContaining({
  ...{ name: 'ModelError', code: 'storage' },
  message: expect.stringMatching(/would be larger than a file may be there\./) as string,
}) as Error;

/** A store with enough to learn from, and a tiny model that learns it. */
async function setUp(name: string) {
  const base = await makeTinyModel(path.join(folder, name, 'base'), { fim: false });
  const { file, store } = await openStoreForTests();
  const history = idiomHistory({ count: 60, seed: 5 });
  for (const { suggestion, shown, outcomes, survival, settled } of history) {
    await recordAll(store, [
      { kind: 'suggestion', suggestion },
      ...[...shown, ...outcomes, ...survival, ...(settled ? [settled] : [])],
    ]);
  }
  const registryDir = path.join(folder, name, 'learned');
  const params: LearnParams = {
    ...{ storeFiles: [file], modelDir: base.directory, registryDir },
    options: {
      ...{ minutes: 1, threads: 1, leastRows: 20, leastHeldOut: 20 },
      ...{ rank: 2, learningRate: 0.02, maxEpochs: 2 },
    },
  };
  return { file, registryDir, params };
}

test('a run that finds no room says so, keeps what it has, and ends well once there is', async () => {
  const { registryDir, params } = await setUp('run');
  await expect(learnInChild(params, within(40))).rejects.toThrow(noRoom);
  expect(await readdir(registryDir)).toEqual(['learning']);
  expect((await learnInChild(params, withRoom())).outcome).toBe('passed');
  expect(await readdir(registryDir)).toEqual(['versions']);
}, 60_000);

test('a version that finds no room is not put in place, and the one in use stays', async () => {
  const root = path.join(folder, 'promotion');
  const base = await makeTinyModel(path.join(root, 'base'));
  let room = withRoom();
  const { directory: modelDir, manifest } = base;
  const registry = openRegistry({
    ...{ directory: root, base: manifest },
    merge: (adapterDir, destination) => mergeInChild({ modelDir, adapterDir, destination }, room),
  });
  const states = async () => (await registry.versions()).map(({ id, state }) => `${id} ${state}`);
  await add({ root, base }, 'v1');
  await registry.promote('v1');
  await add({ root, base }, 'v2');

  // For its model.
  room = within(40);
  await expect(registry.promote('v2')).rejects.toThrow(noRoom);
  expect(await states()).toEqual(['v2 passed', 'v1 champion']);
  expect((await readdir(path.join(root, 'versions/v2'))).sort()).toEqual([
    ...['adapter', 'verdict.json'],
  ]);

  // For the few bytes that say which version is in use.
  room = withRoom();
  const [v2] = await registry.versions();
  await registry.modelOf(v2!);
  const script = path.join(folder, 'promote.js');
  await bundle('test/helpers/promoteVersion.ts', script);
  const said = execFileSync(nodeWithin(0), [script, root, 'v2', JSON.stringify(manifest)]);
  expect(said.toString()).toMatch(
    /^ModelError: .*champion\.json would be larger than a file may be/,
  );
  expect(await states()).toEqual(['v2 passed', 'v1 champion']);
  expect((await readdir(root)).sort()).toEqual(['base', 'champion.json', 'versions']);

  await registry.promote('v2');
  expect(await states()).toEqual(['v2 champion', 'v1 passed']);
}, 60_000);

test('a reward model that cannot be written leaves the one that was', async () => {
  const { file } = await setUp('reward');
  const rewardFile = path.join(repository, 'media/reward/pretrained.json');
  const out = path.join(folder, 'reward/reward.json');
  const request = { storeFiles: [file], rewardFile, out };
  await refitInChild(request, withRoom());
  const before = await readRewardWeights(out);
  await expect(refitInChild(request, within(2))).rejects.toThrow(noRoom);
  expect(await readRewardWeights(out)).toEqual(before);
  expect((await readdir(path.dirname(out))).sort()).toEqual(['base', 'reward.json']);
}, 30_000);
