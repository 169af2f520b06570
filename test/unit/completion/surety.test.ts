import { expect, test } from 'vitest';
import {
  isSure,
  surety,
  sureEnough,
  suretyFeatures,
  suretyWeights,
} from '../../../src/completion/surety';
import type { CopyEvidence } from '../../../src/types';

const evidence: CopyEvidence = { runLength: 24, votes: 2, places: 4, sameFile: false };

const of = (copy: Partial<CopyEvidence>) => surety({ ...evidence, ...copy });

test('a longer run, more agreement and more places make a copy surer', () => {
  expect(of({ runLength: 48 })).toBeGreaterThan(of({}));
  expect(of({ votes: 3 })).toBeGreaterThan(of({}));
  expect(of({ votes: 4, places: 8 })).toBeGreaterThan(of({}));
});

test('it is a probability whatever is known', () => {
  for (const copy of [{ runLength: 0 }, { votes: 0, places: 0 }, { runLength: 1e9, votes: 1e9 }]) {
    expect(of(copy)).toBeGreaterThan(0);
    expect(of(copy)).toBeLessThanOrEqual(1);
  }
});

test('a copy is sure after a long run, if most places agree and no other text follows one as long', () => {
  const sure = { runLength: 40, votes: 3, places: 3, sameFile: false };
  expect(isSure([sure])).toBe(true);
  expect(isSure([sure, { ...evidence, runLength: 39 }])).toBe(true);
  expect(isSure([sure, { ...evidence, runLength: 40, votes: 1 }])).toBe(false);
  expect(isSure([{ ...sure, runLength: 8, votes: 1 }])).toBe(false);
  expect(isSure([{ ...sure, votes: 1, places: 20 }])).toBe(false);
  expect(isSure([])).toBe(false);
});

test('every feature has a weight, and the threshold is a probability', () => {
  expect(Object.keys(suretyFeatures(evidence))).toEqual(Object.keys(suretyWeights));
  expect(sureEnough).toBeGreaterThan(0);
  expect(sureEnough).toBeLessThan(1);
});
