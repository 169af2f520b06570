/**
 * A recorded edit session as data: steps a person takes in an editor, played against a suggestion
 * tracker, and the facts it recorded as short lines. The editor here has documents, a cursor and an
 * undo stack, and reports changes the way VS Code does.
 */
import { closersAfter } from '../../src/completion/closers';
import type { DocumentSnapshot } from '../../src/completion/context';
import { type Insertion, insertionAt, plainInsertion } from '../../src/completion/insertion';
import {
  type ChangeCause,
  type Rating,
  SuggestionTracker,
} from '../../src/feedback/suggestionTracker';
import type { FeedbackEvent, Suggestion, TextChange } from '../../src/types';
import { FakeClock } from './fakeClock';

/** Replaces `removedLength` characters at `offset` by `insertedText`. */
export interface Replacement {
  readonly offset: number;
  readonly removedLength: number;
  readonly insertedText: string;
}

export type Step =
  /** New ghost text at the cursor, with these candidates, the first one visible. */
  | readonly ['suggest', ...texts: string[]]
  /** It was decided to stay silent at the cursor, these candidates withheld. */
  | readonly ['silent', ...texts: string[]]
  /** The suggestion made first is shown once more where it began, up to the cursor. */
  | 'suggestAgain'
  | readonly ['cycle', candidateIndex: number]
  | readonly ['wait', ms: number]
  /** One change event for each character. */
  | readonly ['type', text: string]
  /** One key that inserts `text`, leaving the cursor `back` characters before its end. */
  | readonly ['key', text: string, back: number]
  /** Types the closing bracket that already stands at the cursor. */
  | 'overtype'
  | readonly ['paste', text: string]
  | readonly ['backspace', count: number]
  /** Accepts what is left of the visible candidate: the change, then the command. */
  | 'accept'
  | 'acceptWithoutCommand'
  /** The command alone, for the suggestion made last. */
  | readonly ['acceptCommand', candidateIndex: number]
  /** The next word of the visible candidate, as Ctrl+Right does. */
  | 'acceptWord'
  | 'esc'
  | 'hide'
  | 'undo'
  | 'redo'
  /** Accepts in one event with a line put in at the top, as an automatic import does. */
  | readonly ['acceptWithImport', line: string]
  /** Replaces the first `old` by `text` in one change; the cursor stays where it is in its text. */
  | readonly ['replace', old: string, text: string]
  /** Replaces every `old` by `text` in one event. */
  | readonly ['replaceAll', old: string, text: string]
  /** A formatter rewrote the whole document. */
  | readonly ['format', text: string]
  /** The document was read anew from the disk. */
  | readonly ['reload', text: string]
  | readonly ['lineEnds', '\n' | '\r\n']
  | readonly ['move', offset: number]
  | readonly ['switch', uri: string | undefined]
  | 'close'
  | readonly ['rate', rating: Rating]
  | readonly ['correctClock', ms: number];

interface HistoryEntry {
  readonly undo: readonly Replacement[];
  readonly redo: readonly Replacement[];
}

export const sessionUri = 'file:///project/sample.ts';

export class EditSession {
  readonly clock = new FakeClock();
  readonly tracker: SuggestionTracker;
  readonly events: FeedbackEvent[] = [];
  /** The document as it is now; undefined when closed. */
  text: string | undefined;
  cursor: number;
  readonly #undo: HistoryEntry[] = [];
  readonly #redo: HistoryEntry[] = [];
  readonly #suggestions: Suggestion[] = [];
  #candidateIndex = 0;
  #goesOnAt = 0;
  #silences = 0;

  /** `source` has `█` where the cursor is. */
  constructor(source: string, maxFollowed?: number) {
    this.cursor = source.indexOf('█');
    this.text = source.replace('█', '');
    this.tracker = new SuggestionTracker(this.clock, {
      readText: (uri, start, end) =>
        uri === sessionUri ? this.text?.slice(start, end) : undefined,
      ...(maxFollowed !== undefined && { maxFollowed }),
    });
    this.tracker.onDidRecord((event) => this.events.push(event));
  }

  get canUndo(): boolean {
    return this.#undo.length > 0;
  }

  get canRedo(): boolean {
    return this.#redo.length > 0;
  }

  play(steps: readonly Step[]): this {
    for (const step of steps) this.#play(step);
    return this;
  }

  /** Outcomes, survival, settled texts and ratings so far, a line each. */
  get facts(): string[] {
    return this.events.flatMap((event) => {
      switch (event.kind) {
        case 'outcome':
          return [
            `${event.outcome} #${event.candidateIndex}, ` +
              `${event.takenLength} taken, ${event.visibleMs} ms`,
          ];
        case 'survival':
          return [`${event.afterSeconds} s: ${Number(event.survival.toFixed(3))} ${event.state}`];
        case 'settled':
          return [`settled ${JSON.stringify(event.text)}`];
        case 'rating':
          return [`rated ${event.thumb} ${JSON.stringify(event.aspects)} ${event.comment}`];
        case 'suggestion':
        case 'shown':
          return [];
      }
    });
  }

  #play(step: Step): void {
    const [name, argument] = typeof step === 'string' ? [step] : step;
    const { tracker, cursor, text = '' } = this;
    const suggestion = this.#suggestions.at(-1);
    switch (name) {
      case 'suggest':
        return this.#suggest(step.slice(1) as string[]);
      case 'silent':
        return this.#staySilent(step.slice(1) as string[]);
      case 'suggestAgain': {
        const first = this.#suggestions[0];
        if (first) tracker.shown(first, 0, { start: first.offset, end: cursor });
        return;
      }
      case 'cycle':
        this.#candidateIndex = Number(argument);
        if (suggestion) tracker.shown(suggestion, this.#candidateIndex);
        return;
      case 'wait':
        return this.clock.advance(Number(argument));
      case 'type':
        for (const character of String(argument)) this.#insert(character);
        return;
      case 'key':
        return this.#insert(String(argument), Number(step[2]));
      case 'overtype':
        return this.#change(
          [{ offset: cursor, removedLength: 1, insertedText: text.charAt(cursor) }],
          cursor + 1,
        );
      case 'paste':
        return this.#insert(String(argument));
      case 'backspace': {
        const count = Number(argument);
        const offset = cursor - count;
        return this.#change([{ offset, removedLength: count, insertedText: '' }], offset);
      }
      case 'accept':
        this.#take(this.#insertion());
        if (suggestion) tracker.accepted(suggestion.id, this.#candidateIndex);
        return this.#goOn();
      case 'acceptWithoutCommand':
        return this.#take(this.#insertion());
      case 'acceptWithImport': {
        const line = { offset: 0, removedLength: 0, insertedText: String(argument) };
        const rest = { offset: cursor, removedLength: 0, insertedText: this.#remaining() };
        return this.#change([line, rest]);
      }
      case 'acceptCommand':
        if (suggestion) tracker.accepted(suggestion.id, Number(argument));
        return;
      case 'acceptWord':
        return this.#takeWord(this.#insertion());
      case 'esc':
        return tracker.dismissed();
      case 'hide':
        return tracker.hidden();
      case 'undo':
        return this.#travel(this.#undo, this.#redo, 'undo');
      case 'redo':
        return this.#travel(this.#redo, this.#undo, 'redo');
      case 'replace': {
        const old = String(argument);
        const offset = text.indexOf(old);
        if (offset < 0) throw new Error(`${JSON.stringify(old)} is not in the document`);
        const removedLength = old.length;
        return this.#change([{ offset, removedLength, insertedText: String(step[2]) }]);
      }
      case 'replaceAll': {
        const old = String(argument);
        const offsets = [...text.matchAll(new RegExp(old.replace(/[^\w\s]/g, '\\$&'), 'g'))];
        return this.#change(
          offsets.map(({ index }) => ({
            offset: index,
            removedLength: old.length,
            insertedText: String(step[2]),
          })),
        );
      }
      case 'format':
        return this.#change([
          { offset: 0, removedLength: text.length, insertedText: String(argument) },
        ]);
      case 'reload':
        return this.#change(
          [{ offset: 0, removedLength: text.length, insertedText: String(argument) }],
          undefined,
          'outside',
        );
      case 'lineEnds':
        this.text = text.replace(/\r?\n/g, String(argument));
        return tracker.documentChanged(sessionUri, [], 'edit');
      case 'move':
        this.cursor = Number(argument);
        return tracker.cursorMoved(sessionUri, this.cursor);
      case 'switch':
        return tracker.activeDocumentChanged(argument === undefined ? undefined : String(argument));
      case 'close':
        this.text = undefined;
        return tracker.documentClosed(sessionUri);
      case 'rate':
        tracker.rate(argument);
        return;
      case 'correctClock':
        return this.clock.correct(Number(argument));
    }
  }

  #suggest(texts: readonly string[]): void {
    const id = `suggestion-${this.#suggestions.length}`;
    const suggestion = this.#suggestionAt(id, texts);
    this.#suggestions.push(suggestion);
    this.#candidateIndex = 0;
    this.tracker.shown(suggestion, 0);
  }

  #staySilent(texts: readonly string[]): void {
    const id = `silence-${this.#silences++}`;
    this.tracker.silent({ ...this.#suggestionAt(id, texts), shownIndex: null });
  }

  #suggestionAt(id: string, texts: readonly string[]): Suggestion {
    const made = makeSuggestion(id, this.cursor, texts, this.clock.now());
    const closers = closersAfter(this.#snapshot);
    return { ...made, context: { ...made.context, ...(closers !== '' && { closers }) } };
  }

  get #snapshot(): DocumentSnapshot {
    const { context } = makeSuggestion('', 0, [], 0);
    return { ...context, uri: sessionUri, text: this.text ?? '', offset: this.cursor };
  }

  /** How what is left of the visible candidate goes into the document. */
  #insertion(): Insertion {
    const remaining = this.#remaining();
    return insertionAt(this.#snapshot)(remaining) ?? plainInsertion(remaining);
  }

  #take(insertion: Insertion): void {
    const { text, replacedLength, cursorAt } = insertion;
    const offset = this.cursor;
    this.#goesOnAt = offset + cursorAt;
    this.#change(
      [{ offset, removedLength: replacedLength, insertedText: text }],
      offset + text.length,
    );
  }

  /** The next word of what the editor draws, over the closers that it draws it behind. */
  #takeWord({ text, replacedLength }: Insertion): void {
    const offset = this.cursor;
    const closers = (this.text ?? '').slice(offset, offset + replacedLength);
    let kept = 0;
    while (kept < closers.length && text[kept] === closers[kept]) kept++;
    const end = kept < closers.length ? text.indexOf(closers.charAt(kept), kept) : text.length;
    const word = /^\s*(\w+|[^\w\s]+)/.exec(text.slice(kept, end))?.[0] ?? '';
    const insertedText = closers.slice(0, kept) + word;
    this.#change([{ offset, removedLength: kept, insertedText }], offset + insertedText.length);
  }

  /** Where the accept command puts the cursor. */
  #goOn(): void {
    if (this.cursor === this.#goesOnAt) return;
    this.cursor = this.#goesOnAt;
    this.tracker.cursorMoved(sessionUri, this.cursor);
  }

  /** What is left of the visible candidate, by the longest beginning of it before the cursor. */
  #remaining(): string {
    const suggestion = this.#suggestions.at(-1);
    const candidate = suggestion?.candidates[this.#candidateIndex]?.text ?? '';
    const before = (this.text ?? '').slice(suggestion?.offset, this.cursor);
    if (!candidate.startsWith(before)) throw new Error(`${JSON.stringify(before)} disagrees`);
    return candidate.slice(before.length);
  }

  #insert(insertedText: string, back = 0): void {
    const offset = this.cursor;
    this.#change([{ offset, removedLength: 0, insertedText }], offset + insertedText.length - back);
  }

  #change(edits: readonly Replacement[], cursor?: number, cause: ChangeCause = 'edit'): void {
    const undo = invert(this.text ?? '', edits);
    this.#undo.push({ undo, redo: edits });
    this.#redo.length = 0;
    this.#report(edits, cause, cursor);
  }

  #travel(from: HistoryEntry[], to: HistoryEntry[], cause: 'undo' | 'redo'): void {
    const entry = from.pop();
    if (!entry) throw new Error(`There is nothing to ${cause}`);
    to.push(entry);
    const last = entry[cause].at(-1);
    const cursor = last && last.offset + last.insertedText.length;
    this.#report(entry[cause], cause, cursor);
  }

  #report(edits: readonly Replacement[], cause: ChangeCause, cursor?: number): void {
    this.text = applied(this.text ?? '', edits);
    this.tracker.documentChanged(sessionUri, toChanges(edits, this.clock.now()), cause);
    this.cursor = cursor ?? carried(this.cursor, edits);
    this.tracker.cursorMoved(sessionUri, this.cursor);
  }
}

/** Where a cursor is after edits: behind what was inserted at it, at the end of what replaced it. */
function carried(cursor: number, edits: readonly Replacement[]): number {
  return toChanges(edits, 0).reduce((position, { offset, removedLength, insertedText }) => {
    if (offset > position) return position;
    return insertedText.length + Math.max(offset, position - removedLength);
  }, cursor);
}

/** A suggestion in the session's document with these candidate texts. */
export function makeSuggestion(
  id: string,
  offset: number,
  texts: readonly string[],
  timeMs: number,
): Suggestion {
  return {
    id,
    timeMs,
    documentUri: sessionUri,
    offset,
    trigger: 'automatic',
    context: {
      repository: 'work',
      path: 'sample.ts',
      languageId: 'typescript',
      snippets: [],
      prefix: '',
      suffix: '',
      multiline: false,
    },
    candidates: texts.map((text, index) => ({
      text,
      tokenIds: [],
      logProb: -1,
      source: 'greedy',
      propensity: 1,
      score: -index,
    })),
    shownIndex: 0,
    propensity: 1,
    exploration: 'best',
    policyVersion: 'test@00000000',
    rewardVersion: 'score-1',
    latencyMs: { context: 0, copy: 0, queue: 0, prefill: 0, decode: 0, total: 0 },
  };
}

/** Edits as VS Code reports them: from the end of the document to its start. */
export function toChanges(edits: readonly Replacement[], timeMs: number): TextChange[] {
  return edits.map((edit) => ({ ...edit, timeMs })).sort((a, b) => b.offset - a.offset);
}

/** Text after edits that all refer to the text before and do not overlap. */
export function applied(text: string, edits: readonly Replacement[]): string {
  return [...edits]
    .sort((a, b) => b.offset - a.offset)
    .reduce(
      (result, { offset, removedLength, insertedText }) =>
        result.slice(0, offset) + insertedText + result.slice(offset + removedLength),
      text,
    );
}

/** The edits that take `edits` back, referring to the text after them. */
export function invert(text: string, edits: readonly Replacement[]): Replacement[] {
  let delta = 0;
  return [...edits]
    .sort((a, b) => a.offset - b.offset)
    .map(({ offset, removedLength, insertedText }) => {
      const inverse = {
        offset: offset + delta,
        removedLength: insertedText.length,
        insertedText: text.slice(offset, offset + removedLength),
      };
      delta += insertedText.length - removedLength;
      return inverse;
    });
}
