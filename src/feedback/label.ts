/**
 * The one place where recorded facts become a reward. Pure functions over facts, so that labels of the
 * whole history can be derived anew whenever a number here changes; nothing here is ever stored.
 */
import type { FeedbackEvent, Outcome, RegionState, StoredSuggestion } from '../types';
import { tone } from './tone';

/** The numbers of the reward; a user may change them. */
export interface RewardTable {
  /** Accepted or typed through, times survival. */
  readonly kept: number;
  /** Taken in part, times the share of characters taken. */
  readonly partial: number;
  /** Accepted, and nothing of it left after at most `goneSeconds`. */
  readonly gone: number;
  /** As `gone`, but taken back with undo. */
  readonly undone: number;
  readonly goneSeconds: number;
  /** Dismissed, or typed against, after being visible for `seenMs`. */
  readonly dismissed: number;
  readonly typedAgainst: number;
  readonly seenMs: number;
  /** Weight of explicit feedback; what is only inferred weighs 1. */
  readonly explicitWeight: number;
}

/** How much of a taken text stood after a time. */
interface Survival {
  readonly afterSeconds: number;
  readonly survival: number;
  readonly state: RegionState;
}

/** What a person said about a suggestion in so many words. */
interface Opinion {
  readonly thumb: 'up' | 'down' | null;
  readonly aspects: Readonly<Record<string, number>>;
  readonly comment: string;
}

/** Everything known of one suggestion that bears on its reward. */
export interface SuggestionFacts {
  /** Undefined while it has none. */
  readonly outcome: Outcome | undefined;
  /** Characters taken and characters shown. */
  readonly takenLength: number;
  readonly shownLength: number;
  readonly visibleMs: number;
  /** In the order they were measured. */
  readonly survivals: readonly Survival[];
  readonly rating?: Opinion;
}

export interface Reward {
  /** -1..1 with the default table. */
  readonly value: number;
  readonly weight: number;
  /** Which row of the table it comes from. */
  readonly reason:
    'explicit' | 'kept' | 'partial' | 'gone' | 'undone' | 'dismissed' | 'typedAgainst';
}

/** DESIGN's numbers to start from. */
export const defaultRewardTable: RewardTable = {
  kept: 1,
  partial: 1,
  gone: -1,
  undone: -1,
  goneSeconds: 30,
  dismissed: -1,
  typedAgainst: -0.25,
  seenMs: 750,
  explicitWeight: 4,
};

/** Outcomes that can have a reward; the others never do. */
export const judgedOutcomes = [
  'accepted',
  'typedThrough',
  'partial',
  'dismissed',
  'typedAgainst',
] as const satisfies readonly Outcome[];

/** The reward of one suggestion; undefined where the facts support none, which is not zero. */
export function rewardOf(
  facts: SuggestionFacts,
  table: RewardTable = defaultRewardTable,
): Reward | undefined {
  const opinion = facts.rating && opinionOf(facts.rating);
  if (opinion !== undefined) {
    return { value: opinion, weight: table.explicitWeight, reason: 'explicit' };
  }
  const seen = facts.visibleMs >= table.seenMs;
  switch (facts.outcome) {
    case 'accepted':
    case 'typedThrough':
      return takenReward(facts, table);
    case 'partial':
      return {
        value: (table.partial * facts.takenLength) / Math.max(1, facts.shownLength),
        weight: 1,
        reason: 'partial',
      };
    case 'dismissed':
      return seen ? { value: table.dismissed, weight: 1, reason: 'dismissed' } : undefined;
    case 'typedAgainst':
      return seen ? { value: table.typedAgainst, weight: 1, reason: 'typedAgainst' } : undefined;
    case 'superseded':
    case 'left':
    case 'unseen':
    case undefined:
      return undefined;
  }
}

/**
 * The facts of one suggestion, folded from its events in the order they happened: the last outcome
 * and the last rating stand. Undefined while there is neither.
 */
export function factsOf(events: readonly FeedbackEvent[]): SuggestionFacts | undefined {
  let candidates: readonly { readonly text: string }[] = [];
  let outcome: (FeedbackEvent & { kind: 'outcome' }) | undefined;
  let rating: SuggestionFacts['rating'];
  const survivals: Survival[] = [];
  for (const event of events) {
    if (event.kind === 'suggestion') candidates = event.suggestion.candidates;
    else if (event.kind === 'outcome') outcome = event;
    else if (event.kind === 'rating') rating = event;
    else if (event.kind === 'survival') survivals.push(event);
  }
  if (!outcome && !rating) return undefined;
  return {
    outcome: outcome?.outcome,
    takenLength: outcome?.takenLength ?? 0,
    shownLength: candidates[outcome?.candidateIndex ?? 0]?.text.length ?? 0,
    visibleMs: outcome?.visibleMs ?? 0,
    survivals,
    ...(rating && { rating }),
  };
}

/** Everything that is stored of a suggestion, as it was recorded. */
export function eventsOf(stored: StoredSuggestion): FeedbackEvent[] {
  const { suggestion, shown, outcomes, survival, settled, rating } = stored;
  return [
    { kind: 'suggestion', suggestion },
    ...shown,
    ...outcomes,
    ...survival,
    ...(settled ? [settled] : []),
    ...(rating ? [rating] : []),
  ];
}

/** The reward of a suggestion by everything that is stored of it. */
export function rewardOfStored(stored: StoredSuggestion): Reward | undefined {
  const facts = factsOf(eventsOf(stored));
  return facts && rewardOf(facts);
}

/** Aspects a person may rate, by kind of text. */
export function aspectsOf(languageId: string): readonly string[] {
  return proseLanguages.has(languageId)
    ? ['accuracy', 'clarity', 'voice']
    : ['functionality', 'efficiency', 'style'];
}

const proseLanguages = new Set([
  'asciidoc',
  'bibtex',
  'git-commit',
  'latex',
  'markdown',
  'plaintext',
  'restructuredtext',
  'scminput',
  'tex',
]);

/** What was taken whole is worth what became of it; while that was never measured, nothing is known. */
function takenReward(facts: SuggestionFacts, table: RewardTable): Reward | undefined {
  // A branch switch or a revert says nothing about the text: only what was measured before counts.
  const measured = facts.survivals.filter(({ state }) => state !== 'replacedOutside');
  const last = measured.at(-1);
  if (!last) return undefined;
  const gone = measured.find(
    ({ afterSeconds, survival }) => afterSeconds <= table.goneSeconds && survival === 0,
  );
  // What came back, by redo, was not gone.
  if (gone && last.survival === 0 && facts.outcome === 'accepted') {
    const reason = gone.state === 'undone' ? 'undone' : 'gone';
    return { value: table[reason], weight: 1, reason };
  }
  return { value: table.kept * last.survival, weight: 1, reason: 'kept' };
}

/** -1..1 from the plainest thing said: the thumb, else aspects and the comment's tone together. */
function opinionOf({ thumb, aspects, comment }: Opinion): number | undefined {
  if (thumb) return thumb === 'up' ? 1 : -1;
  const commentTone = tone(comment);
  const opinions = [...Object.values(aspects), ...(commentTone === 0 ? [] : [commentTone])];
  if (opinions.length === 0) return undefined;
  return opinions.reduce((sum, opinion) => sum + opinion, 0) / opinions.length;
}
