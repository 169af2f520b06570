/**
 * TypeScript's own language service over texts in memory, in place of an editor's language server:
 * for the command line, replays and tests. It follows no file on disk but TypeScript's declarations
 * of the language and, where a folder is given, what is installed in its `node_modules`. A package
 * whose types are not there is `any`, and of that no list is given. It works in this process and
 * takes its time (tens to hundreds of milliseconds), so it is not for an editor.
 */
import * as path from 'node:path';
import type * as ts from 'typescript';
import type { DocumentSnapshot } from '../completion/context';
import {
  type LanguageItem,
  type LanguageItemKind,
  type LanguageList,
  type LanguageServer,
  membersAreClosed,
  wordAt,
} from '../completion/languageList';
import { languageOf } from '../util/language';

/** The module `typescript`. */
export type TypeScript = typeof ts;

export interface TypeScriptServer extends LanguageServer {
  /**
   * Whether the name that begins at the document's offset is a member of what stands before it, to
   * the compiler and not to any list. Undefined where no member begins, or any name would do.
   */
  memberExists(document: DocumentSnapshot): boolean | undefined;
  dispose(): void;
}

export interface TypeScriptServerOptions {
  /** The files of the workspace, of whatever language. */
  readonly files: readonly { readonly path: string; readonly text: string }[];
  /** Folder of the workspace on disk, for what is installed in it; undefined for none. */
  readonly directory?: string | undefined;
}

/** TypeScript, where it is installed beside Hone; it is too large to ship. */
export async function loadTypeScript(): Promise<TypeScript | undefined> {
  try {
    const module = (await import('typescript')) as TypeScript & { readonly default?: TypeScript };
    return module.default ?? module;
  } catch (error) {
    if (error instanceof Error && 'code' in error && isNotFound(error.code)) return undefined;
    throw error;
  }
}

function isNotFound(code: unknown): boolean {
  return code === 'MODULE_NOT_FOUND' || code === 'ERR_MODULE_NOT_FOUND';
}

/**
 * A server for one workspace. A document that is asked about takes the place of its file for as long
 * as that takes; the files otherwise stay as they are given here.
 */
export function typeScriptServer(
  typescript: TypeScript,
  { files, directory }: TypeScriptServerOptions,
): TypeScriptServer {
  const texts = new TextsInMemory(typescript, path.resolve(directory ?? '/workspace'));
  for (const { path: file, text } of files)
    if (isScript(file) || file === 'tsconfig.json') texts.set(texts.nameOf(file), text);
  const service = typescript.createLanguageService(
    serviceHost(typescript, texts, directory !== undefined),
  );
  const withText = <T>(document: DocumentSnapshot, work: (name: string) => T): T => {
    const name = texts.nameOf(document.path);
    const before = texts.text(name);
    texts.set(name, document.text);
    try {
      return work(name);
    } finally {
      texts.set(name, before);
    }
  };
  return {
    list(document, signal) {
      if (signal.aborted) return Promise.reject(signal.reason as Error);
      if (!isScript(document.path)) return Promise.resolve(undefined);
      const list = withText(document, (name) => listAt(typescript, service, name, document));
      return Promise.resolve(list);
    },
    memberExists: (document) =>
      withText(document, (name) => memberExists(typescript, service, name, document.offset)),
    dispose: () => service.dispose(),
  };
}

/** Whether a path names a file that TypeScript can read. */
export function isScript(file: string): boolean {
  return /^(?:type|java)script(?:react)?$/.test(languageOf(file));
}

/** Texts by absolute name, each with a version that goes up when it changes. */
class TextsInMemory {
  readonly #texts = new Map<string, string>();
  readonly #versions = new Map<string, number>();
  readonly #folders = new Set<string>();
  readonly #snapshots = new Map<string, ts.IScriptSnapshot>();
  readonly root: string;
  /** Goes up with every change. */
  version = 0;

  constructor(
    private readonly typescript: TypeScript,
    root: string,
  ) {
    this.root = root.replaceAll('\\', '/');
  }

  nameOf(file: string): string {
    return path.posix.join(this.root, file);
  }

  /** Undefined removes the text. */
  set(name: string, text: string | undefined): void {
    if (this.#texts.get(name) === text) return;
    if (text === undefined) this.#texts.delete(name);
    else this.#texts.set(name, text);
    this.#versions.set(name, ++this.version);
    this.#snapshots.delete(name);
    for (let at = path.posix.dirname(name); !this.#folders.has(at); at = path.posix.dirname(at))
      this.#folders.add(at);
  }

  names(): string[] {
    return [...this.#texts.keys()].filter(isScript);
  }

  text(name: string): string | undefined {
    return this.#texts.get(name);
  }

  versionOf(name: string): string {
    return String(this.#versions.get(name) ?? 0);
  }

  hasFolder(name: string): boolean {
    return this.#folders.has(name);
  }

  /** What `read` gives for a text that is not in memory is taken to stay as it is. */
  snapshot(name: string, read: () => string | undefined): ts.IScriptSnapshot | undefined {
    const known = this.#snapshots.get(name);
    if (known !== undefined) return known;
    const text = this.text(name) ?? read();
    if (text === undefined) return undefined;
    const snapshot = this.typescript.ScriptSnapshot.fromString(text);
    this.#snapshots.set(name, snapshot);
    return snapshot;
  }
}

/** Memory first; on disk only what belongs to TypeScript or is installed in the workspace. */
function serviceHost(
  typescript: TypeScript,
  texts: TextsInMemory,
  readsDisk: boolean,
): ts.LanguageServiceHost {
  const { sys } = typescript;
  const library = path.dirname(sys.getExecutingFilePath()).replaceAll('\\', '/');
  const installed = `${texts.root}/node_modules`;
  const isOnDisk = (name: string) =>
    isWithin(name, library) || (readsDisk && isWithin(name, installed));
  const options = compilerOptions(typescript, texts);
  return {
    getCompilationSettings: () => options,
    getScriptFileNames: () => texts.names(),
    getProjectVersion: () => String(texts.version),
    getScriptVersion: (name) => texts.versionOf(name),
    getScriptSnapshot: (name) =>
      texts.snapshot(name, () => (isOnDisk(name) ? sys.readFile(name) : undefined)),
    getCurrentDirectory: () => texts.root,
    getDefaultLibFileName: (settings) =>
      path.posix.join(library, typescript.getDefaultLibFileName(settings)),
    fileExists: (name) =>
      texts.text(name) !== undefined || (isOnDisk(name) && sys.fileExists(name)),
    readFile: (name) => texts.text(name) ?? (isOnDisk(name) ? sys.readFile(name) : undefined),
    directoryExists: (name) =>
      texts.hasFolder(name) || (isOnDisk(name) && sys.directoryExists(name)),
    getDirectories: (name) => (isOnDisk(name) ? sys.getDirectories(name) : []),
  };
}

function isWithin(name: string, folder: string): boolean {
  return name === folder || name.startsWith(`${folder}/`);
}

/** The workspace's own options where it has a `tsconfig.json`, and what makes types known elsewhere. */
function compilerOptions(typescript: TypeScript, texts: TextsInMemory): ts.CompilerOptions {
  const file = texts.nameOf('tsconfig.json');
  const text = texts.text(file);
  const own =
    text === undefined
      ? {}
      : typescript.convertCompilerOptionsFromJson(
          (typescript.parseConfigFileTextToJson(file, text).config as { compilerOptions?: unknown })
            ?.compilerOptions ?? {},
          texts.root,
        ).options;
  return {
    target: typescript.ScriptTarget.ESNext,
    module: typescript.ModuleKind.ESNext,
    moduleResolution: typescript.ModuleResolutionKind.Bundler,
    strict: true,
    jsx: typescript.JsxEmit.Preserve,
    ...own,
    allowJs: true,
    noEmit: true,
    skipLibCheck: true,
  };
}

function listAt(
  typescript: TypeScript,
  service: ts.LanguageService,
  file: string,
  { text, offset, languageId }: DocumentSnapshot,
): LanguageList | undefined {
  const word = wordAt(text.slice(0, offset), text.slice(offset));
  if (word === undefined) return undefined;
  const isMembers = word.kind === 'members';
  const start = offset - word.typed.length;
  const info = service.getCompletionsAtPosition(file, offset, {
    includeCompletionsForModuleExports: false,
    includeCompletionsWithInsertText: true,
  });
  // Of a word that merely stands somewhere else in a file, only the spelling is known.
  const known = (info?.entries ?? []).filter(
    ({ kind }) => kind !== typescript.ScriptElementKind.warning,
  );
  if (info === undefined || known.length === 0) return undefined;
  const inScope = ({ name, insertText }: ts.CompletionEntry) =>
    isMembers || insertText === undefined || insertText === name;
  const fitting: ReadonlySet<string> = isMembers
    ? new Set()
    : fittingNames(typescript, service, file, start);
  return {
    word: { start, typed: word.typed },
    kind: word.kind,
    complete:
      isMembers &&
      membersAreClosed(languageId) &&
      info.isMemberCompletion &&
      !info.isNewIdentifierLocation &&
      known.length === info.entries.length,
    items: known.filter(inScope).map((entry): LanguageItem => ({
      name: entry.name,
      kind: kindOf(typescript, entry.kind),
      fits: entry.isRecommended === true || fitting.has(entry.name),
    })),
  };
}

function kindOf({ ScriptElementKind }: TypeScript, kind: ts.ScriptElementKind): LanguageItemKind {
  const { memberFunctionElement, functionElement, localFunctionElement } = ScriptElementKind;
  const { classElement, interfaceElement, typeElement, enumElement, moduleElement } =
    ScriptElementKind;
  if (kind === ScriptElementKind.keyword) return 'keyword';
  if ([memberFunctionElement, functionElement, localFunctionElement].includes(kind))
    return 'callable';
  const types = [classElement, interfaceElement, typeElement, enumElement, moduleElement];
  return types.includes(kind) ? 'type' : 'value';
}

function memberExists(
  typescript: TypeScript,
  service: ts.LanguageService,
  file: string,
  offset: number,
): boolean | undefined {
  const program = service.getProgram();
  const source = program?.getSourceFile(file);
  if (program === undefined || source === undefined) return undefined;
  let member: ts.PropertyAccessExpression | undefined;
  const visit = (node: ts.Node): void => {
    if (offset < node.pos || offset > node.end) return;
    if (typescript.isPropertyAccessExpression(node) && node.name.getStart(source) === offset)
      member = node;
    typescript.forEachChild(node, visit);
  };
  visit(source);
  if (member === undefined) return undefined;
  const checker = program.getTypeChecker();
  const receiver = checker.getNonNullableType(checker.getTypeAtLocation(member.expression));
  if (isAny(typescript, receiver) || receiver.getStringIndexType() !== undefined) return undefined;
  return checker.getSymbolAtLocation(member.name) !== undefined;
}

/** The locals of a file that are looked at for their types. */
const maxLocals = 100;

/**
 * Names declared in the file itself that can be handed over where the argument of a call begins at
 * `position`; none where no call is, or where anything can be handed over.
 */
function fittingNames(
  typescript: TypeScript,
  service: ts.LanguageService,
  file: string,
  position: number,
): ReadonlySet<string> {
  const program = service.getProgram();
  const source = program?.getSourceFile(file);
  if (program === undefined || source === undefined) return new Set();
  const call = callAt(typescript, source, position);
  if (call === undefined) return new Set();
  const checker = program.getTypeChecker();
  const index = (call.arguments ?? []).filter(({ end }) => end < position).length;
  const awaited = awaitedType(typescript, checker, call, index);
  if (awaited === undefined) return new Set();
  const locals = checker
    .getSymbolsInScope(call, typescript.SymbolFlags.Value)
    .filter((symbol) => symbol.valueDeclaration?.getSourceFile() === source)
    .slice(0, maxLocals);
  return new Set(
    locals
      .filter((symbol) => {
        const type = checker.getTypeOfSymbolAtLocation(symbol, call);
        return !isAny(typescript, type) && checker.isTypeAssignableTo(type, awaited);
      })
      .map(({ name }) => name),
  );
}

type Call = ts.CallExpression | ts.NewExpression;

/** The innermost call between whose parentheses `position` lies. */
function callAt(typescript: TypeScript, source: ts.SourceFile, position: number): Call | undefined {
  let found: Call | undefined;
  const visit = (node: ts.Node): void => {
    if (position < node.pos || position > node.end) return;
    const isCall = typescript.isCallExpression(node) || typescript.isNewExpression(node);
    if (isCall && node.arguments !== undefined && position >= node.arguments.pos) found = node;
    typescript.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** Type of a call's parameter; undefined where it is not known or says nothing. */
function awaitedType(
  typescript: TypeScript,
  checker: ts.TypeChecker,
  call: Call,
  index: number,
): ts.Type | undefined {
  const parameters = checker.getResolvedSignature(call, [], index + 1)?.parameters ?? [];
  const parameter = parameters[index] ?? parameters.at(-1);
  if (parameter === undefined) return undefined;
  const type = checker.getTypeOfSymbolAtLocation(parameter, call);
  const declaration = parameter.valueDeclaration;
  const isRest =
    declaration !== undefined &&
    typescript.isParameter(declaration) &&
    declaration.dotDotDotToken !== undefined;
  const awaited = isRest ? checker.getIndexTypeOfType(type, typescript.IndexKind.Number) : type;
  if (parameters[index] === undefined && !isRest) return undefined;
  return awaited === undefined || isAny(typescript, awaited) ? undefined : awaited;
}

/** Types that take anything, or that are not known yet. */
function isAny(typescript: TypeScript, { flags }: ts.Type): boolean {
  const { Any, Unknown, TypeParameter } = typescript.TypeFlags;
  return (flags & (Any | Unknown | TypeParameter)) !== 0;
}
