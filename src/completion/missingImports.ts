/**
 * The import statements that a file lacks: names that it uses and binds nowhere, taken from where
 * other files of the workspace take them, written the way they write it. For TypeScript, JavaScript
 * and Python, by regular expressions. It reads no package and asks no server, so that it knows only
 * what somebody in the workspace has imported or exported.
 */
import type { DocumentSnapshot } from './context';
import { freeNames, readsNames } from './freeNames';
import {
  closedList,
  type ImportPlace,
  importPlaceOf,
  itemsOf,
  type List,
  listBelow,
} from './importPlace';
import { joined } from './imports';

import { languageGroup } from './languageGroup';
import type { NeighbourFile } from './neighbours';
import { isTestFile } from './testFiles';

/** One import statement of a file, in parts of which another can be made. */
interface Statement {
  readonly repository: string;
  readonly language: string;
  /** Path of the file it stands in. */
  readonly path: string;
  /** Up to the names, e.g. `import type { `, and between them and what they are taken from. */
  readonly opening: string;
  readonly middle: string;
  readonly closing: string;
  /** What the names are taken from, as written, and as seen from the top of the workspace. */
  readonly specifier: string;
  readonly module: string;
  /** How each name is taken, as written, such as `type A` or `B as C`. */
  readonly items: ReadonlyMap<string, string>;
  /** Whether names can be added. */
  readonly isList: boolean;
}

/** Statements, or lines of one, proposed at a place. */
const maxProposals = 4;
/** Statements that are looked at to learn where to take one name from. */
const maxStatements = 30;
/** Ways to write the same one. */
const maxForms = 2;
/** Free names looked at. */
const maxNames = 64;
/** A list that would end beyond this column gets lines of its own. */
const maxColumns = 100;

export class ImportIndex {
  readonly #byFile = new Map<string, IndexedFile>();
  /** By language group and name. */
  readonly #byName = new SetMap<Statement>();
  /** By what they take from. */
  readonly #byModule = new SetMap<Statement>();
  readonly #byPackage = new SetMap<Statement>();
  /** By language group and name: the files that export it. */
  readonly #exporters = new SetMap<NeighbourFile>();

  /** Makes `file.text` the newest text of the file. */
  update(file: NeighbourFile): void {
    this.remove(file.uri);
    if (!readsNames(file.languageId)) return;
    const statements = statementsOf(file);
    const exported = exportsOf(file);
    this.#byFile.set(file.uri, { file, statements, exported });
    for (const statement of statements) {
      this.#byModule.add(statement.module, statement);
      const name = packageOf(statement.specifier, file.languageId);
      if (name !== undefined) this.#byPackage.add(name, statement);
      for (const name of statement.items.keys())
        this.#byName.add(keyOf(file.languageId, name), statement);
    }
    for (const name of exported) this.#exporters.add(keyOf(file.languageId, name), file);
  }

  remove(uri: string): void {
    const known = this.#byFile.get(uri);
    if (known === undefined) return;
    this.#byFile.delete(uri);
    const { file, statements, exported } = known;
    for (const statement of statements) {
      this.#byModule.delete(statement.module, statement);
      const name = packageOf(statement.specifier, file.languageId);
      if (name !== undefined) this.#byPackage.delete(name, statement);
      for (const name of statement.items.keys())
        this.#byName.delete(keyOf(file.languageId, name), statement);
    }
    for (const name of exported) this.#exporters.delete(keyOf(file.languageId, name), file);
  }

  /** Whether the document could take the name from another file, or from where another file does. */
  mayImport(name: string, document: DocumentSnapshot): boolean {
    const key = keyOf(document.languageId, name);
    const isPython = document.languageId === 'python';
    const isNear = ({ path, repository }: Pick<NeighbourFile, 'path' | 'repository'>): boolean => {
      if (isTestFile(path) && !isTestFile(document.path)) return false;
      return !isPython || (repository === document.repository && isSameTree(path, document.path));
    };
    for (const statement of this.#byName.get(key)) {
      const isPackage = !statement.specifier.startsWith('.');
      if (statement.path !== document.path && (isPackage || isNear(statement))) return true;
    }
    for (const file of this.#exporters.get(key)) {
      if (file.path === document.path || !isNear(file)) continue;
      // A variable of a module is rarely taken from it by its bare name.
      if (!isPython || /^[A-Z]/.test(name) || declares(file.text, name)) return true;
    }
    return false;
  }

  /** Whether a file takes names from the same module, as seen from the document; or from its package. */
  takesFrom(specifier: string, document: DocumentSnapshot): 'module' | 'package' | undefined {
    if (this.#byModule.get(moduleOf({ specifier, path: document.path })).size > 0) return 'module';
    const name = packageOf(specifier, document.languageId);
    return name !== undefined && this.#byPackage.get(name).size > 0 ? 'package' : undefined;
  }

  /** Texts for the cursor, the likeliest first; none where nobody would write an import. */
  missing(document: DocumentSnapshot): readonly string[] {
    const place = importPlaceOf(document);
    if (place === undefined) return [];
    const body = place.head.trimStart();
    const found = place.list
      ? this.#listed(document, place, place.list)
      : this.#lines(document, place, body);
    return found
      .filter((text) => text.startsWith(body) && text.length > body.length)
      .slice(0, maxProposals)
      .map((text) => text.slice(body.length));
  }

  /** Whole statements that begin with `body`, where that can be had. */
  #lines(document: DocumentSnapshot, { above, below }: ImportPlace, body: string): string[] {
    const byModule = new Map<string, { names: Set<string>; statements: Set<Statement> }>();
    const unknown: string[] = [];
    for (const name of free(document, above + below)) {
      const statements = this.#statements(document, name);
      const module = mostFrequent(statements.map((each) => each.module));
      if (module === undefined) {
        if (isModule(name, above + below, document.languageId)) unknown.push(`import ${name}`);
        continue;
      }
      const group = byModule.get(module) ?? { names: new Set(), statements: new Set() };
      byModule.set(module, group);
      group.names.add(name);
      for (const each of statements) if (each.module === module) group.statements.add(each);
    }
    const isOverLines = listBelow.test(below);
    const begun = this.#begun(document, body);
    const known = [...byModule.values()].flatMap(({ names, statements }) => {
      const shared = ({ items }: Statement) => [...items.keys()].filter((n) => names.has(n)).length;
      const like = [...statements].sort((a, b) => shared(b) - shared(a));
      const forms = like.flatMap(
        (each) => lineOf(each, { names, like, document, isOverLines }) ?? [],
      );
      return [...new Set(forms)].filter((text) => text.startsWith(body)).slice(0, maxForms);
    });
    return [...begun, ...known, ...unknown];
  }

  /** The statement whose names stand in `body` already, as others take them. */
  #begun(document: DocumentSnapshot, body: string): string[] {
    const what = begunScript.exec(body)?.[1];
    if (what === undefined || document.languageId === 'python') return [];
    const names = new Set(itemsOf(what.replace(/[{}]/g, '')).keys());
    const statements = [...names].flatMap((name) => this.#statements(document, name));
    const module = mostFrequent(statements.map((each) => each.module));
    const like = statements.filter((each) => each.module === module);
    const forms = like.flatMap(
      (each) => lineOf(each, { names, like, document, isOverLines: false }) ?? [],
    );
    return [...new Set(forms)].filter((text) => text.startsWith(body)).slice(0, maxForms);
  }

  /** Further names of a list that has been begun; its end, where that is missing. */
  #listed(document: DocumentSnapshot, { above, below }: ImportPlace, list: List): string[] {
    const specifier = list.specifier ?? closedList.exec(below)?.[1];
    if (specifier === undefined) return this.#closing(document, list.names);
    const module = moduleOf({ specifier, path: document.path });
    const previous = list.names.at(-1) ?? '';
    const next = /^\s*([\p{L}\p{N}_$]+)/u.exec(below)?.[1] ?? '\uffff';
    // Where a list is sorted, a name has its place.
    const fits = (name: string) => Number(name > previous) + Number(name < next);
    return free(document, above + below)
      .sort((a, b) => fits(b) - fits(a))
      .flatMap((name) => {
        const from = this.#statements(document, name).filter((each) => each.module === module);
        const item = from.find(({ isList }) => isList)?.items.get(name) ?? name;
        return from.length === 0 ? [] : `${item},`;
      });
  }

  #closing(document: DocumentSnapshot, names: readonly string[]): string[] {
    const statements = names.flatMap((name) => this.#statements(document, name));
    const module = mostFrequent(statements.map((each) => each.module));
    const like = statements.find((each) => each.isList && each.module === module);
    if (like === undefined) return [];
    const specifier = specifierFrom(like, document);
    if (specifier === undefined) return [];
    return [like.middle.trimStart() + specifier + like.closing];
  }

  /** The statements that say where to take `name` from, as seen from the document. */
  #statements(document: DocumentSnapshot, name: string): readonly Statement[] {
    const { path, repository, languageId } = document;
    const key = keyOf(languageId, name);
    const isNear = (each: Statement) =>
      each.path !== path && (each.repository === repository || !each.specifier.startsWith('.'));
    const found: Statement[] = [];
    for (const each of this.#byName.get(key)) {
      if (found.length >= maxStatements) break;
      if (isNear(each)) found.push(each);
    }
    if (found.length > 0) return found;
    // Exported, and imported by nobody yet: as other names of the same file are.
    return [...this.#exporters.get(key)]
      .filter((file) => file.repository === repository && file.path !== path)
      .flatMap((file) => namesOfModule(file.path).map((module) => this.#byModule.get(module)))
      .flatMap((statements) => [...statements].filter(({ isList }) => isList))
      .filter(isNear)
      .slice(0, maxStatements)
      .map((each) => ({ ...each, items: new Map([[name, name]]) }));
  }
}

interface IndexedFile {
  readonly file: NeighbourFile;
  readonly statements: readonly Statement[];
  readonly exported: readonly string[];
}

/** A set for each key. */
class SetMap<T> {
  readonly #sets = new Map<string, Set<T>>();

  get(key: string): ReadonlySet<T> {
    return this.#sets.get(key) ?? new Set();
  }

  add(key: string, value: T): void {
    const set = this.#sets.get(key);
    if (set === undefined) this.#sets.set(key, new Set([value]));
    else set.add(value);
  }

  delete(key: string, value: T): void {
    const set = this.#sets.get(key);
    set?.delete(value);
    if (set?.size === 0) this.#sets.delete(key);
  }
}

const scriptStatement =
  /^[ \t]*((?:import\s+(?:type\s+)?|(?:const|let|var)\s+))(\{[^{}]{0,4000}\}|[\w$]+|\*\s*as\s+[\w$]+)(\s*from\s*|\s*=\s*require\()(['"])([^'"\n]+)\4(\)?;?)[ \t]*$/gm;
/** One that has been begun, with all its names. */
const begunScript = /^import\s+(?:type\s+)?(\{[^{}]+\}|[\w$]+|\*\s*as\s+[\w$]+)\s/;
const pythonStatement =
  /^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+import[ \t]+(\([^()]{0,4000}\)[ \t]*|[^\s#(*][^\n#(*]*)|import[ \t]+([\w.]+)(?:[ \t]+as[ \t]+(\w+))?[ \t]*)(?:#[^\n]*)?$/gm;

function statementsOf(file: NeighbourFile): Statement[] {
  const { path } = file;
  return partsOf(file).map((parts) => ({ ...parts, module: moduleOf({ ...parts, path }) }));
}

function partsOf({
  text,
  path,
  repository,
  languageId,
}: NeighbourFile): Omit<Statement, 'module'>[] {
  const language = languageGroup(languageId);
  const common = { repository, language, path };
  if (language === 'python') {
    return [...text.matchAll(pythonStatement)].map(([, specifier, list, module = '', as]) => {
      if (specifier === undefined) {
        const local = as ?? module.split('.')[0] ?? '';
        const opening = 'import ';
        const item = as === undefined ? module : `${module} as ${as}`;
        return {
          ...{ ...common, opening, middle: '', closing: '', specifier: module, isList: false },
          items: new Map([[local, item]]),
        };
      }
      return {
        ...{ ...common, opening: '', middle: ' import ', closing: '', specifier, isList: true },
        items: itemsOf((list ?? '').replace(/[()]|#[^\n]*/g, ' ')),
      };
    });
  }
  return [...text.matchAll(scriptStatement)].map(
    ([, keyword = '', what = '', glue = '', quote = '', specifier = '', end = '']) => {
      const isList = what.startsWith('{');
      const pad = /^\{\S/.test(what) ? '' : ' ';
      const inner = isList ? what.slice(1, -1).replace(/\/\*[^]*?\*\/|\/\/[^\n]*/g, ' ') : what;
      return {
        ...common,
        opening: isList ? `${keyword}{${pad}` : keyword,
        middle: `${isList ? `${pad}}` : ''}${glue}${quote}`,
        closing: `${quote}${end}`,
        specifier,
        isList,
        items: isList ? itemsOf(inner) : new Map([[inner.replace(/^\*\s*as\s+/, ''), inner]]),
      };
    },
  );
}

/** What a statement is to say. */
interface Wish {
  readonly names: ReadonlySet<string>;
  /** Statements that take such names from the same module, and say how each is taken. */
  readonly like: readonly Statement[];
  readonly document: DocumentSnapshot;
  /** Whether the names follow on lines of their own. */
  readonly isOverLines: boolean;
}

/** The statement as it would take the names into the document; undefined where it cannot. */
function lineOf(statement: Statement, wish: Wish): string | undefined {
  const { opening, middle, closing, items, isList, language } = statement;
  const specifier = specifierFrom(statement, wish.document);
  if (specifier === undefined) return undefined;
  const taken = [...items].filter(([name]) => wish.names.has(name));
  const others = isList ? [...wish.names].filter((name) => !items.has(name)) : [];
  for (const name of others) {
    const like = wish.like.find((each) => each.opening === opening && each.items.has(name));
    const item = like?.isList === true ? like.items.get(name) : undefined;
    if (item !== undefined) taken.push([name, item]);
  }
  if (others.length > 0) taken.sort(([a], [b]) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1));
  if (taken.length === 0) return undefined;
  const list = taken.map(([, item]) => item).join(', ');
  const head = language === 'python' && isList ? `from ${specifier} import ` : opening;
  const tail = language === 'python' ? '' : middle + specifier + closing;
  const text = head + list + tail;
  if (!isList || (text.length <= maxColumns && !wish.isOverLines)) return text;
  return language === 'python' ? `${head}(` : opening.trimEnd();
}

/** Where a statement takes its names from, as seen from the top of the workspace. */
function moduleOf({ specifier, path }: Pick<Statement, 'specifier' | 'path'>): string {
  const whole = fromTop(specifier, path);
  return whole.replace(/\.[cm]?[jt]sx?$/, '').replace(/\/index$/, '');
}

function fromTop(specifier: string, path: string): string {
  if (!specifier.startsWith('.')) return specifier;
  const folder = path.split('/').slice(0, -1);
  // Python's dots: one for the folder of the file, one more for each above it.
  const python = /^(\.+)((?:\w[\w.]*)?)$/.exec(specifier);
  if (python !== null && path.endsWith('.py')) {
    const [, dots = '', rest = ''] = python;
    const from = folder.slice(0, folder.length - dots.length + 1);
    return ['.', joined(from, rest.split('.'))].filter((part) => part !== '').join('/');
  }
  return joined(['.', ...folder], specifier.split('/'));
}

/** The specifier that means the same in the document; undefined where it would mean the document. */
function specifierFrom(statement: Statement, { path }: DocumentSnapshot): string | undefined {
  const { specifier } = statement;
  if (!specifier.startsWith('.')) return specifier;
  if (`./${path}`.replace(/\.[^./]*$/, '') === statement.module) return undefined;
  const target = fromTop(specifier, statement.path).split('/');
  const folder = ['.', ...path.split('/').slice(0, -1)];
  let common = 0;
  while (common < folder.length && folder[common] === target[common]) common++;
  const up = folder.length - common;
  const down = target.slice(common);
  if (path.endsWith('.py')) return '.'.repeat(up + 1) + down.join('.');
  if (up === 0) return ['.', ...down].join('/');
  return [...Array.from({ length: up }, () => '..'), ...down].join('/');
}

/** What statements that take from the file at `path` may be listed under. */
function namesOfModule(path: string): readonly string[] {
  const own = moduleOf({ specifier: `./${path.split('/').at(-1) ?? ''}`, path });
  if (!path.endsWith('.py')) return [own];
  const parts = path.replace(/(?:\/__init__)?\.py$/, '').split('/');
  // Python's own search path may begin at any folder.
  return [`./${parts.join('/')}`, ...parts.map((_, i) => parts.slice(i).join('.'))];
}

/** The package that a specifier names; undefined for a file's own neighbours. */
function packageOf(specifier: string, languageId: string): string | undefined {
  if (specifier.startsWith('.')) return undefined;
  if (languageId === 'python') return `python\n${specifier.split('.')[0]}`;
  const [first = '', second = ''] = specifier.split('/');
  return first.startsWith('@') ? `${first}/${second}` : first;
}

/** Whether two paths begin in the same folder, or one lies at the top. */
function isSameTree(path: string, other: string): boolean {
  const [first, ...rest] = path.split('/');
  const [otherFirst, ...otherRest] = other.split('/');
  return rest.length === 0 || otherRest.length === 0 || first === otherFirst;
}

function declares(text: string, name: string): boolean {
  return new RegExp(`^(?:async[ \\t]+)?(?:def|class)[ \\t]+${name}\\b`, 'm').test(text);
}

/** Names to import. */
function free({ languageId }: DocumentSnapshot, text: string): string[] {
  return [...freeNames(text, languageId)].slice(0, maxNames);
}

/** Names that other files may take from `text`. */
function exportsOf({ text, languageId }: NeighbourFile): readonly string[] {
  const pattern = languageGroup(languageId) === 'python' ? pythonExport : scriptExport;
  return [...text.matchAll(pattern)].flatMap(([, a, b]) => a ?? b ?? []);
}

const scriptExport =
  /^export\s+(?:declare\s+)?(?:abstract\s+)?(?:async\s+)?(?:function(?:\s*\*\s*|\s+)|(?:class|interface|type|enum|const|let|var)\s+)([\w$]+)/gm;
const pythonExport =
  /^(?:(?:async\s+)?(?:def|class)\s+(\w+)|([A-Za-z]\w*)\s*(?::[^=\n]+)?=(?!=))/gm;

/** Whether `name` is used in `text` as only a module is, in Python. */
function isModule(name: string, text: string, languageId: string): boolean {
  if (languageId !== 'python' || !/^[a-z][a-z0-9_]*$/.test(name)) return false;
  return !new RegExp(`(?<![\\w.])${name}\\b(?!\\.[A-Za-z_])`).test(text);
}

function mostFrequent(values: readonly string[]): string | undefined {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0];
}

function keyOf(languageId: string, name: string): string {
  return `${languageGroup(languageId)}\n${name}`;
}
