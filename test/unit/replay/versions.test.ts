import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { openHistory, type Commit } from '../../../src/replay/history';
import { temporaryFolder } from '../../helpers/temporaryFolder';

/** Folder name to the text of its one file. */
async function folderOf(versions: Readonly<Record<string, string>>): Promise<string> {
  const directory = await temporaryFolder();
  for (const [folder, text] of Object.entries(versions)) {
    await mkdir(path.join(directory, folder));
    await writeFile(path.join(directory, folder, 'index.ts'), text);
  }
  return directory;
}

async function check(
  versions: readonly string[],
  expected: readonly string[],
  commits = 100,
): Promise<void> {
  const texts = Object.fromEntries(versions.map((folder) => [folder, `// ${folder}\n`]));
  const history = await openHistory(await folderOf(texts), { commits, exclude: [] });
  const read: Commit[] = [];
  for await (const commit of history.commits()) read.push(commit);
  const order = [
    ...history.start.map(({ text }) => text),
    ...read.flatMap(({ changes }) => changes.map(({ after }) => after)),
  ];
  expect(order).toEqual(expected.map((folder) => `// ${folder}\n`));
  expect(history.head).toBe(expected.at(-1));
  expect(read.map(({ id }) => id)).toEqual(expected.slice(1));
}

describe('a folder of versions', () => {
  test('is walked in the order of the numbers, not of the letters', () =>
    check(['1.10.0', '1.9.0', '1.2.0'], ['1.2.0', '1.9.0', '1.10.0']));

  test('may have names before the numbers', () =>
    check(['zod@4.10.0', 'zod@4.5.4', 'v4.2'], ['v4.2', 'zod@4.5.4', 'zod@4.10.0']));

  test('has candidates before their release', () =>
    check(['2.0.0', '2.0.0-rc.1', '2.0.0rc2', '1.0'], ['1.0', '2.0.0-rc.1', '2.0.0rc2', '2.0.0']));

  test('is cut to its newest versions', () =>
    check(['1.0.0', '2.0.0', '3.0.0'], ['2.0.0', '3.0.0'], 1));

  test('leaves out folders that are none', () =>
    check(['1.0.0', 'notes', '2.0.0', 'v8-cache'], ['1.0.0', '2.0.0']));

  test('with one version is no history', async () => {
    const directory = await folderOf({ '1.0.0': 'a\n' });
    await expect(openHistory(directory, { commits: 9, exclude: [] })).rejects.toMatchObject({
      code: 'noRepository',
    });
  });
});
