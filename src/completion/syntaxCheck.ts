/**
 * Cuts a candidate to the longest part of it that adds no syntax error, by what a parser says of the
 * code around the cursor with the candidate in it. Of that code only a skeleton is parsed: the lines
 * about the cursor and the heads and ends of the blocks they lie in, so that it takes the same time in
 * a file of any length, and so that what is unfinished elsewhere condemns nothing. Code at a cursor is
 * unfinished too, and so may a candidate be: both are judged by the best that could become of them.
 */
import { withoutClosers } from './closers';
import { type DocumentSnapshot, unixLines } from './context';
import { indentColumns, indentOf, isBlank } from './indentation';
import { insertionAt } from './insertion';
import type { CodeError, Parser } from './parser';
import type { Pieces } from './slices';
import { closerOf, scanSyntax } from './syntax';

/** Shorter parts of a candidate that are tried, the longest first. */
const maxParts = 4;
/** Texts parsed for all candidates at one cursor. */
const maxTexts = 24;

/**
 * What is left of a candidate at the document's cursor; '' if no part of it is right. It may rest after
 * each text that is parsed.
 */
export function syntaxCheck(
  parser: Parser,
  document: DocumentSnapshot,
): (text: string) => Pieces<string> {
  const { languageId } = document;
  if (parser.errorsIn(languageId, '') === undefined) return unchecked;
  const { above, head, rest, below, isCut } = skeletonOf(withoutClosers(document));
  const inserted = insertionAt(document);
  // A comment's first line may be none of those that are kept, and what it says is not code.
  if (!isBlank(head) && !isCode(head)) return unchecked;
  const known = new Map<string, boolean>();
  let sound: boolean | undefined;

  function* errorsIn(line: string): Pieces<readonly CodeError[]> {
    const code = above + line + below;
    const errors = parser.errorsIn(languageId, code + closersOf(code, languageId), above + below);
    yield;
    return errors ?? [];
  }

  /** Whether all is well but for the cursor's line, so that what is wrong there is the candidate's. */
  function* isSound(): Pieces<boolean> {
    if (!isCut && (yield* errorsIn('')).length === 0) return true;
    for (const end of [...continuations(head, languageId), `${closersOf(head, languageId)} {`])
      if ((yield* errorsIn(head + end + rest)).length === 0) return true;
    return false;
  }

  /** Whether `text`, gone on with by `end`, stands at the cursor without an error of its making. */
  function* fits(text: string, end = ''): Pieces<boolean> {
    const before = known.get(text + end);
    if (before !== undefined) return before;
    if (known.size >= maxTexts) return true;
    const start = above.length + head.length;
    const written = (inserted(text + end)?.whole ?? text + end) + rest;
    const lineEnd = start + written.length + 1;
    const errors = (yield* errorsIn(head + written)).filter(
      (error) => error.end >= above.length + head.trimEnd().length && error.start <= lineEnd,
    );
    if (errors.length > 0) sound ??= yield* isSound();
    // Where more is wrong, or nothing follows yet, only what lies within the text is its fault.
    const isLenient = sound === false || (isCut && isBlank(rest) && unfinished.test(text));
    const textEnd = start + text.trimEnd().length;
    const fit = isLenient
      ? !errors.some((error) => error.start >= start && error.end < textEnd)
      : errors.length === 0;
    known.set(text + end, fit);
    return fit;
  }

  return function* (text) {
    if (yield* fits(text)) return text;
    for (const end of isBlank(rest) ? continuations(head + text, languageId) : [])
      if (yield* fits(text, end)) return text;
    for (const part of partsOf(text)) if (yield* fits(part)) return part;
    return '';
  };
}

// eslint-disable-next-line require-yield -- There is nothing to rest from.
function* unchecked(text: string): Pieces<string> {
  return text;
}

/** An end of a line after which a person goes on below. */
const unfinished = /[<([{,=&|?:+*/-]\s*$/;

/** A line that begins a string which may go on below. */
const openString = /^\s*\w{0,2}("""|''')(?:(?!\1).)+$/;

/** Ways in which a line might go on that is not finished yet. */
function continuations(line: string, languageId: string): string[] {
  const quotes = openString.exec(line)?.[1];
  if (quotes !== undefined) return [quotes];
  const closers = closersOf(line, languageId);
  const indent = indentOf(line);
  return [closers, `x${closers}`, `${closers};`, `x${closers};`, `\n${indent}    x`];
}

/** What closes the brackets that `code` leaves open. */
function closersOf(code: string, languageId: string): string {
  const { open } = scanSyntax(code, languageId);
  return [...open].map(closerOf).reverse().join('');
}

/** The beginnings of a text that end where a word or a bracket does, the longest first. */
function partsOf(text: string): string[] {
  const tokens = text.matchAll(/[\w$]+|["'`]+|[)\]};]/g);
  return [...tokens]
    .map((token) => token.index + token[0].length)
    .filter((end) => end < text.length)
    .slice(-maxParts)
    .reverse()
    .map((end) => text.slice(0, end));
}

interface Skeleton {
  /** Whole lines. */
  readonly above: string;
  /** The cursor's line up to the cursor, and from there. */
  readonly head: string;
  readonly rest: string;
  /** Whole lines, with the line end before them. */
  readonly below: string;
  /** Whether the document ends here, or begins or ends in the midst of what is around. */
  readonly isCut: boolean;
}

/** How much of a document is looked at above and below the cursor, in characters. */
const charsAbove = 100_000;
const charsBelow = 6_000;
/** Lines kept on either side of the cursor, beside the block heads and ends around it. */
const linesBeside = 16;
/** A statement of more lines than this is kept without those that are indented deeper than it. */
const linesWhole = 8;

/** A line that goes on with what a line above it began. */
const goesOn =
  /^[ \t]*(?:[)\]}>|&?:.,+]|<\/|(?:else|elif|except|finally|catch|then|do|fi|done|esac|end)\b)/;
/** A line of a comment, which is laid out as it likes, or a blank one. */
const noCode = /^[ \t]*(?:$|\/[/*]|\*[ /]|\*$)/;

function skeletonOf({ text, offset }: DocumentSnapshot): Skeleton {
  const before = unixLines(text.slice(Math.max(0, offset - charsAbove), offset)).split('\n');
  const after = unixLines(text.slice(offset, offset + charsBelow)).split('\n');
  if (offset > charsAbove) before.shift();
  if (offset + charsBelow < text.length && after.length > 1) after.pop();
  const head = before.pop() ?? '';
  const rest = after.shift() ?? '';
  const line = head + rest;
  const above = linesAbove(before.filter(isCode), line);
  const below = linesBelow(after.filter(isCode), indentColumns(line));
  return {
    above: above.map((kept) => kept + '\n').join(''),
    head,
    rest,
    below: below.map((kept) => '\n' + kept).join(''),
    isCut: !after.some(isCode) || indentColumns(above[0] ?? '') > 0,
  };
}

function isCode(line: string): boolean {
  return !noCode.test(line);
}

/** The statements before `line`, and the heads of the blocks it lies in, from the outermost on. */
function linesAbove(lines: readonly string[], line: string): string[] {
  const kept: string[] = [];
  let from = line;
  let end = lines.length;
  for (;;) {
    // What stands in the same block, as statements of one or more lines.
    const level = indentColumns(from);
    let start = level > 0 ? end : 0;
    while (start > 0 && indentColumns(lines[start - 1] ?? '') >= level) start--;
    let room = from === line ? linesBeside : 0;
    let needed = goesOn.test(from);
    for (const statement of statementsUpwards(lines, start, end, level)) {
      room -= statement.length;
      if (room < 0 && !needed) break;
      kept.unshift(...(needed ? shortened(statement, level) : statement));
      needed = false;
    }
    const parent = lines[start - 1];
    if (parent === undefined) return kept;
    kept.unshift(parent);
    from = parent;
    end = start - 1;
  }
}

/** The statements after a line that is indented by `columns`, and the ends of the blocks around. */
function linesBelow(lines: readonly string[], columns: number): string[] {
  const kept: string[] = [];
  let room = linesBeside;
  let level = columns;
  let start = 0;
  while (start < lines.length) {
    const next = lines.findIndex((line, i) => i >= start && indentColumns(line) < level);
    const end = next < 0 ? lines.length : next;
    const [first = [], ...statements] = statementsOf(lines.slice(start, end), level);
    // What comes first is the rest of the cursor's own statement, or of the block that ended.
    const belongs = indentColumns(first[0] ?? '') > level || goesOn.test(first[0] ?? '');
    for (const [i, statement] of [first, ...statements].entries()) {
      room -= statement.length;
      if (i === 0 && belongs) kept.push(...shortened(statement, level));
      else if (room < 0) break;
      else kept.push(...statement);
    }
    room = 0;
    start = end;
    level = indentColumns(lines[end] ?? '');
  }
  return kept;
}

/** Groups lines: each begins with one indented by `level` that does not go on with another. */
function statementsOf(lines: readonly string[], level: number): string[][] {
  const statements: string[][] = [];
  for (const line of lines) {
    const begins = indentColumns(line) <= level && !goesOn.test(line);
    if (begins || statements.length === 0) statements.push([line]);
    else statements.at(-1)?.push(line);
  }
  return statements;
}

/** The same statements of the lines from `start` to `end`, the last of them first. */
function* statementsUpwards(lines: readonly string[], start: number, end: number, level: number) {
  let after = end;
  for (let i = end - 1; i >= start; i--) {
    const line = lines[i] ?? '';
    const begins = indentColumns(line) <= level && !goesOn.test(line);
    if (!begins && i > start) continue;
    yield lines.slice(i, after);
    after = i;
  }
}

function shortened(statement: readonly string[], level: number): readonly string[] {
  if (statement.length <= linesWhole) return statement;
  return statement.filter((line) => indentColumns(line) <= level);
}
