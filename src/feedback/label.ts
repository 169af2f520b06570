/**
 * The one place where recorded facts become a reward. Pure functions over facts, so that labels of the
 * whole history can be derived anew whenever a number here changes; nothing here is ever stored.
 */
import type { FeedbackEvent, Outcome, RegionState } from '../types';

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

/** Everything known of one suggestion that bears on its reward. */
export interface SuggestionFacts {
  readonly outcome: Outcome;
  /** Characters taken and characters shown. */
  readonly takenLength: number;
  readonly shownLength: number;
  readonly visibleMs: number;
  readonly survivals: readonly {
    readonly afterSeconds: number;
    readonly survival: number;
    readonly state: RegionState;
  }[];
  readonly rating?: {
    readonly thumb: 'up' | 'down' | null;
    readonly aspects: Readonly<Record<string, number>>;
    readonly comment: string;
  };
}

export interface Reward {
  /** -1..1 with the default table. */
  readonly value: number;
  readonly weight: number;
  /** Which row of the table it comes from. */
  readonly reason:
    'explicit' | 'kept' | 'partial' | 'gone' | 'undone' | 'dismissed' | 'typedAgainst';
}

/** Folds the events of one suggestion, in order; undefined while there is neither outcome nor rating. */
export declare function factsOf(events: readonly FeedbackEvent[]): SuggestionFacts | undefined;

/** The reward of one suggestion; undefined where the facts support none, which is not zero. */
export declare function rewardOf(facts: SuggestionFacts, table?: RewardTable): Reward | undefined;

/** Aspects a person may rate, by kind of text. */
export declare function aspectsOf(languageId: string): readonly string[];
