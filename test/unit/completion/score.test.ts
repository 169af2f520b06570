import { expect, test } from 'vitest';
import { featureNames, features, score } from '../../../src/completion/score';
import { weights } from '../../../src/completion/scoreWeights';
import type { Candidate, CopyEvidence } from '../../../src/types';

const evidence: CopyEvidence = { runLength: 16, votes: 1, places: 1, sameFile: false };

/** A candidate of six tokens whose mean log-probability is `mean` nats. */
function candidate(mean: number, overrides: Partial<Candidate> = {}): Candidate {
  const tokenIds = [1, 2, 3, 4, 5, 6];
  const base = { text: 'load(userId);', tokenIds, logProb: mean * 6, propensity: 1 } as const;
  return { ...base, source: 'greedy', ...overrides };
}

const copied = (mean: number, copy: Partial<CopyEvidence> = {}) =>
  candidate(mean, { source: 'copied', copy: { ...evidence, ...copy } });

const better = (a: Candidate, b: Candidate) => expect(score(a)).toBeGreaterThan(score(b));

test('the score is a number between 0 and 1 whatever is known', () => {
  for (const one of [candidate(0), candidate(-40), candidate(NaN), copied(NaN, { places: 0 })]) {
    expect(score(one)).toBeGreaterThan(0);
    expect(score(one)).toBeLessThan(1);
  }
});

test('what the policy finds likely goes first', () => {
  better(candidate(-0.2), candidate(-0.8));
  better(copied(-0.2), copied(-0.8));
  better(copied(-0.5), copied(NaN));
});

test('what stands in more places after a longer run goes first', () => {
  better(copied(-0.5, { runLength: 40 }), copied(-0.5, { runLength: 8 }));
  better(copied(-0.5, { votes: 3, places: 4 }), copied(-0.5, { votes: 1, places: 4 }));
  better(copied(NaN, { runLength: 40 }), copied(NaN, { runLength: 8 }));
});

test('text copied after a long run, where most places agree, goes before what the policy is not sure of', () => {
  better(copied(-1, { runLength: 48, votes: 4, places: 4 }), candidate(-0.7));
  better(candidate(-0.2), copied(-2.5, { runLength: 7 }));
});

test('what both say goes before what one says', () => {
  better(candidate(-0.5, { copy: evidence }), candidate(-0.5));
  better(candidate(-0.5, { copy: evidence }), copied(-0.5));
});

test('every feature has a weight and a value', () => {
  expect(Object.keys(features(candidate(-1)))).toEqual(Object.keys(weights));
  expect(featureNames).toEqual(Object.keys(weights));
});
