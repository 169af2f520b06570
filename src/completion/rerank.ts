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

/** What a suggestion costs the user, in characters that they need not type. */
const costs = {
  /** The key that takes a text. */
  take: 1,
  /** A text that is read and refused. */
  wrong: 2,
  /** The line end and the wait before what comes below a text that was taken. */
  below: 8,
  /** The wait and the key before what comes behind it on the same line. */
  behind: 4,
} as const;
/** Characters of a text that is worth what it costs at the threshold half-way. */
const usualLength = 31;

/**
 * The threshold of an eagerness 0..1 for a text of usual length: a sixteenth half-way, 0 (all is shown)
 * at 1, 1 (nothing is) at 0.
 */
export function thresholdOf(eagerness: number): number {
  return (1 - Math.min(1, Math.max(0, eagerness))) ** 4;
}

/** How far from the threshold the choice is still drawn, as a factor. */
const band = 2;

/** A text and the P(accepted and retained), 0..1, that is given to it. */
export interface Chance {
  readonly text: string;
  readonly probability: number;
}

/**
 * The probability 0..1 at which a text of usual length would be as worth showing as this one is: a
 * longer text may be less likely, because it saves more.
 */
export function evenChance({ text, probability }: Chance): number {
  const saved = (probability * (text.length - costs.take)) / (usualLength - costs.take);
  return saved / (saved + 1 - probability);
}

/** What a text's own probability must reach, 0..1, to be worth what `threshold` asks of a usual one. */
export function leastProbability(text: string, threshold: number): number {
  const share = Math.max(0, text.length - costs.take) / (usualLength - costs.take);
  return threshold === 0 ? 0 : threshold / (share * (1 - threshold) + threshold);
}

/**
 * The characters that showing each of the texts is expected to save, of all that compete at a cursor:
 * those taken and kept, less what it costs to take and to refuse, and what asking again behind a text
 * may bring where others go on from it.
 */
export function worthsOf(chances: readonly Chance[]): number[] {
  return chances.map(({ text, probability }) => {
    const own = probability * (text.length - costs.take) - (1 - probability) * costs.wrong;
    const next = chances
      .filter((other) => goesOnFrom(text, other.text))
      .map((other) => {
        const rest = other.text.slice(text.length);
        const wrong = Math.max(0, probability - other.probability) * costs.wrong;
        const wait = probability * (rest.startsWith('\n') ? costs.below : costs.behind);
        return other.probability * rest.length - wrong - wait;
      });
    return own + Math.max(0, ...next);
  });
}

/** Whether a text begins with all of another one, and not in the middle of a word. */
function goesOnFrom(text: string, other: string): boolean {
  if (other.length <= text.length || !other.startsWith(text)) return false;
  return !/\w$/.test(text) || !/^\w/.test(other.slice(text.length));
}

export function rerank<T extends { readonly text: string }>(
  judged: readonly Judged<T>[],
  { trigger, threshold, exploration, random }: RerankOptions,
): Reranked<T> {
  const chances = judged.map((one) => ({ ...one, text: one.candidate.text }));
  const worths = worthsOf(chances);
  const order = chances
    .map((one, i) => ({ ...one, even: evenChance(one), worth: worths[i] ?? 0 }))
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

  const best = first.even >= threshold ? 0 : null;
  const others: (number | null)[] = [];
  const isClose =
    threshold > 0 &&
    first.even >= threshold / band &&
    first.even <= Math.min(threshold * band, (1 + threshold) / 2);
  if (isClose) others.push(best === null ? 0 : null);
  // Another candidate that is nearly as good may as well be tried.
  if (best !== null && second !== undefined && second.even * band >= first.even) others.push(1);
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
