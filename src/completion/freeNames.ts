/**
 * The names that a text uses and binds nowhere: what is left to import or to declare. For TypeScript,
 * JavaScript and Python, in one pass over the tokens, without scopes: a name that is bound somewhere
 * counts as bound everywhere. It knows no globals, so `console` is free wherever it is used.
 */
import { languageGroup } from './languageGroup';

/** A longer text is not looked at: it would hold up the caller for more than 10 ms. */
const maxCharacters = 100_000;
/** Tokens looked at for the end of a return type, or of a list of type parameters. */
const maxTypeTokens = 80;

/** Tokens of a list of parameters that are looked at. */
const maxListTokens = 400;
/** A quote without its end is read as a character, but with so much behind it as a string all the same. */
const maxUnclosed = 100;

interface Grammar {
  /** Comments and strings, which are read as holding no names. */
  readonly opaque: RegExp;
  readonly keywords: ReadonlySet<string>;
  /** The names that the tokens bind, and those among them, by index, that are not uses. */
  readonly bindings: (tokens: readonly string[]) => Bindings;
}

interface Bindings {
  readonly bound: ReadonlySet<string>;
  readonly isUse: (index: number) => boolean;
}

const script: Grammar = {
  opaque: anyOf(
    /\/\*[^]*?(?:\*\/|$)/,
    /\/\/[^\n]*/,
    quoted('"', /[^"\\\n]|\\./),
    quoted("'", /[^'\\\n]|\\./),
    quoted('`', /[^`\\$]|\\.|\$(?!\{)/),
  ),
  keywords: wordsIn(
    'abstract as asserts async await break case catch class const continue debugger declare default ' +
      'delete do else enum export extends false finally for from function if implements import in ' +
      'infer instanceof interface is keyof let namespace new null of override private protected ' +
      'public readonly return satisfies static super switch this throw true try type typeof var ' +
      'void while with yield',
  ),
  bindings: scriptBindings,
};
const python: Grammar = {
  opaque: anyOf(
    /#[^\n]*/,
    /(?:\b[a-zA-Z]{1,2})?"""[^]*?(?:"""|$)/,
    /(?:\b[a-zA-Z]{1,2})?'''[^]*?(?:'''|$)/,
    quoted('(?:\\b[a-zA-Z]{1,2})?"', /[^"\\\n]|\\./),
    quoted("(?:\\b[a-zA-Z]{1,2})?'", /[^'\\\n]|\\./),
  ),
  keywords: wordsIn(
    'and as assert async await break class cls continue def del elif else except False finally for ' +
      'from global if import in is lambda None nonlocal not or pass raise return self True try ' +
      'while with yield',
  ),
  bindings: pythonBindings,
};

const grammars: ReadonlyMap<string, Grammar> = new Map([
  [languageGroup('typescript'), script],
  [languageGroup('python'), python],
]);

/** What is not ASCII counts as a letter. */
const token = /[A-Za-z_$\x80-\uffff][\w$\x80-\uffff]*|\d[\w.]*|=>|\.\.\.|\?\.|[=!]==?|:=|""|\n|\S/g;
const letters = new Set('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_$');
const isName = (text: string | undefined): text is string =>
  text !== undefined && (letters.has(text.charAt(0)) || text.charCodeAt(0) > 0x7f);

/**
 * Names used in `text` and bound nowhere in it, in the order of their first use; none where the
 * language is another or the text too long.
 */
export function freeNames(text: string, languageId: string): ReadonlySet<string> {
  const grammar = grammars.get(languageGroup(languageId));
  if (grammar === undefined || text.length > maxCharacters) return new Set();
  const code = text.replace(grammar.opaque, '""');
  const tokens: readonly string[] = code.match(token) ?? [];
  const { bound, isUse } = grammar.bindings(tokens);
  const isFree = (name: string) => isName(name) && !grammar.keywords.has(name) && !bound.has(name);
  return new Set(tokens.filter((each, i) => isFree(each) && isUse(i)));
}

/** Whether names are found in this language. */
export function readsNames(languageId: string): boolean {
  return grammars.has(languageGroup(languageId));
}

/** A string from its quote on; one that goes on for long ends with what it may hold, closed or not. */
function quoted(open: string, inside: RegExp): RegExp {
  const [some, quote] = [`(?:${inside.source})`, open.slice(-1)];
  return new RegExp(
    `${open}(?:${some}{0,${maxUnclosed}}${quote}|${some}{${maxUnclosed}}${some}*${quote}?)`,
  );
}

function anyOf(...patterns: readonly RegExp[]): RegExp {
  return new RegExp(patterns.map(({ source }) => source).join('|'), 'g');
}

function wordsIn(list: string): ReadonlySet<string> {
  return new Set(list.split(' '));
}

const variables = wordsIn('const let var');
/** What declares a name that may have parameters. */
const parametrised = wordsIn('function class interface type enum namespace infer');
const modifiers = wordsIn('private public protected readonly override');
/** What may stand before a name that a list of parameters or a pattern binds, and after it. */
const beforeBound = new Set(['(', ',', '{', '[', '...', '*', '<', '\n', ...modifiers]);
const afterBound = new Set([',', ':', '?', '=', ')', '}', ']', '\n']);
/** What ends the names of an import, or begins the next one where it has no end. */
const afterImport = new Set(['""', ';', '(', '=', 'import']);
/** What stands before brackets that are no parameters though a block follows. */
const statements = wordsIn('if while for switch with catch');

function scriptBindings(all: readonly string[]): Bindings {
  const bound = new Set<string>();
  const closers = matching(all);
  const bindList = (from: number, to: number, isPattern: boolean): void => {
    for (let i = from + 1; i < Math.min(to, from + maxListTokens); i++) {
      const before = all[i - 1] ?? '';
      const fits = beforeBound.has(before) || (isPattern && before === ':');
      if (isName(all[i]) && fits && afterBound.has(all[i + 1] ?? '')) bound.add(all[i] ?? '');
    }
  };
  for (const [i, each] of all.entries()) {
    const next = all[i + 1] ?? '';
    const close = closers.get(i + 1);
    if (variables.has(each) || parametrised.has(each)) {
      const at = next === '*' ? i + 2 : i + 1;
      if (isName(all[at])) {
        bound.add(all[at]);
        if (all[at + 1] === '<' && parametrised.has(each)) bindTypes(all, at + 1, bound);
      } else if (close !== undefined && variables.has(each)) {
        bindList(i + 1, close + 1, true);
      }
    } else if (each === 'catch' && next === '(') bound.add(all[i + 2] ?? '');
    else if (each === 'import' && (i === 0 || all[i - 1] === '\n' || all[i - 1] === ';')) {
      for (let j = i + 1; j < all.length && !afterImport.has(all[j] ?? ''); j++)
        if (isName(all[j])) bound.add(all[j] ?? '');
    } else if (each === '=>' && isName(all[i - 1])) bound.add(all[i - 1] ?? '');
    else if (each === 'extends' && ['<', ','].includes(all[i - 2] ?? ''))
      bound.add(all[i - 1] ?? '');
    else if (each === '(' && !statements.has(all[i - 1] ?? '')) {
      const end = closers.get(i);
      if (end !== undefined && isBody(all, end + 1, closers)) bindList(i, end, false);
    }
  }
  const isUse = (i: number): boolean => {
    const before = all[i - 1];
    const after = all[i + 1];
    if (before === '.' || before === '?.') return false;
    if (after === '?' && all[i + 2] === ':') return false;
    if (after === ':') return before === '?' || before === 'case';
    // The name of a method.
    const end = after === '(' ? closers.get(i + 1) : undefined;
    return end === undefined || all[end + 1] !== '{' || statements.has(all[i] ?? '');
  };
  return { bound, isUse };
}

/** Whether a body follows parameters that end before token `i`, after their return type if any. */
function isBody(all: readonly string[], i: number, closers: ReadonlyMap<number, number>): boolean {
  if (all[i] === '=>' || all[i] === '{') return true;
  if (all[i] !== ':') return false;
  for (let j = i + 1; j < i + maxTypeTokens; j++) {
    const each = all[j] ?? ';';
    if (each === '=>') return true;
    if (each === '{' && all[j - 1] !== ':' && all[j - 1] !== '|' && all[j - 1] !== '<') return true;
    if ([';', ')', ',', '='].includes(each)) return each === ';';
    j = closers.get(j) ?? j;
  }
  return false;
}

/** The parameters of a type, whose list begins with token `i`. */
function bindTypes(all: readonly string[], i: number, bound: Set<string>): void {
  let depth = 0;
  for (let j = i; j < i + maxTypeTokens; j++) {
    const each = all[j];
    if (each === '<') depth++;
    if (each === '>' && --depth === 0) return;
    const before = all[j - 1] ?? '';
    if (depth === 1 && isName(each) && ['<', ',', 'in', 'out', 'const'].includes(before))
      bound.add(each);
  }
}

function pythonBindings(all: readonly string[]): Bindings {
  const bound = new Set<string>();
  const closers = matching(all);
  const inBrackets = new Uint8Array(all.length);
  for (let i = 0; i < all.length; i++) {
    const outermost = closers.get(i);
    if (outermost === undefined) continue;
    inBrackets.fill(1, i, outermost);
    i = outermost;
  }
  for (const [i, each] of all.entries()) {
    const next = all[i + 1];
    const startsLine = i === 0 || all[i - 1] === '\n';
    if (['def', 'class', 'as', 'global', 'nonlocal'].includes(each) && isName(next))
      bound.add(next);
    if (each === 'def' && all[i + 2] === '(') {
      const end = closers.get(i + 2) ?? i;
      for (let j = i + 3; j < Math.min(end, i + maxListTokens); j++) {
        const fits = ['(', ',', '*', '\n'].includes(all[j - 1] ?? '');
        if (fits && [':', '=', ',', ')', '\n'].includes(all[j + 1] ?? '') && isName(all[j]))
          bound.add(all[j] ?? '');
      }
    } else if (each === 'for' || each === 'lambda') {
      const last = each === 'for' ? 'in' : ':';
      for (let j = i + 1; j < i + maxTypeTokens && (all[j] ?? last) !== last; j++)
        if (isName(all[j])) bound.add(all[j] ?? '');
    } else if (startsLine && each === 'from') {
      for (let j = i + 1; j < all.length && all[j] !== 'import' && all[j] !== '\n'; j++)
        bound.add(all[j] ?? '');
    } else if (each === 'import') {
      const last = next === '(' ? ')' : '\n';
      const end = next === '(' && !closers.has(i + 1) ? i : all.length;
      for (let j = i + 1; j < end && all[j] !== last && all[j] !== 'import'; j++)
        if (isName(all[j])) bound.add(all[j] ?? '');
    } else if (each === ':=') bound.add(all[i - 1] ?? '');
    else if (startsLine && inBrackets[i] === 0 && isName(each)) {
      // `a, b = ...`, `a: int = 1`, `a = ...`
      let end = i + 1;
      while (all[end] === ',' || (all[end - 1] === ',' && isName(all[end]))) end++;
      if (all[end] === '=' || (end === i + 1 && all[end] === ':'))
        for (const name of all.slice(i, end)) if (isName(name)) bound.add(name);
    }
  }
  const isUse = (i: number): boolean =>
    all[i - 1] !== '.' && !(inBrackets[i] === 1 && all[i + 1] === '=');
  return { bound, isUse };
}

/** Of each opening bracket, by index, the one that closes it. */
function matching(all: readonly string[]): ReadonlyMap<number, number> {
  const closers = new Map<number, number>();
  const open: number[] = [];
  for (const [i, each] of all.entries()) {
    if (each === '(' || each === '[' || each === '{') open.push(i);
    else if (each === ')' || each === ']' || each === '}') {
      const begin = open.pop();
      if (begin !== undefined) closers.set(begin, i);
    }
  }
  return closers;
}
