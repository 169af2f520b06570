/**
 * Carries feedback events to the database in the order they happened. The database opens after the
 * editor is up, so events wait here until it is; an event that could not be kept is reported, never
 * dropped in silence. Knows nothing of the editor.
 */
import type { FeedbackEvent } from '../types';
import type { FeedbackStore } from '../store/feedbackStore';

export class Recorder {
  readonly #store: Promise<Pick<FeedbackStore, 'record'>>;
  readonly #onLost: (error: unknown) => void;
  #last: Promise<void> = Promise.resolve();

  /** `onLost` hears of every event that was given up for good. */
  constructor(store: Promise<Pick<FeedbackStore, 'record'>>, onLost: (error: unknown) => void) {
    this.#store = store;
    this.#onLost = onLost;
  }

  record(event: FeedbackEvent): void {
    // Every event is handed over at once, and the store keeps their order; only the hand-over of
    // the first ones waits for the database to open.
    const recorded = this.#store.then((store) => store.record(event)).catch(this.#onLost);
    this.#last = Promise.all([this.#last, recorded]).then(() => undefined);
  }

  /** Resolves when everything recorded so far is committed or reported. */
  idle(): Promise<void> {
    return this.#last;
  }
}
