/**
 * What other text bears on the place of the cursor: the declarations behind the imports; windows of
 * other files, and of this one out of the policy's sight, that have the most names in common with the
 * code around the cursor (Jaccard, weighted by how rare a name is; arXiv 2408.05026); what was edited
 * a moment ago. The choice is kept while the cursor stays about where it was, because each change
 * makes the policy read anew. Reads no file: its owner hands it the text of those that may be read,
 * and takes away what must not be.
 */
import type { Snippet } from '../types';
import {
  distinctNames,
  hashedName,
  indexWindows,
  nameBuckets,
  type WindowSets,
} from './codeWindows';
import { type DocumentSnapshot, unixLines } from './context';
import { isGenerated } from './generated';
import { declarationOf, importsOf, pathsOf } from './imports';
import { isBlank, lineHead } from './indentation';
import { languageGroup } from './languageGroup';
import { ImportIndex } from './missingImports';
import { ModuleIndex } from './moduleIndex';
import { RecentEdits } from './recentEdits';
import type { WorkspaceNames } from './scope';

export interface Neighbours extends WorkspaceNames {
  /**
   * Snippets for the cursor, what changes least first. The answer stays the same while the user
   * types, so that what the policy has read of it need not be read again.
   */
  near(document: DocumentSnapshot): readonly Snippet[];
  /** Texts for the cursor that import names which the document uses and does not have. */
  missingImports(document: DocumentSnapshot): readonly string[];
}

/** A file that may be told of. */
export interface NeighbourFile {
  readonly uri: string;
  /** Path in its workspace folder, with '/' separators. */
  readonly path: string;
  /** Name of its workspace folder, or '' for a file outside any. */
  readonly repository: string;
  readonly languageId: string;
  readonly text: string;
}

interface IndexedFile extends NeighbourFile {
  readonly group: string;
  readonly windows: WindowSets;
}

/** A window of a file, and how much it is like the code at the cursor. */
interface Match {
  readonly file: NeighbourFile;
  readonly start: number;
  readonly end: number;
  readonly similarity: number;
}

/** What was chosen for a document, and where the cursor then was. */
interface Choice {
  readonly offset: number;
  /** Windows there were to choose from. */
  readonly windows: number;
  readonly snippets: readonly Snippet[];
}

/** How far the cursor goes, in characters, before the choice is made again: about eight lines. */
const keepWithin = 300;
/** A window told before stays while it is at least this much as alike as what would replace it. */
const keepShare = 0.7;
/** Windows of a file of moderate length: that many more change no choice by themselves. */
const windowsOfFile = 32;
/** Documents whose choice is remembered. */
const maxChoices = 16;

/**
 * Lines before and after the cursor's own whose names are looked for. On 600 cuts of the tuned
 * packages, a cut whose rest stands in what is told but not before the cursor: 32 % with these, 27 %
 * with 16 lines before, 22 % with none after.
 */
const linesBefore = 6;
const linesAfter = 4;
/** What a name before the cursor on its own line counts, beside one around it. */
const ownLineWeight = 2;
/** How much more a window is alike that has the very text before the cursor, and how long it may be. */
const runWeight = 1;
const shortestRun = 3;
const longestRun = 20;
/** Characters before the cursor that it may be taken from. */
const maxRunText = 1000;
/** Windows, of those most alike, that are searched for it. */
const maxSearched = 64;
/**
 * Similar windows told. At 541 cuts of the tuned packages the policy gave what was in fact written 25.4 %
 * of probability with these, 23.9 % with two of sixteen lines and all names alike. Those with the
 * very text before the cursor moved up, it is 26.5 %. Whether the most alike stands first or last is
 * all the same (26.2 %), but that it is not the one that the budget cuts short (23.0 %).
 */
const maxSimilar = 4;
/** Less alike than this, a window is there by chance. */
const minSimilarity = 0.08;
/** Characters before the cursor that the policy reads in any case. */
const seenCharacters = 1100;
/** Characters of the document itself, before and after the cursor, that are searched. */
const ownBefore = 48 * 1024;
const ownAfter = 16 * 1024;
/** Where a window stands makes it likelier to matter. */
const weightOf = { sameFolder: 1.1, imported: 1.1, recent: 1.2, otherRoot: 0.8 } as const;
/** Files looked at or edited last that count as recent. */
const maxRecent = 8;
/** Characters of declarations that are told. */
const maxDeclarationCharacters = 400;
/** Edits told. */
const maxEdits = 3;
/** An edit this close to the cursor, in lines, is the one being made. */
const beingMade = 3;

export class NeighbourIndex implements Neighbours {
  readonly #files = new Map<string, IndexedFile>();
  /** URI by root and path, for imports. */
  readonly #byPath = new Map<string, string>();
  readonly #choices = new Map<string, Choice>();
  readonly #edits = new RecentEdits();
  readonly #imports = new ImportIndex();
  readonly #modules = new ModuleIndex();
  /** Files that the user has changed since their text was last taken in. */
  readonly #changed = new Set<string>();
  /** URIs of files the user turned to, the newest last. */
  #recent: readonly string[] = [];
  /** By hashed name: the number of windows it stands in. */
  readonly #frequency = new Uint32Array(nameBuckets);
  #windows = 0;
  readonly #rarity = new Float32Array(nameBuckets);
  /** How many windows there were when `#rarity` was computed. */
  #weighedWindows = 0;

  /** Makes `file.text` the newest text of the file. Generated and minified files stay out. */
  update(file: NeighbourFile): void {
    const old = this.#files.get(file.uri);
    if (old?.text === file.text && keyOf(old) === keyOf(file)) return;
    if (old !== undefined && this.#changed.delete(file.uri)) {
      this.#edits.note(file.uri, old.text, file.text);
    }
    this.#drop(file.uri);
    this.#modules.update(file.uri, file);
    if (isGenerated(file.path, file.text) || file.text.includes('\0')) {
      this.#edits.forget(file.uri);
      return;
    }
    const windows = indexWindows(file.text);
    this.#count(windows, 1);
    this.#files.set(file.uri, { ...file, group: languageGroup(file.languageId), windows });
    this.#byPath.set(keyOf(file), file.uri);
    this.#imports.update(file);
  }

  /** Takes the file out, with what was edited in it and every choice that may tell of it. */
  remove(uri: string): void {
    this.#modules.remove(uri);
    if (!this.#files.has(uri)) return;
    this.#drop(uri);
    this.#edits.forget(uri);
    this.#changed.delete(uri);
    this.#choices.clear();
  }

  /** The user turned to this file. */
  noteLooked(uri: string): void {
    this.#recent = [...this.#recent.filter((other) => other !== uri), uri].slice(-maxRecent);
  }

  /** The user, and not a program, changed this file; its new text follows by `update`. */
  noteEdit(uri: string): void {
    this.#changed.add(uri);
    if (this.#recent.at(-1) !== uri) this.noteLooked(uri);
  }

  near(document: DocumentSnapshot): readonly Snippet[] {
    const { uri, offset } = document;
    const before = this.#choices.get(uri);
    // While the files of the workspace are still being read, a choice may be made from next to none.
    const isOfAll = before !== undefined && this.#windows <= 2 * before.windows + windowsOfFile;
    if (isOfAll && Math.abs(before.offset - offset) <= keepWithin) return before.snippets;
    const snippets = this.#choose(document, before?.snippets ?? []);
    this.#choices.delete(uri);
    this.#choices.set(uri, { offset, windows: this.#windows, snippets });
    for (const oldest of this.#choices.keys()) {
      if (this.#choices.size <= maxChoices) break;
      this.#choices.delete(oldest);
    }
    return snippets;
  }

  missingImports(document: DocumentSnapshot): readonly string[] {
    return this.#imports.missing(document);
  }

  mayImport(name: string, document: DocumentSnapshot): boolean {
    return this.#imports.mayImport(name, document);
  }

  mayImportFrom(specifier: string, document: DocumentSnapshot): boolean {
    const taken = this.#imports.takesFrom(specifier, document);
    return taken === 'module' || this.#modules.mayExist(specifier, document, taken === 'package');
  }

  /** What was told before and still holds comes first, so that it need not be read again. */
  #choose(document: DocumentSnapshot, before: readonly Snippet[]): readonly Snippet[] {
    const { text, offset } = document;
    const from = lineBack(text, offset, linesBefore);
    const to = lineOn(text, offset, linesAfter);
    const names = distinctNames(text, from, to);
    const ownLine = new Set(distinctNames(text, lineBack(text, offset, 0), offset));
    const imported = this.#imported(document);
    const chosen = [
      ...declarations(imported, new Set(names), document.repository),
      ...similarWindows(
        this.#matches(document, this.#query(names, ownLine), imported, to),
        document.repository,
        before,
      ),
    ];
    const isKept = (snippet: Snippet): boolean => before.some((other) => isSame(snippet, other));
    return [
      ...before.flatMap((snippet) => chosen.find((other) => isSame(snippet, other)) ?? []),
      ...chosen.filter((snippet) => !isKept(snippet)),
      ...this.#editsFor(document),
    ];
  }

  #matches(
    document: DocumentSnapshot,
    query: Query,
    imported: readonly ImportedName[],
    to: number,
  ): readonly Match[] {
    const group = languageGroup(document.languageId);
    const importedUris = new Set(imported.map(({ file }) => file.uri));
    const matches: Match[] = [];
    for (const file of this.#files.values()) {
      if (file.group !== group || file.uri === document.uri) continue;
      const weight =
        (folderOf(file.path) === folderOf(document.path) ? weightOf.sameFolder : 1) *
        (importedUris.has(file.uri) ? weightOf.imported : 1) *
        (this.#recent.includes(file.uri) ? weightOf.recent : 1) *
        (file.repository === document.repository ? 1 : weightOf.otherRoot);
      matches.push(...matchesIn(file, file.windows, query, weight));
    }
    // Of the document itself, what the policy does not see: the text below, and that far above.
    const { offset, text } = document;
    const start = Math.max(0, offset - ownBefore);
    const own = { ...document, text: text.slice(start, offset + ownAfter) };
    const seenFrom = offset - start - seenCharacters;
    for (const match of matchesIn(own, indexWindows(own.text), query, 1)) {
      if (match.end <= seenFrom || match.start >= to - start) matches.push(match);
    }
    return withRuns(matches, text, offset);
  }

  /** The names that the document imports, and the files they come from. */
  #imported({ repository, path, languageId, text }: DocumentSnapshot): readonly ImportedName[] {
    return importsOf(text, languageId).flatMap(({ specifier, names }) => {
      const uri = pathsOf(specifier, path)
        .map((path) => this.#byPath.get(keyOf({ repository, path })))
        .find((found) => found !== undefined);
      const file = uri === undefined ? undefined : this.#files.get(uri);
      return file === undefined ? [] : names.map((name) => ({ name, file }));
    });
  }

  /**
   * The newest last, which is nearest to the cursor. Told as the lines that stand there now: on eight
   * places that repeat an edit these cost 27 nats in all, `-` and `+` lines 33, and no edits 109.
   */
  #editsFor({ uri, repository, text, offset }: DocumentSnapshot): readonly Snippet[] {
    const cursorLine = text.slice(0, offset).split('\n').length - 1;
    return this.#edits.hunks
      .filter(
        ({ uri: other, line, after }) =>
          other !== uri ||
          cursorLine < line - beingMade ||
          cursorLine > line + after.length + beingMade,
      )
      .slice(-maxEdits)
      .flatMap((hunk): Snippet[] => {
        const file = this.#files.get(hunk.uri);
        if (file === undefined || hunk.after.every(isBlank)) return [];
        return [{ kind: 'edit', path: toldPath(file, repository), text: hunk.after.join('\n') }];
      });
  }

  #query(names: readonly number[], ownLine: ReadonlySet<number>): Query {
    const rarity = this.#rarityOfNames();
    const wanted = new Float32Array(nameBuckets);
    let total = 0;
    for (const name of names) {
      const weight = ownLine.has(name) ? ownLineWeight : 1;
      total += wanted[name] = weight * (rarity[name] ?? 0);
    }
    return { rarity, wanted, total };
  }

  /** Inverse frequencies, computed anew once the index has grown or shrunk by a tenth. */
  #rarityOfNames(): Float32Array {
    const change = Math.abs(this.#windows - this.#weighedWindows);
    if (change * 10 <= this.#weighedWindows && this.#weighedWindows > 0) return this.#rarity;
    this.#weighedWindows = this.#windows;
    for (let name = 0; name < nameBuckets; name++) {
      this.#rarity[name] = Math.log(1 + this.#windows / (1 + (this.#frequency[name] ?? 0)));
    }
    return this.#rarity;
  }

  #drop(uri: string): void {
    const file = this.#files.get(uri);
    if (file === undefined) return;
    this.#files.delete(uri);
    this.#imports.remove(uri);
    if (this.#byPath.get(keyOf(file)) === uri) this.#byPath.delete(keyOf(file));
    this.#count(file.windows, -1);
  }

  #count({ names, starts }: WindowSets, by: 1 | -1): void {
    this.#windows += by * starts.length;
    for (const name of names) this.#frequency[name] = (this.#frequency[name] ?? 0) + by;
  }
}

interface ImportedName {
  readonly name: string;
  readonly file: NeighbourFile;
}

/** The names around the cursor. */
interface Query {
  /** By hashed name: how much it says that two texts have it in common. */
  readonly rarity: Float32Array;
  /** The same, 0 for the names that are not around the cursor. */
  readonly wanted: Float32Array;
  /** Sum of `wanted`. */
  readonly total: number;
}

/** The windows of a file that are like the query. */
function matchesIn(
  file: NeighbourFile,
  { starts, ends, offsets, names }: WindowSets,
  { rarity, wanted, total }: Query,
  weight: number,
): readonly Match[] {
  const matches: Match[] = [];
  for (let window = 0; window < starts.length; window++) {
    let common = 0;
    let all = total;
    for (let i = offsets[window] ?? 0; i < (offsets[window + 1] ?? 0); i++) {
      const name = names[i] ?? 0;
      common += wanted[name] ?? 0;
      all += rarity[name] ?? 0;
    }
    const similarity = (weight * common) / (all - common);
    if (similarity > minSimilarity) {
      matches.push({ file, start: starts[window] ?? 0, end: ends[window] ?? 0, similarity });
    }
  }
  return matches;
}

/** The matches, the most alike first; those with the text before the cursor have moved up. */
function withRuns(matches: Match[], text: string, offset: number): readonly Match[] {
  const byLikeness = (a: Match, b: Match) => b.similarity - a.similarity;
  const ends = endsOf(text, offset);
  matches.sort(byLikeness);
  const runs = matches.slice(0, maxSearched).map((match) => {
    const window = match.file.text.slice(match.start, match.end);
    const run = ends.find((end) => window.includes(end))?.trim().length ?? 0;
    const more = (runWeight * Math.min(run, longestRun)) / longestRun;
    return { ...match, similarity: match.similarity * (1 + more) };
  });
  return [...runs.sort(byLikeness), ...matches.slice(maxSearched)];
}

/** The cursor's line before it, or the line above where it is blank, from each of its words on. */
function endsOf(text: string, offset: number): readonly string[] {
  const before = text.slice(Math.max(0, offset - maxRunText), offset);
  const own = lineHead(before);
  const above = before.slice(0, before.length - own.length);
  const isShort = own.trim().length < shortestRun;
  const start = isShort ? above.trimEnd().lastIndexOf('\n') + 1 : above.length;
  const line = before.slice(start).trimStart();
  return [...line.matchAll(/[\w$]+|[^\w$\s]/g)].map(({ index }) => line.slice(index));
}

/**
 * The windows most alike that do not overlap. One that was told before takes the place of one that is
 * not much more alike.
 */
function similarWindows(
  matches: readonly Match[],
  repository: string,
  before: readonly Snippet[],
): readonly Snippet[] {
  const chosen: Match[] = [];
  const take = (match: Match): void => {
    if (chosen.length < maxSimilar && !chosen.some((other) => overlap(match, other)))
      chosen.push(match);
  };
  const best = matches[0]?.similarity ?? 0;
  const paths = new Set(before.map(({ path }) => path));
  for (const match of matches) {
    if (match.similarity < keepShare * best) break;
    if (!paths.has(toldPath(match.file, repository))) continue;
    const snippet = snippetOf(match, repository);
    if (before.some((other) => isSame(snippet, other))) take(match);
  }
  for (const match of matches) take(match);
  return chosen.map((match) => snippetOf(match, repository));
}

function snippetOf({ file, start, end }: Match, repository: string): Snippet {
  const text = unixLines(file.text.slice(start, end)).trimEnd();
  return { kind: 'similar', path: toldPath(file, repository), text };
}

/** What the imported names stand for that are in use near the cursor, one snippet a file. */
function declarations(
  imported: readonly ImportedName[],
  used: ReadonlySet<number>,
  repository: string,
): readonly Snippet[] {
  const byPath = new Map<string, string[]>();
  let left = maxDeclarationCharacters;
  for (const { name, file } of imported) {
    if (!used.has(hashedName(name))) continue;
    const declaration = declarationOf(name, file.text, file.languageId);
    if (declaration === undefined || declaration.length > left) continue;
    left -= declaration.length;
    const path = toldPath(file, repository);
    byPath.set(path, [...(byPath.get(path) ?? []), declaration]);
  }
  return [...byPath].map(([path, texts]) => ({
    kind: 'declaration',
    path,
    text: texts.join('\n'),
  }));
}

/** The path as seen from a file in `repository`: a file of another root is told with its name. */
function toldPath(file: NeighbourFile, repository: string): string {
  const isOther = file.repository !== repository && file.repository !== '';
  return isOther ? `${file.repository}/${file.path}` : file.path;
}

function isSame(a: Snippet, b: Snippet): boolean {
  return a.kind === b.kind && a.path === b.path && a.text === b.text;
}

function overlap(a: Match, b: Match): boolean {
  return a.file.uri === b.file.uri && a.start < b.end && b.start < a.end;
}

function keyOf({ repository, path }: Pick<NeighbourFile, 'repository' | 'path'>): string {
  return `${repository}\n${path}`;
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/') + 1);
}

/** Offset of the start of the line `count` lines above that of `offset`. */
function lineBack(text: string, offset: number, count: number): number {
  let at = offset;
  for (let i = 0; i <= count && at > 0; i++) at = text.lastIndexOf('\n', at - 1);
  return Math.max(0, at);
}

/** Offset of the end of the line `count` lines below that of `offset`. */
function lineOn(text: string, offset: number, count: number): number {
  let at = offset - 1;
  for (let i = 0; i <= count; i++) {
    at = text.indexOf('\n', at + 1);
    if (at < 0) return text.length;
  }
  return at;
}
