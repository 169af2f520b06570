/**
 * Keeps the copy index and the neighbours up to date with the files of the workspace, in the background
 * and in short slices so that the editor never waits. Looks only at files that `WorkspaceFiles` leaves open, of a
 * known language and of moderate size; what leaves that set leaves the index.
 */
import * as vscode from 'vscode';
import type { CopyIndex } from '../completion/copyIndex';
import type { NeighbourIndex } from '../completion/neighbours';
import { documentSchemes } from '../contributions';
import type { Clock, Logger } from '../types';
import { type Disposable, DisposableStore, toDisposable } from '../util/disposable';
import { knownExtensions, languageOf } from '../util/language';
import { lengthOf, placeOf } from './documentText';
import { causeOf } from './feedbackBridge';
import { messageOf } from './log';
import type { WorkspaceFiles } from './workspaceFiles';

/** A file larger than this is data or generated. */
export const maxIndexedBytes = 256 * 1024;
const maxFiles = 20_000;
/** Beyond this only open documents are taken in; about 400,000 lines. */
export const maxWorkspaceCharacters = 14_000_000;
/** Longest stretch of synchronous work, and the rest after it that leaves the editor its turn. */
const sliceMs = 4;
const restMs = 10;
/** How long a file must have been quiet before it is read again. */
const quietMs = 700;

const sourceGlob = `**/*.{${knownExtensions.join(',')}}`;

export class WorkspaceIndex implements Disposable {
  readonly #index: CopyIndex;
  readonly #neighbours: NeighbourIndex;
  readonly #files: WorkspaceFiles;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #disposables = new DisposableStore();
  readonly #queue = new Map<string, vscode.Uri>();
  readonly #indexed = new Map<string, { readonly uri: vscode.Uri; readonly characters: number }>();
  #active = vscode.window.activeTextEditor?.document;
  #characters = 0;
  #working = false;
  /** Counts the scans, so that a newer one ends the one before. */
  #scan = 0;
  #disposed = false;
  #cancelQuiet: (() => void) | undefined;

  constructor(
    index: CopyIndex,
    neighbours: NeighbourIndex,
    files: WorkspaceFiles,
    clock: Clock,
    logger: Logger,
  ) {
    this.#index = index;
    this.#neighbours = neighbours;
    this.#files = files;
    this.#clock = clock;
    this.#logger = logger;

    const own = this.#disposables;
    const later = (uri: vscode.Uri): void => this.#enqueue(uri);
    own.add(files.onDidChange(() => void this.#rescan()));
    own.add(vscode.workspace.onDidOpenTextDocument((document) => later(document.uri)));
    own.add(vscode.workspace.onDidChangeTextDocument((event) => this.#documentChanged(event)));
    own.add(
      vscode.window.onDidChangeActiveTextEditor((editor) => {
        this.#takeInLeft(editor?.document);
        if (editor) neighbours.noteLooked(editor.document.uri.toString());
      }),
    );
    own.add(vscode.workspace.onDidCloseTextDocument((document) => later(document.uri)));
    const watcher = own.add(vscode.workspace.createFileSystemWatcher(sourceGlob));
    watcher.onDidCreate(later);
    watcher.onDidChange(later);
    watcher.onDidDelete(later);
    own.add(
      toDisposable(() => {
        this.#disposed = true;
        this.#cancelQuiet?.();
      }),
    );
  }

  /** Looks at every file again: those no longer open to Hone leave, the others are read if new. */
  async #rescan(): Promise<void> {
    const scan = ++this.#scan;
    const slice = new Slice();
    try {
      for (const { uri } of [...this.#indexed.values()]) {
        if (!this.#files.mayTell(uri)) this.#remove(uri);
        await slice.rest();
      }
      for (const document of vscode.workspace.textDocuments) this.#enqueue(document.uri);
      for (const folder of vscode.workspace.workspaceFolders ?? []) {
        // The files of a virtual workspace may be far away; only what is open there is read.
        if (folder.uri.scheme !== 'file') continue;
        const found = await vscode.workspace.findFiles(
          new vscode.RelativePattern(folder, sourceGlob),
          this.#files.searchExclude(folder),
          maxFiles,
        );
        for (const uri of found) {
          if (scan !== this.#scan || this.#disposed) return;
          if (!this.#indexed.has(uri.toString())) this.#enqueue(uri);
          await slice.rest();
        }
      }
    } catch (error) {
      this.#logger.error('index', 'The workspace could not be searched.', error);
    }
  }

  #documentChanged({ document, contentChanges, reason }: vscode.TextDocumentChangeEvent): void {
    if (contentChanges.length > 0 && causeOf(document, reason) !== 'outside') {
      this.#index.noteEdit(document.uri.toString());
      this.#neighbours.noteEdit(document.uri.toString());
    }
    this.#enqueue(document.uri);
  }

  /** What was written in the document that is left may be wanted at once in the one turned to. */
  #takeInLeft(turnedTo: vscode.TextDocument | undefined): void {
    const left = this.#active;
    this.#active = turnedTo;
    if (left === undefined || !this.#queue.has(left.uri.toString()) || left.isClosed) return;
    if (!this.#files.mayTell(left.uri) || lengthOf(left) > maxIndexedBytes) return;
    this.#index.update(left.uri.toString(), left.languageId, left.getText());
  }

  #enqueue(uri: vscode.Uri): void {
    if (this.#disposed || !(documentSchemes as readonly string[]).includes(uri.scheme)) return;
    this.#queue.set(uri.toString(), uri);
    if (!this.#working) this.#workWhenQuiet();
  }

  #workWhenQuiet(): void {
    this.#cancelQuiet?.();
    this.#cancelQuiet = this.#clock.after(quietMs, () => void this.#work());
  }

  async #work(): Promise<void> {
    this.#working = true;
    const slice = new Slice();
    try {
      const batch = [...this.#queue];
      this.#queue.clear();
      for (const [key, uri] of batch) {
        const text = await this.#textOf(uri);
        await slice.rest();
        if (this.#disposed) return;
        if (text === undefined) this.#remove(uri);
        else {
          this.#remember(uri, text.text.length);
          this.#index.update(key, text.languageId, text.text);
          await slice.rest();
          this.#neighbours.update({ uri: key, ...placeOf(uri), ...text });
        }
      }
      const { files, characters } = this.#index.stats;
      this.#logger.debug('index', `${files} files, ${characters} characters.`);
    } catch (error) {
      this.#logger.error('index', 'A file could not be indexed.', error);
    } finally {
      this.#working = false;
      if (this.#queue.size > 0 && !this.#disposed) this.#workWhenQuiet();
    }
  }

  /** The newest text of a file, from the editor where it is open; undefined if it must stay out. */
  async #textOf(
    uri: vscode.Uri,
  ): Promise<{ readonly languageId: string; readonly text: string } | undefined> {
    if (!this.#files.mayTell(uri)) return undefined;
    const document = vscode.workspace.textDocuments.find(
      (d) => d.uri.toString() === uri.toString(),
    );
    if (document) {
      if (lengthOf(document) > maxIndexedBytes) return undefined;
      return { languageId: document.languageId, text: document.getText() };
    }
    // The editor also tells of files outside the workspace, its own settings for one.
    const folder = vscode.workspace.getWorkspaceFolder(uri);
    if (uri.scheme !== 'file' || folder === undefined) return undefined;
    if (this.#characters > maxWorkspaceCharacters) return undefined;
    try {
      if (!(await this.#files.mayRead(folder, uri))) return undefined;
      const { size } = await vscode.workspace.fs.stat(uri);
      if (size > maxIndexedBytes) return undefined;
      const text = new TextDecoder().decode(await vscode.workspace.fs.readFile(uri));
      return { languageId: languageOf(uri.path), text };
    } catch (error) {
      // Deleted since it was found, mostly; whatever the reason, the file is left out.
      this.#logger.debug('index', `A file could not be read: ${messageOf(error)}`);
      return undefined;
    }
  }

  #remember(uri: vscode.Uri, characters: number): void {
    this.#forget(uri);
    this.#indexed.set(uri.toString(), { uri, characters });
    this.#characters += characters;
  }

  #forget(uri: vscode.Uri): void {
    this.#characters -= this.#indexed.get(uri.toString())?.characters ?? 0;
    this.#indexed.delete(uri.toString());
  }

  #remove(uri: vscode.Uri): void {
    this.#index.remove(uri.toString());
    this.#neighbours.remove(uri.toString());
    this.#forget(uri);
  }

  dispose(): void {
    this.#disposables.dispose();
  }
}

/** Keeps a long loop from holding the editor up: rests now and then. */
class Slice {
  #startMs = performance.now();

  async rest(): Promise<void> {
    if (performance.now() - this.#startMs < sliceMs) return;
    await new Promise((resolve) => setTimeout(resolve, restMs));
    this.#startMs = performance.now();
  }
}
