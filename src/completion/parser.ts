/**
 * Syntax errors of a document as it is and as it would be with an edit, by tree-sitter in
 * WebAssembly: incremental, tolerant of unfinished code, one grammar for each language. It reads no
 * file (the bytes of the runtime and of each grammar are asked of the caller at first use) and judges
 * nothing. Every step is bounded so that it never holds up an editor: a long document is read in
 * slices, an edit that would take too long is given up.
 */
import type * as library from 'web-tree-sitter';
import type { Edit, Language, Node, Parser as TreeParser, Point, Tree } from 'web-tree-sitter';
import type { Logger } from '../types';
import type { DocumentSnapshot } from './context';

export type ParserDocument = Pick<DocumentSnapshot, 'uri' | 'languageId' | 'text'>;

/** Replaces `start..end` of a document by `text`. Offsets are UTF-16 code units. */
export interface ParserEdit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Text that fits no rule of the grammar, or, of length 0, the place where something is missing. */
export interface SyntaxError {
  readonly start: number;
  readonly end: number;
}

export interface Parser {
  /** Loads what the language needs; resolves to whether it can be parsed. Never rejects. */
  load(languageId: string): Promise<boolean>;
  /**
   * Reads a document, so that questions about it can be answered; what was read of an earlier text
   * under the same URI is reused. Resolves to false where it cannot be: no grammar, a grammar not
   * loaded yet (which begins then), or a text too long. Rejects with an AbortError when `signal` fires.
   */
  read(document: ParserDocument, signal: AbortSignal): Promise<boolean>;
  /**
   * The errors that overlap `from..to` of the text after the edit, in order. Undefined where the
   * document has not been read as it stands, or the answer would take too long.
   */
  errorsAfter(
    document: ParserDocument,
    edit: ParserEdit,
    from: number,
    to: number,
  ): readonly SyntaxError[] | undefined;
}

/** File name of the WebAssembly runtime that the grammars need. */
export const runtimeFile = 'web-tree-sitter.wasm';

/** File of the grammar for each language identifier. */
export const grammarFiles: Readonly<Record<string, string>> = {
  c: 'tree-sitter-c.wasm',
  cpp: 'tree-sitter-cpp.wasm',
  go: 'tree-sitter-go.wasm',
  java: 'tree-sitter-java.wasm',
  javascript: 'tree-sitter-javascript.wasm',
  javascriptreact: 'tree-sitter-javascript.wasm',
  json: 'tree-sitter-json.wasm',
  jsonc: 'tree-sitter-json.wasm',
  python: 'tree-sitter-python.wasm',
  rust: 'tree-sitter-rust.wasm',
  shellscript: 'tree-sitter-bash.wasm',
  typescript: 'tree-sitter-typescript.wasm',
  typescriptreact: 'tree-sitter-tsx.wasm',
  yaml: 'tree-sitter-yaml.wasm',
};

/** Longest document that is read, in characters: a tree takes some ten times its text. */
const maxChars = 2_000_000;
/** Trees that are kept, those of the documents read last. */
const maxTrees = 4;
/**
 * Work between two looks at the clock of others, in tree-sitter's own steps (about 40 are a
 * millisecond on two slow cores): a slice of a first reading, and all that an edit may take.
 */
const sliceSteps = 100;
const editSteps = 60;

type Library = typeof library;

interface Grammar {
  readonly library: Library;
  readonly language: Language;
}

interface ReadDocument {
  readonly languageId: string;
  readonly text: string;
  readonly tree: Tree;
}

/**
 * A parser over the files that `readFile` gives by name; it rejects where there is none. What cannot be
 * loaded is logged, once, and not parsed from then on.
 */
export function createParser(
  readFile: (name: string) => Promise<Uint8Array>,
  logger: Logger,
): Parser {
  const attempts = new Map<string, Promise<boolean>>();
  /** Those that are loaded, by file. */
  const grammars = new Map<string, Grammar>();
  const documents = new Map<string, ReadDocument>();
  let runtime: Promise<Library> | undefined;

  async function startRuntime(): Promise<Library> {
    const library = await import('web-tree-sitter');
    await library.Parser.init({ wasmBinary: (await readFile(runtimeFile)).slice().buffer });
    return library;
  }

  async function loadGrammar(file: string): Promise<boolean> {
    try {
      const library = await (runtime ??= startRuntime());
      const grammar = { library, language: await library.Language.load(await readFile(file)) };
      // A grammar made for another version of the runtime is refused here.
      newParser(grammar).delete();
      grammars.set(file, grammar);
      return true;
    } catch (error) {
      logger.warn(
        'syntax',
        `${file} cannot be used (${error instanceof Error ? error.message : String(error)}), so ` +
          'suggestions in its language are checked less well. Installing Hone again mends it.',
      );
      return false;
    }
  }

  async function load(languageId: string): Promise<boolean> {
    const file = grammarOf(languageId);
    if (file === undefined) return false;
    const attempt = attempts.get(file) ?? loadGrammar(file);
    attempts.set(file, attempt);
    return attempt;
  }

  async function read(document: ParserDocument, signal: AbortSignal): Promise<boolean> {
    const { uri, languageId, text } = document;
    const grammar = grammars.get(grammarOf(languageId) ?? '');
    if (grammar === undefined) void load(languageId);
    if (grammar === undefined || text.length > maxChars) return false;
    const before = documents.get(uri);
    const known = before?.languageId === languageId ? before : undefined;
    if (known?.text === text) return true;
    const start =
      known && edited(known.tree, editOf(grammar, known.text, differenceOf(known.text, text)));
    const parser = newParser(grammar);
    try {
      for (;;) {
        const tree = parse(parser, text, start, sliceSteps);
        if (tree !== undefined) {
          keep(uri, { languageId, text, tree });
          return true;
        }
        await nextTurn();
        signal.throwIfAborted();
      }
    } finally {
      start?.delete();
      parser.delete();
    }
  }

  function keep(uri: string, document: ReadDocument): void {
    documents.get(uri)?.tree.delete();
    documents.delete(uri);
    documents.set(uri, document);
    for (const [oldest, { tree }] of documents) {
      if (documents.size <= maxTrees) break;
      tree.delete();
      documents.delete(oldest);
    }
  }

  function errorsAfter(
    { uri, languageId, text }: ParserDocument,
    edit: ParserEdit,
    from: number,
    to: number,
  ): readonly SyntaxError[] | undefined {
    const known = documents.get(uri);
    const grammar = grammars.get(grammarOf(languageId) ?? '');
    if (known?.languageId !== languageId || known.text !== text || !grammar) return undefined;
    const parser = newParser(grammar);
    const start = edited(known.tree, editOf(grammar, text, edit));
    const after = text.slice(0, edit.start) + edit.text + text.slice(edit.end);
    const tree = parse(parser, after, start, editSteps);
    try {
      return tree && errorsWithin(tree.rootNode, from, to);
    } finally {
      tree?.delete();
      start.delete();
      parser.delete();
    }
  }

  return { load, read, errorsAfter };
}

/** The tree of `text`, undefined where `steps` do not suffice: asked again, the parser goes on. */
function parse(parser: TreeParser, text: string, before: Tree | undefined, steps: number) {
  let left = steps;
  // The return value is read though the package's own type does not say so.
  const progressCallback = () => --left < 0;
  return parser.parse(text, before, { progressCallback }) ?? undefined;
}

function newParser({ library, language }: Grammar): TreeParser {
  return new library.Parser().setLanguage(language);
}

/** A copy of the tree, in which everything stands where it does after the edit. */
function edited(tree: Tree, edit: Edit): Tree {
  const copy = tree.copy();
  copy.edit(edit);
  return copy;
}

function editOf({ library }: Grammar, text: string, { start, end, text: inserted }: ParserEdit) {
  const startPosition = pointAfter({ row: 0, column: 0 }, text.slice(0, start));
  return new library.Edit({
    startIndex: start,
    oldEndIndex: end,
    newEndIndex: start + inserted.length,
    startPosition,
    oldEndPosition: pointAfter(startPosition, text.slice(start, end)),
    newEndPosition: pointAfter(startPosition, inserted),
  });
}

function pointAfter({ row, column }: Point, text: string): Point {
  let rows = 0;
  let lineStart = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', lineStart)) {
    rows++;
    lineStart = at + 1;
  }
  return { row: row + rows, column: rows === 0 ? column + text.length : text.length - lineStart };
}

/** The one edit that turns `before` into `after`, without what both begin and end with. */
function differenceOf(before: string, after: string): ParserEdit {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before[start] === after[start]) start++;
  let same = 0;
  while (same < shorter - start && before.at(-1 - same) === after.at(-1 - same)) same++;
  return { start, end: before.length - same, text: after.slice(start, after.length - same) };
}

/** The outermost errors that overlap or touch `from..to`. */
function errorsWithin(root: Node, from: number, to: number): SyntaxError[] {
  const errors: SyntaxError[] = [];
  const visit = (node: Node): void => {
    if (!node.hasError || node.endIndex < from || node.startIndex > to) return;
    if (node.isError || node.isMissing) errors.push({ start: node.startIndex, end: node.endIndex });
    else for (const child of node.children) visit(child);
  };
  visit(root);
  return errors;
}

function grammarOf(languageId: string): string | undefined {
  return Object.hasOwn(grammarFiles, languageId) ? grammarFiles[languageId] : undefined;
}

/** Lets whatever else waits have its turn. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
