/**
 * What the policy is told about the place of the cursor: a window of text before it that stays put
 * while the user types (so that the policy's prefix cache holds), a shorter one after it, and whether
 * more than one line may be proposed. It holds no state and reads nothing but the document it is given;
 * what other text bears on the place is for `neighbours.ts` to find.
 */
import type { CompletionContext, Settings } from '../types';
import { closersAfter, withoutClosers } from './closers';
import { indentColumns, isBlank, lineHead, lineRest, nextLine } from './indentation';

/** One document as it stands at the moment of asking. */
export interface DocumentSnapshot {
  /** Identity of the document: the key of caches and of the copy index. */
  readonly uri: string;
  /** Path in the workspace with '/' separators; a name such as `untitled.ts` where there is none. */
  readonly path: string;
  /** Name of the workspace folder, or '' for a file outside any. */
  readonly repository: string;
  readonly languageId: string;
  readonly text: string;
  /** Cursor, in UTF-16 code units, 0..text.length. */
  readonly offset: number;
}

/** Sizes of the window in characters; a token of code is about 3.4 of them. */
export interface WindowOptions {
  /** The prefix is at most this long and, further into the file, at least `prefixChars - stepChars`. */
  readonly prefixChars: number;
  /** The window start moves on in steps of this size, so it shifts once in that many keystrokes. */
  readonly stepChars: number;
  readonly suffixChars: number;
}

export const defaultWindow: WindowOptions = {
  prefixChars: 2200,
  stepChars: 550,
  suffixChars: 400,
};

/**
 * The context at the cursor, as if the closers after it were not there. Line ends are read as `\n`
 * whatever the document uses; a surrogate pair
 * is never split at either end of the window.
 */
export function buildContext(
  document: DocumentSnapshot,
  multiline: Settings['multiline'],
  window: WindowOptions = defaultWindow,
): CompletionContext {
  const { text, offset } = withoutClosers(document);
  const closers = closersAfter(document);
  const prefix = unixLines(text.slice(windowStart(text, offset, window), offset));
  const suffix = unixLines(text.slice(offset, windowEnd(text, offset, window)));
  return {
    repository: document.repository,
    path: document.path,
    languageId: document.languageId,
    snippets: [],
    prefix,
    suffix,
    ...(closers !== '' && { closers }),
    multiline: multiline === 'auto' ? wantsBlock(prefix, suffix) : multiline === 'always',
  };
}

/**
 * Where the prefix begins: the first line start at or after the smallest multiple of `stepChars` that
 * keeps the prefix within its budget. Multiples count from the start of the file, so characters typed
 * at the cursor leave it where it is until the next multiple is due.
 */
function windowStart(text: string, offset: number, window: WindowOptions): number {
  const { prefixChars, stepChars } = window;
  if (offset <= prefixChars) return 0;
  const anchor = Math.ceil((offset - prefixChars) / stepChars) * stepChars;
  // Looking no further than one step keeps a line of a megabyte from being searched, or left empty.
  const lineBreak = text.slice(anchor - 1, Math.min(anchor + stepChars, offset)).indexOf('\n');
  if (lineBreak >= 0) return anchor + lineBreak;
  return splitsPair(text, anchor) ? anchor + 1 : anchor;
}

function windowEnd(text: string, offset: number, window: WindowOptions): number {
  const end = Math.min(offset + window.suffixChars, text.length);
  const splits = splitsPair(text, end) || (text[end - 1] === '\r' && text[end] === '\n');
  return end > offset && splits ? end - 1 : end;
}

/** A line after which a block, a list or an expression goes on below. */
const opensBelow = /(?:[{([:]|=>|\b(?:do|then|else|begin|of|where))$/;
/** A line that is complete as it stands, so that nothing but its block can follow. */
const opensHere =
  /(?:\{|\b(?:do|then|begin)|^\s*(?:async|case|class|def|default|elif|else|except|finally|for|if|match|try|while|with)\b.*:)$/;

/**
 * Whether a block may be proposed: nothing but blanks stands after the cursor on its line, the cursor
 * ends a line that opens a block or stands on an empty line below one, and the block has no lines yet
 * (what comes below is not indented deeper than the line that opens it).
 */
function wantsBlock(prefix: string, suffix: string): boolean {
  if (!isBlank(lineRest(suffix))) return false;
  const head = lineHead(prefix);
  const opening = isBlank(head) ? lineHead(prefix.trimEnd()) : head;
  const opens = isBlank(head) ? opensBelow : opensHere;
  if (!opens.test(opening.trimEnd())) return false;
  const below = nextLine(suffix);
  return isBlank(below) || indentColumns(below) <= indentColumns(opening);
}

/** Whether `offset` lies between the two halves of one surrogate pair. */
export function splitsPair(text: string, offset: number): boolean {
  if (offset <= 0 || offset >= text.length) return false;
  return (text.codePointAt(offset - 1) ?? 0) > 0xffff;
}

export function unixLines(text: string): string {
  return text.includes('\r') ? text.replaceAll('\r\n', '\n') : text;
}
