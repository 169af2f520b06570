/** Whole runs on a tiny model: what comes out, what comes out again, and what is left after trouble. */
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type ModelFolder, fileNames } from '../../../src/model/modelFolder';
import { loadTokenizer } from '../../../src/model/tokenizer';
import { adapterFiles, readAdapter } from '../../../src/training/adapter';
import { type TrainingOptions, trainingSettings } from '../../../src/training/settings';
import { type TrainRequest, type TrainingReport, train } from '../../../src/training/trainer';
import type { Clock } from '../../../src/types';
import { systemClock } from '../../../src/util/clock';
import { temporaryFolder } from '../../helpers/temporaryFolder';
import { makeTinyModel } from '../../helpers/tinyModel';

const names = ['alpha', 'beta', 'gamma', 'delta', 'epsilon', 'zeta'];
const lines = (row: (name: string, index: number) => object): string =>
  names.map((name, index) => JSON.stringify(row(name, index))).join('\n');
const data = {
  sft: lines((name) => ({ prompt: `const ${name} = `, completion: `${name}();` })),
  dpo: lines((name) => ({ prompt: `const ${name} = `, chosen: `${name}();`, rejected: 'x' })),
  kto: lines((name, i) => ({
    ...{ prompt: `const ${name} = `, completion: `${name}();`, label: i % 3 !== 0 },
  })),
} as const;

interface Place {
  readonly folder: string;
  readonly base: ModelFolder;
}

async function place(): Promise<Place> {
  const folder = await temporaryFolder();
  return { folder, base: await makeTinyModel(join(folder, 'base')) };
}

async function run(
  { folder, base }: Place,
  out: string,
  options: TrainingOptions,
  changes: Partial<TrainRequest> & { readonly text?: string } = {},
): Promise<TrainingReport> {
  const { text = data[options.method], ...rest } = changes;
  const file = join(folder, 'rows.jsonl');
  await writeFile(file, text);
  const settings = trainingSettings({ rank: 2, batchSize: 2, threads: 1, ...options });
  return train({
    ...{ base, data: file, out: join(folder, out), settings, clock: systemClock },
    ...rest,
  });
}

const bytesOf = (place: Place, out: string): Promise<Buffer> =>
  readFile(join(place.folder, out, adapterFiles.weights));

const refused = (code: string, message: RegExp): unknown =>
  expect.objectContaining({
    ...{ name: 'TrainingError', code },
    message: expect.stringMatching(message) as string,
  });

test.each(['sft', 'dpo', 'kto'] as const)('%s makes its loss smaller', async (method) => {
  const here = await place();
  const options = { method, epochs: 12, learningRate: 0.02, checkpointSteps: 1000 };
  const { losses, steps, plannedSteps } = await run(here, 'out', options);
  const mean = (part: readonly number[]): number =>
    part.reduce((sum, loss) => sum + loss, 0) / part.length;
  expect([steps, plannedSteps]).toEqual([36, 36]);
  expect(mean(losses.slice(-3))).toBeLessThan(0.8 * mean(losses.slice(0, 3)));
  const adapter = await readAdapter(join(here.folder, 'out'), here.base.manifest);
  expect(adapter.pairs).toHaveLength(14);
  expect(await readdir(here.folder)).toEqual(['base', 'out', 'rows.jsonl']);
});

test('the same seed gives the same adapter, another seed another', async () => {
  const here = await place();
  await run(here, 'first', { method: 'dpo', seed: 3 });
  await run(here, 'second', { method: 'dpo', seed: 3 });
  await run(here, 'other', { method: 'dpo', seed: 4 });
  expect(await bytesOf(here, 'second')).toEqual(await bytesOf(here, 'first'));
  expect(await bytesOf(here, 'other')).not.toEqual(await bytesOf(here, 'first'));
});

test('what is dropped comes from the seed, and only from it', async () => {
  const here = await place();
  const options: TrainingOptions = { method: 'sft', epochs: 2, dropout: 0.2, learningRate: 0.01 };
  await run(here, 'first', options);
  await run(here, 'second', options);
  await run(here, 'without', { ...options, dropout: 0 });
  expect(await bytesOf(here, 'second')).toEqual(await bytesOf(here, 'first'));
  expect(await bytesOf(here, 'without')).not.toEqual(await bytesOf(here, 'first'));
  const config = await readFile(join(here.folder, 'first', adapterFiles.config), 'utf8');
  expect(JSON.parse(config)).toMatchObject({ lora_dropout: 0.2 });
});

test('a run that was cancelled goes on where it stood and ends as if it had not been', async () => {
  const here = await place();
  const options: TrainingOptions = {
    ...{ method: 'kto', epochs: 3, checkpointSteps: 2, dropout: 0.1 },
  };
  await run(here, 'whole', options);
  const abort = new AbortController();
  let done = 0;
  const cancelled = run(here, 'out', options, {
    signal: abort.signal,
    onProgress: ({ stage }) => void (stage === 'training' && ++done === 5 && abort.abort()),
  });
  await expect(cancelled).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }));
  expect(await readdir(here.folder)).toEqual(['base', 'out.checkpoint', 'rows.jsonl', 'whole']);
  expect((await run(here, 'out', options)).resumedFrom).toBe(5);
  expect(await bytesOf(here, 'out')).toEqual(await bytesOf(here, 'whole'));
  expect(await readdir(here.folder)).toEqual(['base', 'out', 'rows.jsonl', 'whole']);
});

test('a checkpoint of other settings is not gone on from', async () => {
  const here = await place();
  const abort = new AbortController();
  const onProgress = ({ loss }: { loss: number | null }): void => {
    if (loss !== null) abort.abort();
  };
  const options: TrainingOptions = { method: 'sft', epochs: 2 };
  await expect(run(here, 'out', options, { signal: abort.signal, onProgress })).rejects.toThrow();
  expect((await run(here, 'out', { ...options, learningRate: 0.001 })).resumedFrom).toBe(0);
});

test('a loss that explodes stops the run, names the row and keeps what was learned', async () => {
  const here = await place();
  const options: TrainingOptions = {
    ...{ method: 'dpo', beta: 10, learningRate: 10, alpha: 64, warmup: 0 },
    ...{ epochs: 4, batchSize: 1, checkpointSteps: 1 },
  };
  await expect(run(here, 'out', options)).rejects.toThrow(
    refused(
      'diverged',
      /loss grew from .* at step \d+, .* row in line [1-6]\. What was learned in \d+ steps is in .*out\.checkpoint/,
    ),
  );
  const [checkpoint = ''] = await readdir(join(here.folder, 'out.checkpoint'));
  const folder = join(here.folder, 'out.checkpoint', checkpoint);
  expect((await readAdapter(folder, here.base.manifest)).rank).toBe(2);
  expect(await readdir(here.folder)).toEqual(['base', 'out.checkpoint', 'rows.jsonl']);
});

test('a row whose loss is no number is named', async () => {
  const folder = await temporaryFolder();
  const base = await makeTinyModel(join(folder, 'base'), {
    architecture: 'qwen2',
    precision: 'fp32',
  });
  const here = { folder, base };
  // The embedding comes first in the weights. Of the rows, only the sixth has the letter z.
  const letter = (await loadTokenizer(base)).encode('z')[0] ?? 0;
  const weights = await readFile(join(base.directory, fileNames.weights));
  weights.fill(0xff, letter * 64 * 4, (letter + 1) * 64 * 4);
  await writeFile(join(base.directory, fileNames.weights), weights);
  await expect(run(here, 'out', { method: 'sft' })).rejects.toThrow(
    refused('diverged', /no number any more at step \d, .* row in line 6\. Nothing was kept/),
  );
});

test('when the time is up, what was learned by then is the result', async () => {
  const here = await place();
  let nowMs = 0;
  const clock: Clock = { now: () => (nowMs += 10_000), after: () => () => undefined };
  const { steps, plannedSteps } = await run(
    here,
    'out',
    { method: 'sft', epochs: 9, maxMinutes: 2 },
    { clock },
  );
  expect(plannedSteps).toBe(27);
  expect(steps).toBeGreaterThan(0);
  expect(steps).toBeLessThan(12);
  expect(await readAdapter(join(here.folder, 'out'), here.base.manifest)).toMatchObject({
    rank: 2,
  });
});

test('time that is up while the rows are read ends the run, and says so', async () => {
  const here = await place();
  let nowMs = 0;
  const clock: Clock = { now: () => (nowMs += 10_000), after: () => () => undefined };
  const short = { method: 'sft', maxMinutes: 0.5 } as const;
  await expect(run(here, 'out', short, { clock })).rejects.toThrow(
    refused('settings', /when 2 of \d+ rows had been read.*Give more minutes or fewer rows/),
  );
  expect(await readdir(here.folder)).toEqual(['base', 'rows.jsonl']);
});

test('progress never goes back within a stage and says what is left', async () => {
  const here = await place();
  const seen: string[] = [];
  let share = 0;
  await run(
    here,
    'out',
    { method: 'dpo' },
    {
      onProgress(progress) {
        if (seen.at(-1) !== progress.stage) share = 0;
        seen.push(progress.stage);
        expect(progress.share).toBeGreaterThanOrEqual(share);
        ({ share } = progress);
        if (progress.stage === 'training') expect(progress.leftMs).toBeGreaterThanOrEqual(0);
      },
    },
  );
  expect([...new Set(seen)]).toEqual(['preparing', 'scoring', 'training']);
  expect(share).toBe(1);
});

test('what a killed run left behind is removed by the next one', async () => {
  const here = await place();
  // No process has this id: it is beyond the largest that systems give.
  await writeFile(join(here.folder, 'hone.training-999999999-aaaaaaaa'), 'weights');
  await run(here, 'out', { method: 'sft' });
  expect(await readdir(here.folder)).toEqual(['base', 'out', 'rows.jsonl']);
});

test('what cannot work is refused before anything is written', async () => {
  const here = await place();
  const before = await readdir(here.folder);
  const check = async (
    options: TrainingOptions,
    changes: Parameters<typeof run>[3],
    error: unknown,
  ): Promise<void> => {
    await expect(run(here, 'out', options, changes)).rejects.toThrow(error);
  };
  await check({ method: 'sft', layers: 3 }, {}, refused('settings', /has 2 layers/));
  await check({ method: 'dpo' }, { text: data.sft }, refused('rows', /Line 1 is no row for dpo/));
  await check(
    { method: 'sft', maxMemoryBytes: 1e8 },
    {},
    refused('memory', /at least \d+ MB, and 100 MB/),
  );
  await check({ method: 'sft' }, { out: here.base.directory }, refused('settings', /not empty/));
  await check(
    { method: 'sft' },
    { data: '/nowhere.jsonl' },
    refused('rows', /nowhere.jsonl cannot be read/),
  );
  expect(await readdir(here.folder)).toEqual([...before, 'rows.jsonl']);
  expect(() => trainingSettings({ method: 'sft', rank: 0, beta: -1 })).toThrow(
    refused('settings', /rank[\s\S]*beta|beta[\s\S]*rank/),
  );
});
