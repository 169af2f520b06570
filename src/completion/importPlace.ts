/**
 * Where an import may be written: on a line of its own among other imports, in a statement that has
 * been begun, or in a list of names that is not closed yet.
 */
import type { DocumentSnapshot } from './context';
import { isBlank, lineHead, lineRest, nextLine } from './indentation';

export interface ImportPlace {
  /** Of the cursor's line, what stands before the cursor. */
  readonly head: string;
  /** The lines above and below. */
  readonly above: string;
  readonly below: string;
  /** The list of names that the line is to go on with. */
  readonly list: List | undefined;
}

/** A list of names that is not closed yet. */
export interface List {
  /** What they are taken from, where that stands before them. */
  readonly specifier: string | undefined;
  readonly names: readonly string[];
}

const begun =
  /^(?:i|im|imp|impo|impor|import\b.*|f|fr|fro|from\b.*|c|co|con|cons|const\b.*|v|va|var\b.*|l|le|let\b.*)$/;
const required = 'require(';
const importLine =
  /^\s*(?:import\b|from\s+\S+\s+import\b|(?:const|let|var)\b.*\brequire\(|\}\s*from\b|export\b.*\bfrom\b)/;
const commentEnd = /^\s*(?:\/\/|#)|(?:\*\/|["']{3}|['"]use strict['"];?)\s*$/;
/** A line that begins a list of names, the first for Python, where it says what they are taken from. */
const listStart = /^\s*(?:from\s+(\S+)\s+import\s*\(|(?:import|export)\b[^{}]*\{)([^{}()]*)$/;
const listItems = /^[\p{L}\p{N}_$*\s]*(?:,[\p{L}\p{N}_$*\s]*)*$/u;
/** Characters of a list that are looked at. */
const maxListCharacters = 3_000;

/** The place of the cursor; undefined where nobody would write an import. */
export function importPlaceOf({ text, offset }: DocumentSnapshot): ImportPlace | undefined {
  const head = lineHead(text.slice(0, offset));
  const rest = lineRest(text.slice(offset));
  if (!isBlank(rest)) return undefined;
  const above = text.slice(0, offset - head.length);
  const below = text.slice(offset + rest.length);
  const list = listAround(above);
  const place = { head, above, below, list };
  if (list !== undefined) return place;
  if (!isBlank(head)) return mayBegin(head.trimStart()) ? place : undefined;
  const previous = lineHead(above.trimEnd());
  const next = nextLine(below.slice(0, maxListCharacters));
  const isAmong = importLine.test(previous) || importLine.test(next);
  return isAmong || (head === '' && (previous === '' || commentEnd.test(previous)))
    ? place
    : undefined;
}

/** Whether a statement may begin so. What is assigned otherwise than by `require` is none. */
function mayBegin(body: string): boolean {
  const value = /^(?:const|let|var)\b[^=]*=(.*)$/.exec(body)?.[1]?.trimStart() ?? '';
  return begun.test(body) && (required.startsWith(value) || value.startsWith(required));
}

/** The list of names that is not closed at the end of `above`. */
function listAround(above: string): List | undefined {
  const lines = above.slice(-maxListCharacters).split('\n').slice(0, -1);
  for (let i = lines.length - 1; i >= 0; i--) {
    const start = listStart.exec(lines[i] ?? '');
    if (start !== null) {
      const [, specifier, first = ''] = start;
      const items = itemsOf([first, ...lines.slice(i + 1)].join('\n'));
      return { specifier, names: [...items.keys()] };
    }
    if (!listItems.test(lines[i] ?? '')) return undefined;
  }
  return undefined;
}

/** What follows in a list that has been begun, and below a line that should begin one. */
export const closedList = /^[^{}]*\}\s*from\s*['"]([^'"\n]+)['"]/;
export const listBelow = /^\s*[\p{L}_$][\p{L}\p{N}_$,\s]*(?:\}\s*from\b|\)[ \t]*(?:\n|$))/u;

/** `A, type B, C as D` by the names that they bind: A, B, D. */
export function itemsOf(list: string): ReadonlyMap<string, string> {
  return new Map(
    list
      .split(',')
      .map((item) => item.trim().replace(/\s+/g, ' '))
      .flatMap((item): [string, string][] => {
        const name = /(?<![\p{L}\p{N}_$])([\p{L}_$][\p{L}\p{N}_$]*)$/u.exec(item)?.[1];
        return name === undefined ? [] : [[name, item]];
      }),
  );
}
