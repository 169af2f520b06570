/**
 * What an arm learns as the product does, in seconds and in minutes: it remembers what was refused, and
 * refits the reward model that orders and silences. It learns from its own store alone.
 */
import { choose } from '../completion/judge';
import { featureNames } from '../completion/features';
import { OutcomeMemory } from '../completion/outcomeMemory';
import { RefusalMemory } from '../completion/refusals';
import { createRewardModel, type RewardWeights } from '../model/rewardModel';
import { maxRefitted, refitReward } from '../training/rewardFit';
import type { FeedbackEvent, Outcome } from '../types';
import { seededRandom } from '../util/random';
import type { Learner } from './replay';

export interface RewardLearnerOptions {
  /** What it starts from, and is held to. */
  readonly prior: RewardWeights;
  /** 0..1, the user's. */
  readonly eagerness: number;
  /** See `completion/rerank.ts`; the product's when left out. */
  readonly exploration?: number;
  readonly seed: number;
}

/** Labels after which the reward model is refitted. */
const refitAfter = 20;
/** Outcomes that say something. */
const labelled: ReadonlySet<Outcome> = new Set([
  ...(['accepted', 'typedThrough', 'partial'] as const),
  ...(['dismissed', 'typedAgainst'] as const),
]);
/** Remembers refusals, refits the reward model, and lets it order and silence. */
export function rewardLearner(options: RewardLearnerOptions): Learner {
  const { prior, eagerness, exploration, seed } = options;
  const outcomes = new OutcomeMemory();
  const refusals = new RefusalMemory();
  const random = seededRandom(seed);
  let reward = createRewardModel(prior, featureNames);
  let labels = 0;
  return {
    policy: undefined,
    notice(event: FeedbackEvent) {
      outcomes.record(event);
      refusals.note(event);
      if (event.kind === 'outcome' && labelled.has(event.outcome)) labels++;
    },
    decide(suggestion) {
      const { context } = suggestion;
      const candidates = suggestion.candidates.filter(
        ({ text }) => !refusals.isRefused(context, text),
      );
      const choice = choose(
        { ...suggestion, candidates },
        { reward, outcomes, eagerness, exploration, random },
      );
      return { ...suggestion, ...choice, rewardVersion: reward.version };
    },
    async learn(store) {
      if (labels < refitAfter) return;
      labels = 0;
      const { weights } = await refitReward(store.newest(maxRefitted), prior, { seed });
      reward = createRewardModel(weights, featureNames);
    },
    dispose: () => Promise.resolve(),
  };
}
