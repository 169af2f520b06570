/**
 * Cuts a candidate where a person would stop: at the end of the line or block, before what stands
 * below or after the cursor already, and before a closer that nothing awaits. It only ever takes
 * text away, and knows nothing of where the candidate came from.
 */
import type { CompletionContext } from '../types';
import { unixLines } from './context';
import { indentColumns, isBlank, lineHead, lineRest, nextLine } from './indentation';
import { openerOf, scanSyntax } from './syntax';

/** A line that begins a comment or a string, or is an empty one. */
const saysNothing = /^\s*(?:\/\*+|\/\/+|#|\*|(["'`])\1*)\s*$/;

/** What is left of `text` at this cursor; '' if nothing worth showing is. */
export function trim(text: string, context: CompletionContext): string {
  const head = lineHead(context.prefix);
  const unindented = /[ \t]$/.test(head) ? text.replace(/^[ \t]+/, '') : text;
  let kept = unixLines(unindented);
  for (;;) {
    const cut = trimOnce(kept, context);
    if (cut === kept) return saysNothing.test(head + kept) ? '' : kept;
    kept = cut;
  }
}

function trimOnce(text: string, context: CompletionContext): string {
  const rest = lineRest(context.suffix);
  let kept = context.multiline && isBlank(rest) ? cutAfterBlock(text, context) : firstLine(text);
  kept = isBlank(rest) ? cutBeforeBelow(kept, context) : cutBeforeRest(kept, context);
  kept = cutBeforeCloser(kept, context);
  if (isBlank(rest)) return kept.trimEnd();
  return isBlank(kept) ? '' : kept;
}

function firstLine(text: string): string {
  const end = text.indexOf('\n');
  return end < 0 ? text : text.slice(0, end);
}

/** A line that ends a block opened above it, and belongs to it. */
const closingLine = /^[ \t]*(?:[)\]}]|end\b|else\b|elif\b|except\b|finally\b|catch\b|<\/)/;

/**
 * Cuts before the first line that no longer belongs to the block at the cursor: one indented less
 * than the cursor's line, one indented like it after a line that opened a block there, or a new
 * paragraph indented like it.
 */
function cutAfterBlock(text: string, context: CompletionContext): string {
  const head = lineHead(context.prefix);
  const [first = '', ...below] = text.split('\n');
  const base = indentColumns(head + first);
  const opened = indentColumns(below.find((line) => !isBlank(line)) ?? '') > base;
  const kept = [first];
  let afterBlank = false;
  for (const line of below) {
    const columns = indentColumns(line);
    if (!isBlank(line)) {
      if (columns < base) break;
      if (columns === base && (afterBlank || (opened && !closingLine.test(line)))) break;
    }
    kept.push(line);
    afterBlank = isBlank(line);
  }
  return kept.join('\n');
}

/** Cuts before the first line that the next line below the cursor repeats. */
function cutBeforeBelow(text: string, context: CompletionContext): string {
  const below = nextLine(context.suffix);
  if (isBlank(below)) return text;
  const lines = text.split('\n');
  const whole = [lineHead(context.prefix) + (lines[0] ?? ''), ...lines.slice(1)];
  const repeated = whole.findIndex((line) => isSameLine(line, below));
  return repeated < 0 ? text : lines.slice(0, repeated).join('\n');
}

/** Lines of punctuation alone, such as `}`, are the same only at the same indentation. */
function isSameLine(a: string, b: string): boolean {
  if (a.trim() !== b.trim()) return false;
  return /[\p{L}\p{N}]/u.test(a) || indentColumns(a) === indentColumns(b);
}

/** What an editor puts after the cursor by itself, or ends a statement with. */
const closers = /^[)\]}"'`;,>]+$/;
/** A rest this long is recognised inside the candidate even when it is not made of closers. */
const minRest = 3;

/**
 * Cuts where the text after the cursor on the same line begins again. Of several such places the
 * first is taken that leaves the line complete, no bracket or string open; else the first that
 * leaves it as the candidate itself would have.
 */
function cutBeforeRest(text: string, context: CompletionContext): string {
  const head = lineHead(context.prefix);
  const rest = lineRest(context.suffix);
  const mark = rest.trim();
  const quote = /^["'`]/.test(mark) ? mark.charAt(0) : undefined;
  const recognisable = closers.test(mark) || mark.length >= minRest;
  const stateAfter = (line: string) => {
    const { kind, open } = scanSyntax(line, context.languageId);
    return `${kind} ${open}`;
  };

  const cutsAt = (beginsAgain: (i: number) => boolean) =>
    [...Array(text.length).keys()].filter(beginsAgain).map((i) => text.slice(0, i));
  const certain = cutsAt(
    (i) => rest.startsWith(text.slice(i)) || (recognisable && text.startsWith(mark, i)),
  );
  // A string that the editor has closed already ends where the candidate closes it.
  const inString = quote !== undefined && scanSyntax(head, context.languageId).kind === 'string';
  const likely = inString ? cutsAt((i) => text.charAt(i) === quote) : [];

  const leaves = (state: string) => (kept: string) => stateAfter(head + kept + rest) === state;
  const complete = [...certain, text, ...likely].find(leaves('code '));
  if (complete !== undefined) return complete;
  const own = stateAfter(head + text);
  const alike = own.startsWith('code') ? [...certain, ...likely].find(leaves(own)) : undefined;
  return alike ?? text;
}

/**
 * Cuts before a closing bracket that does not close the innermost open one, or that would close the
 * one which the next line below the cursor closes.
 */
function cutBeforeCloser(text: string, context: CompletionContext): string {
  if (!/[)\]}]/.test(text)) return text;
  const { prefix, languageId } = context;
  const before = scanSyntax(prefix, languageId);
  if (before.kind !== 'code') return text;
  const reserved = closedBelow(context);
  let end = text.length;
  scanSyntax(text, languageId, before.open, (at, open) => {
    if (at > end || open.length === 0) return;
    if (open.at(-1) !== openerOf(text.charAt(at)) || open.length <= reserved) end = at;
  });
  return text.slice(0, end);
}

/**
 * How many of the open brackets, from the outermost on, the next line below the cursor closes: those
 * open after the last line that is indented no more than it is. None if it closes no such bracket.
 */
function closedBelow({ prefix, suffix, languageId }: CompletionContext): number {
  const below = nextLine(suffix);
  const awaited = openerOf(below.trim().charAt(0));
  if (awaited === '') return 0;
  const lines = prefix.split('\n').slice(0, -1);
  const last = lines.findLastIndex(
    (line) => !isBlank(line) && indentColumns(line) <= indentColumns(below),
  );
  const { open } = scanSyntax(lines.slice(0, last + 1).join('\n'), languageId);
  return open.endsWith(awaited) ? open.length : 0;
}
