/** Model folders that are whole, cut, or from another time; and graphs that cannot be opened. */
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ModelError } from '../../../src/model/errors';
import { modelName, readModelFolder } from '../../../src/model/modelFolder';
import { openSession } from '../../../src/model/session';
import { makeTinyModel } from '../../helpers/tinyModel';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'hone-folder-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

test('a folder reads back as it was written', async () => {
  const written = await makeTinyModel(directory);
  expect(await readModelFolder(directory)).toEqual(written);
});

const editManifest = async (changes: object): Promise<void> => {
  const path = join(directory, 'manifest.json');
  const json = JSON.parse(await readFile(path, 'utf8')) as object;
  await writeFile(path, JSON.stringify({ ...json, ...changes }));
};

test.each([
  [
    'whose weights were cut',
    () => truncate(join(directory, 'policy.weights'), 100),
    /policy.weights/,
  ],
  ['whose tokenizer is gone', () => rm(join(directory, 'tokenizer.json')), /tokenizer.json/],
  ['of another format', () => editManifest({ formatVersion: 99 }), /formatVersion/],
  ['with a wrong field', () => editManifest({ layers: 'two' }), /layers/],
  [
    'that names a file outside',
    () => editManifest({ files: { '../evil.desktop': { sha256: '', bytes: 1 } } }),
    /evil\.desktop/,
  ],
  [
    'whose manifest is not JSON',
    () => writeFile(join(directory, 'manifest.json'), '{'),
    /not JSON/,
  ],
] as const)(
  'a folder %s is refused, with the advice to import again',
  async (_, damage, message) => {
    await makeTinyModel(directory);
    await damage();
    const reading = readModelFolder(directory);
    await expect(reading).rejects.toThrow(message);
    await expect(reading).rejects.toThrow(/import the model again/);
    await expect(reading).rejects.toMatchObject({ code: 'staleFolder' });
  },
);

test('an empty folder says that nothing was imported', async () => {
  await expect(readModelFolder(directory)).rejects.toMatchObject({ code: 'notFound' });
});

test('a graph that cannot be opened or run is an engine error', async () => {
  await writeFile(join(directory, 'policy.onnx'), 'not a graph');
  const opening = openSession(join(directory, 'policy.onnx'), { threads: 1 });
  await expect(opening).rejects.toBeInstanceOf(ModelError);
  await expect(opening).rejects.toMatchObject({ code: 'engine' });

  const folder = await makeTinyModel(directory);
  const session = await openSession(folder.graphPath, { threads: 1 });
  await expect(session.run({}, ['logits'])).rejects.toMatchObject({ code: 'engine' });
  await session.release();
});

test.each([
  ['SmolLM2 135M Instruct', 'smollm2-135m-instruct'],
  ['../../etc/passwd', 'etc-passwd'],
  ['..', 'model'],
  ['Größe: 1.5B', 'gr-e-1.5b'],
])('the name %s becomes %s', (published, expected) => {
  expect(modelName(published)).toBe(expected);
});
