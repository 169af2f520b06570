/**
 * Asks the pipeline at a cursor as typing would, and tells what became of everything that was proposed
 * there: what a suggestion itself does not keep. It draws nothing by lot, and remembers nothing.
 */
import type { Policy, Words } from '../model/types';
import type { ScoredCandidate } from '../types';
import { withoutClosers } from './closers';
import { buildContext } from './context';
import { gate } from './gate';
import { thresholdOf } from './rerank';
import {
  type Proposal,
  type RejectedProposal,
  rejectedOf,
  type Silence,
  silenceOf,
} from './silence';
import { suggest, type SuggestParams } from './suggest';

export interface Inquiry {
  /** Undefined where a suggestion is shown. */
  readonly silence: Silence | undefined;
  /** Best first. */
  readonly candidates: readonly Pick<ScoredCandidate, 'text' | 'source' | 'score'>[];
  readonly shownIndex: number | null;
  readonly rejected: readonly RejectedProposal[];
  /** What a text of usual length must reach, 0..1; see `thresholdOf`. */
  readonly threshold: number;
  /** False where copied text alone was looked at. */
  readonly hasModel: boolean;
}

/** Rejects with an AbortError when `signal` fires. */
export async function inquire(params: SuggestParams, signal: AbortSignal): Promise<Inquiry> {
  const { document, settings, copyIndex, policy, refusals, reward } = params;
  const context = buildContext(document, settings.multiline);
  const proposed: Proposal[] = [];
  const refused: string[] = [];
  let words: Words | undefined;
  const heard: Policy | undefined = policy && {
    version: policy.version,
    warm: (...args) => policy.warm(...args),
    async generate(request, abort) {
      words = request.words;
      const result = await policy.generate(request, abort);
      proposed.push(...result.candidates);
      return result;
    },
  };
  const suggestion = await suggest(
    {
      ...params,
      trigger: 'automatic',
      policy: heard,
      refusals: refusals && {
        isRefused(at, candidate) {
          const isRefused = refusals.isRefused(at, candidate);
          if (isRefused) refused.push(candidate);
          return isRefused;
        },
      },
      options: { ...params.options, exploration: 0 },
    },
    signal,
  );
  const reason = gate(document, context, 'automatic', settings);
  // Copies that break the list are dropped before the policy sees them.
  if (reason === undefined) {
    const { uri, languageId, text, offset } = withoutClosers(document);
    const { multiline } = context;
    proposed.push(...(copyIndex?.lookup({ uri, languageId, text, offset, multiline }) ?? []));
  }
  // Without a reward model there is no threshold: whatever there is, is shown.
  const threshold = reward ? thresholdOf(settings.eagerness) : 0;
  const { candidates, shownIndex, policyVersion } = suggestion;
  return {
    silence: silenceOf({ gate: reason, suggestion, threshold }),
    candidates,
    shownIndex,
    rejected: rejectedOf(proposed, candidates, { refused, words }),
    threshold,
    hasModel: policyVersion !== 'none',
  };
}
