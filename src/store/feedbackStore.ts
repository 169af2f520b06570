/**
 * The one database of everything that was suggested and what became of it. Keeps facts as they
 * happened and never a label. Several windows share the file; each event is one short transaction.
 */
import type { FeedbackEvent, Logger, Outcome, Suggestion } from '../types';
import { StoreError } from './errors';

export type EventOf<K extends FeedbackEvent['kind']> = Extract<FeedbackEvent, { kind: K }>;

/** A suggestion with everything known about it. Texts are masked, see `secrets.ts`. */
export interface StoredSuggestion {
  readonly suggestion: Suggestion;
  /** In the order they happened. */
  readonly shown: readonly EventOf<'shown'>[];
  /** In the order they were recorded; the last one holds. */
  readonly outcomes: readonly EventOf<'outcome'>[];
  readonly survival: readonly EventOf<'survival'>[];
  readonly settled: EventOf<'settled'> | undefined;
  readonly rating: EventOf<'rating'> | undefined;
}

export interface SuggestionRange {
  /** Inclusive, milliseconds since the epoch. */
  readonly fromMs?: number;
  /** Inclusive, milliseconds since the epoch. */
  readonly untilMs?: number;
  /** Facts that happened later than this are left out, so that a reading can be repeated. */
  readonly asOfMs?: number;
}

export interface StoreCounts {
  readonly suggestions: number;
  readonly byOutcome: Readonly<Partial<Record<Outcome, number>>>;
  readonly byLanguage: Readonly<Record<string, number>>;
  /** Local calendar day, `YYYY-MM-DD`, to suggestions on it. */
  readonly byDay: Readonly<Record<string, number>>;
  readonly fileBytes: number;
}

export interface RetentionLimits {
  /** 0 keeps for good. */
  readonly retentionDays: number;
  /** 0 sets no limit. */
  readonly maxStoreMegabytes: number;
}

export interface FeedbackStore {
  readonly file: string;
  /**
   * Resolves when the event is committed. While the database cannot be written the event waits in
   * memory and is tried again; it rejects with a StoreError only when it is given up for good.
   */
  record(event: FeedbackEvent): Promise<void>;
  lastSuggestion(): Promise<StoredSuggestion | undefined>;
  /** Oldest first. */
  suggestions(range?: SuggestionRange): AsyncIterable<StoredSuggestion>;
  counts(): Promise<StoreCounts>;
  /** Deletes for good, pages overwritten; resolves to the number of suggestions removed. */
  deleteSuggestion(id: string): Promise<number>;
  deleteRange(range: { readonly fromMs: number; readonly untilMs: number }): Promise<number>;
  deleteAll(): Promise<number>;
  /** Removes what is too old or too much, oldest first; resolves to the suggestions removed. */
  prune(limits: RetentionLimits): Promise<number>;
  /** Moves the write-ahead log into the file, so that a copy of the file alone is complete. */
  checkpoint(): Promise<void>;
  /** Tries once more to write what waits in memory, then closes. */
  close(): Promise<void>;
}

export interface FeedbackStoreOptions {
  readonly logger: Logger;
  /** Told once for each new trouble, with a message made for the user. */
  readonly onProblem?: (problem: StoreError) => void;
}

/**
 * For the editor: always resolves. A damaged file is set aside and a new one begun; where nothing
 * can be written, or the file is from a newer Hone, events wait in bounded memory and `onProblem`
 * says so.
 */
export function openFeedbackStore(
  file: string,
  _options: FeedbackStoreOptions,
): Promise<FeedbackStore> {
  return Promise.reject(new StoreError('failed', `${file} cannot be opened yet.`));
}

/** For the command line: rejects with a StoreError rather than create or set aside anything. */
export function openExistingStore(
  file: string,
  _options: FeedbackStoreOptions,
): Promise<FeedbackStore> {
  return Promise.reject(new StoreError('failed', `${file} cannot be opened yet.`));
}
