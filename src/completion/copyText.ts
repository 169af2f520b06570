/**
 * What to take from a place in some text: the rest of a line, and the block that follows it, indented
 * for where it will stand. It does not choose the place.
 */
import { indentColumns, indentOf, isBlank } from './indentation';

/** A source line that goes on longer than this is data or minified, and not copied. */
const maxLineCharacters = 300;
/** Lines after the first that are copied at most. */
const maxBlockLines = 8;
/** Characters that are looked at for them. */
const maxBlockCharacters = 2_000;

/** A line that ends a block opened above it, and belongs to it. */
const closer = /^[ \t]*(?:[)\]}]|end\b|<\/)/;
/** A line on which a block opens. */
const opener = /(?:[{([:]|=>|\b(?:do|then|else|begin))$/;

/** The text from `start` to the end of its line; undefined if that is too long to be code. */
export function copyLine(text: string, start: number): string | undefined {
  const from = skipIndent(text, start);
  const line = text.slice(from, from + maxLineCharacters + 1);
  const end = line.indexOf('\n');
  if (end < 0 && line.length > maxLineCharacters) return undefined;
  return (end < 0 ? line : line.slice(0, end)).trimEnd();
}

/**
 * The lines after the one that `start` lies on, for as long as its block goes on: to a blank line or
 * one that is indented less, or to the line that closes what the first opened. Each begins with `\n`
 * and stands as far from `indent`, the indentation of the line copied to, as it did from its own.
 */
export function copyBlock(text: string, start: number, indent: string): string {
  const lineStart = text.lastIndexOf('\n', start - 1) + 1;
  const [first = '', ...below] = text
    .slice(lineStart, lineStart + maxBlockCharacters)
    .split(/\r?\n/)
    .slice(0, maxBlockLines + 1);
  const base = indentOf(first);
  const opens = opener.test(first.trimEnd());
  let block = '';
  let wasDeeper = false;
  for (const line of below) {
    if (isBlank(line) || !line.startsWith(base)) break;
    const deeper = indentColumns(line) > indentColumns(base);
    const closes = !deeper && closer.test(line);
    if (opens ? !deeper && !closes : closes && !wasDeeper) break;
    block += `\n${indent}${line.slice(base.length).trimEnd()}`;
    if (opens && closes) break;
    wasDeeper = deeper;
  }
  return block;
}

function skipIndent(text: string, start: number): number {
  if (start > 0 && text.charCodeAt(start - 1) !== 10) return start;
  let from = start;
  while (text.charCodeAt(from) === 32 || text.charCodeAt(from) === 9) from++;
  return from;
}
