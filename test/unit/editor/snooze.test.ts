import { describe, expect, test } from 'vitest';
import { Snooze } from '../../../src/editor/snooze';
import { FakeClock } from '../../helpers/fakeClock';

function memory(initial?: number) {
  const values = new Map<string, unknown>(
    initial === undefined ? [] : [['snoozedUntilMs', initial]],
  );
  return {
    get: (key: string) => values.get(key),
    update(key: string, value: unknown) {
      values.set(key, value);
      return Promise.resolve();
    },
  };
}

describe('a snooze', () => {
  test('lasts as long as it was asked for, and says when it begins and ends', async () => {
    const clock = new FakeClock();
    const snooze = new Snooze(clock, memory());
    const states: (number | undefined)[] = [];
    snooze.onDidChange(() => states.push(snooze.untilMs));
    const start = clock.now();
    await snooze.start(5_000);
    clock.advance(4_999);
    expect(snooze.untilMs).toBe(start + 5_000);
    clock.advance(1);
    expect(snooze.untilMs).toBeUndefined();
    expect(states).toEqual([start + 5_000, undefined]);
  });

  test('can be ended early', async () => {
    const clock = new FakeClock();
    const snooze = new Snooze(clock, memory());
    await snooze.start(5_000);
    await snooze.end();
    expect(snooze.untilMs).toBeUndefined();
  });

  test('outlives a reload of the window', async () => {
    const clock = new FakeClock();
    const remembered = memory();
    await new Snooze(clock, remembered).start(5_000);
    clock.advance(1_000);
    expect(new Snooze(clock, remembered).untilMs).toBe(clock.now() + 4_000);
  });

  test('a second one replaces the first, longer or shorter', async () => {
    const clock = new FakeClock();
    const snooze = new Snooze(clock, memory());
    await snooze.start(60_000);
    await snooze.start(5_000);
    clock.advance(5_000);
    expect(snooze.untilMs).toBeUndefined();
  });
});
