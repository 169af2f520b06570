/**
 * The text of the documents in which something is visible or followed, kept in step with their
 * changes. An editor reports what was inserted but not what was removed, and without the text before
 * a change nobody could tell whether a formatter replaced a line by the very same line.
 */
import type { TextChange } from '../types';
import { type Edit, applyEdits, minimalEdits } from './minimalEdits';

/**
 * Text of a live document between two offsets, clamped to its ends (`end` may lie far beyond);
 * undefined when the document is not open. During a change event it is the text after the change.
 */
export type ReadText = (uri: string, start: number, end: number) => string | undefined;

/** Longer documents are not followed: a copy of them for each keystroke would be felt. */
const maxLength = 2_000_000;
/** Characters at the end of a document by which a missed change is noticed. */
const tailLength = 16;

export interface DocumentChange {
  readonly before: string;
  readonly after: string;
  /** In descending order; offsets refer to `before`. */
  readonly edits: readonly Edit[];
}

export class LiveTexts {
  readonly #readText: ReadText;
  readonly #texts = new Map<string, string>();

  constructor(readText: ReadText) {
    this.#readText = readText;
  }

  get(uri: string): string | undefined {
    return this.#texts.get(uri);
  }

  /** Keeps the text of a document from now on; undefined where that cannot be. */
  open(uri: string): string | undefined {
    const known = this.#texts.get(uri);
    if (known !== undefined) return known;
    const text = this.#readText(uri, 0, maxLength + 1);
    if (text === undefined || text.length > maxLength) return undefined;
    this.#texts.set(uri, text);
    return text;
  }

  /**
   * Takes in one change event. Where the live document disagrees with it (line ends changed, an event
   * missed) the difference to the live document stands for the event. Undefined if not kept.
   */
  change(uri: string, changes: readonly TextChange[]): DocumentChange | undefined {
    const before = this.#texts.get(uri);
    if (before === undefined) return undefined;
    const ascending = changes.toSorted((a, b) => a.offset - b.offset);
    const told = applyEdits(before, ascending);
    const tailStart = Math.max(0, told.length - tailLength);
    const tail = this.#readText(uri, tailStart, Number.MAX_SAFE_INTEGER);
    const agrees = tail === undefined || tail === told.slice(tailStart);
    const after = agrees ? told : (this.#readText(uri, 0, Number.MAX_SAFE_INTEGER) ?? told);
    this.#texts.set(uri, after);
    const edits = agrees ? ascending : minimalEdits(before, after);
    return { before, after, edits: edits.reverse() };
  }

  /** Lets go of every document but these. */
  keepOnly(uris: ReadonlySet<string>): void {
    for (const uri of [...this.#texts.keys()]) if (!uris.has(uri)) this.#texts.delete(uri);
  }
}

/** The same edits with those near one of `places` reduced to what they really changed. */
export function refineNear(
  { before, edits }: DocumentChange,
  places: readonly { readonly start: number; readonly end: number }[],
): Edit[] {
  return edits.flatMap((edit) => {
    const { offset, removedLength, insertedText } = edit;
    const isNear = places.some(
      ({ start, end }) => offset <= end && offset + removedLength >= start,
    );
    if (!isNear || removedLength === 0) return [edit];
    const removed = before.slice(offset, offset + removedLength);
    return minimalEdits(removed, insertedText, offset).reverse();
  });
}
