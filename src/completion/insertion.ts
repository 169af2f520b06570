/**
 * How a text for the cursor goes into the document in front of the closers that stand there: it takes
 * the place of those that it closes itself, the rest stays behind it, and what it opens in front of
 * them and leaves open is closed too, a block on lines of its own. It looks at one document and knows
 * no editor; whether the text is worth showing is for others to say.
 */
import { closedBy, closersAfter } from './closers';
import { buildContext, type DocumentSnapshot } from './context';
import { indentOf, indentUnitAt, lineHead, lineRest, nextLine } from './indentation';
import { closerOf, openerOf, scanSyntax } from './syntax';

/** One replacement at the cursor. Line ends are `\n`. */
export interface Insertion {
  readonly text: string;
  /** Characters after the cursor that the text takes the place of. */
  readonly replacedLength: number;
  /**
   * Where a person goes on, in characters from the cursor: mostly behind the text, where an editor puts
   * the cursor by itself, but inside a block that was closed for the user, and behind one that is whole.
   */
  readonly cursorAt: number;
  /** All that stands there then, to the end of the last closer. */
  readonly whole: string;
}

/** How texts go into the document at its cursor; undefined for one that adds nothing there. */
export function insertionAt(document: DocumentSnapshot): (text: string) => Insertion | undefined {
  const closers = closersAfter(document);
  return (text) => {
    if (closers === '') return text === '' ? undefined : plainInsertion(text);
    const closed = closers.slice(0, closedBy(text, closers, document.languageId));
    const left = closers.slice(closed.length);
    const ends = left === '' ? undefined : endsOf(text, { closed, left }, document);
    const { body = '', closing = '', end = '' } = ends ?? {};
    const whole = text + body + closing + left + end;
    const common = commonEnd(whole, closers);
    const inserted = whole.slice(0, whole.length - common);
    const replacedLength = closers.length - common;
    // An editor draws what comes between the closers, but takes none of them away.
    if (inserted === '' || !isWithin(closers.slice(0, replacedLength), inserted)) return undefined;
    const written = text.length + body.length;
    const isLine = !whole.includes('\n') && closing === '';
    const cursorAt = isLine ? Math.min(written, inserted.length) : written;
    return { text: inserted, replacedLength, cursorAt, whole };
  };
}

/** The text in front of nothing that it has to do with. */
export function plainInsertion(text: string): Insertion {
  return { text, replacedLength: 0, cursorAt: text.length, whole: text };
}

/** The closers by what a text does with them. */
interface Fate {
  /** The text closes them itself. */
  readonly closed: string;
  /** They stay behind it. */
  readonly left: string;
}

/** What a text needs in front of the closers that stay, and behind them. */
interface Ends {
  /** A line to go on with, where the text opens a block. */
  readonly body: string;
  /** What closes what the text leaves open. */
  readonly closing: string;
  /** What ends the statement. */
  readonly end: string;
}

/** Undefined where nothing is needed, or the text ends within a string or a comment. */
function endsOf(
  text: string,
  { closed, left }: Fate,
  document: DocumentSnapshot,
): Ends | undefined {
  const { languageId } = document;
  const { prefix } = buildContext(document, 'never');
  const head = lineHead(prefix);
  const above = scanSyntax(prefix.slice(0, prefix.length - head.length), languageId);
  const lines = text.split('\n');
  const states = lines.map((_, i) =>
    scanSyntax(head + lines.slice(0, i + 1).join('\n'), languageId, above.open),
  );
  const open = states.at(-1)?.open ?? '';
  if (above.kind !== 'code' || states.at(-1)?.kind !== 'code') return undefined;

  // The innermost first, each with the indentation of the line that opened it.
  const opened: { readonly closer: string; readonly indent: string }[] = [];
  const indent = indentOf(head);
  const before = scanSyntax(head, languageId, above.open).open.length - bracketCount(closed);
  for (let depth = open.length - 1; depth >= before; depth--) {
    const line = states.findLastIndex((state) => state.open.length <= depth) + 1;
    const at = line === 0 ? indent : indentOf(lines[line] ?? '');
    opened.push({ closer: closerOf(open.charAt(depth)), indent: at });
  }

  const opensBlock = opened.length > 0 && /\{\s*$/.test(text);
  const endsDeeper = lines.length > 1 && indentOf(lines.at(-1) ?? '').length > indent.length;
  if (!opensBlock && !endsDeeper) {
    const closing = opened.map(({ closer }) => closer).join('');
    return closing === '' ? undefined : { body: '', closing, end: '' };
  }
  const body = opensBlock ? `\n${opened[0]?.indent ?? ''}${indentUnitAt(document)}` : '';
  let closing = '';
  let line: string | undefined;
  for (const { closer, indent: at } of [...opened, { closer: '', indent }]) {
    closing += at === line ? closer : `\n${at}${closer}`;
    line = at;
  }
  const outside = open.slice(0, before - bracketCount(left));
  return { body, closing, end: endsStatement(left, outside, document) ? ';' : '' };
}

/** The beginning of a line after which a bracket that closes ends no statement. */
const noStatement =
  /^\s*(?:(?:\}\s*)?(?:if|else|for|while|switch|with|catch)\b|(?:export\s+)?(?:default\s+)?(?:async\s+)?(?:function|class)\b|(?:[\w$]+|'[^']*'|"[^"]*")\s*:)/;

/** Whether a call that ends with `left` is a statement, and statements end with a semicolon here. */
function endsStatement(left: string, outside: string, document: DocumentSnapshot): boolean {
  const { prefix, suffix } = buildContext(document, 'never');
  const head = lineHead(prefix);
  if (!left.endsWith(')') || !/^$|\{$/.test(outside)) return false;
  if (noStatement.test(head) || /^\s*[.,?:)\]=&|+*/-]/.test(nextLine(suffix))) return false;
  const around =
    prefix.slice(0, prefix.length - head.length) + suffix.slice(lineRest(suffix).length);
  const alike = around.match(/^[ \t]*\}\)+;?[ \t]*$/gm) ?? around.match(/[^\s{}];?$/gm) ?? [];
  return alike.filter((line) => line.trimEnd().endsWith(';')).length > alike.length / 2;
}

function bracketCount(closers: string): number {
  return [...closers].filter((closer) => openerOf(closer) !== '' || closer === '`').length;
}

/** Characters that both end with. */
function commonEnd(a: string, b: string): number {
  let length = 0;
  while (length < b.length && length < a.length && a.at(-1 - length) === b.at(-1 - length))
    length++;
  return length;
}

/** Whether the characters of `part` stand in `text` in their order. */
function isWithin(part: string, text: string): boolean {
  let at = 0;
  for (const character of part) {
    at = text.indexOf(character, at) + 1;
    if (at === 0) return false;
  }
  return true;
}
