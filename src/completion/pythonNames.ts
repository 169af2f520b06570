/**
 * Names in Python: which tokens declare or use one, and how far a declaration reaches. Blocks are told
 * by indentation. What a class declares counts in its methods too, and what it does not know is a use.
 */
import { type Code, isName, type Role } from './tokens';

export const pythonKeywords: ReadonlySet<string> = new Set(
  (
    'False None True and as assert async await break case class continue def del elif else except ' +
    'finally for from global if import in is lambda match nonlocal not or pass raise return try ' +
    'type while with yield _'
  ).split(' '),
);

/** Tokens looked at for the head of a `lambda`. */
const maxHead = 80;

export function pythonRole(code: Code, i: number): Role {
  const { words, parents } = code;
  const before = words[i - 1] ?? '';
  const after = words[i + 1];
  if (before === '.') return 'neither';
  const parent = parents[i] ?? -1;
  const line = importLine(code, i);
  if (line === 'from' && !isAfterImport(code, i)) return 'neither';
  if (line !== undefined) return 'declared';
  if (['def', 'class', 'as', 'global', 'nonlocal'].includes(before)) return 'declared';
  if (before === 'type' && (after === '=' || after === '[') && words[i - 2] === '\n')
    return 'declared';
  if (after === ':=') return 'declared';
  if (isForTarget(words, i) || lambdaOf(code, i) >= 0) return 'declared';
  if (parent >= 0 && words[parent] === '(' && words[parent - 2] === 'def')
    return ['(', ',', '*', '**'].includes(before) ? 'declared' : 'used';
  if (parent >= 0 && after === '=') return 'neither';
  if (isAssigned(code, i)) return 'declared';
  return 'used';
}

/** The kind of import statement that token `i` stands in. */
function importLine(code: Code, i: number): 'import' | 'from' | undefined {
  const first = code.words[statementStart(code, i)];
  return first === 'import' || first === 'from' ? first : undefined;
}

/** First token of the statement that token `i` stands in. */
function statementStart({ words }: Code, i: number): number {
  let start = i;
  while (start > 0 && words[start - 1] !== '\n' && words[start - 1] !== ';') start--;
  return start;
}

function isAfterImport({ words }: Code, i: number): boolean {
  for (let j = i - 1; j >= 0 && words[j] !== '\n'; j--) if (words[j] === 'import') return true;
  return false;
}

function isForTarget(words: readonly string[], i: number): boolean {
  for (let j = i - 1; j >= Math.max(0, i - 24); j--) {
    if (words[j] === 'for') return true;
    if (!isName(words[j]) && ![',', '(', ')', '*', '[', ']'].includes(words[j] ?? '')) return false;
    if (words[j] === 'in' || words[j] === 'if' || words[j] === 'return') return false;
  }
  return false;
}

/** The `lambda` whose parameter token `i` is; -1 if none. */
function lambdaOf({ words }: Code, i: number): number {
  if (![',', '*', '**', 'lambda'].includes(words[i - 1] ?? '')) return -1;
  if (![',', ':', '='].includes(words[i + 1] ?? '')) return -1;
  for (let j = i - 1; j >= Math.max(0, i - maxHead); j--) {
    if (words[j] === 'lambda') return j;
    if (words[j] === ':' || words[j] === '\n') return -1;
  }
  return -1;
}

/** `a, (b, *c) = …`, `d: int`, `e += 1`. */
function isAssigned({ words, partners }: Code, i: number): boolean {
  for (let j = i - 1; j >= 0 && words[j] !== '\n' && words[j] !== ';'; j--) {
    const word = words[j] ?? '';
    // `if x: a = 1`, `a = b = c`
    if (word === ':' || word === '=') break;
    if (!isName(word) && ![',', '(', '[', '*', ')', ']', '.'].includes(word)) return false;
    if (pythonKeywords.has(word)) return false;
  }
  for (let j = i + 1; j < words.length; j++) {
    const word = words[j] ?? '';
    if (word === '=') return true;
    if (word === ':') return j === i + 1 && words[i - 1] === '\n';
    if ('+-*/%&|^@'.includes(word) || word === '**') {
      if (words[j + 1] === '=') return j === i + 1;
      if (word !== '*') return false;
    } else if (word === '(' && j === i + 1) return false;
    else if (!isName(word) && ![',', '(', ')', '[', ']', '.'].includes(word)) return false;
    else if (pythonKeywords.has(word)) return false;
    if (word === '[' || word === '.') {
      if (j === i + 1) return false;
      j = Math.max(j, partners[j] ?? j);
    }
  }
  return false;
}

export function pythonRegion(code: Code, i: number): readonly [number, number] {
  const { words, parents, partners } = code;
  const whole = words.length;
  const parent = parents[i] ?? -1;
  const isDef = parent >= 0 && words[parent] === '(' && words[parent - 2] === 'def';
  const lambda = lambdaOf(code, i);
  if (lambda >= 0) return [lambda, parent < 0 ? lineEnd(words, i) : (partners[parent] ?? whole)];
  if (parent >= 0 && !isDef && isForTarget(words, i)) {
    const end = partners[parent] ?? -1;
    return [parent, end < 0 ? whole : end];
  }
  const start = statementStart(code, i);
  // The parameters of a function mean something in it, everything else in the function around.
  if (isDef) return [start, blockEnd(code, start)];
  const around = enclosing(code, start);
  return around < 0 ? [0, whole] : [around, blockEnd(code, around)];
}

function lineEnd(words: readonly string[], i: number): number {
  const end = words.indexOf('\n', i);
  return end < 0 ? words.length : end;
}

/** Columns of the statement that begins with token `i`. */
function columnsAt({ words, gaps }: Code, i: number): number {
  for (let j = i - 1; j >= 0; j--) if (words[j] === '\n') return gaps[j] ?? 0;
  return 0;
}

/** The first token of the function or class around the statement that begins with token `i`; or -1. */
function enclosing(code: Code, i: number): number {
  const { words, gaps } = code;
  let columns = columnsAt(code, i);
  for (let j = i - 2; j >= 0 && columns > 0; j--) {
    if (words[j] !== '\n' || (gaps[j] ?? 0) >= columns) continue;
    columns = gaps[j] ?? 0;
    const first = words[j + 1] === 'async' ? words[j + 2] : words[j + 1];
    if (first === 'def' || first === 'class') return j + 1;
  }
  return -1;
}

/** The last token of the block whose head begins with token `i`. */
function blockEnd(code: Code, i: number): number {
  const { words, gaps } = code;
  const columns = columnsAt(code, i);
  for (let j = words.indexOf('\n', i); j >= 0; j = words.indexOf('\n', j + 1))
    if ((gaps[j] ?? 0) <= columns) return j;
  return words.length;
}
