/**
 * Records that cross rooms. Plain data only: no behaviour, no editor types, nothing that does not
 * survive JSON. Offsets are UTF-16 code units, as in JavaScript strings and VS Code documents;
 * times are milliseconds since the epoch; probabilities and survival lie in 0..1.
 */

/** Where a candidate's text came from. */
export type CandidateSource = 'greedy' | 'sampled' | 'copied' | 'imported' | 'listed';

/** One contiguous replacement. `offset` and `removedLength` refer to the text before the change. */
export interface TextChange {
  readonly offset: number;
  readonly removedLength: number;
  readonly insertedText: string;
  readonly timeMs: number;
}

/** What a snippet is to the place of the cursor. */
export type SnippetKind =
  /** What a name that the file imports stands for. */
  | 'declaration'
  /** Code that resembles the code at the cursor. */
  | 'similar'
  /** What the user changed a moment ago, as it stands now. */
  | 'edit';

/** Text from elsewhere that bears on the place of the cursor. */
export interface Snippet {
  readonly kind: SnippetKind;
  /** Where it stands, like `CompletionContext.path`. */
  readonly path: string;
  readonly text: string;
}

/** What the policy may know about the place where it is asked to continue. */
export interface CompletionContext {
  /** Name of the workspace folder, or '' for a file outside any. */
  readonly repository: string;
  /** Path in the workspace with '/' separators; a name such as `untitled.ts` where there is none. */
  readonly path: string;
  readonly languageId: string;
  /** Told before the file itself, in this order; what changes least comes first. */
  readonly snippets: readonly Snippet[];
  /** Text before the cursor, from a window start that stays put while the user types. */
  readonly prefix: string;
  /** Text after the cursor and the closers, bounded. */
  readonly suffix: string;
  /** What stands between the two and closes what is open before the cursor; left out where nothing does. */
  readonly closers?: string;
  /** Whether more than one line may be proposed here. */
  readonly multiline: boolean;
}

/** One proposed completion: the text to insert at the cursor. */
export interface Candidate {
  readonly text: string;
  /** Ids the policy would emit for `text`; empty when the text was never tokenised. */
  readonly tokenIds: readonly number[];
  /** Summed log-probability of `text` after the context, in nats (<= 0); NaN until scored. */
  readonly logProb: number;
  readonly source: CandidateSource;
  /** Probability (0..1] with which this candidate was drawn; 1 for deterministic sources. */
  readonly propensity: number;
  /** Where the text also stands elsewhere: what a copy of it rests on. */
  readonly copy?: CopyEvidence;
  /** Log-probability of the first token past the cursor, in nats (<= 0); left out where not known. */
  readonly firstLogProb?: number;
  /** Entropy of the distribution which that token is one of, in nats (>= 0). */
  readonly entropy?: number;
  /**
   * Of a text of several lines: summed log-probability (nats, <= 0) of its first line, its first two and
   * so on, each with its line end; fewer where the policy read no further. Only until it is cut.
   */
  readonly lineLogProbs?: readonly number[];
}

/** How strongly the user's own text supports a copied candidate. */
export interface CopyEvidence {
  /** Length in characters of the text around the cursor, but for the copy, that also stands there. */
  readonly runLength: number;
  /** Places (at most 20 are looked at) where this very text followed the run. */
  readonly votes: number;
  /** Places looked at in all, so `votes / places` is the agreement. */
  readonly places: number;
  readonly sameFile: boolean;
  /** Of the votes, those that stand in text the user wrote or took a moment ago, 0..votes. */
  readonly ownVotes?: number;
  /** How lately the newest of the places was written: 1 just now, 0 before all that is remembered. */
  readonly recency?: number;
  /** Whether one of the places is about the same name as the cursor's: see `copyIndex.ts`. */
  readonly sameSymbol?: boolean;
}

/** A candidate and how likely it is to be accepted and retained, 0..1: what it was ordered by. */
export interface ScoredCandidate extends Candidate {
  readonly score: number;
}

/** Why a suggestion was asked for. */
export type Trigger = 'automatic' | 'invoked';

export interface LatencyMs {
  readonly context: number;
  readonly copy: number;
  readonly queue: number;
  readonly prefill: number;
  readonly decode: number;
  readonly total: number;
}

/** Which rule chose what was shown: the best by the reward model, or a draw in order to learn. */
export type Exploration = 'best' | 'explored';

/** One decision: a context, its candidates in the order chosen, and which one was shown, or none. */
export interface Suggestion {
  /** Random UUID. */
  readonly id: string;
  readonly timeMs: number;
  readonly documentUri: string;
  /** Cursor offset in the whole document when it was asked for. */
  readonly offset: number;
  readonly trigger: Trigger;
  readonly context: CompletionContext;
  /** Best first. */
  readonly candidates: readonly ScoredCandidate[];
  /** Index into `candidates` of the one shown first; null when Hone stayed silent. */
  readonly shownIndex: number | null;
  /** Probability (0..1] of the decision taken (which was shown, or none). */
  readonly propensity: number;
  readonly exploration: Exploration;
  /** Identity of the policy that proposed, e.g. `hone-135m@b179c952`. */
  readonly policyVersion: string;
  /** Identity of what ordered the candidates, e.g. `score-1`. */
  readonly rewardVersion: string;
  readonly latencyMs: LatencyMs;
  /** What the policy made of the context, as a few numbers; left out where it was not asked. */
  readonly state?: readonly number[];
}

/** What the user did with a suggestion that was shown. One per suggestion; a late accept overwrites. */
export type Outcome =
  | 'accepted'
  | 'typedThrough'
  | 'partial'
  | 'dismissed'
  | 'typedAgainst'
  | 'superseded'
  | 'left'
  | 'unseen';

/** Seconds after acceptance at which survival is measured. */
export const survivalSeconds = [15, 30, 120, 300, 600] as const;

/**
 * How the tracked region stood when survival was measured. `replacedOutside`: read anew from the disk,
 * or replaced or deleted together with lines above it; neither says anything about the text.
 */
export type RegionState = 'present' | 'edited' | 'undone' | 'replacedOutside' | 'closed';

/**
 * Facts, in the order they happened. The store keeps them as they are; labels are derived later,
 * by `feedback/label.ts` alone.
 */
export type FeedbackEvent =
  | { readonly kind: 'suggestion'; readonly suggestion: Suggestion }
  | {
      readonly kind: 'shown';
      readonly suggestionId: string;
      /** Index into the suggestion's candidates; cycling shows another one. */
      readonly candidateIndex: number;
      readonly timeMs: number;
    }
  | {
      readonly kind: 'outcome';
      readonly suggestionId: string;
      readonly outcome: Outcome;
      readonly candidateIndex: number;
      /** Characters of the shown text that the user took, 0..text length. */
      readonly takenLength: number;
      /** How long the text had been visible, in milliseconds. */
      readonly visibleMs: number;
      readonly timeMs: number;
    }
  | {
      readonly kind: 'survival';
      readonly suggestionId: string;
      readonly afterSeconds: number;
      readonly survival: number;
      readonly state: RegionState;
      readonly timeMs: number;
    }
  | {
      readonly kind: 'settled';
      readonly suggestionId: string;
      /** What stands at that place once it has been quiet. */
      readonly text: string;
      readonly timeMs: number;
    }
  | {
      readonly kind: 'rating';
      readonly suggestionId: string;
      readonly thumb: 'up' | 'down' | null;
      /** Aspect name to -1..1, e.g. `{ style: -1 }`. */
      readonly aspects: Readonly<Record<string, number>>;
      readonly comment: string;
      readonly timeMs: number;
    };

export type EventOf<K extends FeedbackEvent['kind']> = Extract<FeedbackEvent, { kind: K }>;

/** A suggestion with everything known about it. Texts are masked, see `store/secrets.ts`. */
export interface StoredSuggestion {
  readonly suggestion: Suggestion;
  /** In the order they were recorded, like all facts below. */
  readonly shown: readonly EventOf<'shown'>[];
  /** The last one holds: a late accept overwrites. */
  readonly outcomes: readonly EventOf<'outcome'>[];
  readonly survival: readonly EventOf<'survival'>[];
  readonly settled: EventOf<'settled'> | undefined;
  readonly rating: EventOf<'rating'> | undefined;
}

/** Time as an argument: real in the product, turned by hand in tests. */
export interface Clock {
  now(): number;
  /** Calls `run` once after `delayMs`; the returned function cancels it. */
  after(delayMs: number, run: () => void): () => void;
}

/** What Hone was set to, read once from the editor's settings or the command line, then frozen. */
export interface Settings {
  readonly enabled: boolean;
  /** Path of a GGUF file or a Hugging Face folder; '' for the model that ships. */
  readonly model: string;
  readonly debounceMs: number;
  readonly multiline: 'auto' | 'never' | 'always';
  readonly languages: Readonly<Record<string, boolean>>;
  /** Globs, relative to the workspace folder, that are neither read nor stored. */
  readonly exclude: readonly string[];
  readonly suggestInComments: boolean;
  /** Globs where Hone suggests but records nothing. */
  readonly neverLearn: readonly string[];
  /** Days that feedback is kept; 0 keeps it for good. */
  readonly retentionDays: number;
  readonly maxStoreMegabytes: number;
  readonly threads: number;
  /** How readily Hone shows what it is not sure of, 0..1. */
  readonly eagerness: number;
  readonly learning: LearningSettings;
}

/** When and for how long the model may be trained on this machine. */
export interface LearningSettings {
  /** `idle` also trains on command; `manual` trains on command only; `off` learns nothing at all. */
  readonly mode: 'idle' | 'manual' | 'off';
  /** Of training in idle time; what is asked for by command does not count. */
  readonly minutesPerDay: number;
  /** Minutes without a key press after which the user counts as away; parts of one are allowed. */
  readonly idleMinutes: number;
  readonly onBattery: boolean;
  /** Whether this workspace has versions of its own, out of its own feedback alone. */
  readonly perWorkspace: boolean;
}

export interface Logger {
  debug(topic: string, message: string): void;
  info(topic: string, message: string): void;
  warn(topic: string, message: string): void;
  error(topic: string, message: string, error?: unknown): void;
}
