/** Promotion and rolling back on tiny models, and what happens to what is deleted by hand. */
import { cp, mkdir, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type ModelFolder, readModelFolder } from '../../../src/model/modelFolder';
import { mergeAdapter } from '../../../src/training/merge';
import { type Registry, addVersion, openRegistry, versionId } from '../../../src/training/registry';
import { temporaryFolder } from '../../helpers/temporaryFolder';
import { makeTinyModel } from '../../helpers/tinyModel';
import { add, record } from '../../helpers/versions';

interface Place {
  readonly root: string;
  readonly base: ModelFolder;
  readonly registry: Registry;
  /** Adapters that were merged, in order. */
  readonly merged: string[];
}

async function place(): Promise<Place> {
  const folder = await temporaryFolder();
  const base = await makeTinyModel(join(folder, 'model'));
  const root = join(folder, 'registry');
  return { root, base, ...open(root, base) };
}

function open(directory: string, base: ModelFolder): Pick<Place, 'registry' | 'merged'> {
  const merged: string[] = [];
  const registry = openRegistry({
    directory,
    base: base.manifest,
    merge(adapter, destination) {
      merged.push(adapter);
      return mergeAdapter({ base, adapter, destination });
    },
  });
  return { registry, merged };
}

const refused = { passed: false, reasons: ['It forgot how to write loops.'], checks: [] };

async function states({ registry }: Pick<Place, 'registry'>): Promise<Record<string, string>> {
  return Object.fromEntries((await registry.versions()).map(({ id, state }) => [id, state]));
}

test('without a promotion the base itself is in use', async () => {
  const here = await place();
  expect(await here.registry.versions()).toEqual([]);
  expect(await here.registry.champion()).toBeUndefined();
  await add(here, 'v1');
  expect(await here.registry.champion()).toBeUndefined();
  expect(await states(here)).toEqual({ v1: 'passed' });
});

test('a promoted version is a model folder, and one step back is the version before', async () => {
  const here = await place();
  const { registry } = here;
  for (const id of ['v1', 'v2', 'v3']) {
    await add(here, id);
    await registry.promote(id);
  }
  expect(await states(here)).toEqual({ v3: 'champion', v2: 'passed', v1: 'passed' });
  const champion = await registry.champion();
  const model = await readModelFolder(await registry.modelOf(champion!));
  expect(model.manifest.version).not.toBe(here.base.manifest.version);

  expect((await registry.rollBack())?.id).toBe('v2');
  expect((await registry.rollBack())?.id).toBe('v1');
  expect(await registry.rollBack()).toBeUndefined();
  expect(await registry.rollBack()).toBeUndefined();
  expect(await registry.champion()).toBeUndefined();
  expect((await registry.rollBack('v3'))?.id).toBe('v3');
  expect((await registry.rollBack('base'))?.id).toBeUndefined();
});

test('after rolling back to a version, one more step leads to what stood before it', async () => {
  const here = await place();
  for (const id of ['v1', 'v2', 'v3']) {
    await add(here, id);
    await here.registry.promote(id);
  }
  expect((await here.registry.rollBack('v2'))?.id).toBe('v2');
  expect((await here.registry.rollBack())?.id).toBe('v1');
});

test('merged models are kept for the champion and the one before, adapters for all', async () => {
  const here = await place();
  for (const id of ['v1', 'v2', 'v3']) {
    await add(here, id);
    await here.registry.promote(id);
  }
  const parts = await Promise.all(
    ['v1', 'v2', 'v3'].map((id) => readdir(join(here.root, 'versions', id))),
  );
  expect(parts).toEqual([
    ['adapter', 'verdict.json'],
    ['adapter', 'model', 'verdict.json'],
    ['adapter', 'model', 'verdict.json'],
  ]);
});

test('what the gate refused is not promoted, and the message gives its reason', async () => {
  const here = await place();
  await add(here, 'v1', { verdict: refused });
  await expect(here.registry.promote('v1')).rejects.toThrow(
    expect.objectContaining({
      ...{ name: 'TrainingError', code: 'version' },
      message: expect.stringMatching(/not used: It forgot how to write loops/) as string,
    }),
  );
  expect(await here.registry.champion()).toBeUndefined();
  await expect(here.registry.promote('v9')).rejects.toThrow(/There is no version v9/);
});

test('each base has its own champion, so changing the base and back restores it', async () => {
  const here = await place();
  await add(here, 'v1');
  await here.registry.promote('v1');
  const other = await makeTinyModel(join(here.root, 'other'), { seed: 2 });
  const elsewhere = { root: here.root, base: other, ...open(here.root, other) };
  expect(await elsewhere.registry.champion()).toBeUndefined();
  expect(await states(elsewhere)).toEqual({ v1: 'otherBase' });
  await expect(elsewhere.registry.promote('v1')).rejects.toThrow(/was trained for/);
  await add(elsewhere, 'v2');
  await elsewhere.registry.promote('v2');
  expect(await states(elsewhere)).toEqual({ v1: 'otherBase', v2: 'champion' });
  expect(await states(here)).toEqual({ v1: 'champion', v2: 'otherBase' });
});

test('a champion whose folder was deleted gives way to the one before it', async () => {
  const here = await place();
  for (const id of ['v1', 'v2']) {
    await add(here, id);
    await here.registry.promote(id);
  }
  await rm(join(here.root, 'versions/v2'), { recursive: true });
  expect((await here.registry.champion())?.id).toBe('v1');
  await rm(join(here.root, 'versions/v1/adapter'), { recursive: true });
  expect((await here.registry.champion())?.id).toBe('v1');
  await rm(join(here.root, 'versions/v1/model'), { recursive: true });
  expect(await here.registry.champion()).toBeUndefined();
  expect(await states(here)).toEqual({ v1: 'gone' });
  await expect(here.registry.promote('v1')).rejects.toThrow(/files of version v1 are gone/);
});

test('a model that was deleted or damaged is merged again', async () => {
  const here = await place();
  await add(here, 'v1');
  const version = await here.registry.promote('v1');
  await here.registry.modelOf(version);
  expect(here.merged).toHaveLength(1);
  await writeFile(join(version.directory, 'model/policy.weights'), 'cut short');
  const model = await here.registry.modelOf(version);
  expect(here.merged).toHaveLength(2);
  await readModelFolder(model);
});

test('a promotion whose model cannot be made leaves the champion as it was', async () => {
  const here = await place();
  await add(here, 'v1');
  await here.registry.promote('v1');
  await add(here, 'v2');
  const full = openRegistry({
    ...{ directory: here.root, base: here.base.manifest },
    merge: () => Promise.reject(new Error('The disk is full.')),
  });
  await expect(full.promote('v2')).rejects.toThrow('The disk is full.');
  expect(await states({ registry: full })).toEqual({ v1: 'champion', v2: 'passed' });
});

test.each(['', '{"formatVersion": 1, "cham', '{"formatVersion": 2}'])(
  'a pointer that holds %j stands for the base, and the next promotion mends it',
  async (text) => {
    const here = await place();
    await add(here, 'v1');
    await here.registry.promote('v1');
    const pointer = join(here.root, 'champion.json');
    await writeFile(pointer, text);
    expect(await here.registry.champion()).toBeUndefined();
    await here.registry.promote('v1');
    expect((await here.registry.champion())?.id).toBe('v1');
    expect(await readFile(pointer, 'utf8')).toContain('"v1"');
    expect(await readdir(here.root)).toEqual(['champion.json', 'versions']);
  },
);

test('what a killed process left half written is no version', async () => {
  const here = await place();
  await add(here, 'v1');
  await writeFile(join(here.root, 'versions/v1/verdict.json'), '{"id": "v1"');
  expect(await here.registry.versions()).toEqual([]);
});

test('old verdicts are dropped, the line of champions is not', async () => {
  const here = await place();
  await add(here, 'v1');
  await here.registry.promote('v1');
  for (let n = 2; n <= 40; n++) {
    await addVersion(here.root, record(`v${n}`, here.base, { verdict: refused }), {});
  }
  await add(here, 'v41');
  await here.registry.promote('v41');
  const ids = (await here.registry.versions()).map(({ id }) => id);
  expect(ids).toHaveLength(32);
  expect([ids[0], ids[1], ids.at(-1)]).toEqual(['v41', 'v40', 'v1']);
});

test('ids sort by time', () => {
  expect(versionId(Date.UTC(2026, 0, 31, 23, 59, 58))).toMatch(/^20260131-235958-[0-9a-f]{4}$/);
});

test('a version that is a link is none, and what it leads to stays', async () => {
  const here = await place();
  const { root, registry } = here;
  await add(here, 'v1');
  const elsewhere = await temporaryFolder();
  await cp(join(root, 'versions', 'v1'), elsewhere, { recursive: true });
  await mkdir(join(elsewhere, 'model'));
  await writeFile(join(elsewhere, 'model', 'precious.txt'), 'mine');
  await rm(join(root, 'versions', 'v1'), { recursive: true });
  await symlink(elsewhere, join(root, 'versions', 'v1'));
  expect(await registry.versions()).toEqual([]);
  await add(here, 'v2');
  await registry.promote('v2');
  expect(await readFile(join(elsewhere, 'model', 'precious.txt'), 'utf8')).toBe('mine');
});
