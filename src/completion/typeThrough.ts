/**
 * Suggestions made before, offered again while they still fit: the user typed some of the text, or
 * took typed characters back, and what surrounds the cursor is otherwise as it was. The policy is not
 * asked again and the suggestion keeps its id, so that ghost text does not flicker. It asks nobody.
 */
import type { Suggestion } from '../types';
import { isOffered } from './beginnings';
import { withoutClosers } from './closers';
import { type DocumentSnapshot, unixLines } from './context';
import { insertionAt } from './insertion';
import { trim } from './trim';

/** What is left of a suggestion at the cursor. */
export interface Reuse {
  readonly suggestion: Suggestion;
  /**
   * The candidates that agree with what was typed; the one shown last comes first if it does. None
   * where it was decided to stay silent at this very cursor.
   */
  readonly remainders: readonly Remainder[];
}

export interface Remainder {
  readonly candidateIndex: number;
  /** The rest of the candidate's text, not empty. */
  readonly text: string;
  /** Characters of the candidate that stand before the cursor already. */
  readonly typedLength: number;
}

/** Suggestions kept; the least recently used is dropped first. */
const maxKept = 32;
/** Characters around the cursor that must be as they were. */
const tailLength = 120;
const headLength = 60;
/** Characters typed since, beyond which what was asked before is too old to wait for. */
const maxTyped = 12;
/** What an editor may have put by itself before other text on the line, as a bracket or quote was typed. */
const autoClosed = /^[)\]}"'`]{1,3}$/;

export class SuggestionCache {
  /** The one used last stands last. */
  #kept: Suggestion[] = [];
  /** Index of the candidate of each suggestion that was shown last. */
  readonly #shown = new WeakMap<Suggestion, number>();

  /** Keeps a suggestion, in place of those at the very same cursor. */
  remember(suggestion: Suggestion): void {
    const others = this.#kept.filter((other) => !isSamePlace(other, suggestion));
    this.#kept = [...others, suggestion].slice(-maxKept);
  }

  /** Keeps a suggestion for later, behind the one used last, which goes on being offered. */
  prepare(suggestion: Suggestion): void {
    const last = this.#kept.at(-1);
    this.remember(suggestion);
    if (last) this.#kept = [...this.#kept.filter((other) => other !== last), last].slice(-maxKept);
  }

  /** Notes which candidate the user cycled to, so that it is the one that stays. */
  shown(suggestion: Suggestion, candidateIndex: number): void {
    this.#shown.set(suggestion, candidateIndex);
  }

  /** What fits here, from the wanted suggestion used last; undefined if the policy must be asked. */
  reuse(
    document: DocumentSnapshot,
    isWanted: (suggestion: Suggestion) => boolean = () => true,
  ): Reuse | undefined {
    const bare = withoutClosers(document);
    const inserted = insertionAt(document);
    for (const suggestion of this.#kept.toReversed()) {
      if (suggestion.documentUri !== document.uri || !isWanted(suggestion)) continue;
      const isSilent = suggestion.shownIndex === null;
      const fitting = isSilent ? [] : remaindersOf(suggestion, bare);
      const remainders = fitting.filter(({ text }) => inserted(text) !== undefined);
      if (isSilent ? !isAt(suggestion, bare) : remainders.length === 0) continue;
      this.#kept = [...this.#kept.filter((other) => other !== suggestion), suggestion];
      const first = this.#shown.get(suggestion) ?? suggestion.shownIndex;
      const order = (remainder: Remainder) => (remainder.candidateIndex === first ? 0 : 1);
      return { suggestion, remainders: remainders.sort((a, b) => order(a) - order(b)) };
    }
    return undefined;
  }

  /** Forgets a suggestion that was taken or refused, and what else was kept for its place; or all. */
  forget(suggestionId?: string): void {
    const forgotten = this.#kept.find(({ id }) => id === suggestionId);
    this.#kept = this.#kept.filter(
      (other) => suggestionId !== undefined && !(forgotten && isSamePlace(other, forgotten)),
    );
  }
}

/**
 * How many characters more were typed on the line in `now` than in `then`, brackets that the editor
 * closed by itself aside; undefined if it is another place, or much later: an answer to the one may
 * otherwise serve the other.
 */
export function typedSince(then: DocumentSnapshot, now: DocumentSnapshot): number | undefined {
  if (then.uri !== now.uri) return undefined;
  const [from, to] = [withoutClosers(then), withoutClosers(now)];
  const before = textBefore(from, tailLength);
  const line = textBefore(to, tailLength + maxTyped);
  const after = unixLines(from.text.slice(from.offset, from.offset + 2 * headLength));
  const added = addedBefore(after.slice(0, headLength), to);
  if (added === undefined) return undefined;
  const isWhole = before.length < tailLength;
  for (let typed = added === '' ? 0 : 1; typed <= maxTyped; typed++) {
    const end = line.length - typed;
    if (end < 0 || line.charAt(end) === '\n') return undefined;
    if (isWhole ? line.slice(0, end) === before : line.endsWith(before, end)) return typed;
  }
  return undefined;
}

/** At most `length` characters before the cursor. */
function textBefore({ text, offset }: DocumentSnapshot, length: number): string {
  // A `\r\n` is two characters of the document and one of what it is compared with.
  return unixLines(text.slice(Math.max(0, offset - 2 * length - 1), offset)).slice(-length);
}

function isSamePlace(a: Suggestion, b: Suggestion): boolean {
  return a.documentUri === b.documentUri && tail(a) === tail(b) && head(a) === head(b);
}

/** Text just before the cursor that a suggestion was made for; all of it near a document's start. */
function tail(suggestion: Suggestion): string {
  return suggestion.context.prefix.slice(-tailLength);
}

function head(suggestion: Suggestion): string {
  return suggestion.context.suffix.slice(0, headLength);
}

function remaindersOf(suggestion: Suggestion, document: DocumentSnapshot): Remainder[] {
  const added = addedBefore(head(suggestion), document);
  if (added === undefined) return [];
  const { context } = suggestion;
  return suggestion.candidates.flatMap(({ text }, candidateIndex) => {
    if (!isOffered(suggestion, candidateIndex)) return [];
    const typedLength = typedLengthOf(text, suggestion, document);
    if (typedLength === undefined || (added !== '' && typedLength === 0)) return [];
    const rest = text.slice(typedLength);
    const prefix = context.prefix + text.slice(0, typedLength);
    const remainder =
      added === '' ? rest : trim(rest, { ...context, prefix, suffix: added + context.suffix });
    return remainder === '' ? [] : [{ candidateIndex, text: remainder, typedLength }];
  });
}

/** Whether a suggestion was made for this very cursor: silence says nothing of any other. */
function isAt(suggestion: Suggestion, document: DocumentSnapshot): boolean {
  return (
    addedBefore(head(suggestion), document) === '' && typedLengthOf(' ', suggestion, document) === 0
  );
}

/** How much of `text` stands before the cursor already; undefined if something else does. */
function typedLengthOf(
  text: string,
  suggestion: Suggestion,
  document: DocumentSnapshot,
): number | undefined {
  const { offset } = document;
  const before = tail(suggestion);
  // A `\r\n` is two characters of the document and one of the candidate.
  const reach = 2 * (before.length + text.length) + 1;
  const actual = unixLines(document.text.slice(Math.max(0, offset - reach), offset));
  const whole = before.length < tailLength;
  for (let typed = text.length - 1; typed >= 0; typed--) {
    if (!actual.endsWith(text.slice(0, typed))) continue;
    const end = actual.length - typed;
    if (whole ? actual.slice(0, end) === before : actual.endsWith(before, end)) return typed;
  }
  return undefined;
}

/**
 * The closers an editor put between the cursor and `after`, what stood there, mostly ''; undefined if
 * something else follows the cursor now.
 */
function addedBefore(after: string, document: DocumentSnapshot): string | undefined {
  const { offset } = document;
  const actual = unixLines(document.text.slice(offset, offset + 2 * headLength + 8));
  const whole = after.length < headLength;
  for (let added = 0; added <= 3 && added <= actual.length; added++) {
    const closers = actual.slice(0, added);
    const follows = actual.slice(added);
    if (added > 0 && !autoClosed.test(closers)) return undefined;
    if (whole ? follows === after : follows.startsWith(after)) return closers;
  }
  return undefined;
}
