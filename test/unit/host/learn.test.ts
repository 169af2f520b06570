/** Learning in a real child, from a database that is in use, killed on the way and gone on with. */
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import * as os from 'node:os';
import path from 'node:path';
import * as esbuild from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { forkChild } from '../../../src/host/childChannel';
import { learnInChild, refitInChild } from '../../../src/host/ownChild';
import type { LearnParams } from '../../../src/host/protocol';
import { RpcClient } from '../../../src/host/rpc';
import { readRewardWeights } from '../../../src/model/rewardModel';
import type { LearnProgress } from '../../../src/training/learn';
import { mergeAdapter } from '../../../src/training/merge';
import { openRegistry } from '../../../src/training/registry';
import type { StoredSuggestion } from '../../../src/types';
import { systemClock } from '../../../src/util/clock';
import { idiomHistory } from '../../helpers/idiomHistory';
import { type StoreForTests, openStoreForTests, recordAll } from '../../helpers/storeForTests';
import { makeTinyModel } from '../../helpers/tinyModel';

const repository = path.resolve(import.meta.dirname, '../../..');
const quiet = () => undefined;
const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet };
let folder: string;
let hostScript: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'hone-learn-'));
  await symlink(path.join(repository, 'node_modules'), path.join(folder, 'node_modules'), 'dir');
  hostScript = path.join(folder, 'host.js');
  await esbuild.build({
    entryPoints: [path.join(repository, 'src/host/main.ts')],
    outfile: hostScript,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    external: ['onnxruntime-node', 'sqlite3'],
    logLevel: 'error',
  });
}, 60_000);

afterAll(() => rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }));

async function recorded(history: readonly StoredSuggestion[]): Promise<StoreForTests> {
  const opened = await openStoreForTests();
  for (const { suggestion, shown, outcomes, survival, settled } of history) {
    await recordAll(opened.store, [
      { kind: 'suggestion', suggestion },
      ...[...shown, ...outcomes, ...survival, ...(settled ? [settled] : [])],
    ]);
  }
  return opened;
}

test('a run that was killed goes on in another child, and its version can be promoted', async () => {
  const base = await makeTinyModel(path.join(folder, 'base'), { fim: false });
  const { file } = await recorded(idiomHistory({ count: 60, seed: 5 }));
  const params: LearnParams = {
    ...{ storeFiles: [file], modelDir: base.directory, registryDir: path.join(folder, 'learned') },
    options: {
      ...{ minutes: 1, threads: 1, leastRows: 20, leastHeldOut: 20 },
      ...{ rank: 2, learningRate: 0.02, maxEpochs: 2 },
    },
  };
  await killAtStep(params, 8);
  expect(await readdir(params.registryDir)).toEqual(['learning']);

  const stages: string[] = [];
  const report = await learnInChild(params, {
    ...{ hostScript, logger, clock: systemClock },
    onProgress: ({ stage }) => void stages.push(stage),
  });
  expect(stages).not.toContain('sampling');
  expect(report.outcome).toBe('passed');
  const registry = openRegistry({
    ...{ directory: params.registryDir, base: base.manifest },
    merge: (adapter, destination) => mergeAdapter({ base, adapter, destination }),
  });
  await registry.promote(report.version!.id);
  expect((await registry.champion())?.id).toBe(report.version!.id);
}, 60_000);

test('the reward model is fitted to a database, and kept no longer than what it rests on', async () => {
  const { store, file } = await recorded(idiomHistory({ count: 60, seed: 5 }));
  const rewardFile = path.join(repository, 'media/reward/pretrained.json');
  const out = path.join(folder, 'reward.json');
  const refit = () =>
    refitInChild(
      { storeFiles: [file], rewardFile, out },
      { hostScript, logger, clock: systemClock },
    );
  expect(await refit()).toMatchObject({ verdict: 'fitted', labels: 60 });
  expect(await readRewardWeights(out)).toMatchObject({ labels: 60 });
  await store.deleteAll();
  expect(await refit()).toMatchObject({ verdict: 'noLabels' });
  expect(existsSync(out)).toBe(false);
});

test('a database that is not there is said to be missing', async () => {
  const base = await makeTinyModel(path.join(folder, 'other'));
  const storeFiles = [path.join(folder, 'none.db')];
  const registryDir = path.join(folder, 'empty');
  const run = learnInChild(
    { storeFiles, modelDir: base.directory, registryDir, options: {} },
    { hostScript, logger, clock: systemClock },
  );
  await expect(run).rejects.toThrow(
    expect.objectContaining({ name: 'StoreError', code: 'missing' }),
  );
});

/** Starts a run and kills its child at so many steps of the training. */
async function killAtStep(params: LearnParams, steps: number): Promise<void> {
  const child = forkChild({ hostScript, logger });
  const client = new RpcClient(child.channel, systemClock);
  let done = 0;
  const onProgress = ({ stage }: LearnProgress): void => {
    if (stage === 'training' && ++done === steps) child.kill();
  };
  const run = client.call('learn', params, { onProgress }).catch(() => undefined);
  await child.ended;
  client.close(new Error('killed'));
  await run;
}
