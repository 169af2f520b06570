/**
 * Names in TypeScript and JavaScript: which tokens declare or use one, and how far a declaration
 * reaches. It tells values and types not apart, and takes what it does not know for a use.
 */
import { type Code, isName, type Role, stringToken } from './tokens';

export const scriptKeywords = wordsIn(
  'abstract accessor any as asserts async await bigint boolean break case catch class const ' +
    'continue debugger declare default delete do else enum export extends false finally for from ' +
    'function get global if implements import in infer instanceof interface is keyof let module ' +
    'namespace never new null number object of out override private protected public readonly ' +
    'require return satisfies set static string super switch symbol this throw true try type ' +
    'typeof undefined unique unknown using var void while with yield arguments',
);

const variables = wordsIn('const let var using');
const named = wordsIn('function class interface enum namespace module infer');
const modifiers = wordsIn(
  'private public protected readonly override static async get set abstract declare accessor',
);
/** What stands before brackets that are no parameters though a block follows. */
const statements = wordsIn('if while for switch with return await typeof');
const beforeBound = new Set(['(', ',', '{', '[', '...', ...modifiers]);
const afterBound = new Set([',', ':', '?', '=', ')', '}', ']', undefined]);
/** After one of these an expression begins, so that a bracket there calls nothing. */
const beforeValue = new Set(
  ['(', ',', '=', '=>', ':', '?', '[', '{', '&', '|', '||', undefined].concat([
    'return',
    'async',
    'default',
  ]),
);
/** After one of these `{` begins a type. */
const beforeType = new Set([':', '|', '&', '<', ',']);
/** Tokens looked at for the end of a return type, the head of a declaration and the like. */
const maxHead = 80;

export function scriptRole(code: Code, i: number): Role {
  const { words, gaps, parents } = code;
  const before = words[i - 1];
  const after = words[i + 1];
  if (before === '.' || before === '?.' || before === '#') return 'neither';
  if (isJsxName(code, i)) return 'neither';
  if (variables.has(before ?? '') || after === '=>') return 'declared';
  if (named.has(before ?? '') || (before === '*' && words[i - 2] === 'function')) return 'declared';
  if (before === 'type' && (after === '=' || after === '<')) return 'declared';
  const parent = parents[i] ?? -1;
  const list = listKind(code, parent);
  if (list === 'import' || importsDefault(code, i)) return 'declared';
  if (list === 'exportFrom' || (list === 'export' && before === 'as')) return 'neither';
  if (list === 'enum' && (before === '{' || before === ',')) return 'neither';
  if (after === ':' || (after === '?' && words[i + 2] === ':')) {
    if (before === 'case' || (after === ':' && isChoice(code, i))) return 'used';
    return isParameter(code, i) ? 'declared' : 'neither';
  }
  if (isTypeParameter(code, i)) return 'declared';
  const onLine = gaps[i] !== 2;
  if (list === 'class' && isMemberName(words, i, onLine)) return 'neither';
  if (after === '(' && isMethod(code, i)) return 'neither';
  if (after === '?' && words[i + 2] === '(' && parent >= 0) return 'neither';
  if (isParameter(code, i)) return 'declared';
  if (before === ',' && isFurtherVariable(code, i)) return 'declared';
  // `break label`, and prose.
  if (before === 'break' || before === 'continue') return onLine ? 'neither' : 'used';
  return 'used';
}

/** Attributes, and the parts of a name with hyphens; in code `=` and `-` stand between blanks. */
function isJsxName({ words, gaps }: Code, i: number): boolean {
  const before = words[i - 1];
  const after = words[i + 1];
  if (after === '=' && gaps[i + 1] === 0 && gaps[i + 2] === 0)
    return words[i + 2] === '{' || words[i + 2] === stringToken;
  if (after === '-' && gaps[i + 1] === 0 && gaps[i + 2] === 0 && isName(words[i + 2])) return true;
  if (before === '-' && gaps[i] === 0 && gaps[i - 1] === 0 && isName(words[i - 2])) return true;
  // A tag of HTML; a component has a capital.
  const isTag = before === '<' || (before === '/' && words[i - 2] === '<');
  return isTag && gaps[i] === 0 && /^[a-z]/.test(words[i] ?? '');
}

/** The `T` of `function f<T>(`, `type A<T>`, and the `K` of `[K in A]`. */
function isTypeParameter(code: Code, i: number): boolean {
  const { words, parents, partners } = code;
  const before = words[i - 1] ?? '';
  const after = words[i + 1] ?? '';
  if (before === '[' && after === 'in') return true;
  if (!['<', ',', 'const', 'in', 'out'].includes(before)) return false;
  if (!['>', ',', 'extends', '='].includes(after)) return false;
  let open = i - 1;
  for (let depth = 0; open >= Math.max(0, i - maxHead); open--) {
    const word = words[open];
    if (word === '<' && depth-- === 0) break;
    if (word === '>') depth++;
    if (word === ';' || parents[open] !== parents[i]) return false;
  }
  if (words[open] !== '<') return false;
  const owner = words[open - 2] ?? '';
  if (owner === 'type' || named.has(owner)) return true;
  let close = i;
  for (let depth = 0; close < i + maxHead && close < words.length; close++) {
    if (words[close] === '<') depth++;
    if (words[close] === '>' && depth-- === 0) break;
    close = Math.max(close, partners[close] ?? close);
  }
  return words[close + 1] === '(' && isParameters(code, close + 1);
}

type ListKind = 'import' | 'export' | 'exportFrom' | 'enum' | 'class' | undefined;

/** What the brackets that open at `i` hold. */
function listKind({ words, partners }: Code, i: number): ListKind {
  if (words[i] !== '{') return undefined;
  const first = words[i - 1] === 'type' ? words[i - 2] : words[i - 1];
  if (first === 'import' || (first === ',' && words[i - 3] === 'import')) return 'import';
  if (first === ',' && words[i - 3] === 'type' && words[i - 4] === 'import') return 'import';
  if (first === 'export')
    return words[(partners[i] ?? -1) + 1] === 'from' ? 'exportFrom' : 'export';
  for (let j = i - 1; j >= Math.max(0, i - maxHead); j--) {
    const word = words[j] ?? '';
    if (word === 'enum') return 'enum';
    if (word === 'class') return words[j - 1] === '.' ? undefined : 'class';
    if ((word === ')' || word === '}') && (partners[j] ?? -1) >= 0) j = partners[j] ?? j;
    else if (['{', '}', ';', '=>', '=', ')', '(', ':'].includes(word)) return undefined;
  }
  return undefined;
}

function importsDefault({ words }: Code, i: number): boolean {
  const before = words[i - 1];
  if (before === 'import') return words[i + 1] !== '(';
  if (before === 'type') return words[i - 2] === 'import';
  return before === 'as' && words[i - 2] === '*';
}

/** Whether the `:` after token `i` belongs to a `?` before it. */
function isChoice({ words, partners }: Code, i: number): boolean {
  for (let j = i - 1; j >= Math.max(0, i - maxHead); j--) {
    const word = words[j] ?? '';
    const begin = partners[j] ?? -1;
    if (word === '?') return ![':', ')', ','].includes(words[j + 1] ?? '');
    if (begin >= 0 && begin < j) j = begin;
    else if (['{', '(', '[', ';', ',', ':', '=', '=>'].includes(word)) return false;
  }
  return false;
}

function isMemberName(words: readonly string[], i: number, onLine: boolean): boolean {
  const before = words[i - 1] ?? '';
  if (before === '{' || before === ';' || before === '}' || modifiers.has(before)) return true;
  if (before === '*' && ['{', ';', '}', 'async', 'static'].includes(words[i - 2] ?? ''))
    return true;
  return !onLine && ['(', '=', ':', '?', '!', ';', '<'].includes(words[i + 1] ?? '');
}

/** The name of a method, which has a body, or in a type a result. */
function isMethod({ words, partners, parents }: Code, i: number): boolean {
  const end = partners[i + 1] ?? -1;
  const before = words[i - 1] ?? '';
  if (end < 0 || (parents[i] ?? -1) < 0 || statements.has(before)) return false;
  if (words[parents[i] ?? -1] !== '{') return false;
  return words[end + 1] === '{' || (words[end + 1] === ':' && !['?', ':'].includes(before));
}

/** A name that parameters or a pattern bind. */
function isParameter(code: Code, i: number): boolean {
  const { words, parents } = code;
  const before = words[i - 1] ?? '';
  const isPatternValue = before === ':' && isPattern(code, parents[i] ?? -1);
  if (!beforeBound.has(before) && !isPatternValue) return false;
  if (!afterBound.has(words[i + 1])) return false;
  return binderOf(code, i) >= 0;
}

function isPattern(code: Code, opener: number): boolean {
  return opener >= 0 && (code.words[opener] === '{' || code.words[opener] === '[');
}

/** The brackets of the parameters, or of the outermost pattern, that bind token `i`; -1 if none. */
function binderOf(code: Code, i: number): number {
  const { words, parents } = code;
  let opener = parents[i] ?? -1;
  while (opener >= 0) {
    const before = words[opener - 1];
    if (words[opener] === '(') return isParameters(code, opener) ? opener : -1;
    if (variables.has(before ?? '')) return opener;
    if (![':', ',', '[', '{', '(', '...'].includes(before ?? '')) return -1;
    opener = parents[opener] ?? -1;
  }
  return -1;
}

function isParameters(code: Code, opener: number): boolean {
  const { words, partners } = code;
  const before = words[opener - 1];
  if (before === 'catch') return true;
  if (statements.has(before ?? '')) return false;
  if (words[opener - 2] === 'function' || before === 'function') return true;
  const end = partners[opener] ?? -1;
  // Unfinished: the arrow may come yet.
  if (end < 0 || end === words.length - 1) return beforeValue.has(before);
  return bodyStart(code, end + 1) >= 0;
}

/**
 * The `{`, `=>` or `;` with which a body begins, or a declaration without one ends, after parameters
 * that end before token `i`, and after their return type if any; -1 if they are none.
 */
function bodyStart({ words, partners }: Code, i: number): number {
  if (words[i] === '=>' || words[i] === '{') return i;
  if (words[i] !== ':') return -1;
  for (let j = i + 1; j < i + maxHead; j++) {
    const word = words[j] ?? ';';
    const isType = beforeType.has(words[j - 1] ?? '');
    if (word === '=>' || word === ';' || (word === '{' && !isType)) return j;
    if ([')', ',', '='].includes(word)) return -1;
    j = Math.max(j, partners[j] ?? j);
  }
  return -1;
}

/** The `b` of `let a, b`. */
function isFurtherVariable({ words, partners }: Code, i: number): boolean {
  if (![',', '=', ';', ':', undefined].includes(words[i + 1])) return false;
  for (let j = i - 1; j >= Math.max(0, i - maxHead); j--) {
    const word = words[j] ?? '';
    if (variables.has(word)) return true;
    const begin = partners[j] ?? -1;
    if (begin >= 0 && begin < j) j = begin;
    else if (['{', '(', '[', ';', '=>'].includes(word)) return false;
  }
  return false;
}

/** From the first to the last token at which the name declared at token `i` has its meaning. */
export function scriptRegion(code: Code, i: number): readonly [number, number] {
  const { words, parents, partners } = code;
  const whole = words.length;
  const close = (opener: number): number =>
    opener < 0 || (partners[opener] ?? -1) < 0 ? whole : (partners[opener] ?? whole);
  if (words[i - 1] === 'infer' || isTypeParameter(code, i)) return [0, whole];
  if (words[i + 1] === '=>') return [i, bodyEnd(code, i + 1, close)];
  const binder = binderOf(code, i);
  if (binder >= 0 && words[binder] === '(') {
    const end = close(binder) + 1;
    const body = bodyStart(code, end);
    return [binder - 2, bodyEnd(code, body < 0 ? end : body, close)];
  }
  const head = binder >= 0 ? binder : i;
  let opener = parents[head] ?? -1;
  // `for (const a of b) { … }`
  if (words[opener] === '(') return [opener, bodyEnd(code, close(opener) + 1, close)];
  if (listKind(code, opener) === 'import') return [0, whole];
  if (words[head - 1] === 'var' || words[head - 1] === 'function')
    while (opener >= 0 && !isFunctionBody(code, opener)) opener = parents[opener] ?? -1;
  return [opener, close(opener)];
}

/** Where the body ends that begins at token `i`: a block, or an expression. */
function bodyEnd(code: Code, i: number, close: (opener: number) => number): number {
  const { words, parents, partners } = code;
  const start = words[i] === '=>' ? i + 1 : i;
  if (words[start] === '{') return close(start);
  const parent = parents[start] ?? -1;
  for (let j = start; j < words.length; j++) {
    const within = parents[j] ?? -1;
    if (within < parent) return j;
    if (within === parent && (words[j] === ';' || words[j] === ',')) return j;
    // The closer of the brackets that the body stands in stands outside them.
    if (partners[j] === parent && parent >= 0) return j;
  }
  return words.length;
}

function isFunctionBody({ words, partners }: Code, opener: number): boolean {
  const before = words[opener - 1];
  if (words[opener] !== '{') return false;
  if (before === '=>') return true;
  if (before !== ')') return false;
  const list = partners[opener - 1] ?? -1;
  return list >= 0 && !statements.has(words[list - 1] ?? '') && words[list - 1] !== 'catch';
}

function wordsIn(list: string): ReadonlySet<string> {
  return new Set(list.split(' '));
}
