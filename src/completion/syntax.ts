/**
 * A light scanner that tells code, strings and comments apart and follows brackets, well enough for
 * the two questions asked of it: does the cursor stand in a comment, and which closers are awaited.
 * It covers line and block comments, strings with escapes, Python's triple quotes, templates with
 * their `${}`, and JavaScript's regular expressions. It does not parse: heredocs, nested comments,
 * JSX text and raw strings with delimiters of their own are read as ordinary code.
 */
export interface SyntaxState {
  readonly kind: 'code' | 'string' | 'comment';
  /** Brackets not yet closed, the innermost last. */
  readonly open: string;
}

interface Grammar {
  readonly lineComments: readonly string[];
  readonly blockComment?: readonly [open: string, close: string];
  /** Strings that end with their line at the latest. */
  readonly quotes: string;
  /** Strings that may hold line ends. */
  readonly longQuotes: readonly string[];
  /** Whether `/` may begin a regular expression and a back quote a template. */
  readonly script?: boolean;
}

const cLike: Grammar = {
  lineComments: ['//'],
  blockComment: ['/*', '*/'],
  quotes: `"'`,
  longQuotes: [],
};
const script: Grammar = { ...cLike, script: true };
const hash: Grammar = { lineComments: ['#'], quotes: `"'`, longQuotes: [] };
const python: Grammar = { ...hash, longQuotes: ['"""', "'''"] };
const goLike: Grammar = { ...cLike, longQuotes: ['`'] };
/** A quote is often a lifetime or an apostrophe there. */
const rust: Grammar = { ...cLike, quotes: '"' };
const markup: Grammar = {
  lineComments: [],
  blockComment: ['<!--', '-->'],
  quotes: '',
  longQuotes: [],
};
const dashes: Grammar = { ...hash, lineComments: ['--'], blockComment: ['/*', '*/'] };

const grammars: Readonly<Record<string, Grammar>> = {
  c: cLike,
  cpp: cLike,
  csharp: cLike,
  css: { ...cLike, lineComments: [] },
  dart: cLike,
  elixir: python,
  go: goLike,
  groovy: cLike,
  html: markup,
  java: cLike,
  javascript: script,
  javascriptreact: script,
  jsonc: cLike,
  julia: { ...python, quotes: '"' },
  kotlin: cLike,
  less: cLike,
  lua: { ...dashes, blockComment: ['--[[', ']]'] },
  makefile: hash,
  markdown: markup,
  perl: hash,
  php: { ...cLike, lineComments: ['//', '#'] },
  python,
  r: hash,
  ruby: hash,
  rust,
  scala: { ...rust, longQuotes: ['"""'] },
  scss: cLike,
  shellscript: hash,
  sql: dashes,
  svelte: script,
  swift: { ...rust, longQuotes: ['"""'] },
  toml: python,
  typescript: script,
  typescriptreact: script,
  vue: script,
  xml: markup,
  yaml: hash,
};

/** For a language not in the table: brackets alone. */
const plain: Grammar = { lineComments: [], quotes: '', longQuotes: [] };

/** Text in which nothing of the sort begins or ends in any language. */
const plainText = /[\w\s.,;:=]+/y;

/**
 * The state at the end of `text`, which begins in code with the brackets `openBefore` not yet closed.
 * `onCloser` hears of each closing bracket in code, with the brackets that are open before it.
 */
export function scanSyntax(
  text: string,
  languageId: string,
  openBefore = '',
  onCloser: (at: number, open: readonly string[]) => void = () => undefined,
): SyntaxState {
  const grammar = Object.hasOwn(grammars, languageId) ? (grammars[languageId] ?? plain) : plain;
  // A list: a string that grows and is looked at by turns is copied whole each time.
  const open = [...openBefore];
  let i = 0;
  while (i < text.length) {
    plainText.lastIndex = i;
    if (plainText.test(text)) {
      i = plainText.lastIndex;
      continue;
    }
    const character = text.charAt(i);
    const inTemplate = open.at(-1) === '`';
    if (inTemplate && character === '\\') i += 2;
    else if (inTemplate && text.startsWith('${', i)) {
      open.push('{');
      i += 2;
    } else if (grammar.script === true && character === '`') {
      if (inTemplate) open.pop();
      else open.push('`');
      i++;
    } else if (inTemplate) i++;
    else {
      const token = skipToken(text, i, grammar);
      if (token.end > text.length) return { kind: token.kind, open: open.join('') };
      if (token.kind === 'code' && openerOf(character) !== '') onCloser(i, open);
      if (token.kind === 'code') follow(open, character);
      i = token.end;
    }
  }
  return { kind: open.at(-1) === '`' ? 'string' : 'code', open: open.join('') };
}

/** Whether a line is one of a block comment that began above: ` * like this`. */
export function isBlockCommentLine(line: string, languageId: string): boolean {
  return /^\s*\*(?:\s|$)/.test(line) && scanSyntax('/*', languageId).kind === 'comment';
}

/** Whether nothing but a comment stands on a line so far, whatever stands above. */
export function beginsWithComment(line: string, languageId: string): boolean {
  const isMark = scanSyntax(line.trimStart().slice(0, 2), languageId).kind === 'comment';
  return isMark && scanSyntax(line, languageId).kind === 'comment';
}

/** Takes one more character into the open brackets. A closer without its opener changes nothing. */
function follow(open: string[], character: string): void {
  if ('([{'.includes(character)) open.push(character);
  else if (openerOf(character) === open.at(-1)) open.pop();
}

/** The bracket that `character` closes; '' if it closes none. */
export function openerOf(character: string): string {
  const index = ')]}'.indexOf(character);
  return index < 0 || character === '' ? '' : '([{'.charAt(index);
}

/** What closes a bracket or a template. */
export function closerOf(opener: string): string {
  return ')]}`'.charAt('([{`'.indexOf(opener));
}

interface Token {
  readonly kind: SyntaxState['kind'];
  /** Offset after it; beyond the text's end if the text ends within it. */
  readonly end: number;
}

/** The comment, string, regular expression or single character of code that begins at `i`. */
function skipToken(text: string, i: number, grammar: Grammar): Token {
  if (grammar.blockComment !== undefined && text.startsWith(grammar.blockComment[0], i)) {
    const [begin, close] = grammar.blockComment;
    return { kind: 'comment', end: endAfter(text, close, i + begin.length) };
  }
  if (grammar.lineComments.some((mark) => text.startsWith(mark, i) && !isWordBefore(text, i)))
    return { kind: 'comment', end: endAfter(text, '\n', i) };
  const long = grammar.longQuotes.find((quote) => text.startsWith(quote, i));
  if (long !== undefined) return { kind: 'string', end: endAfter(text, long, i + long.length) };
  const character = text.charAt(i);
  if (grammar.quotes.includes(character))
    return { kind: 'string', end: endOfQuoted(text, i, character) };
  if (grammar.script === true && character === '/' && beginsRegExp(text, i))
    return { kind: 'string', end: endOfQuoted(text, i, '/') };
  return { kind: 'code', end: i + 1 };
}

/** A `#` or `--` inside a word, such as `a#b`, begins no comment. */
function isWordBefore(text: string, i: number): boolean {
  return text.charAt(i) === '#' && i > 0 && /[\w$&{]/.test(text.charAt(i - 1));
}

function endAfter(text: string, close: string, from: number): number {
  const at = text.indexOf(close, from);
  return at < 0 ? text.length + 1 : at + close.length;
}

/** After the closing quote, or at the end of the line where it is missing. */
function endOfQuoted(text: string, start: number, quote: string): number {
  let inClass = false;
  for (let i = start + 1; i < text.length; i++) {
    const character = text.charAt(i);
    if (character === '\\') i++;
    else if (character === '\n') return i;
    else if (character === quote && !inClass) return i + 1;
    else if (quote === '/' && (character === '[' || character === ']')) inClass = character === '[';
  }
  return text.length + 1;
}

/** A `/` after an operator, an opening bracket or a keyword begins a regular expression. */
function beginsRegExp(text: string, i: number): boolean {
  const before = text.slice(Math.max(0, i - 20), i).trimEnd();
  return before === '' || /(?:[=(,:[!&|?{};]|=>|\breturn|\bcase|\btypeof)$/.test(before);
}
