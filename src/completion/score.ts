/**
 * The number that orders candidates of all sources until there is a reward model: a logistic
 * regression on a handful of features, an estimate of the probability that the text is exactly what
 * will be written. It orders, and decides nothing else.
 */
import type { Candidate } from '../types';

/** Goes up whenever the features or the weights change. */
export const rewardVersion = 'score-1';

/**
 * Weight of each feature. Fitted by maximum likelihood (L2 of 1) to the candidates of 450 mid-line
 * cuts in the held-out files of zod, viem and @tanstack/query-core, the rest of each package being
 * the workspace, SmolLM2-135M the policy. Ordered so, on a package that the fit did not see, the
 * first is right on 46 % of the cuts; the policy's own is on 31 %, the best copied text on 35 %.
 */
export const weights = {
  bias: 0.07,
  surprise: -1,
  copied: -1.07,
  run: 0.86,
  agreement: 1.58,
  votes: 0.46,
  unscored: -3.72,
} as const;

export type FeatureName = keyof typeof weights;

export const featureNames = Object.keys(weights) as readonly FeatureName[];

/** What the score rests on, by name, so that the weights can be fitted anew. */
export function features({
  copy,
  logProb,
  source,
}: Candidate): Readonly<Record<FeatureName, number>> {
  const scored = Number.isFinite(logProb);
  return {
    bias: 1,
    // Square root of the nats that the text costs, 0..5.5: the difference between one nat and two
    // says more than that between eleven and twelve.
    surprise: scored ? Math.sqrt(Math.min(30, Math.max(0, -logProb))) : 0,
    // Not also proposed by the policy itself.
    copied: source === 'copied' ? 1 : 0,
    // Doublings of the run above six characters, 0..5.
    run: copy === undefined ? 0 : Math.min(5, Math.max(0, Math.log2(copy.runLength / 6))),
    // Share of the places that say the same, 0..1.
    agreement: copy === undefined ? 0 : copy.votes / Math.max(1, copy.places),
    // Doublings of the number of places that say the same, 0..4.4.
    votes: copy === undefined ? 0 : Math.log2(Math.max(1, copy.votes)),
    // The policy did not read it: there is none, or the text is longer than it may be.
    unscored: scored ? 0 : 1,
  };
}

/** A number in 0..1, higher is better. */
export function score(candidate: Candidate): number {
  const values = features(candidate);
  const logit = featureNames.reduce((sum, name) => sum + weights[name] * values[name], 0);
  return 1 / (1 + Math.exp(-logit));
}
