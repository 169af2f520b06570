/**
 * What a reward model is fitted to: candidates of stored suggestions with what became of them. The one
 * shown has its reward (see `feedback/label.ts`); of the others it is known what stands there instead,
 * and so whether they would have been right. Features are those that the decision saw: the outcomes
 * remembered are those before it. Where nothing is known nothing is made up.
 */
import { type Decision, featuresOf } from '../completion/features';
import { OutcomeMemory, type RecentOutcomes } from '../completion/outcomeMemory';
import { agreement } from '../feedback/agreement';
import { rewardOfStored } from '../feedback/label';
import type { Candidate, StoredSuggestion } from '../types';

export interface RewardExample {
  /** In the order of `completion/features.ts`. */
  readonly row: Float64Array; // [F]
  /** P(accepted and retained) as it turned out, 0..1. */
  readonly target: number;
  readonly weight: number;
  /** What a person said of it in so many words, by aspect, -1..1. */
  readonly aspects: Readonly<Record<string, number>>;
}

/** One candidate of a decision; without an example where its outcome is not known. */
export interface RewardOption {
  readonly row: Float64Array; // [F]
  readonly target: number | undefined;
  /** Whether it is what was written, by the same measure for all, shown or not. */
  readonly isRight: boolean | undefined;
  readonly text: string;
  /** The number it was ordered by when the decision was taken. */
  readonly score: number;
}

export interface RewardPair {
  readonly better: Float64Array; // [F]
  readonly worse: Float64Array; // [F]
  readonly weight: number;
}

/** What one suggestion teaches. */
export interface RewardLesson {
  readonly timeMs: number;
  readonly options: readonly RewardOption[];
  /** Index of the one that was shown; null for silence. */
  readonly shownIndex: number | null;
  readonly examples: readonly RewardExample[];
  readonly pairs: readonly RewardPair[];
}

/** What is inferred of a candidate that was not shown counts less, and so does what was not read. */
const inferredWeight = 0.5;
const unreadWeight = 0.25;
/** A choice that was drawn stands for those that were not, but no more than so many. */
const maxDrawnWeight = 4;

/** Lessons of suggestions that come oldest first; those that teach nothing are left out. */
export async function* lessonsOf(
  suggestions: AsyncIterable<StoredSuggestion>,
): AsyncGenerator<RewardLesson> {
  const memory = new OutcomeMemory();
  for await (const stored of suggestions) {
    const lesson = lessonOf(stored, memory.at(stored.suggestion.timeMs));
    memory.recordStored(stored);
    if (lesson) yield lesson;
  }
}

/** Undefined where nothing is known of any candidate. */
export function lessonOf(
  stored: StoredSuggestion,
  outcomes: RecentOutcomes,
): RewardLesson | undefined {
  const { suggestion, rating } = stored;
  const labels = labelsOf(stored);
  const written = writtenAt(stored, suggestion.candidates[labels.shownIndex ?? -1]);
  if (labels.targets.every((target) => target === undefined)) return undefined;
  const rows = featuresOf(suggestion, outcomes);
  const options = suggestion.candidates.map(({ text, score }, i): RewardOption => ({
    row: rows[i] ?? new Float64Array(0),
    target: labels.targets[i],
    isRight: written === undefined ? undefined : wouldBeRight(text, written) === 1,
    text,
    score,
  }));
  const examples = options.flatMap(({ row, target }, i): RewardExample[] => {
    if (target === undefined) return [];
    const isShown = i === labels.shownIndex;
    return [
      {
        row,
        target,
        weight: isShown ? labels.weight : inferredWeight,
        aspects: isShown ? (rating?.aspects ?? {}) : {},
      },
    ];
  });
  return {
    timeMs: suggestion.timeMs,
    options,
    shownIndex: labels.shownIndex,
    examples: [...examples, ...unreadExamples(suggestion, labels.targets, outcomes)],
    pairs: pairsOf(options),
  };
}

interface Labels {
  readonly shownIndex: number | null;
  readonly weight: number;
  readonly targets: readonly (number | undefined)[];
}

function labelsOf(stored: StoredSuggestion): Labels {
  const { suggestion, outcomes } = stored;
  const shownIndex = outcomes.at(-1)?.candidateIndex ?? suggestion.shownIndex;
  const reward = rewardOfStored(stored);
  const shown = shownIndex === null ? undefined : suggestion.candidates[shownIndex];
  const written = writtenAt(stored, shown);
  const drawn = suggestion.exploration === 'explored' ? 1 / suggestion.propensity : 1;
  return {
    shownIndex,
    weight: (reward?.weight ?? 1) * Math.min(maxDrawnWeight, drawn),
    targets: suggestion.candidates.map((candidate, i) => {
      if (i === shownIndex) return reward && Math.min(1, Math.max(0, reward.value));
      return written === undefined ? undefined : wouldBeRight(candidate.text, written);
    }),
  };
}

/** What stands at the place in the end, or was taken. */
function writtenAt(
  { settled, outcomes }: StoredSuggestion,
  shown: Candidate | undefined,
): string | undefined {
  if (settled !== undefined) return settled.text;
  const outcome = outcomes.at(-1);
  const isTaken = outcome?.outcome === 'accepted' || outcome?.outcome === 'typedThrough';
  return isTaken ? shown?.text : undefined;
}

/** Whether a candidate says what was written; undefined where it goes on beyond that. */
function wouldBeRight(text: string, written: string): number | undefined {
  const wanted = text.trimEnd();
  const { takenLength, typedLength } = agreement(written.trimEnd(), wanted);
  // Half of a word is not what was meant.
  const splitsWord = /\w$/.test(wanted) && /\w/.test(written.charAt(typedLength));
  if (takenLength === wanted.length) return splitsWord ? 0 : 1;
  return typedLength === written.trimEnd().length ? undefined : 0;
}

/** Every candidate that is better than another. */
function pairsOf(options: readonly RewardOption[]): RewardPair[] {
  const pairs = options.flatMap((better) =>
    options
      .filter(({ target }) => target !== undefined && (better.target ?? 0) - target >= 0.5)
      .map((worse) => ({ better: better.row, worse: worse.row })),
  );
  return pairs.map((pair) => ({ ...pair, weight: 1 / pairs.length }));
}

/**
 * The copied texts alone, as they are before any policy has read them, so that a model that was fitted
 * to what one has read can also judge what none has.
 */
function unreadExamples(
  suggestion: StoredSuggestion['suggestion'],
  targets: readonly (number | undefined)[],
  outcomes: RecentOutcomes,
): RewardExample[] {
  if (suggestion.policyVersion === 'none') return [];
  const copies = suggestion.candidates.flatMap((candidate, i) =>
    candidate.copy === undefined ? [] : [{ candidate: unread(candidate), target: targets[i] }],
  );
  if (copies.every(({ target }) => target === undefined)) return [];
  const decision: Decision = {
    ...suggestion,
    context: { ...suggestion.context, snippets: [] },
    candidates: copies.map(({ candidate }) => candidate),
  };
  const rows = featuresOf(decision, outcomes);
  return copies.flatMap(({ target }, i) => {
    const row = rows[i];
    if (target === undefined || row === undefined) return [];
    return [{ row, target, weight: unreadWeight, aspects: {} }];
  });
}

function unread({ text, copy }: Candidate): Candidate {
  return {
    text,
    tokenIds: [],
    logProb: NaN,
    source: 'copied',
    propensity: 1,
    ...(copy && { copy }),
  };
}
