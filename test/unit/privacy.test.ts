/** Where each byte of the user's is kept, and who may read it. */
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { formatKept, keptFiles } from '../../src/privacy';
import { openStoreForTests, recordAll } from '../helpers/storeForTests';
import { sampleHistory } from '../helpers/sampleEvents';
import { temporaryFolder } from '../helpers/temporaryFolder';

test('every file beside a database is listed with its size, its rights and what it holds', async () => {
  const folder = await temporaryFolder();
  const { store } = await openStoreForTests({ file: path.join(folder, 'feedback.db') });
  await recordAll(store, sampleHistory(0, 'accepted'));
  await store.close();
  await mkdir(path.join(folder, 'learned/everywhere'), { recursive: true });
  await writeFile(path.join(folder, 'learned/everywhere/rows.jsonl'), 'x'.repeat(2_000_000));
  await chmod(path.join(folder, 'learned/everywhere/rows.jsonl'), 0o644);
  await writeFile(path.join(folder, 'strange'), '');

  const files = await keptFiles(folder);
  expect(files.map((file) => path.relative(folder, file.path))).toEqual([
    'feedback.db',
    'learned/everywhere/rows.jsonl',
    'strange',
  ]);
  expect(files[0]).toMatchObject({
    rights: '600',
    isOpenToOthers: false,
    holds: expect.stringContaining('suggestions') as string,
  });
  expect(files[1]).toMatchObject({ bytes: 2_000_000, rights: '644', isOpenToOthers: true });
  const text = formatKept(files);
  expect(text).toContain('2.0 MB  644 (others may read it)');
  expect(text).toContain('on this machine and nowhere else');
});

test('where there is no folder, nothing is kept', async () => {
  expect(await keptFiles(path.join(await temporaryFolder(), 'none'))).toEqual([]);
});
