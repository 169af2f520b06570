/** Adapters on disk, beside those of the real `peft` (test/fixtures/training/peft.py). */
import { cp, readFile, readdir, truncate, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { FolderWeights } from '../../../src/model/folderWeights';
import type { ModelFolder, ModelManifest, Precision } from '../../../src/model/modelFolder';
import { openSession } from '../../../src/model/session';
import {
  type Adapter,
  adapterFiles,
  readAdapter,
  writeAdapter,
} from '../../../src/training/adapter';
import { openScores, parametersOf } from '../../../src/training/engine';
import { writeFrozenWeights } from '../../../src/training/frozenWeights';
import { mergeAdapter } from '../../../src/training/merge';
import { linearModules } from '../../../src/training/modules';
import { seededRandom } from '../../../src/util/random';
import reference from '../../fixtures/training/peft-logits.json';
import { emptyCache, runStep } from '../../helpers/decode';
import { floatsOfHex } from '../../helpers/hex';
import { temporaryFolder } from '../../helpers/temporaryFolder';
import { makeTinyModel } from '../../helpers/tinyModel';

const peftAdapter = resolve(import.meta.dirname, '../../fixtures/training/peft-adapter');

async function lastLogits({ graphPath, manifest }: ModelFolder): Promise<Float32Array> {
  const session = await openSession(graphPath, { threads: 1 });
  const { logits } = await runStep(session, manifest, {
    ids: [reference.ids],
    prefix: emptyCache(manifest),
  });
  await session.release();
  return logits[0]?.at(-1) ?? new Float32Array(0);
}

function largestDifference(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] ?? NaN))), 0);
}

function randomAdapter(manifest: ModelManifest, layers = manifest.layers): Adapter {
  const random = seededRandom(9);
  const values = (count: number) => Float32Array.from({ length: count }, () => random() - 0.5);
  const pairs = linearModules(manifest)
    .filter(({ layer }) => layer >= manifest.layers - layers)
    .map((module) => ({ module, a: values(3 * module.columns), b: values(3 * module.rows) }));
  return { rank: 3, alpha: 6, pairs };
}

const refused = (code: string, message: RegExp): unknown =>
  expect.objectContaining({
    name: 'TrainingError',
    code,
    message: expect.stringMatching(message) as string,
  });

test.each<[Precision, number]>([
  ['fp32', 1e-4],
  ['8bit', 0.2],
])(
  'an adapter of peft merged into %s weights gives the logits of peft',
  async (precision, tolerance) => {
    const folder = await temporaryFolder();
    const base = await makeTinyModel(join(folder, 'base'), { precision });
    expect(largestDifference(await lastLogits(base), floatsOfHex(reference.frozen))).toBeLessThan(
      tolerance,
    );
    const merged = await mergeAdapter({
      base,
      adapter: peftAdapter,
      destination: join(folder, 'merged'),
    });
    const tuned = floatsOfHex(reference.tuned);
    expect(largestDifference(await lastLogits(merged), tuned)).toBeLessThan(tolerance);
    expect(largestDifference(tuned, floatsOfHex(reference.frozen))).toBeGreaterThan(0.3);
  },
);

test('an adapter that is fed to the graph and one that is merged give the same scores', async () => {
  const folder = await temporaryFolder();
  const base = await makeTinyModel(join(folder, 'base'), { precision: 'fp32' });
  const adapter = join(folder, 'adapter');
  const { rank, alpha, pairs } = randomAdapter(base.manifest);
  await writeAdapter(adapter, { rank, alpha, pairs }, base.manifest);
  const merged = await mergeAdapter({ base, adapter, destination: join(folder, 'merged') });
  const sequences = [{ ids: reference.ids, start: 3 }];
  const examples = [{ line: 1, weight: 1, liked: true, sequences }];
  const score = async (model: ModelFolder, parameters: readonly Float32Array[]) => {
    const directory = await temporaryFolder();
    await writeFrozenWeights(model, directory);
    const modules = pairs.map(({ module }) => module);
    const lora = { rank, alpha };
    const engine = await openScores({
      ...{ config: model.manifest, modules, lora, directory, threads: 1 },
    });
    const [result = NaN] = await engine.run(examples, parameters).finally(() => engine.release());
    return result;
  };
  const fed = parametersOf(pairs);
  const none = fed.map(({ length }) => new Float32Array(length));
  const unmerged = await score(base, fed);
  expect(Math.abs((await score(merged, none)) - unmerged)).toBeLessThan(1e-4 * Math.abs(unmerged));
  expect(Math.abs((await score(base, none)) - unmerged)).toBeGreaterThan(0.1);
});

test('an adapter merged into 8 bits is as near to exact sums as the 8 bits are without it', async () => {
  const folder = await temporaryFolder();
  const base = await makeTinyModel(join(folder, 'base'));
  // What the 8 bits stand for, in numbers that need no rounding.
  const weights = await FolderWeights.open(base);
  const exact = await makeTinyModel(join(folder, 'exact'), { precision: 'fp32', weights });
  await weights.close();
  const adapter = join(folder, 'adapter');
  await writeAdapter(adapter, randomAdapter(base.manifest), base.manifest);
  const merged = (from: ModelFolder, name: string): Promise<ModelFolder> =>
    mergeAdapter({ base: from, adapter, destination: join(folder, name) });
  const frozen = await lastLogits(exact);
  const tuned = await lastLogits(await merged(exact, 'exact-merged'));
  const rounded = await lastLogits(await merged(base, 'merged'));
  const plain = largestDifference(await lastLogits(base), frozen);
  // The sums are rounded once more than the base was.
  expect(largestDifference(rounded, tuned)).toBeLessThan(2 * plain);
  expect(largestDifference(tuned, frozen)).toBeGreaterThan(20 * plain);
});

test('what is written is read back, and has the names and settings of peft', async () => {
  const folder = await temporaryFolder();
  const { manifest } = await makeTinyModel(join(folder, 'base'));
  const adapter = randomAdapter(manifest);
  await writeAdapter(join(folder, 'adapter'), adapter, manifest);
  expect(await readAdapter(join(folder, 'adapter'), manifest)).toEqual(adapter);

  const names = async (directory: string): Promise<string[]> => {
    const bytes = await readFile(join(directory, adapterFiles.weights));
    const header = bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE())).toString();
    return Object.keys(JSON.parse(header) as object).sort();
  };
  expect(await names(join(folder, 'adapter'))).toEqual(await names(peftAdapter));
  const config = JSON.parse(
    await readFile(join(folder, 'adapter', adapterFiles.config), 'utf8'),
  ) as object;
  expect(config).toMatchObject({
    peft_type: 'LORA',
    r: 3,
    lora_alpha: 6,
    layers_to_transform: null,
  });
  expect(await readdir(folder)).toEqual(['adapter', 'base']);
});

test('an adapter of the last layer alone says so', async () => {
  const folder = await temporaryFolder();
  const { manifest } = await makeTinyModel(join(folder, 'base'));
  const adapter = randomAdapter(manifest, 1);
  await writeAdapter(join(folder, 'adapter'), adapter, manifest);
  expect(await readAdapter(join(folder, 'adapter'), manifest)).toEqual(adapter);
  const text = await readFile(join(folder, 'adapter', adapterFiles.config), 'utf8');
  expect(JSON.parse(text)).toMatchObject({ layers_to_transform: [1] });
});

test('an adapter of another model is refused by its hash, one of another shape by its shape', async () => {
  const folder = await temporaryFolder();
  const { manifest } = await makeTinyModel(join(folder, 'base'), { seed: 1 });
  const other = await makeTinyModel(join(folder, 'other'), { seed: 2 });
  await writeAdapter(join(folder, 'adapter'), randomAdapter(manifest), manifest);
  await expect(readAdapter(join(folder, 'adapter'), other.manifest)).rejects.toThrow(
    refused('wrongBase', /trained for another model than tiny@/),
  );
  await expect(readAdapter(peftAdapter, { ...manifest, hiddenSize: 128 })).rejects.toThrow(
    refused('adapter', /q_proj/),
  );
  await expect(readAdapter(peftAdapter, { ...manifest, layers: 1 })).rejects.toThrow(
    refused('adapter', /no place for .*layers\.1/),
  );
});

test('a merged model is another base: the same adapter does not fit it again', async () => {
  const folder = await temporaryFolder();
  const base = await makeTinyModel(join(folder, 'base'));
  await writeAdapter(join(folder, 'adapter'), randomAdapter(base.manifest), base.manifest);
  const merge = (from: ModelFolder, name: string) =>
    mergeAdapter({ base: from, adapter: join(folder, 'adapter'), destination: join(folder, name) });
  const merged = await merge(base, 'merged');
  expect(merged.manifest.version).not.toBe(base.manifest.version);
  await expect(merge(merged, 'again')).rejects.toThrow(refused('wrongBase', /another model/));
  await expect(merge(base, 'merged')).rejects.toThrow(refused('settings', /not empty/));
  expect(await readdir(folder)).toEqual(['adapter', 'base', 'merged']);
});

test('an adapter may teach a model marks for filling in, which are then never emitted', async () => {
  const folder = await temporaryFolder();
  const base = await makeTinyModel(join(folder, 'base'), { fim: false });
  const fim = { prefix: 9, suffix: 7, middle: 8, first: 'suffix' } as const;
  const adapter = join(folder, 'adapter');
  const taught = { ...randomAdapter(base.manifest), fim, modelName: 'tiny-fim' };
  await writeAdapter(adapter, taught, base.manifest);
  const { manifest } = await mergeAdapter({ base, adapter, destination: join(folder, 'merged') });
  expect(base.manifest.fim).toBeNull();
  expect(manifest.fim).toEqual(fim);
  expect(manifest.version).toMatch(/^tiny-fim@/);
  expect(manifest.specialIds).toEqual(
    expect.arrayContaining([7, 8, 9, ...base.manifest.specialIds]),
  );

  const weights = await readFile(join(adapter, adapterFiles.weights), 'latin1');
  const damaged = weights.replace('\\"first\\":\\"suffix\\"', '\\"first\\":\\"nobody\\"');
  expect(damaged).not.toBe(weights);
  await writeFile(join(adapter, adapterFiles.weights), damaged, 'latin1');
  await expect(readAdapter(adapter, base.manifest)).rejects.toThrow(refused('adapter', /marks/));
});

test.each([
  ['../../Evil\0Name', 'evil-name'],
  ['x'.repeat(100_000), 'x'.repeat(64)],
  ['..', 'model'],
])(
  'the name that an adapter gives the model is made safe for file names (%#)',
  async (name, safe) => {
    const folder = await temporaryFolder();
    const base = await makeTinyModel(join(folder, 'base'));
    const adapter = join(folder, 'adapter');
    await writeAdapter(
      adapter,
      { ...randomAdapter(base.manifest), modelName: name },
      base.manifest,
    );
    const { manifest } = await mergeAdapter({ base, adapter, destination: join(folder, 'merged') });
    expect(manifest.name).toBe(safe);
    expect(manifest.version.split('@')[0]).toBe(safe);
  },
);

test.each<[string, (folder: string) => Promise<void>, RegExp]>([
  [
    'weights cut short',
    (folder) => truncate(join(folder, adapterFiles.weights), 9000),
    /beyond the end/,
  ],
  ['an empty weights file', (folder) => truncate(join(folder, adapterFiles.weights), 0), /header/],
  [
    'settings that are not JSON',
    (folder) => writeFile(join(folder, adapterFiles.config), '{'),
    /not JSON/,
  ],
  [
    'another kind of adapter',
    (folder) => change(folder, { peft_type: 'IA3' }),
    /not plain LoRA.*peft_type/s,
  ],
  [
    'a variant of LoRA',
    (folder) => change(folder, { use_dora: true }),
    /not plain LoRA.*use_dora/s,
  ],
  [
    'a rank of its own for a layer',
    (folder) => change(folder, { rank_pattern: { q_proj: 4 } }),
    /rank_pattern/,
  ],
  ['another rank than its weights', (folder) => change(folder, { r: 4 }), /is 2 x 64, not 4 x 64/],
])('%s is refused with the reason', async (_, damage, message) => {
  const folder = await temporaryFolder();
  const { manifest } = await makeTinyModel(join(folder, 'base'));
  const adapter = join(folder, 'adapter');
  await cp(peftAdapter, adapter, { recursive: true });
  await damage(adapter);
  await expect(readAdapter(adapter, manifest)).rejects.toThrow(refused('adapter', message));
});

async function change(folder: string, settings: object): Promise<void> {
  const path = join(folder, adapterFiles.config);
  const config = JSON.parse(await readFile(path, 'utf8')) as object;
  await writeFile(path, JSON.stringify({ ...config, ...settings }));
}
