import { rename, rm, writeFile } from 'node:fs/promises';
import * as path from 'node:path';
import { expect, test } from 'vitest';
import { stampOf, watch } from '../../../src/editor/watch';
import { Emitter } from '../../../src/util/event';
import { FakeClock } from '../../helpers/fakeClock';
import { temporaryFolder } from '../../helpers/temporaryFolder';

async function setUp() {
  const file = path.join(await temporaryFolder(), 'champion.json');
  const clock = new FakeClock();
  const acts = new Emitter<void>();
  const seen = { looks: 0, changes: 0 };
  const watching = watch({
    async stamp() {
      const stamp = await stampOf(file);
      seen.looks++;
      return stamp;
    },
    ...{ onDidAct: acts.event, everyMs: 1_000, clock },
    onChange: () => void seen.changes++,
  });
  await expect.poll(() => seen.looks).toBe(1);
  /** The user does something; resolves to the changes that were noticed by then. */
  const act = async (): Promise<number> => {
    const { looks } = seen;
    acts.fire();
    clock.advance(1_000);
    await expect.poll(() => seen.looks).toBe(looks + 1);
    // What follows the look in the same turn.
    await new Promise((resolve) => setImmediate(resolve));
    return seen.changes;
  };
  return { file, clock, acts, seen, act, watching };
}

test('a file that comes, is replaced and goes is noticed each time, once', async () => {
  const { file, act, clock, watching } = await setUp();
  expect(await act()).toBe(0);
  await writeFile(file, 'one');
  expect(await act()).toBe(1);
  expect(await act()).toBe(1);
  await writeFile(`${file}.new`, 'two');
  await rename(`${file}.new`, file);
  expect(await act()).toBe(2);
  await rm(file);
  expect(await act()).toBe(3);
  watching.dispose();
  expect(clock.pending).toBe(0);
});

test('while nobody does anything it waits for no timer, and many acts are one look', async () => {
  const { clock, acts, seen } = await setUp();
  clock.advance(60_000);
  expect(clock.pending).toBe(0);
  for (let i = 0; i < 20; i++) acts.fire();
  expect(clock.pending).toBe(1);
  clock.advance(1_000);
  await expect.poll(() => seen.looks).toBe(2);
  expect(clock.pending).toBe(0);
});
