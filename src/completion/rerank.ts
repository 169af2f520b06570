/**
 * Orders judged candidates and decides whether to show the best of them. Where it might as
 * well have been otherwise, the choice is sometimes drawn, and how likely it was is kept, so that other
 * ways to choose can be estimated from what happened (arXiv 1503.02834). It knows no model.
 */
import type { Exploration, ScoredCandidate, Trigger } from '../types';
import type { Random } from '../util/random';

/** A candidate and what the reward model says of it. */
export interface Judged<T> {
  readonly candidate: T;
  /** P(accepted and retained), 0..1. */
  readonly probability: number;
  /** Orders candidates that are worth the same; higher is better. */
  readonly preference: number;
}

export interface RerankOptions {
  readonly trigger: Trigger;
  /** What the best candidate must reach to be shown, 0..1. */
  readonly threshold: number;
  /** Probability of each choice that is not the best where it is drawn at all, 0..0.3. */
  readonly exploration: number;
  readonly random: Random;
}

export interface Reranked<T> {
  /** Best first. */
  readonly candidates: readonly (T & Pick<ScoredCandidate, 'score'>)[];
  /** Null to stay silent. */
  readonly shownIndex: number | null;
  /** Probability (0..1] of that choice. */
  readonly propensity: number;
  readonly exploration: Exploration;
}

/** DESIGN's number to start from is 0.02; what is drawn is drawn only near the threshold, so more. */
export const defaultExploration = 0.05;

/**
 * The threshold of an eagerness 0..1: a sixteenth half-way, 0 (all is shown) at 1, 1 (nothing is) at 0.
 * Of histories that the model did not see, a sixteenth costs 2 % of what would be taken and spares a
 * quarter of the refusals; a tenth costs 4 %, a quarter 16 % (`npm run eval -- reward`).
 */
export function thresholdOf(eagerness: number): number {
  return (1 - Math.min(1, Math.max(0, eagerness))) ** 4;
}

/** How far from the threshold the choice is still drawn, as a factor. */
const band = 2;

/**
 * What a candidate is worth where only one can be shown. A longer text that is right saves more; by its
 * root, since what is wrong with a longer one costs more reading. Of histories that the model did not
 * see, most is right this way, beside ordering by probability or by characters expected.
 */
export function worthOf(probability: number, text: string): number {
  return probability * Math.sqrt(text.length);
}

export function rerank<T extends { readonly text: string }>(
  judged: readonly Judged<T>[],
  { trigger, threshold, exploration, random }: RerankOptions,
): Reranked<T> {
  const order = judged
    .map((one) => ({ ...one, worth: worthOf(one.probability, one.candidate.text) }))
    .toSorted((a, b) => b.worth - a.worth || b.preference - a.preference);
  const candidates = order.map(({ candidate, probability }) => ({
    ...candidate,
    score: probability,
  }));
  const [first, second] = order;
  const certain = (shownIndex: number | null) =>
    ({ candidates, shownIndex, propensity: 1, exploration: 'best' }) as const;
  if (first === undefined) return certain(null);
  if (trigger === 'invoked') return certain(0);

  const best = first.probability >= threshold ? 0 : null;
  const others: (number | null)[] = [];
  const isClose =
    threshold > 0 &&
    first.probability >= threshold / band &&
    first.probability <= Math.min(threshold * band, (1 + threshold) / 2);
  if (isClose) others.push(best === null ? 0 : null);
  // Another candidate that is nearly as good may as well be tried.
  if (best !== null && second !== undefined && second.probability * band >= first.probability)
    others.push(1);
  const share = Math.min(exploration, 0.3);
  const draw = random();
  const drawn = others[Math.floor(draw / Math.max(share, Number.MIN_VALUE))];
  if (share > 0 && drawn !== undefined)
    return { candidates, shownIndex: drawn, propensity: share, exploration: 'explored' };
  return {
    candidates,
    shownIndex: best,
    propensity: 1 - share * others.length,
    exploration: 'best',
  };
}
