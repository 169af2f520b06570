/**
 * Source text of TypeScript, JavaScript and Python as tokens with their brackets matched: enough to
 * say where a name is declared or used, in one linear pass. Comments are left out, a string is one
 * token, and what a template holds in `${}` is code. It parses nothing, so that unfinished code reads
 * as well as any other: a closer ends every bracket opened since its own opener.
 */
import { indentColumns } from './indentation';

export type TokenLanguage = 'script' | 'python';

/** Stands for a string, a regular expression or the text of a template. */
export const stringToken = '""';
const numberToken = '0';

export interface Tokens {
  /** Names, punctuation and strings; in Python also `\n` before each statement. */
  readonly words: string[];
  /** Offset of each in the text that was read. */
  readonly starts: number[];
  /** Blanks before each: 0 none, 1 some, 2 a line end too; of a `\n`, the columns of its line. */
  readonly gaps: number[];
  /** Whether the text ends in the midst of a comment, a template or a string of several lines. */
  readonly isOpen: boolean;
  /** Brackets not closed. */
  readonly depth: number;
}

export function tokenLanguage(languageId: string): TokenLanguage | undefined {
  return languages.get(languageId);
}

const languages: ReadonlyMap<string, TokenLanguage> = new Map([
  ['typescript', 'script'],
  ['typescriptreact', 'script'],
  ['javascript', 'script'],
  ['javascriptreact', 'script'],
  ['python', 'python'],
]);

/** What begins a statement of Python and nothing else: what is open before it was never closed. */
const statementWords = new Set(
  'def class return import try raise while except pass assert with'.split(' '),
);
/** After these words a `/` begins a regular expression. */
const operators = new Set(
  'return typeof case in of delete void throw new else do await yield instanceof'.split(' '),
);
const longPunctuation = ['...', '===', '!==', '=>', '?.', '==', '!=', ':=', '->', '<=', '>=', '**'];
const longStarts = new Set(longPunctuation.map((each) => each.charCodeAt(0)));

/** Tokens of `text`, which begins in code with `depth` brackets open. */
export function tokensOf(text: string, language: TokenLanguage, depth = 0): Tokens {
  const words: string[] = [];
  const starts: number[] = [];
  const gaps: number[] = [];
  /** How many brackets were open where the code in each template began. */
  const templates: number[] = [];
  const isPython = language === 'python';
  const length = text.length;
  let isOpen = false;
  let gap = 2;
  let lineStart = 0;
  let isJoined = depth > 0;
  let i = 0;

  const push = (word: string, start: number): void => {
    if (isPython && gap === 2) {
      const restarts = depth > 0 && statementWords.has(word);
      if (restarts) depth = 0;
      if ((depth === 0 && !isJoined) || restarts) {
        words.push('\n');
        starts.push(lineStart);
        gaps.push(indentColumns(text.slice(lineStart, start)));
      }
    }
    isJoined = false;
    words.push(word);
    starts.push(start);
    gaps.push(gap);
    gap = 0;
  };
  /** Reads the text of a template from `from` on; its end, or where code begins in it. */
  const template = (from: number): number => {
    for (let at = from; at < length; at++) {
      const code = text.charCodeAt(at);
      if (code === 92) at++;
      else if (code === 96) return at + 1;
      else if (code === 36 && text.charCodeAt(at + 1) === 123) {
        push('{', at);
        templates.push(depth++);
        return at + 2;
      }
    }
    isOpen = true;
    return length;
  };

  while (i < length) {
    const code = text.charCodeAt(i);
    if (code === 10) {
      gap = 2;
      lineStart = ++i;
    } else if (isBlankCode(code)) {
      if (gap === 0) gap = 1;
      i++;
    } else if (isNameCode(code)) {
      const start = i;
      while (i < length && (isNameCode(text.charCodeAt(i)) || isDigit(text.charCodeAt(i)))) i++;
      const next = text.charCodeAt(i);
      const isPrefix = isPython && i - start <= 2 && (next === 34 || next === 39);
      if (!isPrefix) push(text.slice(start, i), start);
    } else if (isDigit(code)) {
      push(numberToken, i);
      while (i < length && isNumberPart(text.charCodeAt(i))) i++;
    } else if (code === 34 || code === 39) {
      push(stringToken, i);
      const quote = text.charAt(i);
      const long = quote.repeat(3);
      if (isPython && text.startsWith(long, i)) {
        const end = text.indexOf(long, i + 3);
        isOpen ||= end < 0;
        i = end < 0 ? length : end + 3;
      } else i = endOfString(text, i, code);
    } else if (isPython && code === 35) i = endOfLine(text, i);
    else if (isPython && code === 92) {
      isJoined = true;
      i++;
    } else if (!isPython && code === 96) {
      push(stringToken, i);
      i = template(i + 1);
    } else if (!isPython && code === 47 && text.charCodeAt(i + 1) === 47) i = endOfLine(text, i);
    else if (!isPython && code === 47 && text.charCodeAt(i + 1) === 42) {
      const end = text.indexOf('*/', i + 2);
      isOpen ||= end < 0;
      i = end < 0 ? length : end + 2;
    } else if (!isPython && code === 47 && beginsRegExp(words.at(-1))) {
      const end = endOfString(text, i, code);
      push(text.charAt(end - 1) === '/' && end > i + 1 ? stringToken : '/', i);
      i = words.at(-1) === '/' ? i + 1 : end;
      if (words.at(-1) === stringToken) while (isNameCode(text.charCodeAt(i))) i++;
    } else {
      const long = longStarts.has(code) ? longPunctuation.find((p) => text.startsWith(p, i)) : '';
      const word = long || text.charAt(i);
      push(word, i);
      i += word.length;
      if (word === '(' || word === '[' || word === '{') depth++;
      else if (word === ')' || word === ']' || word === '}') {
        depth = Math.max(0, depth - 1);
        if (word === '}' && templates.at(-1) === depth) {
          templates.pop();
          i = template(i);
        }
      }
    }
  }
  return { words, starts, gaps, isOpen: isOpen || templates.length > 0, depth };
}

/** Tokens of one or more texts, and which of their brackets belong together. */
export interface Code {
  readonly words: string[];
  readonly gaps: number[];
  /** Of each token, the index of the bracket that it stands directly in, -1 at the top. */
  readonly parents: number[];
  /** Of each opening bracket, the index of what closes it, and of each closer its opener; else -1. */
  readonly partners: number[];
  /** Brackets not closed yet, the innermost last. */
  readonly open: number[];
}

/** A name at a token: neither declared nor used where it is a member, a key or a word of the language. */
export type Role = 'declared' | 'used' | 'neither';

/** The same code with the first `most` of these tokens after it. */
export function followedBy(
  code: Code | undefined,
  tokens: Pick<Tokens, 'words' | 'gaps'>,
  most = Infinity,
): Code {
  const words = code?.words.slice() ?? [];
  const gaps = code?.gaps.slice() ?? [];
  const parents = code?.parents.slice() ?? [];
  const partners = code?.partners.slice() ?? [];
  const open = code?.open.slice() ?? [];
  const count = Math.min(most, tokens.words.length);
  for (let n = 0; n < count; n++) {
    const word = tokens.words[n] ?? '';
    const i = words.length;
    let partner = -1;
    if (word === '\n') open.length = 0;
    const opener = word === ')' ? '(' : word === ']' ? '[' : word === '}' ? '{' : '';
    if (opener !== '') {
      const at = open.findLastIndex((each) => words[each] === opener);
      if (at >= 0) {
        partner = open[at] ?? -1;
        partners[partner] = i;
        open.length = at;
      }
    }
    words.push(word);
    gaps.push(tokens.gaps[n] ?? 0);
    parents.push(open.at(-1) ?? -1);
    partners.push(partner);
    if (word === '(' || word === '[' || word === '{') open.push(i);
  }
  return { words, gaps, parents, partners, open };
}

export function isName(word: string | undefined): word is string {
  return word !== undefined && isNameCode(word.charCodeAt(0));
}

function isNameCode(code: number): boolean {
  return (
    (code >= 97 && code <= 122) ||
    (code >= 65 && code <= 90) ||
    code === 95 ||
    code === 36 ||
    (code >= 0xaa && code !== 0xd7 && code !== 0xf7 && code !== 0xfeff && !isFarBlank(code))
  );
}

/** Blanks and punctuation of prose. */
function isFarBlank(code: number): boolean {
  return (code >= 0x2000 && code <= 0x206f) || code === 0x3000;
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

function isNumberPart(code: number): boolean {
  return isDigit(code) || code === 46 || isNameCode(code);
}

function isBlankCode(code: number): boolean {
  return code === 32 || code === 9 || code === 13 || code === 12 || code === 0xa0;
}

/** A name or a value is divided; after anything else a regular expression begins, but for `</`. */
function beginsRegExp(before: string | undefined): boolean {
  if (before === undefined) return true;
  if (isName(before)) return operators.has(before);
  return ![')', ']', '}', '<', stringToken, numberToken].includes(before);
}

/** After the closing quote, or at the end of the line where it is missing. */
function endOfString(text: string, start: number, quote: number): number {
  let inClass = false;
  for (let i = start + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 92) i++;
    else if (code === 10) return i;
    else if (code === quote && !inClass) return i + 1;
    else if (quote === 47 && (code === 91 || code === 93)) inClass = code === 91;
  }
  return text.length;
}

function endOfLine(text: string, start: number): number {
  const end = text.indexOf('\n', start);
  return end < 0 ? text.length : end;
}
