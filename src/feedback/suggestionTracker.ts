/**
 * What the user did with each suggestion that was shown, told from document changes, cursor moves and
 * commands by one explicit state machine. It records facts (times, lengths, what happened next) and
 * never labels them: that is `label.ts`. It knows no editor, reads no file and asks the time of a Clock.
 */
import type { Clock, FeedbackEvent, Suggestion, TextChange } from '../types';
import type { Disposable } from '../util/disposable';
import type { Event } from '../util/event';

/** Why a document changed. `outside` is a reload from disk: branch switch, revert, another program. */
export type ChangeCause = 'edit' | 'undo' | 'redo' | 'outside';

export interface TrackerOptions {
  /**
   * Text of a live document between two offsets, clamped to its ends (`end` may lie far beyond);
   * undefined when the document is not open. Called in `shown`, never later than the events it answers.
   */
  readonly readText: (uri: string, start: number, end: number) => string | undefined;
  /** Suggestions followed at once after their outcome; the oldest is finished first. Default 200. */
  readonly maxFollowed?: number;
}

/** What a person says about a suggestion in so many words. */
export interface Rating {
  readonly thumb: 'up' | 'down' | null;
  /** Aspect name to -1..1; names come from `aspectsOf` in `label.ts`. */
  readonly aspects?: Readonly<Record<string, number>>;
  readonly comment?: string;
}

export declare class SuggestionTracker implements Disposable {
  /** Every fact, exactly once, in the order it happened; `suggestion` always precedes its others. */
  readonly onDidRecord: Event<FeedbackEvent>;
  /** The suggestion last shown, which a rating by command is about. */
  readonly lastShownId: string | undefined;

  constructor(clock: Clock, options: TrackerOptions);

  /** Records a decision to stay silent, or one that came too late to be shown. */
  notShown(suggestion: Suggestion): void;
  /**
   * Candidate `candidateIndex` is now visible and `suggestion.offset` is valid in the live document.
   * Called again with the same id (type-through reuse, cycling) it goes on with the place and texts
   * first given; offset and texts of later calls are ignored.
   */
  shown(suggestion: Suggestion, candidateIndex: number): void;
  /** The accept command ran. Confirms what the document change said, or overwrites the outcome. */
  accepted(suggestionId: string, candidateIndex: number): void;
  /** The user pressed Esc on the visible suggestion. */
  dismissed(): void;
  /** The suggestion is no longer visible and nobody knows why. */
  hidden(): void;
  /** Offsets of `changes` refer to the text before the event; the live document is already after it. */
  documentChanged(uri: string, changes: readonly TextChange[], cause: ChangeCause): void;
  cursorMoved(uri: string, offset: number): void;
  documentClosed(uri: string): void;
  activeDocumentChanged(uri: string | undefined): void;
  /** Records explicit feedback on `suggestionId`, by default on the suggestion last shown; false if there is none. */
  rate(rating: Rating, suggestionId?: string): boolean;
  /** Ends what is open (`left` or `unseen`), closes what is followed, and frees every timer. */
  dispose(): void;
}
