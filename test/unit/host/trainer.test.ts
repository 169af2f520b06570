/**
 * Training in a real child, and a child that is killed at any instant. HONE_KILLS=200 kills as often
 * as the release check asks; a few are enough to see that nothing has come loose.
 */
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import * as os from 'node:os';
import path from 'node:path';
import * as esbuild from 'esbuild';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { forkChild } from '../../../src/host/childChannel';
import { type OwnChildOptions, mergeInChild, trainInChild } from '../../../src/host/ownChild';
import type { TrainParams } from '../../../src/host/protocol';
import { RpcClient } from '../../../src/host/rpc';
import type { ModelFolder } from '../../../src/model/modelFolder';
import { readAdapter } from '../../../src/training/adapter';
import type { TrainingProgress } from '../../../src/training/trainer';
import { systemClock } from '../../../src/util/clock';
import { seededRandom } from '../../../src/util/random';
import { makeTinyModel } from '../../helpers/tinyModel';

const repository = path.resolve(import.meta.dirname, '../../..');
const kills = Number(process.env['HONE_KILLS'] ?? 12);
const quiet = () => undefined;
const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet };
let folder: string;
let options: Omit<OwnChildOptions<'train'>, 'onProgress'>;
let base: ModelFolder;

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'hone-trainer-'));
  await symlink(path.join(repository, 'node_modules'), path.join(folder, 'node_modules'), 'dir');
  const hostScript = path.join(folder, 'host.js');
  await esbuild.build({
    entryPoints: [path.join(repository, 'src/host/main.ts')],
    outfile: hostScript,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    external: ['onnxruntime-node', 'sqlite3'],
  });
  options = { hostScript, logger, clock: systemClock };
  base = await makeTinyModel(path.join(folder, 'base'));
  const rows = [1, 2, 3, 4, 5, 6].map((n) => ({ prompt: `const a${n} = `, completion: `${n};` }));
  const lines = rows.map((row) => JSON.stringify(row)).join('\n');
  await writeFile(path.join(folder, 'rows.jsonl'), lines);
}, 60_000);

afterAll(() => rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }));

function params(out: string, epochs = 1): TrainParams {
  return {
    modelDir: base.directory,
    data: path.join(folder, 'rows.jsonl'),
    out: path.join(folder, 'versions', out),
    options: { method: 'sft', rank: 2, batchSize: 2, threads: 1, epochs, checkpointSteps: 1 },
  };
}

test('a child trains an adapter, another merges it, and progress comes across', async () => {
  const seen: TrainingProgress[] = [];
  const report = await trainInChild(params('first'), {
    ...options,
    onProgress: (progress) => void seen.push(progress),
  });
  expect(report).toMatchObject({ steps: 3, plannedSteps: 3, resumedFrom: 0 });
  expect(seen.at(-1)).toMatchObject({ stage: 'training', share: 1 });
  const merged = await mergeInChild(
    {
      modelDir: base.directory,
      adapterDir: path.join(folder, 'versions/first'),
      destination: path.join(folder, 'merged'),
    },
    { hostScript: options.hostScript, logger, clock: systemClock },
  );
  expect(merged.manifest.version).not.toBe(base.manifest.version);
});

test.runIf(existsSync('/usr/bin/chrt'))('a trainer runs only where nothing else does', async () => {
  const child = forkChild(options);
  const client = new RpcClient(child.channel, systemClock);
  const stat = await new Promise<string>((resolve) => {
    const onProgress = (): void => resolve(readFileSync(`/proc/${child.pid}/stat`, 'utf8'));
    client.call('train', params('idle', 9), { onProgress }).catch(() => undefined);
  });
  child.kill();
  await child.ended;
  client.close(new Error('killed'));
  // Field 41 of proc(5) is the policy, 5 is SCHED_IDLE; the second field, the name, is in brackets.
  expect(stat.slice(stat.lastIndexOf(')')).split(' ')[39]).toBe('5');
});

test('errors of the training cross with their code', async () => {
  const bad = { ...params('bad'), data: path.join(folder, 'none.jsonl') };
  await expect(trainInChild(bad, options)).rejects.toThrow(
    expect.objectContaining({ name: 'TrainingError', code: 'rows' }),
  );
});

test('a cancelled training ends at once and leaves no version behind', async () => {
  const abort = new AbortController();
  const cancelled = trainInChild(params('cancelled', 90), {
    ...options,
    signal: abort.signal,
    onProgress: ({ stage }) => {
      if (stage === 'training') abort.abort();
    },
  });
  await expect(cancelled).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }));
  const versions = path.join(folder, 'versions');
  expect(await readdir(versions)).not.toContain('cancelled');
  // The child keeps its last whole step and ends by itself.
  await vi.waitFor(
    () => expect(process.getActiveResourcesInfo()).not.toContain('ProcessWrap'),
    5_000,
  );
  expect(await readdir(path.join(versions, 'cancelled.checkpoint'))).toHaveLength(1);
}, 60_000);

test(
  'killed at any instant, it harms no version, and goes on where it stood',
  async () => {
    const random = seededRandom(7);
    const versions = path.join(folder, 'versions');
    const first = await readAdapter(path.join(versions, 'first'), base.manifest);
    const found = { nothing: 0, checkpoint: 0, halfWritten: 0, version: 0 };
    for (let kill = 0; kill < kills; kill++) {
      // Most of a start goes into loading, so every other kill waits for the first step.
      const from = kill % 2 === 0 ? 'start' : 'firstStep';
      await killAfter('next', from, (from === 'start' ? 900 : 400) * random());
      expect(await readAdapter(path.join(versions, 'first'), base.manifest)).toEqual(first);
      const left = await readdir(versions, { recursive: true });
      if (left.includes('next')) found.version++;
      else if (left.some((name) => name.includes('.making-'))) found.halfWritten++;
      else if (left.some((name) => name.includes('next.checkpoint'))) found.checkpoint++;
      else found.nothing++;
      if (left.includes('next')) {
        await readAdapter(path.join(versions, 'next'), base.manifest);
        await rm(path.join(versions, 'next'), { recursive: true });
      }
    }
    process.stderr.write(`after ${kills} kills of a trainer: ${JSON.stringify(found)}\n`);
    expect(found.checkpoint + found.halfWritten + found.version).toBeGreaterThan(0);
    await trainInChild(params('next', killedEpochs), options);
    const left = (await readdir(versions)).filter((name) => !/^(cancelled|idle)/.test(name));
    expect(left.sort()).toEqual(['first', 'next']);
  },
  30_000 + 6_000 * kills,
);

/** Steps of a run that is to be killed: three times as many, with a checkpoint after each. */
const killedEpochs = 15;

/** Starts a run in a child and kills it so long after it was asked to train, or after its first step. */
async function killAfter(out: string, from: 'start' | 'firstStep', delayMs: number): Promise<void> {
  const child = forkChild(options);
  const client = new RpcClient(child.channel, systemClock);
  let onStep: () => void = quiet;
  const stepped = new Promise<void>((resolve) => (onStep = resolve));
  const onProgress = ({ stage }: TrainingProgress): void => {
    if (stage === 'training') onStep();
  };
  const done = client.call('train', params(out, killedEpochs), { onProgress }).catch(quiet);
  if (from === 'firstStep') await Promise.race([done, stepped]);
  await Promise.race([done, new Promise((resolve) => setTimeout(resolve, delayMs))]);
  child.kill();
  await child.ended;
  client.close(new Error('killed'));
  await done;
}
