/**
 * Finds the syntax errors in a short piece of code, by tree-sitter in WebAssembly, which goes on
 * after each of them; one grammar for each language. It reads no file (the bytes of the runtime and
 * of each grammar are asked of the caller at first use), keeps no text, and judges nothing (see
 * `syntaxCheck.ts`). Its answers are immediate and bounded, so that it never holds up an editor.
 */
import type * as library from 'web-tree-sitter';
import type { Edit, Language, Node, Parser as TreeParser, Point, Tree } from 'web-tree-sitter';
import type { Logger } from '../types';

/**
 * A piece of code that fits no rule of the language or, of length 0, a place where something is
 * missing. Offsets are UTF-16 code units.
 */
export interface CodeError {
  readonly start: number;
  readonly end: number;
}

export interface Parser {
  /** Loads what the language needs; resolves to whether it can be parsed. Never rejects. */
  load(languageId: string): Promise<boolean>;
  /**
   * The errors in `code`, in order. Undefined where they cannot be said: no grammar, one not loaded
   * yet (which begins then), code that is too long or takes too long. Of several texts that differ
   * from `like` in one place each, only that place is parsed.
   */
  errorsIn(languageId: string, code: string, like?: string): readonly CodeError[] | undefined;
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

/** Longest code that is parsed, in characters: a millisecond and a half on one slow core. */
const maxChars = 12_000;
/** Longest work, in tree-sitter's own steps, of which 40 or more are a millisecond. */
const maxSteps = 120;

/**
 * WebAssembly is compiled function by function when each is first called. These texts, none of them
 * right in any language, call most of them in turns, before the first suggestion would in one go.
 */
const warmUps = ['a', 'a(b, "c") {\n  d = 1;\n}\n', ') a = ( b\n'];

type Library = typeof library;

interface Loaded {
  readonly library: Library;
  readonly parser: TreeParser;
  /** What texts were last said to be like. */
  like: Parsed | undefined;
}

interface Parsed {
  readonly text: string;
  /** Null where it takes too long. */
  readonly tree: Tree | null;
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
  /** One for each grammar that is loaded, by file. */
  const parsers = new Map<string, Loaded>();
  let runtime: Promise<Library> | undefined;

  async function startRuntime(): Promise<Library> {
    const library = await import('web-tree-sitter');
    await library.Parser.init({ wasmBinary: (await readFile(runtimeFile)).slice().buffer });
    return library;
  }

  async function loadGrammar(file: string): Promise<boolean> {
    try {
      const library = await (runtime ??= startRuntime());
      const language: Language = await library.Language.load(await readFile(file));
      const parser = new library.Parser().setLanguage(language);
      for (const text of warmUps) {
        await new Promise((resolve) => setImmediate(resolve));
        parse(parser, text)?.delete();
      }
      parsers.set(file, { library, parser, like: undefined });
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

  function errorsIn(
    languageId: string,
    code: string,
    like?: string,
  ): readonly CodeError[] | undefined {
    const loaded = parsers.get(grammarOf(languageId) ?? '');
    if (loaded === undefined) void load(languageId);
    if (loaded === undefined || code.length > maxChars) return undefined;
    if (like !== undefined && like !== loaded.like?.text) {
      loaded.like?.tree?.delete();
      const tree = like.length > maxChars ? null : parse(loaded.parser, like);
      loaded.like = { text: like, tree };
    }
    const old = like === undefined ? undefined : editedTo(code, loaded);
    const tree = parse(loaded.parser, code, old);
    const errors = tree === null ? undefined : errorsOf(tree.rootNode);
    old?.delete();
    tree?.delete();
    return errors;
  }

  return { load, errorsIn };
}

/** Null where it takes too long. */
function parse(parser: TreeParser, code: string, old?: Tree): Tree | null {
  let stepsLeft = maxSteps;
  // Its return value ends the work, though the package's own type does not say so.
  const progressCallback = () => --stepsLeft < 0;
  const tree = parser.parse(code, old, { progressCallback });
  // Otherwise the next text would be read as the rest of this one.
  if (tree === null) parser.reset();
  return tree;
}

/** A tree of the text that `code` is said to be like, which knows where `code` differs from it. */
function editedTo(code: string, { library, like }: Loaded): Tree | undefined {
  if (!like?.tree) return undefined;
  const { text } = like;
  const shorter = Math.min(text.length, code.length);
  let start = 0;
  while (start < shorter && text[start] === code[start]) start++;
  let same = 0;
  while (same < shorter - start && text.at(-1 - same) === code.at(-1 - same)) same++;
  const edit = {
    startIndex: start,
    oldEndIndex: text.length - same,
    newEndIndex: code.length - same,
    startPosition: pointAt(code, start),
    oldEndPosition: pointAt(text, text.length - same),
    newEndPosition: pointAt(code, code.length - same),
  } satisfies Partial<Edit>;
  const tree = like.tree.copy();
  tree.edit(new library.Edit(edit));
  return tree;
}

function pointAt(text: string, index: number): Point {
  const lines = text.slice(0, index).split('\n');
  return { row: lines.length - 1, column: lines.at(-1)?.length ?? 0 };
}

/** The outermost errors: what is inside one says little. */
function errorsOf(node: Node): CodeError[] {
  if (!node.hasError) return [];
  if (node.isError || node.isMissing) return [{ start: node.startIndex, end: node.endIndex }];
  return node.children.flatMap(errorsOf);
}

function grammarOf(languageId: string): string | undefined {
  return Object.hasOwn(grammarFiles, languageId) ? grammarFiles[languageId] : undefined;
}
