/**
 * What another rule of showing would have been worth, told from decisions that were taken by the rule
 * in use: self-normalised inverse propensity scoring (Swaminathan and Joachims, NeurIPS 2015), with the
 * effective sample size that says how far to believe it. Pure; it can only judge what was tried, so the
 * rule in use must now and then do otherwise, by a probability that was noted.
 */
import { bootstrap, type Interval, sum } from '../util/statistics';

/** One decision as it was taken, and what the rule that is to be judged would have done. */
export interface LoggedDecision {
  /** Probability (0..1] with which the action taken was chosen. */
  readonly propensity: number;
  /** Probability 0..1 with which the other rule chooses the same action in the same place. */
  readonly targetProbability: number;
  /** What the action taken was worth. */
  readonly reward: number;
  /** Decisions of one group (a commit, a day) are not independent, and are drawn together. */
  readonly group?: string;
}

/** Mean reward of a decision under the other rule; NaN where it would never have done the same. */
export interface OffPolicyEstimate extends Interval {
  /** Decisions taken by the other rule itself that would say as much (Kish), 0..decisions. */
  readonly effectiveSize: number;
  readonly decisions: number;
}

export interface OffPolicyOptions {
  readonly seed?: number;
  /** Samples drawn for the interval; 1,000 where not given. */
  readonly draws?: number;
  /** A heavier weight is cut to this, at the price of a bias; none is cut where not given. */
  readonly maxWeight?: number;
}

/**
 * The value of the other rule, with a percentile bootstrap over groups.
 * @throws RangeError when a propensity is not in (0, 1] or a target probability not in [0, 1].
 */
export function estimateValue(
  decisions: readonly LoggedDecision[],
  { seed = 1, draws = 1_000, maxWeight = Infinity }: OffPolicyOptions = {},
): OffPolicyEstimate {
  const groups = new Map<string, Sums>();
  let all = noSums;
  let index = 0;
  for (const decision of decisions) {
    const sums = sumsOf(decision, maxWeight);
    all = plus(all, sums);
    const name = decision.group ?? `decision ${index++}`;
    groups.set(name, plus(groups.get(name) ?? noSums, sums));
  }
  const interval = bootstrap([[...groups.values()]], valueOf, { seed, draws });
  return {
    ...interval,
    effectiveSize: all.weight === 0 ? 0 : all.weight ** 2 / all.squares,
    decisions: decisions.length,
  };
}

/** What a decision offered and what was done. */
export interface ThresholdDecision {
  /** Of the best candidate, 0..1, see `evenChance`; undefined without candidates. */
  readonly probability: number | undefined;
  /** Whether the best candidate was shown, another one, or none. */
  readonly action: 'best' | 'other' | 'silent';
  readonly propensity: number;
  readonly reward: number;
  readonly group?: string;
}

/** Those decisions as they bear on the rule "show the best candidate from `threshold` on". */
export function underThreshold(
  decisions: readonly ThresholdDecision[],
  threshold: number,
): LoggedDecision[] {
  return decisions.map(({ probability, action, ...logged }) => {
    const isShown = probability !== undefined && probability >= threshold;
    return { ...logged, targetProbability: action === (isShown ? 'best' : 'silent') ? 1 : 0 };
  });
}

interface Sums {
  readonly weight: number;
  readonly squares: number;
  readonly reward: number;
}

const noSums: Sums = { weight: 0, squares: 0, reward: 0 };

function sumsOf(
  { propensity, targetProbability, reward }: LoggedDecision,
  maxWeight: number,
): Sums {
  if (!(propensity > 0 && propensity <= 1)) {
    throw new RangeError(`A propensity of ${propensity} is not in (0, 1].`);
  }
  if (!(targetProbability >= 0 && targetProbability <= 1)) {
    throw new RangeError(`A target probability of ${targetProbability} is not in [0, 1].`);
  }
  const weight = Math.min(maxWeight, targetProbability / propensity);
  return { weight, squares: weight ** 2, reward: weight * reward };
}

function plus(a: Sums, b: Sums): Sums {
  return {
    weight: a.weight + b.weight,
    squares: a.squares + b.squares,
    reward: a.reward + b.reward,
  };
}

/** NaN where nothing is known. */
function valueOf(groups: readonly Sums[]): number {
  return sum(groups.map(({ reward }) => reward)) / sum(groups.map(({ weight }) => weight));
}
