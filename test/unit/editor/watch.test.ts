import { rename, rm, writeFile } from 'node:fs/promises';
import * as path from 'node:path';
import { expect, test } from 'vitest';
import { stampOf, watch } from '../../../src/editor/watch';
import { FakeClock } from '../../helpers/fakeClock';
import { temporaryFolder } from '../../helpers/temporaryFolder';

test('a file that comes, is replaced and goes is noticed each time, once', async () => {
  const file = path.join(await temporaryFolder(), 'champion.json');
  const clock = new FakeClock();
  let changes = 0;
  const looks = async (): Promise<number> => {
    for (let i = 0; i < 3; i++) {
      await expect.poll(() => clock.pending).toBe(1);
      clock.advance(1_000);
    }
    await expect.poll(() => clock.pending).toBe(1);
    return changes;
  };
  const onChange = (): void => void changes++;
  const watching = watch({ stamp: () => stampOf(file), everyMs: 1_000, onChange, clock });
  expect(await looks()).toBe(0);
  await writeFile(file, 'one');
  expect(await looks()).toBe(1);
  await writeFile(`${file}.new`, 'two');
  await rename(`${file}.new`, file);
  expect(await looks()).toBe(2);
  await rm(file);
  expect(await looks()).toBe(3);
  watching.dispose();
  expect(clock.pending).toBe(0);
});
