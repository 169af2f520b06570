/**
 * One arm of a replay: a user of their own before an editor of their own, with a real suggestion
 * tracker, a real store and a clock turned by hand. All arms come by the same documents, since all
 * users end with what was in fact written; they differ in what is shown and what is done with it.
 */
import { evenChance } from '../completion/rerank';
import { type Insertion, insertionAt, plainInsertion } from '../completion/insertion';
import { factsOf, rewardOf, type SuggestionFacts } from '../feedback/label';
import { SuggestionTracker } from '../feedback/suggestionTracker';
import type { FeedbackStore } from '../store/feedbackStore';
import type { ThresholdDecision } from '../training/offPolicy';
import type { FeedbackEvent, Suggestion } from '../types';
import { textOf } from './autoClosing';
import type { Decision } from './decisions';
import { ManualClock } from './manualClock';
import { reactTo } from './simulatedUser';

/** What came of one decision in one arm. */
export interface DecisionOutcome {
  /** Undefined where the user had been carried past the place by an earlier suggestion. */
  readonly suggestion: Suggestion | undefined;
  /** Keys that were pressed to take, mend or send away what was shown. */
  readonly keys: number;
  /** All that was recorded, until the end of the commit. */
  readonly events: readonly FeedbackEvent[];
}

/** What was recorded, in figures. */
export interface OutcomeFigures {
  readonly shown: boolean;
  readonly accepted: boolean;
  readonly refused: boolean;
  /** Characters accepted that still stood when last looked at. */
  readonly retained: number;
  readonly keystrokesSaved: number;
  /** What was thought of the shown text, and whether it was taken and stayed; undefined if unseen. */
  readonly forecast: { readonly p: number; readonly kept: boolean } | undefined;
  /** What was chosen, how likely that was, and its reward; undefined where nothing was asked. */
  readonly choice: ThresholdDecision | undefined;
}

const msPerKey = 180;
const msPerWord = 300;
/** A pause behind a line, in which its text settles. */
const lineRestMs = 12_000;
/** After a commit nothing is edited until survival has been measured for the last time. */
const commitRestMs = 11 * 60_000;
const mendAfterMs = 4_000;

export class Arm {
  readonly clock: ManualClock;
  readonly store: FeedbackStore;
  readonly #tracker: SuggestionTracker;
  readonly #notice: (event: FeedbackEvent) => void;
  readonly #texts = new Map<string, string>();
  readonly #events = new Map<string, FeedbackEvent[]>();
  #writes: Promise<void>[] = [];
  /** Up to where the open document is new already because a suggestion was taken. */
  #carriedTo = 0;

  /** @param notice told of every fact as it happens */
  constructor(store: FeedbackStore, startMs: number, notice: (event: FeedbackEvent) => void) {
    this.store = store;
    this.#notice = notice;
    this.clock = new ManualClock(startMs);
    this.#tracker = new SuggestionTracker(this.clock, {
      readText: (uri, start, end) => this.#texts.get(uri)?.slice(start, end),
    });
    this.#tracker.onDidRecord((event) => this.#record(event));
  }

  open(uri: string, text: string): void {
    this.#texts.set(uri, text);
    this.#carriedTo = 0;
    this.#tracker.activeDocumentChanged(uri);
  }

  /** Offset in the open document up to which a suggestion has put what is to be written. */
  get carriedTo(): number {
    return this.#carriedTo;
  }

  /** The user turns the document into `text`, by one change; it takes the time that typing does. */
  write(uri: string, text: string): void {
    const old = this.#texts.get(uri) ?? '';
    if (old === text) return;
    const { offset, removedLength, insertedText } = difference(old, text);
    this.clock.advance(msPerKey * Math.min(200, 1 + insertedText.length));
    this.#change(uri, offset, removedLength, insertedText);
  }

  /** Nothing is shown; the user looks for it as long as for a text. */
  stayQuiet(suggestion: Suggestion, { mood }: Decision): void {
    this.#tracker.silent(suggestion);
    this.clock.advance(mood.readMs);
  }

  /** Shows the suggestion and lets the user react; returns the keys that were pressed for it. */
  show(uri: string, suggestion: Suggestion, index: number, decision: Decision): number {
    const { offset, truth, mood, closersAt } = decision;
    const text = suggestion.candidates[index]?.text ?? '';
    this.#tracker.shown(suggestion, index);
    const insertion = insertionOf(text, decision, uri, suggestion.context.languageId);
    const reaction = reactTo(text, truth, mood, leavesRight(insertion, text, decision));
    this.clock.advance(reaction.kind === 'ignore' ? msPerKey : mood.readMs);
    switch (reaction.kind) {
      case 'accept':
        this.#accept(uri, offset, insertion);
        this.#tracker.accepted(suggestion.id, index);
        // Blanks at its end may not be what is written next.
        this.#carriedTo = offset + text.trimEnd().length;
        return 1;
      case 'mend': {
        this.#accept(uri, offset, insertion);
        this.#tracker.accepted(suggestion.id, index);
        this.clock.advance(mendAfterMs);
        const meant = truth.slice(0, reaction.mendedLength);
        const mended = documentWith(meant, decision);
        const { removedLength, insertedText } = difference(this.#texts.get(uri) ?? '', mended);
        this.write(uri, mended);
        this.#carriedTo = offset + meant.length;
        return 1 + removedLength + insertedText.length;
      }
      case 'partial': {
        let taken = 0;
        for (const length of reaction.words) {
          this.clock.advance(msPerWord);
          const [before, after] = [
            closersAt(taken, taken),
            closersAt(taken + length, taken + length),
          ];
          const word = truth.slice(taken, taken + length);
          this.#put(uri, offset + taken, word, textOf(before), textOf(after));
          taken += length;
        }
        this.#carriedTo = offset + taken;
        this.#typeOn(uri, suggestion.id, decision, taken);
        return reaction.words.length;
      }
      case 'dismiss':
        this.#tracker.dismissed();
        return 1;
      case 'typeAgainst':
      case 'ignore':
        this.#typeOn(uri, suggestion.id, decision, 0);
        return 0;
    }
  }

  rest(): void {
    this.clock.advance(lineRestMs);
  }

  /** Begins anew at the time of a commit; what was recorded before is only in the store. */
  startCommit(timeMs: number): void {
    this.clock.advanceTo(timeMs);
    this.#events.clear();
  }

  /** Lets the time pass in which survival is measured, and closes all documents. */
  endCommit(): void {
    this.clock.advance(commitRestMs);
    for (const uri of this.#texts.keys()) this.#tracker.documentClosed(uri);
    this.#texts.clear();
  }

  eventsOf(suggestionId: string): readonly FeedbackEvent[] {
    return this.#events.get(suggestionId) ?? [];
  }

  /** Resolves when all that was recorded is in the store. */
  async settled(): Promise<void> {
    await Promise.all(this.#writes);
    this.#writes = [];
  }

  async dispose(): Promise<void> {
    this.#tracker.dispose();
    await this.store.checkpoint();
    await this.store.close();
  }

  /** Types the truth from there on, a key at a time, for as long as the suggestion stands beside it. */
  #typeOn(uri: string, suggestionId: string, decision: Decision, taken: number): void {
    const { offset, truth, closersAt } = decision;
    let length = taken;
    for (const character of truth.slice(taken)) {
      if (this.eventsOf(suggestionId).some(({ kind }) => kind === 'outcome')) break;
      this.clock.advance(msPerKey);
      const before = textOf(closersAt(length, taken));
      const after = textOf(closersAt(length + character.length, taken));
      this.#put(uri, offset + length, character, before, after);
      length += character.length;
    }
  }

  /** Puts a text at the cursor, and closers after it in place of those that stood there. */
  #put(uri: string, offset: number, text: string, before: string, after: string): void {
    let same = 0;
    while (
      same < Math.min(before.length, after.length) &&
      before.at(-1 - same) === after.at(-1 - same)
    )
      same++;
    const closers = after.slice(0, after.length - same);
    this.#change(uri, offset, before.length - same, text + closers);
    this.#tracker.cursorMoved(uri, offset + text.length);
  }

  #accept(uri: string, offset: number, { text, replacedLength, cursorAt }: Insertion): void {
    this.#change(uri, offset, replacedLength, text);
    this.#tracker.cursorMoved(uri, offset + cursorAt);
  }

  #change(uri: string, offset: number, removedLength: number, insertedText: string): void {
    const old = this.#texts.get(uri) ?? '';
    this.#texts.set(uri, old.slice(0, offset) + insertedText + old.slice(offset + removedLength));
    const timeMs = this.clock.now();
    this.#tracker.documentChanged(uri, [{ offset, removedLength, insertedText, timeMs }], 'edit');
  }

  #record(event: FeedbackEvent): void {
    const id = event.kind === 'suggestion' ? event.suggestion.id : event.suggestionId;
    const events = this.#events.get(id) ?? [];
    events.push(event);
    this.#events.set(id, events);
    this.#notice(event);
    this.#writes.push(this.store.record(event));
  }
}

/** What one decision came to, once its commit is over. */
export function figuresOf({ suggestion, keys, events }: DecisionOutcome): OutcomeFigures {
  const nothing = { shown: false, accepted: false, refused: false, retained: 0 };
  const facts = factsOf(events);
  const choice = suggestion && choiceOf(suggestion, facts);
  const shownIndex = suggestion?.shownIndex ?? null;
  if (facts === undefined || shownIndex === null) {
    return { ...nothing, keystrokesSaved: 0, forecast: undefined, choice };
  }
  const { outcome } = facts;
  const accepted = outcome === 'accepted' || outcome === 'partial';
  const refused = outcome === 'dismissed' || outcome === 'typedAgainst';
  const retained = accepted ? Math.round(facts.takenLength * survivalOf(facts)) : 0;
  const isJudged = accepted || refused || outcome === 'typedThrough';
  const kept = retained >= 0.5 * facts.shownLength || outcome === 'typedThrough';
  const p = suggestion?.candidates[shownIndex]?.score ?? 0;
  return {
    ...{ shown: true, accepted, refused, retained },
    keystrokesSaved: retained - keys,
    forecast: isJudged ? { p, kept } : undefined,
    choice,
  };
}

/** Silence, and what was not looked at, is worth nothing either way. */
function choiceOf(
  { candidates, shownIndex, propensity }: Suggestion,
  facts: SuggestionFacts | undefined,
): ThresholdDecision {
  const [best] = candidates;
  return {
    probability: best && evenChance({ text: best.text, probability: best.score }),
    action: shownIndex === null ? 'silent' : shownIndex === 0 ? 'best' : 'other',
    propensity,
    reward: (facts && rewardOf(facts)?.value) ?? 0,
  };
}

/** Share of what was taken that stood when it was last looked at. */
function survivalOf({ survivals }: SuggestionFacts): number {
  return survivals.at(-1)?.survival ?? 1;
}

function insertionOf(
  candidate: string,
  { text, offset }: Decision,
  uri: string,
  languageId: string,
): Insertion {
  const document = { uri, path: '', repository: '', languageId, text, offset };
  return insertionAt(document)(candidate) ?? plainInsertion(candidate);
}

/** Whether what accepting leaves after the cursor is what stands there when that much is written. */
function leavesRight(insertion: Insertion, candidate: string, decision: Decision): boolean {
  const { text, offset, truth, closersAt, closedUpTo } = decision;
  const taken = candidate.trimEnd();
  const rest = (document: string) => document.slice(offset + taken.length).replace(/\s+/g, '');
  const behind = text.slice(offset + insertion.replacedLength);
  const left = rest(text.slice(0, offset) + insertion.text + behind);
  const last = closersAt(taken.length, taken.length).findLast((each) => each.closeAt <= closedUpTo);
  // Accepting may have ended the statement behind them too.
  const endsHere = last !== undefined && truth.charAt(last.closeAt + 1 - offset) === ';';
  const ends = endsHere ? ['', ';'] : [''];
  return ends.some((end) => left === rest(documentWith(taken, decision, end)));
}

/** The document of a decision with `taken` at its cursor, and behind it what belongs there. */
function documentWith(
  taken: string,
  { text, offset, closersAt, closedUpTo }: Decision,
  end = '',
): string {
  const before = textOf(closersAt(0, 0)).length;
  const standing = closersAt(taken.length, taken.length);
  const beside = textOf(standing.filter(({ closeAt }) => closeAt <= closedUpTo));
  const below = textOf(standing.filter(({ closeAt }) => closeAt > closedUpTo));
  return text.slice(0, offset) + taken + beside + end + below + text.slice(offset + before);
}

/** The one replacement that turns `old` into `now`. */
function difference(
  old: string,
  now: string,
): { readonly offset: number; readonly removedLength: number; readonly insertedText: string } {
  const shorter = Math.min(old.length, now.length);
  let start = 0;
  while (start < shorter && old[start] === now[start]) start++;
  let end = 0;
  while (end < shorter - start && old.at(-1 - end) === now.at(-1 - end)) end++;
  return {
    offset: start,
    removedLength: old.length - start - end,
    insertedText: now.slice(start, now.length - end),
  };
}
