/**
 * When the user last did something, in this window or any other. Windows tell each other through the
 * time of one file, which each of them touches now and then while it is used. Knows no more than the
 * editor says: keys and the mouse in this window, changes and moves of the cursor in its documents.
 */
import { mkdir, open, stat, utimes } from 'node:fs/promises';
import * as path from 'node:path';
import * as vscode from 'vscode';
import { documentSchemes } from '../contributions';
import type { Clock } from '../types';
import { type Disposable, DisposableStore } from '../util/disposable';
import { Emitter, type Event } from '../util/event';

/** How often this window tells the others. */
const tellEveryMs = 2_000;
/** The editor calls a window active for up to this long after the last key in it. */
const editorLagMs = 75_000;

export class Activity implements Disposable {
  readonly #file: string;
  readonly #clock: Clock;
  readonly #disposables = new DisposableStore();
  readonly #acted = this.#disposables.add(new Emitter<void>());
  #lastMs: number;
  #toldMs = 0;

  /** Fires with everything the user does in this window. */
  readonly onDidAct: Event<void> = this.#acted.event;

  /** `file` is shared by all windows; it need not be there. */
  constructor(file: string, clock: Clock) {
    this.#file = file;
    this.#clock = clock;
    // Opening a window is something a user does.
    this.#lastMs = clock.now();
    const own = this.#disposables;
    const act = (): void => this.#act();
    own.add(vscode.window.onDidChangeTextEditorSelection(act));
    own.add(vscode.window.onDidChangeActiveTextEditor(act));
    own.add(vscode.window.onDidChangeActiveTerminal(act));
    own.add(
      vscode.window.onDidChangeWindowState(({ focused, active }) => {
        if (focused && active) act();
      }),
    );
    own.add(
      vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
        // Output that scrolls by, Hone's log among it, is nobody's doing.
        const isText = (documentSchemes as readonly string[]).includes(document.uri.scheme);
        if (isText && contentChanges.length > 0) act();
      }),
    );
  }

  /** Milliseconds since the user last did anything, for one who waits for `enoughMs` of it. */
  async idleMs(enoughMs: number): Promise<number> {
    // The editor also knows of keys in terminals and of the mouse, but says so with a lag.
    if (enoughMs > editorLagMs && vscode.window.state.active) return 0;
    const sharedMs = await stat(this.#file).then(
      ({ mtimeMs }) => mtimeMs,
      () => 0,
    );
    const now = this.#clock.now();
    // What lies ahead was written before the clock was set back.
    return now - Math.max(this.#lastMs, Math.min(sharedMs, now));
  }

  #act(): void {
    const now = this.#clock.now();
    this.#lastMs = now;
    if (Math.abs(now - this.#toldMs) >= tellEveryMs) {
      this.#toldMs = now;
      void this.#tell(now);
    }
    this.#acted.fire();
  }

  async #tell(nowMs: number): Promise<void> {
    try {
      await mkdir(path.dirname(this.#file), { recursive: true });
      await (await open(this.#file, 'a')).close();
      await utimes(this.#file, nowMs / 1000, nowMs / 1000);
    } catch {
      // Where nothing can be written, nothing is trained either.
    }
  }

  dispose(): void {
    this.#disposables.dispose();
  }
}
