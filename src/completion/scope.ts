/**
 * Cuts a candidate before the first line of it that cannot be right where it would stand: one that
 * uses a name which nothing there declares, imports from a module that does not exist, ends a
 * statement among parameters, or is prose among code or code among prose. For TypeScript, JavaScript
 * and Python; it errs towards letting a candidate pass, and asks no language server.
 */
import type { Words } from '../model/types';
import type { DocumentSnapshot } from './context';
import { isGlobal } from './globalNames';
import { isBlank, lineHead, lineRest } from './indentation';
import { isFreeWord, roleOf, VisibleNames } from './nameUses';
import { scanSyntax } from './syntax';
import {
  type Code,
  followedBy,
  type Role,
  type TokenLanguage,
  tokenLanguage,
  type Tokens,
  tokensOf,
} from './tokens';

/** What is known of the other files of the workspace. */
export interface WorkspaceNames {
  /** Whether the document could take the name from another file, or from where another file does. */
  mayImport(name: string, document: DocumentSnapshot): boolean;
  /** Whether the document could import the module; true where that is not known. */
  mayImportFrom(specifier: string, document: DocumentSnapshot): boolean;
}

/** The part of a candidate that may stay; `words` are names that a language server lists there. */
export type ScopeCheck = (text: string, words?: Words) => string;

/** In a longer text names are not looked for: it would hold up the editor. */
const maxCharacters = 100_000;
/** Tokens below the cursor that a candidate is read with. */
const tokensBelow = 200;

/** What may stay of a candidate at the document's cursor; '' if its first line cannot be right. */
export function scopeCheck(
  document: DocumentSnapshot,
  workspace: WorkspaceNames | undefined,
): ScopeCheck {
  const language = tokenLanguage(document.languageId);
  if (language === undefined || workspace === undefined) return (text) => text;
  const { text, offset, languageId } = document;
  const head = lineHead(text.slice(Math.max(0, offset - maxLine), offset));
  const rest = lineRest(text.slice(offset, offset + maxLine));
  const isComment = scanSyntax(head, languageId).kind === 'comment';
  let place: Place | undefined;

  return (candidate, words) => {
    if (candidate === '') return '';
    if (isComment) {
      const isCode = looksLikeCode(lineRest(candidate), head) && !isCommentedOut(head);
      return isCode ? '' : candidate;
    }
    if (head.trim() === '' && suppression.test(candidate)) return '';
    place ??= placeOf(document, language, head, rest);
    const wrong = Math.min(
      firstWrongModule(candidate, place, workspace),
      place.isJudged ? firstWrongToken(candidate, place, workspace, words) : Infinity,
    );
    if (wrong === Infinity) return candidate;
    // A statement cannot end among arguments; what stands before may.
    if (candidate.charAt(wrong) === ';') return candidate.slice(0, wrong).trimEnd();
    const lineStart = candidate.lastIndexOf('\n', wrong);
    return lineStart < 0 ? '' : candidate.slice(0, lineStart).trimEnd();
  };
}

/** A longer line is data. */
const maxLine = 2_000;

/** A comment that silences a tool, on a line of its own: whether it is wanted, only the tool knows. */
const suppression =
  /^\s*(?:#|\/\/|\/\*)\s*(?:noqa|type:\s*ignore|pylint:|pyright:|mypy:|ruff:|isort:|fmt:|pragma:|nosec|eslint-|@ts-|prettier-ignore|biome-ignore|istanbul |c8 |v8 |tslint:|oxlint-)/;

/** Whether a text that ends so, in a comment, is code: no sentence ends or is bracketed like that. */
function looksLikeCode(text: string, before: string): boolean {
  const line = text.trim();
  return (
    /[;{]$|=>|[\w\])]\($/.test(line) ||
    (/\)[;:]$/.test(line) && /\w\(/.test(line)) ||
    ['()', '[]', '{}'].some((pair) => !isBalanced(before + text, pair))
  );
}

/** Whether a comment holds code: it says so by how it ends or what it begins with. */
function isCommentedOut(head: string): boolean {
  const statement =
    /^\s*(?:#|\/\/|\*|\/\*)\s*(?:[@>$]|(?:def|class|const|let|var|import|from|return|async|await|function|export|if|for|while)\b)/;
  return looksLikeCode(head, '') || statement.test(head);
}

/** Whether as many brackets open as close. */
function isBalanced(text: string, [open = '', close = '']: string): boolean {
  return text.split(open).length >= text.split(close).length;
}

/** The code around the cursor. */
interface Place {
  readonly document: DocumentSnapshot;
  readonly language: TokenLanguage;
  readonly head: string;
  readonly rest: string;
  /** The lines above the cursor's, and how many brackets they leave open. */
  readonly above: Code;
  readonly depth: number;
  /** The lines below. */
  readonly after: Tokens;
  readonly visible: VisibleNames;
  /** Whether names can be judged here. */
  readonly isJudged: boolean;
  /** Whether there are elements of JSX, whose text is no code. */
  readonly hasMarkup: boolean;
}

function placeOf(
  document: DocumentSnapshot,
  language: TokenLanguage,
  head: string,
  rest: string,
): Place {
  const { text, offset } = document;
  const isShort = text.length <= maxCharacters;
  const before = tokensOf(isShort ? text.slice(0, offset - head.length) : '', language);
  const after = tokensOf(isShort ? text.slice(offset + rest.length) : '', language);
  const mark = tokensOf(withoutWord(head, rest), language, before.depth);
  const above = followedBy(undefined, before);
  const at = above.words.length + mark.words.indexOf(cursorMark);
  const hasMarkup = language === 'script' && /<\/|\/>/.test(text);
  const takesAll =
    language === 'python' && /^[ \t]*from[ \t]+[.\w]+[ \t]+import[ \t]*\*/m.test(text);
  return {
    ...{ document, language, head, rest, above, after, hasMarkup, depth: before.depth },
    visible: new VisibleNames(followedBy(followedBy(above, mark), after), at, language),
    isJudged: isShort && !before.isOpen && !takesAll,
  };
}

/** Stands for the cursor among the tokens; no source has it. */
const cursorMark = '\u0001';

/** The cursor's line with a mark in the place of the word that is being written. */
function withoutWord(head: string, rest: string): string {
  let end = head.length;
  while (end > 0 && /[\p{L}\p{N}_$]/u.test(head.charAt(end - 1))) end--;
  return head.slice(0, end) + cursorMark + rest.replace(/^[\p{L}\p{N}_$]+/u, '');
}

/** Offset in the candidate of the first token that cannot be right. */
function firstWrongToken(
  candidate: string,
  place: Place,
  workspace: WorkspaceNames,
  listed: Words | undefined,
): number {
  const { document, language, head, rest, above, after, visible } = place;
  const line = tokensOf(head + candidate + rest, language, place.depth);
  const code = followedBy(followedBy(above, line), after, tokensBelow);
  const { words, gaps, parents } = code;
  const first = above.words.length;
  const roles = line.words.map((_, i) => roleOf(code, first + i, language));
  const declared = new Set(line.words.filter((_, i) => roles[i] === 'declared'));
  const isPair = (at: number): boolean =>
    gaps[at] === 1 &&
    isFreeWord(words[at], language) &&
    isFreeWord(words[at - 1], language) &&
    words[at - 2] !== '.';
  const isProse =
    place.hasMarkup &&
    (isMarkup(candidate, head) ||
      words[first - 1] === '>' ||
      line.words.some((_, i) => isPair(first + i)));
  // A bracket that was left open long before says nothing.
  const isLate = (parent: number) => parent >= first || [',', '('].includes(words[first - 1] ?? '');
  const end = head.length + candidate.length;
  for (const [i, word] of line.words.entries()) {
    const start = line.starts[i] ?? 0;
    if (start + word.length <= head.length || start >= end || word === '\n') continue;
    const at = first + i;
    const offset = Math.max(0, start - head.length);
    const parent = parents[at] ?? -1;
    if (word === ';' && endsAmongParameters(words, parent) && isLate(parent)) return offset;
    if (isProse || !isFreeWord(word, language)) continue;
    if (isPair(at)) return offset;
    if (roles[i] !== 'used' || isGlobal(word, language)) continue;
    if (declared.has(word) && !isOwnType(line.words, roles, i)) continue;
    if (beginsElement(code, at, first, language)) continue;
    if (start + word.length === end && isBlank(rest) && mayBecomeName(code, at, language)) continue;
    const isListed = start <= head.length && isListedName(word, start, head, listed);
    if (isListed || visible.has(word) || workspace.mayImport(word, document)) continue;
    return offset;
  }
  return Infinity;
}

/** `options?: options`: a parameter is no type. */
function isOwnType(words: readonly string[], roles: readonly Role[], i: number): boolean {
  const name = words[i - 2] === '?' ? i - 3 : i - 2;
  const isSame = words[i - 1] === ':' && words[name] === words[i] && roles[name] === 'declared';
  return isSame && words[name - 1] !== 'lambda';
}

function isListedName(
  word: string,
  start: number,
  head: string,
  listed: Words | undefined,
): boolean {
  const rest = word.slice(head.length - start);
  return listed?.rests.includes(rest) === true;
}

/** Whether a `for` on a line below may still say what the name is that its element begins with. */
function beginsElement(
  { words }: Code,
  at: number,
  first: number,
  language: TokenLanguage,
): boolean {
  const isFirst = words[at] === words[first] && '([{'.includes(words[first - 1] ?? ' ');
  return language === 'python' && isFirst;
}

/** Whether the last token of a line may still become a key, a member or what is assigned to. */
function mayBecomeName({ words, parents }: Code, at: number, language: TokenLanguage): boolean {
  const before = words[at - 1] ?? '';
  if (language === 'python') return before === '\n' || before === '(' || before === ',';
  return words[parents[at] ?? -1] === '{' && ['{', ',', ';', '}'].includes(before);
}

/** Whether a `;` directly in these brackets ends nothing; in the head of a loop it does. */
function endsAmongParameters(words: readonly string[], parent: number): boolean {
  if (words[parent] === '[') return true;
  return words[parent] === '(' && words[parent - 1] !== 'for';
}

/** Whether a candidate holds, or continues, the text of an element. */
function isMarkup(candidate: string, head: string): boolean {
  return candidate.includes('<') || /(?<!=)>[^{(;>]*$/.test(head);
}

const scriptModule =
  /(?:\bfrom|\bimport|\brequire\s*\(|\bimport\s*\()\s*(?:'([^'\n]+)'|"([^"\n]+)")/g;
const pythonModule = /^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+import\b|import[ \t]+([\w.]+))/gm;

/** Offset in the candidate of the first module named in it that does not exist. */
function firstWrongModule(
  candidate: string,
  { document, language, head, rest }: Place,
  workspace: WorkspaceNames,
): number {
  const line = head + candidate + rest;
  for (const found of line.matchAll(language === 'python' ? pythonModule : scriptModule)) {
    const end = found.index + found[0].length;
    if (end <= head.length || found.index >= head.length + candidate.length) continue;
    const specifier = found[1] ?? found[2] ?? '';
    if (specifier !== '' && !workspace.mayImportFrom(specifier, document))
      return Math.max(0, end - 1 - head.length);
  }
  return Infinity;
}
