/**
 * The brackets and quotes that VS Code, at its defaults, puts after the cursor while a text is typed
 * from left to right; they go as they are typed over. The rules are those of its built-in languages
 * (`autoClosingPairs`, `autoCloseBefore`, Enter between brackets). A closer that the text does not
 * have is taken away as soon as it stands there. Comments' and tags' ends are left out.
 */
import { indentOf, lineHead } from '../completion/indentation';
import { openerOf, scanSyntax, type SyntaxState } from '../completion/syntax';

/** What is typed, and where. */
export interface TypedText {
  /** The text before what is typed, and what is typed. */
  readonly text: string;
  /** What stands after it all the while. */
  readonly below: string;
  /** Offset in `text` at which typing begins. */
  readonly start: number;
  readonly languageId: string;
}

/** A closer that the editor puts in, with its place in the text as it is in the end. */
export interface AutomaticCloser {
  readonly close: string;
  /** Offset behind what it closes. */
  readonly openEnd: number;
  /** Offset at which it is typed over. */
  readonly closeAt: number;
}

/** A part of a text, by its offsets. */
export interface Stretch {
  readonly start: number;
  readonly end: number;
}

/** One that stands after the cursor, with the line end that Enter put before it. */
export interface StandingCloser extends AutomaticCloser {
  readonly text: string;
}

/** The closers that the editor puts in while `typed` is typed, in the order of what they close. */
export function automaticClosers(typed: TypedText): AutomaticCloser[] {
  const { text, below, languageId } = typed;
  const rules = rulesOf(languageId);
  const closers: AutomaticCloser[] = [];
  for (const pair of pairsIn(typed)) {
    const opener = pair.openEnd - 1;
    const next = (textOf(standingClosers(typed, closers, opener)) + below).charAt(0);
    const isQuote = quotes.includes(pair.close);
    const mayFollow = next === '' || rules.before[isQuote ? 'quotes' : 'brackets'].includes(next);
    const isClosed = isQuote
      ? rules.quotes.includes(pair.close) && mayQuote(text, opener, pair, languageId)
      : pair.inside === 'code' || !rules.onlyInCode;
    const { close, openEnd, closeAt } = pair;
    if (mayFollow && isClosed) closers.push({ close, openEnd, closeAt });
  }
  return closers;
}

/**
 * The closers after the cursor at offset `at` of the text, in their order. For what was put in `atOnce`
 * the editor closes nothing.
 */
export function standingClosers(
  { text, languageId }: Pick<TypedText, 'text' | 'languageId'>,
  closers: readonly AutomaticCloser[],
  at: number,
  atOnce?: Stretch,
): StandingCloser[] {
  const typed = closers.filter(
    ({ openEnd }) => atOnce === undefined || openEnd <= atOnce.start || openEnd > atOnce.end,
  );
  return typed
    .filter((closer) => isOpenAt(closer, at))
    .reverse()
    .map((closer) => {
      const lead = leadOf(closer, typed, text, at, languageId);
      return { ...closer, text: lead + closer.close };
    });
}

export function textOf(closers: readonly StandingCloser[]): string {
  return closers.map(({ text }) => text).join('');
}

/** How VS Code closes in a language. */
interface Rules {
  readonly quotes: string;
  /** Characters in front of which it closes, beside the end of the text. */
  readonly before: { readonly quotes: string; readonly brackets: string };
  /** Brackets are left alone in strings and comments. */
  readonly onlyInCode: boolean;
  /** Enter puts a closer on a line of its own wherever its bracket stands on the line. */
  readonly splitsAnywhere: boolean;
}

const quotes = `"'\``;
const beforeQuotes = ';:.,=}])> \n\t\r';
const usual: Rules = {
  quotes: `"'`,
  before: { quotes: beforeQuotes, brackets: quotes + beforeQuotes },
  onlyInCode: false,
  splitsAnywhere: false,
};
const script: Rules = {
  ...usual,
  quotes,
  before: { quotes: `\`${beforeQuotes}`, brackets: `\`${beforeQuotes}` },
  splitsAnywhere: true,
};
const backQuoted: Rules = { ...usual, quotes };
const doubleQuoted: Rules = { ...usual, quotes: '"' };
const careful: Rules = { ...usual, onlyInCode: true };

const rulesByLanguage: Readonly<Record<string, Rules>> = {
  clojure: doubleQuoted,
  css: careful,
  dart: backQuoted,
  fsharp: doubleQuoted,
  go: backQuoted,
  javascript: script,
  javascriptreact: script,
  json: { ...careful, quotes },
  jsonc: { ...careful, quotes },
  julia: { ...usual, quotes: '"`' },
  less: careful,
  markdown: { ...usual, quotes: '' },
  perl: backQuoted,
  php: careful,
  python: backQuoted,
  r: backQuoted,
  ruby: backQuoted,
  rust: doubleQuoted,
  scss: careful,
  // To its grammar an argument is a string as it is.
  shellscript: { ...usual, quotes: '' },
  swift: backQuoted,
  typescript: script,
  typescriptreact: script,
};

function rulesOf(languageId: string): Rules {
  return Object.hasOwn(rulesByLanguage, languageId)
    ? (rulesByLanguage[languageId] ?? usual)
    : usual;
}

/** A character that the editor takes for a part of a word. */
const wordCharacter = /[^\s`~!@#$%^&*()\-=+[{\]}\\|;:'",.<>/?]/u;
const pythonPrefix = /[rbfuRBFU]/;

/** No quote is closed behind a word, nor right behind a string, which it may be a part of. */
function mayQuote(text: string, opener: number, pair: Pair, languageId: string): boolean {
  if (pair.afterString) return false;
  const before = text.charAt(opener - 1);
  if (pair.close === '`' || !wordCharacter.test(before)) return true;
  return languageId === 'python' && pythonPrefix.test(before);
}

interface Pair extends AutomaticCloser {
  /** What the text between the two is. */
  readonly inside: SyntaxState['kind'];
  readonly afterString: boolean;
}

/** Brackets and quotes that are opened and closed in what is typed, in the order of their openers. */
function pairsIn({ text, start, languageId }: TypedText): Pair[] {
  const kindAt = kindsFrom(text, text.lastIndexOf('\n', start - 1) + 1, languageId);
  let open: Omit<Pair, 'closeAt'>[] = [];
  const pairs: Pair[] = [];
  for (let i = start; i < text.length; i++) {
    const character = text.charAt(i);
    if (character === '\n') open = open.filter(({ inside }) => inside !== 'comment');
    if (!`()[]{}${quotes}`.includes(character)) continue;
    const before = kindAt(i);
    const inside = kindAt(i + 1);
    const isQuote = quotes.includes(character);
    const opens = isQuote
      ? before !== 'string' && inside === 'string'
      : openerOf(character) === '' && (before === inside || inside === 'code');
    const closes = isQuote ? before === 'string' && inside !== 'string' : !opens;
    if (opens) {
      const afterString = i > start && kindAt(i - 1) === 'string' && before !== 'string';
      open.push({ close: closerOf(character), openEnd: i + 1, inside, afterString });
    } else if (closes) {
      const at = open.findLastIndex((each) => each.close === character && each.inside === before);
      const opener = open[at];
      if (opener === undefined) continue;
      pairs.push({ ...opener, closeAt: i });
      open = open.slice(0, at);
    }
  }
  return pairs.sort((a, b) => a.openEnd - b.openEnd);
}

/** What the text is at an offset; ask in the order of the offsets, from `lineStart` on. */
function kindsFrom(
  text: string,
  lineStart: number,
  languageId: string,
): (offset: number) => SyntaxState['kind'] {
  let base = 0;
  let open = '';
  const scanTo = (offset: number) => scanSyntax(text.slice(base, offset), languageId, open);
  let nextLine = lineStart;
  return (offset) => {
    // Code at the beginning of a line can be read from there, which is quicker.
    while (nextLine <= offset) {
      const state = scanTo(nextLine);
      if (state.kind === 'code') [base, open] = [nextLine, state.open];
      const end = text.indexOf('\n', nextLine);
      nextLine = end < 0 ? Infinity : end + 1;
    }
    return scanTo(offset).kind;
  };
}

function closerOf(opener: string): string {
  const index = '([{'.indexOf(opener);
  return index < 0 ? opener : ')]}'.charAt(index);
}

function isOpenAt({ openEnd, closeAt }: AutomaticCloser, at: number): boolean {
  return openEnd <= at && at <= closeAt;
}

/** The line end and indentation that Enter put before a closer, if it did and it still stands there. */
function leadOf(
  closer: AutomaticCloser,
  typed: readonly AutomaticCloser[],
  text: string,
  at: number,
  languageId: string,
): string {
  // Whoever stands in front of it on its own line has gone down to it.
  if (/^[ \t]*$/.test(lineHead(text.slice(0, at)) + text.slice(at, closer.closeAt))) return '';
  for (
    let enter = text.indexOf('\n', closer.openEnd);
    enter >= 0 && enter < at;
    enter = text.indexOf('\n', enter + 1)
  ) {
    const head = lineHead(text.slice(0, enter));
    const isNext = typed.findLast((each) => isOpenAt(each, enter)) === closer;
    const lineEnd = head.endsWith('\r') ? '\r\n' : '\n';
    if (isNext && splitsLine(head, closer.close, languageId)) return lineEnd + indentOf(head);
  }
  return '';
}

/** Whether Enter behind `head` and before a closer puts that on a line of its own. */
function splitsLine(head: string, close: string, languageId: string): boolean {
  const opener = openerOf(close);
  if (opener === '') return false;
  if (!rulesOf(languageId).splitsAnywhere) return head.trimEnd().endsWith(opener);
  return head.lastIndexOf(opener) > head.lastIndexOf(close);
}
