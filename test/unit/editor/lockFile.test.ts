import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { utimes } from 'node:fs/promises';
import * as path from 'node:path';
import { describe, expect, test } from 'vitest';
import { beatEveryMs, isHeld, staleAfterMs, takeLock } from '../../../src/editor/lockFile';
import { FakeClock } from '../../helpers/fakeClock';
import { temporaryFolder } from '../../helpers/temporaryFolder';

/** The time of a new file is the system's, which the clock therefore begins with. */
async function setUp() {
  const file = path.join(await temporaryFolder(), 'learning', 'lock');
  return { file, clock: new FakeClock(Date.now()) };
}

/** Lets time pass in steps in which a holder can renew its lock. */
async function live(clock: FakeClock, durationMs: number): Promise<void> {
  for (let passed = 0; passed < durationMs; passed += beatEveryMs) {
    clock.advance(beatEveryMs);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** As if a holder had died. */
async function leaveBehind(file: string, beatMs: number): Promise<void> {
  const held = await takeLock(file, new FakeClock(beatMs));
  expect(held).toBeDefined();
}

describe('a lock', () => {
  test('is held by one window at a time, and free again once released', async () => {
    const { file, clock } = await setUp();
    const first = await takeLock(file, clock);
    expect(first).toBeDefined();
    expect(await takeLock(file, clock)).toBeUndefined();
    await first?.release();
    expect(await isHeld(file, clock)).toBe(false);
    expect(await takeLock(file, clock)).toBeDefined();
  });

  test('goes to one of many that want it at once', async () => {
    const { file, clock } = await setUp();
    const all = await Promise.all(Array.from({ length: 8 }, () => takeLock(file, clock)));
    expect(all.filter((held) => held !== undefined)).toHaveLength(1);
  });

  test('stays held while its holder lives, however long that is', async () => {
    const { file, clock } = await setUp();
    const held = await takeLock(file, clock);
    await live(clock, 3 * staleAfterMs);
    expect(await isHeld(file, clock)).toBe(true);
    expect(held?.lost.aborted).toBe(false);
  });

  test('of a holder that died is taken over after a while, not before', async () => {
    const { file, clock } = await setUp();
    await leaveBehind(file, clock.now());
    clock.advance(staleAfterMs - 1_000);
    expect(await takeLock(file, clock)).toBeUndefined();
    clock.advance(2_000);
    expect(await takeLock(file, clock)).toBeDefined();
    expect(readdirSync(path.dirname(file))).toEqual(['lock']);
  });

  test('left behind empty, by a machine that lost power, is taken over too', async () => {
    const { file, clock } = await setUp();
    await (await takeLock(file, clock))?.release();
    writeFileSync(file, '');
    await utimes(file, clock.now() / 1000, clock.now() / 1000);
    clock.advance(staleAfterMs + 1_000);
    expect(await takeLock(file, clock)).toBeDefined();
  });

  test('whose time lies ahead, since the clock was set back, is taken over', async () => {
    const { file, clock } = await setUp();
    await leaveBehind(file, clock.now() + 3_600_000);
    expect(await takeLock(file, clock)).toBeDefined();
  });

  test('tells its holder when somebody else took it, and leaves that one alone', async () => {
    const { file, clock } = await setUp();
    const first = await takeLock(file, clock);
    // The machine slept: time has passed in which the holder did not run.
    clock.correct(2 * staleAfterMs);
    const second = await takeLock(file, clock);
    expect(second).toBeDefined();
    await live(clock, beatEveryMs);
    await expect.poll(() => first?.lost.aborted).toBe(true);
    await first?.release();
    expect(await isHeld(file, clock)).toBe(true);
    expect(second?.lost.aborted).toBe(false);
  });

  test('whose file was deleted by hand is lost', async () => {
    const { file, clock } = await setUp();
    const held = await takeLock(file, clock);
    rmSync(file);
    await live(clock, beatEveryMs);
    await expect.poll(() => held?.lost.aborted).toBe(true);
  });
});
