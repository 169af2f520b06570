/**
 * Hash chains over the k-grams of one stretch of text, in two typed arrays: three bytes a character.
 * Only significant characters count: the blanks a line begins with, and the `\r` of a `\r\n`, are
 * skipped, so that code which was indented anew is still found. Idea: LZ77 as in RFC 1951, section 4.
 */

/** k: the shortest run that can be found. */
export const gramLength = 6;

/** One stretch of text, of at most 65,534 characters because positions are 16 bits wide. */
export interface GramTable {
  /** Characters covered. */
  readonly length: number;
  /** By hash: 1 + the last position where a gram with that hash ends; 0 for none. Length 2^n. */
  readonly heads: Uint16Array;
  /** By position: 1 + the position before it with the same hash; 0 for none. */
  readonly next: Uint16Array;
}

const newline = 10;
const carriageReturn = 13;
/** Blanks at a line's start beyond this many count as text, or a megabyte of them would be read often. */
const maxIndent = 400;
/**
 * The rolling hash is the sum of the last characters, each shifted by five bits more than the one
 * after it. Whatever is shifted past this mask is forgotten, so exactly k characters count.
 */
const hashMask = 2 ** (5 * gramLength) - 1;

/** Indexes text[start, end), reading the few characters before it that its first grams need. */
export function indexGrams(text: string, start: number, end: number): GramTable {
  const length = end - start;
  const bits = Math.max(4, Math.ceil(Math.log2(length + 1)) - 1);
  const heads = new Uint16Array(1 << bits);
  const next = new Uint16Array(length);
  let hash = 0;
  let seen = 0;
  let i = warmUpStart(text, start);
  let atLineStart = i === 0 || text.charCodeAt(i - 1) === newline;
  for (; i < end; i++) {
    const character = text.charCodeAt(i);
    if (character === newline) atLineStart = true;
    else if (isBlankCode(character)) {
      if (atLineStart) continue;
    } else if (character === carriageReturn && text.charCodeAt(i + 1) === newline) continue;
    else atLineStart = false;
    hash = addToHash(hash, character);
    if (++seen < gramLength || i < start) continue;
    const bucket = bucketOf(hash, bits);
    next[i - start] = heads[bucket] ?? 0;
    heads[bucket] = i - start + 1;
  }
  return { length, heads, next };
}

/** The last position where a gram with this hash ends; -1 if there is none. */
export function lastGram(table: GramTable, hash: number): number {
  const bits = 31 - Math.clz32(table.heads.length);
  return (table.heads[bucketOf(hash, bits)] ?? 0) - 1;
}

/** The position before `position` where a gram with the same hash ends; -1 if there is none. */
export function gramBefore(table: GramTable, position: number): number {
  return (table.next[position] ?? 0) - 1;
}

/** The hash of the last k characters of a run, given in reverse. */
export function gramHash(run: Uint16Array): number {
  let hash = 0;
  for (let i = gramLength - 1; i >= 0; i--) hash = addToHash(hash, run[i] ?? 0);
  return hash;
}

/**
 * The significant characters before `offset`, the nearest first, at most `limit` of them.
 * Blanks between a line's start and `offset` are not significant either.
 */
export function runBefore(text: string, offset: number, limit: number): Uint16Array {
  const run = new Uint16Array(limit);
  let length = 0;
  for (let i = previousSignificant(text, offset - 1); i >= 0 && length < limit;) {
    run[length++] = text.charCodeAt(i);
    i = significantBefore(text, i);
  }
  return run.subarray(0, length);
}

/** How many of the run's characters, from its first on, stand before `end` in `text`. */
export function commonRun(text: string, end: number, run: Uint16Array): number {
  let length = 0;
  let i = previousSignificant(text, end - 1);
  while (length < run.length && i >= 0 && text.charCodeAt(i) === run[length]) {
    length++;
    i = significantBefore(text, i);
  }
  return length;
}

/** The same as `previousSignificant` before `i`, which is significant: so are the blanks beside it. */
function significantBefore(text: string, i: number): number {
  const isWithinBlanks = isBlankCode(text.charCodeAt(i)) && isBlankCode(text.charCodeAt(i - 1));
  return isWithinBlanks ? i - 1 : previousSignificant(text, i - 1);
}

/** The last significant character at or before `i`; -1 if there is none. */
export function previousSignificant(text: string, i: number): number {
  const character = text.charCodeAt(i);
  if (character === carriageReturn && text.charCodeAt(i + 1) === newline)
    return previousSignificant(text, i - 1);
  if (!isBlankCode(character)) return i;
  const farthest = Math.max(-1, i - maxIndent);
  let before = i - 1;
  while (before > farthest && isBlankCode(text.charCodeAt(before))) before--;
  if (before < 0) return -1;
  return text.charCodeAt(before) === newline ? before : i;
}

/** Where to begin reading so that the first gram that ends at `start` or later is complete. */
function warmUpStart(text: string, start: number): number {
  let i = start;
  for (let seen = 1; seen < gramLength && i > 0; seen++)
    i = Math.max(0, previousSignificant(text, i - 1));
  return i;
}

function isBlankCode(character: number): boolean {
  return character === 32 || character === 9;
}

function bucketOf(hash: number, bits: number): number {
  return Math.imul(hash, 0x9e3779b1) >>> (32 - bits);
}

function addToHash(hash: number, character: number): number {
  return ((hash << 5) + character) & hashMask;
}
