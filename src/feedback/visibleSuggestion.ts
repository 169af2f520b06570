/**
 * The suggestion on the screen: its place, what has been put there, and how far that agrees. It says
 * what one change event did to it; recording that, and what follows, is the tracker's.
 */
import type { Suggestion } from '../types';
import { type Agreement, agreement, behindCursor, isAutoClosed, isOneKeystroke } from './agreement';
import type { Place } from './followedPlaces';
import type { DocumentChange } from './liveTexts';
import type { Edit } from './minimalEdits';
import type { ChangeCause } from './trackedRegion';

/** What a change event did to the visible suggestion. */
export type Verdict =
  | { readonly kind: 'stands' }
  /** All of a candidate stands there now; `inserted` is false when every character was typed. */
  | { readonly kind: 'complete'; readonly candidateIndex: number; readonly inserted: boolean }
  /** Something else was put at its place. */
  | { readonly kind: 'against' }
  /** Its place is no longer what it was: deleted, undone, rewritten with what stands around it. */
  | { readonly kind: 'gone' };

export class VisibleSuggestion {
  readonly suggestion: Suggestion;
  /** Text of the line before the place when it was shown. */
  readonly linePrefix: string;
  #candidateIndex: number;
  #visibleSinceMs: number;
  #start: number;
  #end: number;
  /** Characters of the candidate that stand at the place, and those there that stand for them. */
  #agreed: Agreement = { takenLength: 0, typedLength: 0 };
  /** Closers and blanks behind the cursor that the editor put there by itself. */
  #autoClosed: string;
  /** Characters at the place that stand behind the cursor. */
  #behind: number;
  /** Characters taken before the first of them was not typed; undefined while all were. */
  #typedBefore: number | undefined;

  constructor(
    suggestion: Suggestion,
    candidateIndex: number,
    place: Place,
    document: string,
    timeMs: number,
  ) {
    this.suggestion = suggestion;
    this.#candidateIndex = candidateIndex;
    this.#visibleSinceMs = timeMs;
    this.#start = place.start;
    const { closers = '' } = place;
    this.#autoClosed = document.startsWith(closers, place.end) ? closers : '';
    this.#behind = this.#autoClosed.length;
    this.#end = place.end + this.#behind;
    this.linePrefix = document.slice(document.lastIndexOf('\n', place.start - 1) + 1, place.start);
    this.#compare(document);
  }

  get uri(): string {
    return this.suggestion.documentUri;
  }

  get candidateIndex(): number {
    return this.#candidateIndex;
  }

  get start(): number {
    return this.#start;
  }

  /** End of whatever was put at the place since it was shown. */
  get end(): number {
    return this.#end;
  }

  /** Characters of the candidate that stand before the cursor. */
  get takenLength(): number {
    return this.#agreed.takenLength - this.#agreedBehind;
  }

  /** Characters before the cursor that stand for the taken ones. */
  get typedLength(): number {
    return this.#agreed.typedLength - this.#agreedBehind;
  }

  /** Agreed characters behind the cursor: closers, which are alike on both sides. */
  get #agreedBehind(): number {
    const beforeCursor = this.#end - this.#start - this.#behind;
    return Math.max(0, this.#agreed.typedLength - beforeCursor);
  }

  /** Whether some of what stands there was accepted word by word and not typed. */
  get takenInPart(): boolean {
    return this.#typedBefore !== undefined && this.takenLength > 0;
  }

  /** Characters at the place that were typed before the first accept; 0 where there was none. */
  get typedBefore(): number {
    return this.#typedBefore ?? 0;
  }

  visibleMs(timeMs: number): number {
    return timeMs - this.#visibleSinceMs;
  }

  /** Another candidate of the same suggestion is visible now. */
  show(candidateIndex: number, document: string, timeMs: number): void {
    this.#candidateIndex = candidateIndex;
    this.#visibleSinceMs = timeMs;
    this.#compare(document);
  }

  /** Whether the cursor stands where the suggestion continues. */
  holdsCursor(offset: number): boolean {
    const disagreed = this.#end - this.#start - this.#agreed.typedLength;
    return offset >= this.#start + this.typedLength && offset <= this.#end - disagreed;
  }

  follow({ edits, before, after }: DocumentChange, cause: ChangeCause): Verdict {
    const touching: string[] = [];
    const agreedEnd = this.#start + this.#agreed.typedLength;
    for (const edit of edits) {
      const { offset, removedLength, insertedText } = fromStart(edit, before, this.#start);
      const removedEnd = offset + removedLength;
      const delta = insertedText.length - removedLength;
      if (offset > this.#end) continue;
      if (offset < this.#start) {
        // What reaches over the place from the left replaced what the suggestion continued.
        if (removedEnd >= this.#start && removedLength > 0) return { kind: 'gone' };
        this.#start += delta;
        this.#end += delta;
        continue;
      }
      if (this.#disagreesByOvertyping(edit, before, agreedEnd)) return { kind: 'against' };
      this.#end = removedEnd >= this.#end ? offset + insertedText.length : this.#end + delta;
      // The edits come in descending order: the cursor is behind the first of them.
      if (touching.length === 0)
        this.#behind = this.#end - offset - insertedText.length + behindCursor(insertedText);
      touching.push(insertedText);
    }
    if (touching.length === 0) return { kind: 'stands' };
    return this.#judge(touching, cause, after);
  }

  #judge(insertedTexts: readonly string[], cause: ChangeCause, after: string): Verdict {
    const { takenLength, typedLength } = this;
    const rest = this.#compare(after);
    const grown = this.#agreed.takenLength > takenLength;
    if (cause !== 'edit' && (grown || rest !== '')) return { kind: 'gone' };

    if (grown && !insertedTexts.every((text) => text === '' || isOneKeystroke(text))) {
      this.#typedBefore ??= typedLength;
    }

    if (this.#text !== '' && this.#agreed.takenLength === this.#text.length) {
      const inserted = this.#typedBefore !== undefined;
      const candidateIndex = rest === '' ? this.#candidateIndex : this.#completeCandidate(after);
      return { kind: 'complete', candidateIndex, inserted };
    }
    if (rest === '' || this.#autoClosed.endsWith(rest)) return { kind: 'stands' };
    if (insertedTexts.some((text) => [...text].length > 1)) {
      const candidateIndex = this.#completeCandidate(after);
      if (candidateIndex >= 0) {
        this.#typedBefore ??= typedLength;
        return { kind: 'complete', candidateIndex, inserted: true };
      }
      if (isAutoClosed(rest)) {
        this.#autoClosed = rest;
        return { kind: 'stands' };
      }
    }
    return { kind: insertedTexts.some((text) => text !== '') ? 'against' : 'gone' };
  }

  /** Whether a closer was typed over, which leaves all as it was, where the candidate has none. */
  #disagreesByOvertyping(edit: Edit, before: string, agreedEnd: number): boolean {
    const { offset, removedLength, insertedText } = edit;
    if (removedLength !== 1 || insertedText !== before.charAt(offset)) return false;
    return offset >= agreedEnd && !this.#text.startsWith(insertedText, this.#agreed.takenLength);
  }

  /**
   * The longest candidate that stands there, -1 for none. Cycling is invisible on the stable API: a text
   * inserted whole may be one that was not first, and may begin with one that was.
   */
  #completeCandidate(document: string): number {
    const typed = document.slice(this.#start, this.#end);
    const taken = this.suggestion.candidates.map(({ text }) =>
      agreement(typed, text).takenLength === text.length ? text.length : 0,
    );
    const longest = Math.max(0, ...taken);
    return longest === 0 ? -1 : taken.indexOf(longest);
  }

  get #text(): string {
    return this.suggestion.candidates[this.#candidateIndex]?.text ?? '';
  }

  /** Compares what stands at the place with the candidate; returns what is left over. */
  #compare(document: string): string {
    const typed = document.slice(this.#start, this.#end);
    this.#agreed = agreement(typed, this.#text);
    return typed.slice(this.#agreed.typedLength);
  }
}

/** An edit without the characters before `start` that it replaces by themselves. */
function fromStart(edit: Edit, before: string, start: number): Edit {
  const { offset, removedLength, insertedText } = edit;
  const limit = Math.min(start - offset, removedLength, insertedText.length);
  let common = 0;
  while (common < limit && before[offset + common] === insertedText[common]) common++;
  return {
    offset: offset + common,
    removedLength: removedLength - common,
    insertedText: insertedText.slice(common),
  };
}
