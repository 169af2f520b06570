/**
 * The reward model's decision: features of the candidates and of their beginnings, what it makes of
 * them, and then their order and whether to show the best (see `rerank.ts`). The one path from candidates to a choice, whether a
 * suggestion is being made or a recorded one is decided anew. It holds no state.
 */
import type { RewardModel } from '../model/types';
import type { Candidate } from '../types';
import type { Random } from '../util/random';
import { withBeginnings } from './beginnings';
import { type Decision, featuresOf } from './features';
import { noOutcomes, type RecentOutcomes } from './outcomeMemory';
import { defaultExploration, rerank, type Reranked, thresholdOf } from './rerank';

export interface Judge {
  readonly reward: RewardModel;
  /** Left out where nothing is remembered of what became of suggestions before. */
  readonly outcomes?: { at(timeMs: number): RecentOutcomes } | undefined;
  /** 0..1, see `thresholdOf`. */
  readonly eagerness: number;
  /** See `rerank.ts`; `defaultExploration` when left out. */
  readonly exploration?: number | undefined;
  readonly random: Random;
}

export function choose(
  decision: Decision & { readonly timeMs: number },
  { reward, outcomes, eagerness, exploration, random }: Judge,
): Reranked<Candidate> {
  const { context, timeMs, trigger } = decision;
  const candidates = withBeginnings(decision.candidates, context.languageId);
  const rows = featuresOf({ ...decision, candidates }, outcomes?.at(timeMs) ?? noOutcomes);
  const judgements = reward.judge(rows);
  const judged = candidates.flatMap((candidate, i) => {
    const judgement = judgements[i];
    return judgement ? [{ candidate, ...judgement }] : [];
  });
  return rerank(judged, {
    trigger,
    threshold: thresholdOf(eagerness),
    exploration: exploration ?? defaultExploration,
    random,
  });
}
