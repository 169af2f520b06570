/**
 * Answers, for any document, whether Hone may look at it: reads the ignore files of each workspace
 * folder, watches them, and applies the rules of `sensitiveFiles.ts`, to a symbolic link also as the
 * file that it leads to. Reads no other file.
 */
import { realpath } from 'node:fs/promises';
import * as vscode from 'vscode';
import type { Logger } from '../types';
import { type Disposable, DisposableStore, toDisposable } from '../util/disposable';
import { Emitter, type Event } from '../util/event';
import { readIgnoreLists } from '../util/ignoreLists';
import { linkTarget } from '../util/linkTarget';
import {
  atAnyDepth,
  compileGlobs,
  type FileVerdict,
  FolderRules,
  isSecretFile,
} from '../completion/sensitiveFiles';
import type { SettingsSource } from './settings';

/** Whether a file may be read; `pending` while the rules of its folder are being read. */
export type DocumentVerdict = FileVerdict | 'pending';

export class WorkspaceFiles implements Disposable {
  readonly #settings: SettingsSource;
  readonly #logger: Logger;
  readonly #disposables = new DisposableStore();
  readonly #changed = this.#disposables.add(new Emitter<void>());
  readonly #folders = new Map<string, FolderRules>();
  /** What open documents lead to that are symbolic links. */
  readonly #targets = new Map<string, vscode.Uri>();
  #loading: Promise<void> = Promise.resolve();
  #generation = 0;

  /** Fires when verdicts may have changed. */
  readonly onDidChange: Event<void> = this.#changed.event;

  constructor(settings: SettingsSource, logger: Logger) {
    this.#settings = settings;
    this.#logger = logger;
    const reload = (): void => this.load();
    this.#disposables.add(settings.onDidChange(reload));
    this.#disposables.add(vscode.workspace.onDidChangeWorkspaceFolders(reload));
    this.#disposables.add(
      vscode.workspace.onDidOpenTextDocument((document) => void this.#follow(document)),
    );
    this.#disposables.add(
      vscode.workspace.onDidCloseTextDocument(({ uri }) => void this.#targets.delete(key(uri))),
    );
    const watcher = this.#disposables.add(
      vscode.workspace.createFileSystemWatcher('**/.gitignore'),
    );
    watcher.onDidCreate(reload);
    watcher.onDidChange(reload);
    watcher.onDidDelete(reload);
    this.#disposables.add(toDisposable(() => this.#generation++));
  }

  /** Reads the ignore files of all folders again; verdicts hold on to the old rules until then. */
  load(): void {
    const generation = ++this.#generation;
    this.#loading = this.#loadAll(generation).catch((error: unknown) =>
      this.#logger.error('files', 'The ignore files could not be read.', error),
    );
  }

  /** Resolves when the rules asked for last are in force. */
  async ready(): Promise<void> {
    let loading;
    do {
      loading = this.#loading;
      await loading;
    } while (loading !== this.#loading);
  }

  verdict(documentUri: vscode.Uri): DocumentVerdict {
    if (documentUri.scheme === 'untitled') return 'open';
    const verdict = this.#verdictOf(fileUriOf(documentUri));
    const target = this.#targets.get(key(documentUri));
    return verdict === 'open' && target ? this.#verdictOf(target) : verdict;
  }

  /**
   * Whether a file's text may be told of elsewhere: what is told is kept with the suggestion, so a
   * file that nothing is to be learned from stays out.
   */
  mayTell(uri: vscode.Uri): boolean {
    return this.verdict(uri) === 'open' && !this.neverLearn(uri);
  }

  /**
   * Whether a file on the disk may be read and told of; one that leads out of its folder may not.
   * Rejects where there is no such file.
   */
  async mayRead(folder: vscode.WorkspaceFolder, uri: vscode.Uri): Promise<boolean> {
    if (!this.mayTell(uri)) return false;
    const target = await linkTarget(folder.uri.fsPath, uri.fsPath);
    if (target.kind !== 'inside') return false;
    return this.mayTell(vscode.Uri.joinPath(folder.uri, target.path));
  }

  #verdictOf(uri: vscode.Uri): DocumentVerdict {
    if (isSecretFile(uri.path)) return 'secret';
    const folder = vscode.workspace.getWorkspaceFolder(uri);
    if (!folder) {
      const excluded = compileGlobs(this.#settings.current.exclude);
      return excluded(uri.path.slice(1)) ? 'excluded' : 'open';
    }
    const rules = this.#folders.get(folder.uri.toString());
    return rules ? rules.verdict(relativePath(folder, uri)) : 'pending';
  }

  /** The glob that keeps the editor's search out of what would be left out anyway. */
  searchExclude(folder: vscode.WorkspaceFolder): string {
    // Braces within braces are more than every search tool understands; `verdict` has the last word.
    const plain = this.#settings
      .forDocument(folder.uri)
      .exclude.filter((glob) => !/[{},]/.test(glob))
      .map(atAnyDepth);
    return `{${['**/node_modules/**', '**/.git/**', ...plain].join(',')}}`;
  }

  /** Whether Hone suggests in this document but keeps nothing of it. */
  neverLearn(documentUri: vscode.Uri): boolean {
    const target = this.#targets.get(key(documentUri));
    if (target && this.#neverLearnOf(target)) return true;
    return this.#neverLearnOf(fileUriOf(documentUri));
  }

  #neverLearnOf(uri: vscode.Uri): boolean {
    const globs = this.#settings.forDocument(uri).neverLearn;
    if (globs.length === 0) return false;
    const folder = vscode.workspace.getWorkspaceFolder(uri);
    const path = folder ? relativePath(folder, uri) : uri.path.slice(1);
    return compileGlobs(globs)(path);
  }

  async #loadAll(generation: number): Promise<void> {
    const folders = vscode.workspace.workspaceFolders ?? [];
    const loaded = await Promise.all(
      folders.map(async (folder) => [folder.uri.toString(), await this.#rulesOf(folder)] as const),
    );
    await Promise.all(vscode.workspace.textDocuments.map((document) => this.#find(document.uri)));
    if (generation !== this.#generation) return;
    this.#folders.clear();
    for (const [uri, rules] of loaded) this.#folders.set(uri, rules);
    this.#changed.fire();
  }

  async #rulesOf(folder: vscode.WorkspaceFolder): Promise<FolderRules> {
    const { exclude } = this.#settings.forDocument(folder.uri);
    // Virtual file systems have no git of their own and may be slow to search.
    if (folder.uri.scheme !== 'file') return new FolderRules(exclude);

    const nested = await this.#nestedIgnoreFiles(folder);
    const paths = nested.map((uri) => relativePath(folder, uri));
    return FolderRules.of(exclude, await readIgnoreLists(folder.uri.fsPath, paths));
  }

  async #nestedIgnoreFiles(folder: vscode.WorkspaceFolder): Promise<readonly vscode.Uri[]> {
    try {
      return await vscode.workspace.findFiles(
        new vscode.RelativePattern(folder, '**/.gitignore'),
        '**/{node_modules,.git}/**',
      );
    } catch (error) {
      // Without the editor's search the ignore files above and at the top of the folder still hold.
      this.#logger.error('files', `No search for nested ignore files in ${folder.name}.`, error);
      return [];
    }
  }

  async #follow({ uri }: vscode.TextDocument): Promise<void> {
    if (await this.#find(uri)) this.#changed.fire();
  }

  /** Resolves to true for a document that is a symbolic link, whose target is kept. */
  async #find(documentUri: vscode.Uri): Promise<boolean> {
    const uri = fileUriOf(documentUri);
    if (uri.scheme !== 'file') return false;
    // A file that is gone, or was never written, leads nowhere.
    const target = await targetOf(uri).catch(() => uri);
    if (target.toString() === uri.toString()) return false;
    this.#targets.set(key(documentUri), target);
    return true;
  }

  dispose(): void {
    this.#disposables.dispose();
  }
}

/** The file a document belongs to: for a notebook cell that of the notebook. */
export function fileUriOf(uri: vscode.Uri): vscode.Uri {
  return uri.scheme === 'vscode-notebook-cell' ? uri.with({ scheme: 'file', fragment: '' }) : uri;
}

/** Where a file really lies: within its folder where it can be, however the folder is reached. */
async function targetOf(uri: vscode.Uri): Promise<vscode.Uri> {
  const folder = vscode.workspace.getWorkspaceFolder(uri);
  if (folder) {
    const target = await linkTarget(folder.uri.fsPath, uri.fsPath);
    if (target.kind === 'inside') return vscode.Uri.joinPath(folder.uri, target.path);
  }
  return vscode.Uri.file(await realpath(uri.fsPath));
}

function key(documentUri: vscode.Uri): string {
  return fileUriOf(documentUri).toString();
}

/** Path within the folder with '/' separators, whatever the platform. */
export function relativePath(folder: vscode.WorkspaceFolder, uri: vscode.Uri): string {
  const base = folder.uri.path.endsWith('/') ? folder.uri.path : `${folder.uri.path}/`;
  return uri.path.startsWith(base) ? uri.path.slice(base.length) : uri.path.slice(1);
}
