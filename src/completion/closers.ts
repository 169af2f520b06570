/**
 * The closers right after the cursor: brackets, quotes and end tags that close what is open before it,
 * mostly put there by the editor as the user typed the openers. The document is read as if they were
 * not there, and a text for the cursor may close some of them itself. It does not know who put them
 * there, nor anything of the lines below.
 */
import type { DocumentSnapshot } from './context';
import { lineHead } from './indentation';
import { openerOf, scanSyntax, type SyntaxState } from './syntax';

/** How far above the cursor an opener is looked for, in characters. */
const charsAbove = 2_200;
/** More than an editor leaves open on one line. */
const maxUnits = 12;
const unit = /\s*(?:"""|'''|["'`)\]}]|<\/[\w.:-]*>)/y;

/**
 * The rest of the cursor's line, without blanks at its end, if each closer in it closes the innermost
 * bracket, string or tag that is open where it stands; '' if not.
 */
export function closersAfter(document: DocumentSnapshot): string {
  const { text, offset, languageId } = document;
  const rest = restOfLine(text, offset).trimEnd();
  const units = unitsOf(rest);
  if (units === undefined || units.length === 0) return '';
  let line = linesBefore(text, offset);
  let before = scanSyntax(line, languageId);
  if (before.kind === 'comment') return '';
  for (const each of units) {
    line += each;
    const after = scanSyntax(line, languageId);
    const name = tagName(each);
    const closes =
      name === undefined ? depthOf(after) === depthOf(before) - 1 : opensTag(line, each, name);
    if (!closes) return '';
    before = after;
  }
  return rest;
}

/** The document as if the closers after the cursor were not there, blanks behind them included. */
export function withoutClosers(document: DocumentSnapshot): DocumentSnapshot {
  if (closersAfter(document) === '') return document;
  const { text, offset } = document;
  const end = offset + restOfLine(text, offset).length;
  return { ...document, text: text.slice(0, offset) + text.slice(end) };
}

/**
 * How many characters of `closers`, which are as `closersAfter` says, the text closes itself when it is
 * put in front of them: those the text takes the place of. 0..closers.length.
 */
export function closedBy(text: string, closers: string, languageId: string): number {
  const units = unitsOf(closers) ?? [];
  const tagAt = units.findIndex((each) => tagName(each) !== undefined);
  const brackets = tagAt < 0 ? units : units.slice(0, tagAt);
  const { closed, end } = closedBrackets(text, brackets, languageId);
  const length = brackets.slice(0, closed).join('').length;
  const tag = units[tagAt];
  if (tag === undefined || closed < brackets.length) return length;
  const tagEnd = endOfTag(text, tagName(tag) ?? '', end);
  if (tagEnd < 0) return length;
  const behind = length + tag.length;
  return behind + closedBy(text.slice(tagEnd), closers.slice(behind), languageId);
}

/** The text before the cursor from the beginning of a line on. */
function linesBefore(text: string, offset: number): string {
  const from = offset - charsAbove;
  if (from <= 0) return text.slice(0, offset);
  const lineEnd = text.slice(from, offset).indexOf('\n');
  return text.slice(lineEnd < 0 ? from : from + lineEnd + 1, offset);
}

/** Each closer with the blanks before it; undefined if there is something else. */
function unitsOf(rest: string): string[] | undefined {
  const units: string[] = [];
  let end = 0;
  while (end < rest.length && units.length < maxUnits) {
    unit.lastIndex = end;
    const found = unit.exec(rest)?.[0];
    if (found === undefined) return undefined;
    units.push(found);
    end += found.length;
  }
  return end < rest.length ? undefined : units;
}

function restOfLine(text: string, offset: number): string {
  const end = text.indexOf('\n', offset);
  const line = text.slice(offset, end < 0 ? undefined : end);
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}

/** Brackets and strings that are open. */
function depthOf({ kind, open }: SyntaxState): number {
  return open.length + (kind === 'string' && !open.endsWith('`') ? 1 : 0);
}

/** How many of the brackets and quotes `text` closes, and where the last of them ends in it. */
function closedBrackets(
  text: string,
  units: readonly string[],
  languageId: string,
): { readonly closed: number; readonly end: number } {
  const opening = units.map(openingOf).reverse().join('');
  let closed = 0;
  let end = 0;
  for (const { index } of text.matchAll(/["'`)\]}]/g)) {
    if (closed === units.length) break;
    const state = scanSyntax(opening + text.slice(0, index + 1), languageId);
    if (state.kind === 'comment' || units.length - depthOf(state) <= closed) continue;
    closed = units.length - depthOf(state);
    end = index + 1;
  }
  return { closed, end };
}

/** What opens a bracket or quote, as the scanner reads it. */
function openingOf(closer: string, index: number, units: readonly string[]): string {
  const bare = closer.trim();
  const isPlaceholder = bare === '}' && units[index + 1]?.trim() === '`';
  return isPlaceholder ? '${' : openerOf(bare) || bare;
}

function tagName(closer: string): string | undefined {
  return /^\s*<\/(.*)>$/.exec(closer)?.[1];
}

/** Whether the last tag of this name on the line before its end tag is open. */
function opensTag(line: string, endTag: string, name: string): boolean {
  const head = lineHead(line.slice(0, line.length - endTag.length));
  const opened = head.lastIndexOf(`<${name}`);
  return opened >= 0 && opened > head.lastIndexOf(`</${name}`);
}

/** Where the end tag of an element that is open before `text` ends in it, from `from` on; -1 if nowhere. */
function endOfTag(text: string, name: string, from: number): number {
  const escaped = name.replace(/[.]/g, '\\$&');
  const tags = new RegExp(`<(/?)${escaped}(?![\\w.:-])[^<>]*?(/?)>`, 'g');
  tags.lastIndex = from;
  let depth = 1;
  for (let tag = tags.exec(text); tag !== null; tag = tags.exec(text)) {
    if (tag[2] === '/') continue;
    depth += tag[1] === '/' ? -1 : 1;
    if (depth === 0) return tags.lastIndex;
  }
  return -1;
}
