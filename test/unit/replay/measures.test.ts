import { describe, expect, test } from 'vitest';
import { type DecisionRecord, differencesOf, figuresOfArm } from '../../../src/replay/measures';

/** A decision of 100 characters in which `none` and `cache` retained so many. */
function decision(commit: string, none: number, cache: number): DecisionRecord {
  const arm = (retained: number) => ({
    shown: true,
    accepted: retained > 0,
    refused: retained === 0,
    retained,
    keystrokesSaved: retained - 1,
    forecast: { p: 0.5, kept: retained > 0 },
    choice: undefined,
    latencyMs: 100,
  });
  return {
    id: `${commit} ${none} ${cache}`,
    commit,
    languageId: 'typescript',
    written: 100,
    arms: { none: [arm(none)], cache: [arm(cache)] },
  };
}

describe('figures', () => {
  const records = [decision('a', 0, 20), decision('a', 10, 10), decision('b', 0, 30)];

  test('count what was retained of what was written', () =>
    expect(figuresOfArm(records, 'cache')).toEqual({
      retainedPer1000: 200,
      retained: 60,
      shown: 3,
      accepted: 3,
      refused: 0,
      keystrokesSaved: 57,
      calibrationError: 0.5,
      latencyMs: { p50: 100, p95: 100 },
    }));

  test('of an arm that was not played are nothing', () =>
    expect(figuresOfArm(records, 'all')).toMatchObject({ retained: 0, calibrationError: null }));

  test('have no calibration error where forecasts come true', () => {
    const pair = [decision('a', 10, 0), decision('a', 0, 10)];
    const half = Array.from({ length: 10 }, () => pair).flat();
    expect(figuresOfArm(half, 'none').calibrationError).toBe(0);
  });
});

describe('differences', () => {
  const differenceOf = (records: readonly DecisionRecord[]) =>
    differencesOf(records, ['none', 'cache'], 1).find(({ metric }) => metric === 'retainedPer1000');

  test('are above zero with their interval where every commit says so', () => {
    const records = Array.from({ length: 30 }, (_, i) => decision(`c${i}`, i % 5, 10 + (i % 7)));
    const found = differenceOf(records);
    expect(found?.mean).toBeCloseTo(108.33, 2);
    expect(found?.low).toBeGreaterThan(90);
    expect(found?.high).toBeLessThan(130);
  });

  test('are uncertain where one commit says it all', () => {
    const records = [
      ...Array.from({ length: 20 }, () => decision('one', 0, 50)),
      ...Array.from({ length: 20 }, (_, i) => decision(`c${i}`, 1, 0)),
    ];
    expect(differenceOf(records)?.mean).toBeGreaterThan(200);
    expect(differenceOf(records)?.low).toBeLessThan(0);
  });

  test('are the same for the same seed', () => {
    const records = [decision('a', 3, 4), decision('b', 5, 1), decision('c', 0, 9)];
    expect(differenceOf(records)).toEqual(differenceOf(records));
  });
});
