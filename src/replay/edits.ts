/**
 * The change of one file as the edits of a person who goes through it from top to bottom: at each
 * place what is removed goes first, then the new text is typed. The line diff is Myers' (by the
 * `diff` library); within replaced lines only what differs is typed anew, whole words at a time.
 */
import { diffArrays } from 'diff';

/**
 * One edit. The text before it is `after.slice(0, at) + before.slice(from)`: everything above is new
 * already, everything below still old.
 */
export interface TypedEdit {
  /** Offset in the text after the change. */
  readonly at: number;
  /** Offset in the text before the change. */
  readonly from: number;
  readonly removedLength: number;
  readonly insertedLength: number;
}

/** More changed lines than this were not typed, and would take long to compare. */
const maxChangedLines = 1_500;
/** Lines that replace as many lines are compared one with the other if they are this much alike. */
const minAlike = 0.5;

/** The edits in the order of their places; undefined if there are too many to have been typed. */
export function typedEdits(before: string, after: string): TypedEdit[] | undefined {
  const parts = diffArrays(linesOf(before), linesOf(after), { maxEditLength: maxChangedLines });
  if (parts === undefined) return undefined;
  const edits: TypedEdit[] = [];
  let from = 0;
  let at = 0;
  let removed: string[] = [];
  let inserted: string[] = [];
  const flush = (): void => {
    if (removed.length === 0 && inserted.length === 0) return;
    edits.push(...editsOfBlock(removed, inserted, from, at));
    from += lengthOf(removed);
    at += lengthOf(inserted);
    [removed, inserted] = [[], []];
  };
  for (const part of parts) {
    if (part.removed) removed = [...removed, ...part.value];
    else if (part.added) inserted = [...inserted, ...part.value];
    else {
      flush();
      from += lengthOf(part.value);
      at += lengthOf(part.value);
    }
  }
  flush();
  return edits.map((edit) => asAfterEnter(edit, before, after));
}

/** The document when `typed` characters of the edit have been typed. */
export function textDuring(
  before: string,
  after: string,
  { at, from, removedLength }: TypedEdit,
  typed: number,
): string {
  return after.slice(0, at + typed) + before.slice(from + removedLength);
}

function editsOfBlock(
  removed: readonly string[],
  inserted: readonly string[],
  from: number,
  at: number,
): TypedEdit[] {
  const pairs = removed.map((line, i) => [line, inserted[i] ?? ''] as const);
  const isPaired =
    removed.length === inserted.length &&
    pairs.every(
      ([old, now]) => commonEnds(old, now) >= minAlike * Math.max(old.length, now.length),
    );
  const blocks = isPaired ? pairs : [[removed.join(''), inserted.join('')] as const];
  const edits: TypedEdit[] = [];
  for (const [old, now] of blocks) {
    const { prefix, suffix } = sharedEnds(old, now);
    edits.push({
      at: at + prefix,
      from: from + prefix,
      removedLength: old.length - prefix - suffix,
      insertedLength: now.length - prefix - suffix,
    });
    from += old.length;
    at += now.length;
  }
  return edits;
}

/** Whole lines are put in by going to the end of the line above and pressing Enter. */
function asAfterEnter(edit: TypedEdit, before: string, after: string): TypedEdit {
  const { at, from, removedLength, insertedLength } = edit;
  const endsLine = insertedLength > 0 && after[at + insertedLength - 1] === '\n';
  const canShift = endsLine && removedLength === 0 && at > 0 && from > 0;
  if (!canShift || after[at - 1] !== '\n' || before[from - 1] !== '\n') return edit;
  return { ...edit, at: at - 1, from: from - 1 };
}

function commonEnds(a: string, b: string): number {
  const { prefix, suffix } = sharedEnds(a, b);
  return prefix + suffix;
}

/** Lengths of the common beginning and end of two texts, never within a word. */
function sharedEnds(a: string, b: string): { readonly prefix: number; readonly suffix: number } {
  const shorter = Math.min(a.length, b.length);
  let prefix = 0;
  while (prefix < shorter && a[prefix] === b[prefix]) prefix++;
  while (prefix > 0 && (inWord(a, prefix) || inWord(b, prefix))) prefix--;
  let suffix = 0;
  while (suffix < shorter - prefix && a.at(-1 - suffix) === b.at(-1 - suffix)) suffix++;
  while (suffix > 0 && (inWord(a, a.length - suffix) || inWord(b, b.length - suffix))) suffix--;
  return { prefix, suffix };
}

function inWord(text: string, offset: number): boolean {
  return /^[\p{L}\p{M}\p{N}_$\uD800-\uDFFF]{2}$/u.test(text.slice(offset - 1, offset + 1));
}

function linesOf(text: string): string[] {
  return text.match(/[^\n]+\n?|\n/g) ?? [];
}

function lengthOf(lines: readonly string[]): number {
  return lines.reduce((sum, line) => sum + line.length, 0);
}
