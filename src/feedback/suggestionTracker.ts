/**
 * What the user did with each suggestion that was shown, told from document changes, cursor moves and
 * commands by one explicit state machine. It records facts (times, lengths, what happened next) and
 * never labels them: that is `label.ts`. It knows no editor, reads no file and asks the time of a Clock.
 *
 *   shown ──▶ visible ──▶ accepted | typedThrough | partial     then survival and settled text
 *                    └──▶ dismissed | typedAgainst              then the text written instead
 *                    └──▶ superseded | left                     then what is written there next, if soon
 *                    └──▶ unseen, whatever ended it before `seenMs` without a character taken
 *   silent ──▶ rested on for `seenMs`                           then the text written there
 *
 * One suggestion is visible at a time and each gets one outcome. What was taken late, or reported
 * late by the accept command, overwrites a lesser outcome; nothing else does.
 */
import type { Clock, FeedbackEvent, Outcome, Suggestion, TextChange } from '../types';
import type { Disposable } from '../util/disposable';
import { Emitter, type Event } from '../util/event';
import { FollowedPlaces, type Place } from './followedPlaces';
import { type DocumentChange, LiveTexts, type ReadText } from './liveTexts';
import type { WatchPurpose } from './regionWatch';
import { steadyClock } from './steadyClock';
import { type ChangeCause, TrackedRegion } from './trackedRegion';
import { VisibleSuggestion } from './visibleSuggestion';

export type { ChangeCause } from './trackedRegion';

/** Visible time from which a suggestion counts as seen. */
export const seenMs = 750;
/**
 * Silences recorded in any hour: at this rate they crowd out no more than as many suggestions. What is
 * left out depends on the time alone, so that what is kept stays a fair sample.
 */
const maxSilencesPerHour = 60;
const hourMs = 3_600_000;
/** Suggestions whose outcome is remembered so that it is recorded once. */
const maxRemembered = 1_000;

export interface TrackerOptions {
  readonly readText: ReadText;
  /** Suggestions followed at once after their outcome; the oldest is finished first. */
  readonly maxFollowed?: number;
  /** Where time is simulated and every decision counts, Infinity. */
  readonly maxSilencesPerHour?: number;
}

/** What a person says about a suggestion in so many words. */
export interface Rating {
  readonly thumb: 'up' | 'down' | null;
  /** Aspect name to -1..1; names come from `aspectsOf` in `label.ts`. */
  readonly aspects?: Readonly<Record<string, number>>;
  readonly comment?: string;
}

/** What is remembered of a suggestion once recorded. */
interface Remembered {
  /** Lengths of its candidates' texts. */
  readonly textLengths: readonly number[];
  /** Undefined until it ends. */
  readonly outcome?: Outcome;
  readonly visibleMs: number;
}

/** How much an outcome says; a greater one overwrites a lesser. */
const rank = {
  unseen: 0,
  left: 0,
  superseded: 0,
  dismissed: 0,
  typedAgainst: 0,
  partial: 1,
  typedThrough: 2,
  accepted: 3,
} satisfies Record<Outcome, number>;

/** Why the place of what was not taken is watched further. */
const purposeAfter = {
  unseen: 'lateAccept',
  left: 'passedOver',
  superseded: 'passedOver',
  dismissed: 'writtenInstead',
  typedAgainst: 'writtenInstead',
  partial: 'taken',
  typedThrough: 'taken',
  accepted: 'taken',
} as const satisfies Record<Outcome, WatchPurpose>;

/** A decision to stay silent that the user may still be pausing at. */
interface Silence {
  readonly suggestion: Suggestion;
  readonly cancel: () => void;
}

export class SuggestionTracker implements Disposable {
  readonly #clock: Clock;
  readonly #records = new Emitter<FeedbackEvent>();
  readonly #texts: LiveTexts;
  readonly #followed: FollowedPlaces;
  /** The oldest first. */
  readonly #remembered = new Map<string, Remembered>();
  #visible: VisibleSuggestion | undefined;
  #silence: Silence | undefined;
  /** When silences were recorded in the last hour, the oldest first. */
  #silencesMs: readonly number[] = [];
  readonly #maxSilencesPerHour: number;
  #lastShownId: string | undefined;
  #disposed = false;

  constructor(clock: Clock, options: TrackerOptions) {
    this.#clock = steadyClock(clock);
    this.#texts = new LiveTexts(options.readText);
    this.#followed = new FollowedPlaces({
      clock: this.#clock,
      most: options.maxFollowed ?? 200,
      textOf: (uri) => this.#texts.get(uri),
      record: (event) => this.#records.fire(event),
      onDidEnd: () => this.#releaseDocuments(),
    });
    this.#maxSilencesPerHour = options.maxSilencesPerHour ?? maxSilencesPerHour;
  }

  /** Every fact, exactly once, in the order it happened; `suggestion` always precedes its others. */
  readonly onDidRecord: Event<FeedbackEvent> = this.#records.event;

  /** The suggestion last shown, which a rating by command is about. */
  get lastShownId(): string | undefined {
    return this.#lastShownId;
  }

  /**
   * It was decided to stay silent at the cursor. That is recorded, and what is written there instead,
   * once the user has rested there for as long as a suggestion would need to be seen.
   */
  silent(suggestion: Suggestion): void {
    if (this.#disposed || this.#isSilentAt(suggestion)) return;
    this.#breakSilence();
    const cancel = this.#clock.after(seenMs, () => this.#keepSilence(suggestion));
    this.#silence = { suggestion, cancel };
  }

  /**
   * Candidate `candidateIndex` is visible now. Called again for the visible suggestion (typed through,
   * cycled) it goes on at the place first given. For one that is shown anew, from a cache, `place`
   * says where its text begins in the document as it is now and where the cursor is.
   */
  shown(suggestion: Suggestion, candidateIndex: number, place?: Place): void {
    if (this.#disposed) return;
    this.#breakSilence();
    const { id, documentUri, offset } = suggestion;
    if (!suggestion.candidates[candidateIndex]) {
      throw new RangeError(`Suggestion ${id} has no candidate ${candidateIndex}.`);
    }
    const timeMs = this.#clock.now();
    if (this.#visible?.suggestion.id === id) {
      if (this.#visible.candidateIndex === candidateIndex) return;
      this.#visible.show(candidateIndex, this.#texts.get(documentUri) ?? '', timeMs);
    } else {
      this.#endVisible('superseded');
      if (rank[this.#remembered.get(id)?.outcome ?? 'unseen'] > 0) return;
      const { closers = '' } = suggestion.context;
      const asked = { start: offset, end: offset, closers };
      const at = place ?? this.#followed.watchOf(id)?.region ?? asked;
      const document = this.#texts.open(documentUri) ?? '';
      this.#visible = new VisibleSuggestion(suggestion, candidateIndex, at, document, timeMs);
    }
    this.#introduce(suggestion);
    this.#lastShownId = id;
    this.#records.fire({ kind: 'shown', suggestionId: id, candidateIndex, timeMs });
  }

  /** The accept command ran. Confirms what the document change said, or overwrites the outcome. */
  accepted(suggestionId: string, candidateIndex: number): void {
    if (this.#visible?.suggestion.id === suggestionId) {
      this.#take(this.#visible, 'accepted', candidateIndex);
      return;
    }
    const { outcome, visibleMs = 0 } = this.#remembered.get(suggestionId) ?? {};
    if (!outcome) return;
    this.#recordOutcome(suggestionId, 'accepted', candidateIndex, visibleMs);
    const isFollowedWhole = outcome === 'accepted' || outcome === 'typedThrough';
    this.#followed.acceptedLate(suggestionId, candidateIndex, isFollowedWhole);
  }

  /** The user pressed Esc on the visible suggestion. */
  dismissed(): void {
    this.#endVisible('dismissed');
  }

  /** The suggestion is no longer visible and nobody knows why. */
  hidden(): void {
    this.#endVisible('left');
  }

  /**
   * A document changed; the live document is already the one after. Offsets refer to the text before
   * the event, and no two changes touch. No changes at all still tell of a new kind of line end.
   */
  documentChanged(uri: string, changes: readonly TextChange[], cause: ChangeCause): void {
    if (this.#silence?.suggestion.documentUri === uri) this.#breakSilence();
    const change = this.#texts.change(uri, changes);
    if (!change) {
      if (this.#visible?.uri === uri) this.#endVisible('left');
      return;
    }
    this.#followed.documentChanged(uri, change, cause);
    if (this.#visible?.uri === uri) this.#judgeVisible(this.#visible, change, cause);
  }

  cursorMoved(uri: string, offset: number): void {
    const silent = this.#silence?.suggestion;
    if (silent?.documentUri !== uri || silent.offset !== offset) this.#breakSilence();
    const stays = this.#visible?.uri === uri && this.#visible.holdsCursor(offset);
    if (!stays) this.#endVisible('left');
  }

  documentClosed(uri: string): void {
    if (this.#silence?.suggestion.documentUri === uri) this.#breakSilence();
    if (this.#visible?.uri === uri) this.#endVisible('left');
    this.#followed.documentClosed(uri);
    this.#releaseDocuments();
  }

  activeDocumentChanged(uri: string | undefined): void {
    if (this.#silence?.suggestion.documentUri !== uri) this.#breakSilence();
    if (this.#visible?.uri !== uri) this.#endVisible('left');
  }

  /** Records explicit feedback, by default on the suggestion last shown; false if there is none. */
  rate(rating: Rating, suggestionId = this.#lastShownId): boolean {
    if (suggestionId === undefined) return false;
    const { thumb, aspects = {}, comment = '' } = rating;
    const timeMs = this.#clock.now();
    this.#records.fire({ kind: 'rating', suggestionId, thumb, aspects, comment, timeMs });
    return true;
  }

  /** Ends what is visible, closes what is followed, and frees every timer. */
  dispose(): void {
    if (this.#disposed) return;
    this.#breakSilence();
    this.#endVisible('left');
    this.#disposed = true;
    this.#followed.closeAll();
    this.#texts.keepOnly(new Set());
    this.#records.dispose();
  }

  /** The editor may ask again where nothing has happened; that is no other decision. */
  #isSilentAt({ documentUri, offset }: Suggestion): boolean {
    const waiting = this.#silence?.suggestion;
    if (waiting?.documentUri === documentUri && waiting.offset === offset) return true;
    return this.#followed.isSilentAt(documentUri, offset);
  }

  #breakSilence(): void {
    this.#silence?.cancel();
    this.#silence = undefined;
  }

  #keepSilence(suggestion: Suggestion): void {
    this.#silence = undefined;
    const timeMs = this.#clock.now();
    this.#silencesMs = this.#silencesMs.filter((earlierMs) => earlierMs > timeMs - hourMs);
    const document = this.#texts.open(suggestion.documentUri);
    if (document === undefined || this.#silencesMs.length >= this.#maxSilencesPerHour) {
      this.#releaseDocuments();
      return;
    }
    this.#silencesMs = [...this.#silencesMs, timeMs];
    this.#introduce(suggestion);
    const { offset, context } = suggestion;
    const linePrefix = document.slice(document.lastIndexOf('\n', offset - 1) + 1, offset);
    const laterLength = context.closers?.length ?? 0;
    const region = new TrackedRegion(document, offset, 0, { laterLength });
    this.#followed.follow(suggestion, 0, 'writtenInstead', region, linePrefix);
  }

  #judgeVisible(visible: VisibleSuggestion, change: DocumentChange, cause: ChangeCause): void {
    const verdict = visible.follow(change, cause);
    switch (verdict.kind) {
      case 'stands':
        return;
      case 'complete':
        this.#take(visible, verdict.inserted ? 'accepted' : 'typedThrough', verdict.candidateIndex);
        return;
      case 'against':
        this.#endVisible('typedAgainst');
        return;
      case 'gone':
        this.#endVisible('left');
        return;
    }
  }

  /** All of a candidate was taken. */
  #take(visible: VisibleSuggestion, outcome: Outcome, candidateIndex: number): void {
    const { suggestion, linePrefix } = visible;
    this.#visible = undefined;
    const visibleMs = visible.visibleMs(this.#clock.now());
    this.#recordOutcome(suggestion.id, outcome, candidateIndex, visibleMs);
    const watch = this.#followed.watchOf(suggestion.id);
    if (watch) this.#followed.drop(watch);
    this.#followed.followAccepted(suggestion, candidateIndex, visible, linePrefix);
    this.#releaseDocuments();
  }

  /** What was visible is no longer. Any end before `seenMs` says nothing about the text. */
  #endVisible(reason: 'dismissed' | 'typedAgainst' | 'superseded' | 'left'): void {
    const visible = this.#visible;
    if (!visible) return;
    this.#visible = undefined;
    const { suggestion, candidateIndex, start, end, typedLength, takenLength } = visible;
    const visibleMs = visible.visibleMs(this.#clock.now());
    const untaken = visibleMs < seenMs ? 'unseen' : reason;
    const outcome = visible.takenInPart ? 'partial' : untaken;
    this.#recordOutcome(suggestion.id, outcome, candidateIndex, visibleMs, takenLength);

    const document = this.#texts.get(suggestion.documentUri);
    const watch = this.#followed.watchOf(suggestion.id);
    if (document !== undefined && (!watch || outcome === 'partial')) {
      if (watch) this.#followed.drop(watch);
      const taken = outcome === 'partial' ? typedLength : 0;
      const laterLength = end - start - taken;
      const region = new TrackedRegion(document, start, taken, {
        laterLength,
        tailTaken: false,
        typedLength: taken > 0 ? visible.typedBefore : 0,
      });
      const purpose = taken > 0 ? 'taken' : purposeAfter[outcome];
      this.#followed.follow(suggestion, candidateIndex, purpose, region, visible.linePrefix);
    }
    this.#releaseDocuments();
  }

  /** Records the suggestion itself, before anything else about it. */
  #introduce(suggestion: Suggestion): void {
    if (this.#remembered.has(suggestion.id)) return;
    const textLengths = suggestion.candidates.map(({ text }) => text.length);
    this.#remembered.set(suggestion.id, { textLengths, visibleMs: 0 });
    if (this.#remembered.size > maxRemembered) {
      const [oldest] = this.#remembered.keys();
      if (oldest !== undefined) this.#remembered.delete(oldest);
    }
    this.#records.fire({ kind: 'suggestion', suggestion });
  }

  /** Records an outcome unless one that says as much is recorded already. */
  #recordOutcome(
    suggestionId: string,
    outcome: Outcome,
    candidateIndex: number,
    visibleMs: number,
    takenLength?: number,
  ): void {
    const remembered = this.#remembered.get(suggestionId);
    if (!remembered) return;
    if (remembered.outcome && rank[outcome] <= rank[remembered.outcome]) return;
    this.#remembered.set(suggestionId, { ...remembered, outcome, visibleMs });
    this.#records.fire({
      kind: 'outcome',
      suggestionId,
      outcome,
      candidateIndex,
      takenLength: takenLength ?? remembered.textLengths[candidateIndex] ?? 0,
      visibleMs,
      timeMs: this.#clock.now(),
    });
  }

  /** Lets go of the text of documents in which nothing is visible or followed. */
  #releaseDocuments(): void {
    const needed = new Set(this.#followed.uris);
    if (this.#visible) needed.add(this.#visible.uri);
    this.#texts.keepOnly(needed);
  }
}
