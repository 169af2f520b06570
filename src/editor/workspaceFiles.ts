/**
 * Answers, for any document, whether Hone may look at it: reads the ignore files of each workspace
 * folder, watches them, and applies the rules of `sensitiveFiles.ts`. Reads no other file.
 */
import * as vscode from 'vscode';
import type { Logger } from '../types';
import { type Disposable, DisposableStore, toDisposable } from '../util/disposable';
import { Emitter, type Event } from '../util/event';
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
    const uri = fileUriOf(documentUri);
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
    const uri = fileUriOf(documentUri);
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
    if (generation !== this.#generation) return;
    this.#folders.clear();
    for (const [uri, rules] of loaded) this.#folders.set(uri, rules);
    this.#changed.fire();
  }

  async #rulesOf(folder: vscode.WorkspaceFolder): Promise<FolderRules> {
    const { exclude } = this.#settings.forDocument(folder.uri);
    // Virtual file systems have no git of their own and may be slow to search.
    if (folder.uri.scheme !== 'file') return new FolderRules(exclude);

    const { top, below } = await repositoryOf(folder.uri);
    const rules = new FolderRules(exclude, below.join('/'));
    const infoExclude = await readText(vscode.Uri.joinPath(top, '.git', 'info', 'exclude'));
    for (let depth = 0; depth <= below.length; depth++) {
      const directory = below.slice(0, depth);
      const own = await readText(vscode.Uri.joinPath(top, ...directory, '.gitignore'));
      const text = depth === 0 ? [infoExclude, own].filter(Boolean).join('\n') : own;
      if (text) rules.setIgnoreFile(directory.join('/'), text);
    }
    for (const uri of await this.#nestedIgnoreFiles(folder)) {
      const directory = [...below, ...relativePath(folder, uri).split('/').slice(0, -1)];
      const text = await readText(uri);
      if (directory.length > below.length && text) rules.setIgnoreFile(directory.join('/'), text);
    }
    return rules;
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

  dispose(): void {
    this.#disposables.dispose();
  }
}

/** The file a document belongs to: for a notebook cell that of the notebook. */
export function fileUriOf(uri: vscode.Uri): vscode.Uri {
  return uri.scheme === 'vscode-notebook-cell' ? uri.with({ scheme: 'file', fragment: '' }) : uri;
}

/** Path within the folder with '/' separators, whatever the platform. */
export function relativePath(folder: vscode.WorkspaceFolder, uri: vscode.Uri): string {
  const base = folder.uri.path.endsWith('/') ? folder.uri.path : `${folder.uri.path}/`;
  return uri.path.startsWith(base) ? uri.path.slice(base.length) : uri.path.slice(1);
}

/** The top of the git repository around a folder, and the way down; the folder itself if none. */
async function repositoryOf(
  folder: vscode.Uri,
): Promise<{ readonly top: vscode.Uri; readonly below: readonly string[] }> {
  const parts = folder.path.split('/').filter((part) => part !== '');
  for (let depth = parts.length; depth > 0; depth--) {
    const top = folder.with({ path: `/${parts.slice(0, depth).join('/')}` });
    if (await exists(vscode.Uri.joinPath(top, '.git'))) return { top, below: parts.slice(depth) };
  }
  return { top: folder, below: [] };
}

async function exists(uri: vscode.Uri): Promise<boolean> {
  return vscode.workspace.fs.stat(uri).then(
    () => true,
    () => false,
  );
}

/** The text of a file that may well not be there. */
async function readText(uri: vscode.Uri): Promise<string | undefined> {
  return vscode.workspace.fs.readFile(uri).then(
    (bytes) => new TextDecoder().decode(bytes),
    () => undefined,
  );
}
