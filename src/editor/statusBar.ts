/**
 * The item in the status bar: one glance says whether Hone is starting, ready, thinking, resting, off
 * or in trouble, and its tooltip what to do about it. What is said is decided by a pure function; the
 * class only shows it.
 */
import * as vscode from 'vscode';
import { commands, statusItemId } from '../contributions';
import type { Clock } from '../types';
import { type Disposable, DisposableStore, toDisposable } from '../util/disposable';
import type { Event } from '../util/event';
import type { Availability } from './availability';
import type { Learning } from './learning';
import type { ModelState } from './modelSetup';
import type { LanguageName } from './offText';
import { statusOf } from './status';
import { tooltipMarkdown } from './tooltip';

export interface StatusBarParams {
  readonly clock: Clock;
  readonly model: { readonly state: ModelState; readonly onDidChangeState: Event<ModelState> };
  /** For the active editor. */
  readonly availability: () => Availability;
  readonly languageName: LanguageName;
  readonly learning: Pick<Learning, 'state' | 'last' | 'onDidChangeState'>;
  /** Anything else that may change what is shown. */
  readonly changes: readonly Event<void>[];
  readonly onDidChangeBusy: Event<boolean>;
}

/** A suggestion that takes less than this does not spin: it would only flicker. */
const spinAfterMs = 250;

export class StatusBar implements Disposable {
  readonly #params: StatusBarParams;
  readonly #disposables = new DisposableStore();
  readonly #item: vscode.StatusBarItem;
  #thinking = false;
  #shown = '';
  #cancelSpin: (() => void) | undefined;

  constructor(params: StatusBarParams) {
    this.#params = params;
    const own = this.#disposables;
    this.#item = own.add(
      vscode.window.createStatusBarItem(statusItemId, vscode.StatusBarAlignment.Right, 100),
    );
    this.#item.name = 'Hone';
    this.#item.command = commands.showMenu;

    const update = (): void => this.#update();
    own.add(params.model.onDidChangeState(update));
    own.add(params.learning.onDidChangeState(update));
    for (const change of params.changes) own.add(change(update));
    own.add(vscode.window.onDidChangeActiveTextEditor(update));
    own.add(vscode.workspace.onDidOpenTextDocument(update));
    own.add(vscode.window.onDidChangeTextEditorSelection(update));
    own.add(params.onDidChangeBusy((busy) => this.#setBusy(busy)));
    own.add(toDisposable(() => this.#cancelSpin?.()));
    this.#update();
    this.#item.show();
  }

  #setBusy(busy: boolean): void {
    this.#cancelSpin?.();
    this.#cancelSpin = undefined;
    if (busy && !this.#thinking) {
      this.#cancelSpin = this.#params.clock.after(spinAfterMs, () => this.#setThinking(true));
    } else if (!busy) this.#setThinking(false);
  }

  #setThinking(thinking: boolean): void {
    if (this.#thinking === thinking) return;
    this.#thinking = thinking;
    this.#update();
  }

  #update(): void {
    const status = statusOf({
      model: this.#params.model.state,
      availability: this.#params.availability(),
      languageName: this.#params.languageName,
      thinking: this.#thinking,
      learning: this.#params.learning.state,
      trained: this.#params.learning.last,
    });
    // A tooltip that is set anew closes under the pointer.
    const shown = JSON.stringify(status);
    if (shown === this.#shown) return;
    this.#shown = shown;
    const { text, spoken, tooltip, severity } = status;
    const { value, commands: enabledCommands } = tooltipMarkdown(tooltip);
    const markdown = new vscode.MarkdownString(value);
    markdown.isTrusted = { enabledCommands };
    this.#item.text = text;
    this.#item.tooltip = markdown;
    this.#item.accessibilityInformation = { label: spoken };
    this.#item.backgroundColor =
      severity === 'error' ? new vscode.ThemeColor('statusBarItem.errorBackground') : undefined;
  }

  dispose(): void {
    this.#disposables.dispose();
  }
}
