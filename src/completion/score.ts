/**
 * The number that orders candidates of all sources until there is a reward model: a logistic
 * regression on a handful of features, an estimate of the probability that the text is exactly what
 * will be written. It orders, and decides nothing else; its weights are fitted by `npm run eval -- fit`.
 */
import type { Candidate } from '../types';
import { weights } from './scoreWeights';
import { supportOf } from './surety';

export type FeatureName = keyof typeof weights;

export const featureNames = Object.keys(weights) as readonly FeatureName[];

/** Above this a text is as good as impossible to the policy. */
const mostNats = 30;

/** What the score rests on, by name, so that the weights can be fitted anew. */
export function features({
  copy,
  logProb,
  source,
}: Candidate): Readonly<Record<FeatureName, number>> {
  // Square root of the nats that the text costs, 0..5.5: the difference between one nat and two says
  // more than that between eleven and twelve. What the policy did not read, because there is none or the
  // text is longer than it may be, surprises it most.
  const nats = Number.isFinite(logProb) ? Math.max(0, -logProb) : mostNats;
  const surprise = Math.sqrt(Math.min(nats, mostNats));
  const copied = source === 'copied' ? 1 : 0;
  const imported = source === 'imported' ? 1 : 0;
  const { run, agreement, votes } = supportOf(copy);
  return {
    bias: 1,
    surprise,
    // Not also proposed by the policy itself.
    copied,
    // The policy would rather say something else.
    sampled: source === 'sampled' ? 1 : 0,
    // The file uses what it brings in, and has it not.
    imported,
    surpriseImported: surprise * imported,
    // What is written elsewhere need not be what the policy expects, the less the more speaks for it.
    surpriseCopied: surprise * copied,
    surpriseRun: surprise * run,
    surpriseAgreement: surprise * agreement,
    surpriseVotes: surprise * votes,
  };
}

/** A number in 0..1, higher is better. */
export function score(candidate: Candidate): number {
  const values = features(candidate);
  const logit = featureNames.reduce((sum, name) => sum + weights[name] * values[name], 0);
  return 1 / (1 + Math.exp(-logit));
}
