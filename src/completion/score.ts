/**
 * The number that orders candidates of all sources until there is a reward model: a logistic
 * regression on a handful of features, an estimate of the probability that the text is exactly what
 * will be written. It orders, and decides nothing else; its weights are fitted by `npm run eval -- fit`.
 */
import type { Candidate } from '../types';
import { weights } from './scoreWeights';

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
    // The policy would rather say something else.
    sampled: source === 'sampled' ? 1 : 0,
    // A name that the language server knows, and the policy alone would not have proposed.
    listed: source === 'listed' ? 1 : 0,
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
