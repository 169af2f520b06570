/**
 * Watches the place of one suggestion after its outcome: how much of the taken text survives at fixed
 * times, and what stands there whenever it has been quiet. It measures and reports; the region itself
 * follows the edits, and nobody here says whether that was good.
 */
import { type Clock, type FeedbackEvent, type RegionState, survivalSeconds } from '../types';
import type { Disposable } from '../util/disposable';
import type { Edit } from './minimalEdits';
import type { ChangeCause, TrackedRegion } from './trackedRegion';

/** Quiet in the region after which its text counts as settled. */
export const quietMs = 10_000;
/** How long a place is remembered only because an accept, or the suggestion itself, may come back. */
export const lateAcceptMs = 60_000;
/** Settled texts recorded for one suggestion at most: the first, and later changes of mind. */
export const maxSettled = 5;

/**
 * Why a place is watched: text was taken there, text may be written there instead of what was refused,
 * or an accept may come late. Until then what is written after what was merely passed over is recorded
 * too, once it is quiet; of what was not seen nothing is.
 */
export type WatchPurpose = 'taken' | 'writtenInstead' | 'passedOver' | 'lateAccept';

export interface WatchOptions {
  readonly suggestionId: string;
  readonly purpose: WatchPurpose;
  readonly region: TrackedRegion;
  /** Line breaks in the suggested text: an open region grows no further than that. */
  readonly maxLineBreaks: number;
  /** What stood before the place on its line; text written instead counts only while this stands. */
  readonly linePrefix: string;
  /** What stood behind the cursor before anything was written. */
  readonly closers: string;
  readonly clock: Clock;
  readonly documentText: () => string;
  readonly record: (event: FeedbackEvent) => void;
  readonly onDidEnd: (watch: RegionWatch) => void;
}

export class RegionWatch implements Disposable {
  readonly #options: WatchOptions;
  readonly #startedMs: number;
  #cancelLife: () => void = () => undefined;
  #cancelQuiet: (() => void) | undefined;
  #measuredMs = -1;
  #settledText: string | undefined;
  #settledCount = 0;
  #lifeOver = false;
  #disposed = false;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#startedMs = options.clock.now();
    if (options.purpose === 'lateAccept' || options.purpose === 'passedOver') {
      this.#cancelLife = options.clock.after(lateAcceptMs, () => this.#endWhenQuiet());
      return;
    }
    this.#awaitCheckpoint(0);
    this.#awaitQuiet();
  }

  get suggestionId(): string {
    return this.#options.suggestionId;
  }

  get purpose(): WatchPurpose {
    return this.#options.purpose;
  }

  get region(): TrackedRegion {
    return this.#options.region;
  }

  get linePrefix(): string {
    return this.#options.linePrefix;
  }

  /**
   * Follows one change event; the arguments are those of `TrackedRegion.follow`, and `told` are the
   * edits as the editor told them, each perhaps of far more than it changed.
   */
  follow(edits: readonly Edit[], cause: ChangeCause, after: string, told: readonly Edit[]): void {
    // The same event may have ended this watch to make room for another.
    if (this.#disposed) return;
    const keptBefore = this.region.survival;
    const isSwept = cause === 'edit' && this.#isSwept(told);
    const isTouched = this.region.follow(edits, cause, after);
    // A formatter leaves most of it; single words and brackets are found in any other text too.
    if (isSwept && this.region.survival <= keptBefore / 2) this.region.lose();
    if (!isTouched) return;
    this.#stopGrowing(after);
    if (this.purpose === 'lateAccept') return;
    if (this.#lifeOver) this.#end();
    else this.#awaitQuiet();
  }

  /** Ends the watch early with what is known, because room is needed. */
  finish(): void {
    this.#finish(this.region.state);
  }

  /** The document was closed. What had already become of the text says more than that. */
  close(): void {
    const { state } = this.region;
    this.#finish(state === 'present' || state === 'edited' ? 'closed' : state);
  }

  /** Ends the watch without another fact. */
  dispose(): void {
    this.#disposed = true;
    this.#cancelLife();
    this.#cancelQuiet?.();
  }

  #finish(state: RegionState): void {
    if (this.purpose === 'taken') this.#measure(this.#elapsedMs() / 1000, state);
    this.#end();
  }

  #end(): void {
    this.dispose();
    this.#options.onDidEnd(this);
  }

  #awaitCheckpoint(index: number): void {
    const seconds = survivalSeconds[index];
    if (seconds === undefined) {
      this.#endWhenQuiet();
      return;
    }
    const delayMs = Math.max(0, seconds * 1000 - this.#elapsedMs());
    this.#cancelLife = this.#options.clock.after(delayMs, () => {
      if (this.purpose === 'taken') this.#measure(seconds, this.region.state);
      this.#awaitCheckpoint(index + 1);
    });
  }

  #endWhenQuiet(): void {
    this.#lifeOver = true;
    if (!this.#cancelQuiet) this.#end();
  }

  #measure(afterSeconds: number, state: RegionState): void {
    if (this.#measuredMs === afterSeconds * 1000) return;
    this.#measuredMs = afterSeconds * 1000;
    const { suggestionId, clock, record } = this.#options;
    const { survival } = this.region;
    record({ kind: 'survival', suggestionId, afterSeconds, survival, state, timeMs: clock.now() });
  }

  #awaitQuiet(): void {
    this.#cancelQuiet?.();
    this.#cancelQuiet = undefined;
    if (this.#settledCount >= maxSettled) return;
    this.#cancelQuiet = this.#options.clock.after(quietMs, () => {
      this.#cancelQuiet = undefined;
      this.#settle();
      if (this.#lifeOver) this.#end();
    });
  }

  #settle(): void {
    const { suggestionId, clock, record, documentText, linePrefix, closers } = this.#options;
    const document = documentText();
    const { start, end } = this.region;
    const standing = document.slice(start, end);
    const text = standing === closers ? '' : standing;
    // What another branch has there, or a text that replaced all of it, is nobody's second thought.
    if (text === this.#settledText || this.region.state === 'replacedOutside') return;
    const isTaken = this.purpose === 'taken';
    if (!isTaken && text.trim() === '') return;
    // Written anew with what stands before it, it would be told as if that stood there twice.
    const isInstead = text !== '' && this.region.survival === 0;
    if (isInstead && !document.endsWith(linePrefix, start)) return;
    this.#settledText = text;
    this.#settledCount++;
    record({ kind: 'settled', suggestionId, text, timeMs: clock.now() });
  }

  /** Whether it is replaced with lines above it, which says nothing about what stood there. */
  #isSwept(edits: readonly Edit[]): boolean {
    const { start, end, takenLength, survival } = this.region;
    if (takenLength > 0 && survival === 0) return false;
    const lineStart = start - this.linePrefix.length;
    return edits.some(
      ({ offset, removedLength }) =>
        offset < lineStart && offset + removedLength > Math.max(start, end - 1),
    );
  }

  /** What is written on the lines below a suggestion is no longer about the suggestion. */
  #stopGrowing(document: string): void {
    const { start, end, keptEnd, endOpen } = this.region;
    if (!endOpen) return;
    const breaksBefore = document.slice(start, keptEnd).split('\n').length - 1;
    let position = keptEnd - 1;
    for (
      let breaks = breaksBefore;
      breaks <= Math.max(this.#options.maxLineBreaks, breaksBefore);
      breaks++
    ) {
      position = document.indexOf('\n', position + 1);
      if (position < 0 || position >= end) return;
    }
    this.region.fixEnd(document[position - 1] === '\r' ? position - 1 : position);
  }

  #elapsedMs(): number {
    return this.#options.clock.now() - this.#startedMs;
  }
}
