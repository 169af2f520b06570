/**
 * The number that orders candidates of all sources until there is a reward model: a logistic function
 * of a handful of features, an estimate of the probability that the text is exactly what will be
 * written. It decides nothing but the order.
 */
import type { Candidate } from '../types';

export const rewardVersion = 'score-1';

/** Nats per token below which the policy's doubt says no more. */
const lowestMean = -5;
/** Characters of code to a token, for text that was cut after it was scored. */
const charactersPerToken = 3.4;

/**
 * Weight of each feature, in the order of `features`. The `copied` and `margin` terms keep the rule
 * that was measured first: text copied after a run of 12 characters or more, or that the policy finds
 * no more than 0.3 nats per token worse than its own, goes before the policy's own.
 */
export const weights = {
  bias: 0.6,
  meanLogProb: 1.4,
  greedy: 0.25,
  copied: -1.6,
  unscored: -0.8,
  run: 0.75,
  agreement: 0.9,
  sameFile: 0.2,
  agreed: 1.5,
  length: -0.15,
} as const;

export type FeatureName = keyof typeof weights;

/** What is known of a candidate, each value about 0..5 in size. */
export function features(candidate: Candidate): Readonly<Record<FeatureName, number>> {
  const { copy, text, source } = candidate;
  const mean = meanLogProb(candidate);
  const known = Number.isFinite(mean);
  return {
    bias: 1,
    // Nats per token, -5..0.
    meanLogProb: known ? Math.max(lowestMean, mean) : 0,
    greedy: source === 'greedy' ? 1 : 0,
    copied: copy === undefined ? 0 : 1,
    unscored: known ? 0 : 1,
    // Doublings of the run above six characters, 0..4.
    run: copy === undefined ? 0 : Math.min(4, Math.max(0, Math.log2(copy.runLength / 6))),
    // Share of the places that agree, 0..1.
    agreement: copy === undefined ? 0 : copy.votes / Math.max(1, copy.places),
    sameFile: copy?.sameFile === true ? 1 : 0,
    // Both the policy and the user's own text say so.
    agreed: copy !== undefined && source !== 'copied' ? 1 : 0,
    // Doublings of the length above four characters, 0..6.
    length: Math.min(6, Math.max(0, Math.log2(text.length / 4))),
  };
}

/** A number in 0..1, higher is better. */
export function score(candidate: Candidate): number {
  const values = features(candidate);
  let logit = 0;
  for (const name of featureNames) logit += weights[name] * values[name];
  return 1 / (1 + Math.exp(-logit));
}

export const featureNames = Object.keys(weights) as readonly FeatureName[];

/** Nats per token; NaN for a candidate the policy did not score. */
function meanLogProb(candidate: Candidate): number {
  const tokens = candidate.tokenIds.length || candidate.text.length / charactersPerToken;
  return candidate.logProb / tokens;
}
