/**
 * Where a completion ends: at the end of the line, or of the block for several lines; before a code
 * fence; when it begins to repeat itself. Pure functions of the text so far. Cutting away what the
 * user already has below the cursor is not done here (see `completion/trim.ts`).
 */

export interface StopRules {
  readonly multiline: boolean;
  /** Indentation of the line with the cursor, in columns. */
  readonly indentation: number;
  /** Whether ``` may be proposed: in Markdown, and where the user has begun one. */
  readonly allowFences: boolean;
}

/** Longest block proposed, in lines. */
export const maxLines = 12;
const tabColumns = 4;
const closer = /^[)\]}]|^<\/|^end\b/;
const opener = /[([{:]\s*$/;
const fence = '```';

/** Rules for a cursor that stands after `prefix`. */
export function stopRules(prefix: string, languageId: string, multiline: boolean): StopRules {
  const line = prefix.slice(Math.max(prefix.lastIndexOf('\n'), prefix.lastIndexOf('\r')) + 1);
  return {
    multiline,
    indentation: columnsOf(line),
    allowFences: languageId === 'markdown' || line.trimEnd().endsWith('`'),
  };
}

/**
 * Length of `text` to keep when it has come to its end, null when it may go on. `text` follows the
 * cursor and grows at its end; what has been said about a text holds for all that begin with it.
 */
export function endOf(text: string, rules: StopRules): number | null {
  const fenceAt = rules.allowFences ? -1 : text.indexOf(fence);
  const end = rules.multiline ? endOfBlock(text, rules.indentation) : lineEnd(text, 0);
  if (fenceAt >= 0 && (end === null || fenceAt < end)) return keepWholeLines(text, fenceAt);
  return end;
}

/** Length to keep when generation stopped for another reason than the text itself. */
export function endOfUnfinished(text: string, rules: StopRules): number {
  return rules.multiline ? keepWholeLines(text, text.length) : text.length;
}

/** A text that was cut off, without the beginning of a word at its end; one word alone stays. */
export function wholeWords(text: string): string {
  return text.replace(/(?<=\W)\w+$/, '');
}

/**
 * Number of tokens before a loop begins to turn: the tail of `ids` is one group of tokens again and
 * again. Null when it is not. Three turns are a loop, six for up to three tokens (`0, 0, 0, 0` is not).
 */
export function loopStart(ids: readonly number[]): number | null {
  for (let period = 1; period <= maxPeriod; period++) {
    const turns = period <= 3 ? 6 : 3;
    const start = ids.length - period * turns;
    if (start < 0) continue;
    let same = true;
    for (let i = ids.length - 1; same && i >= start + period; i--)
      same = ids[i] === ids[i - period];
    if (same) return start + period;
  }
  return null;
}

/** Longest group of tokens, about three lines, that is looked for. */
const maxPeriod = 32;

/** Offset of the first line end at or after `from`, null where the last line is still open. */
function lineEnd(text: string, from: number): number | null {
  for (let at = from; at < text.length; at++) {
    const character = text[at];
    if (character === '\n' || character === '\r') return at;
  }
  return null;
}

/**
 * A block ends before a blank line, before a line that is indented less than the one it began on,
 * and, once it has been deeper, with the line that closes it or before the next statement.
 */
function endOfBlock(text: string, indentation: number): number | null {
  let end = lineEnd(text, 0);
  let deeper = false;
  for (let lines = 1; end !== null; lines++) {
    if (lines === maxLines) return end;
    const start = text[end] === '\r' && text[end + 1] === '\n' ? end + 2 : end + 1;
    const next = lineEnd(text, start);
    const line = text.slice(start, next ?? text.length);
    const content = line.trim();
    if (content === '') return next === null ? null : end;
    const columns = columnsOf(line);
    if (columns < indentation) return end;
    if (columns > indentation) {
      deeper = true;
    } else if (deeper) {
      if (!couldClose(content)) return end;
      if (next === null) return null;
      if (!closer.test(content)) return end;
      if (!opener.test(content)) return next;
    }
    end = next;
  }
  return null;
}

/** Whether more characters could make a closing line of the beginning of one. */
function couldClose(content: string): boolean {
  return closer.test(content) || ['<', 'e', 'en'].includes(content);
}

function keepWholeLines(text: string, end: number): number {
  const lastLineEnd = Math.max(text.lastIndexOf('\n', end - 1), text.lastIndexOf('\r', end - 1));
  if (end === 0 || lastLineEnd < 0) return end;
  return text.slice(0, lastLineEnd).trimEnd().length;
}

function columnsOf(line: string): number {
  let columns = 0;
  for (const character of line) {
    if (character === ' ') columns += 1;
    else if (character === '\t') columns += tabColumns - (columns % tabColumns);
    else break;
  }
  return columns;
}
