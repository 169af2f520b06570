/**
 * Lets the model read ahead: when the cursor comes to rest somewhere, the policy takes the text there
 * into its prefix cache, so that the first suggestion does not wait for it. A warm-up never holds up a
 * suggestion, and says nothing when it fails: the suggestion that follows will.
 */
import * as vscode from 'vscode';
import { buildContext } from '../completion/context';
import type { Neighbours } from '../completion/neighbours';
import type { Clock, Logger } from '../types';
import { type Disposable, DisposableStore, toDisposable } from '../util/disposable';
import { availabilityOf } from './availability';
import { snapshotOf } from './documentText';
import { isAbortError, messageOf } from './log';
import type { ModelSetup } from './modelSetup';
import type { SettingsSource } from './settings';
import type { Snooze } from './snooze';
import type { WorkspaceFiles } from './workspaceFiles';

export interface WarmUpParams {
  readonly model: ModelSetup;
  readonly neighbours: Neighbours;
  readonly settings: SettingsSource;
  readonly files: WorkspaceFiles;
  readonly snooze: Snooze;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How long the cursor must have rested. */
const restMs = 300;

export class WarmUp implements Disposable {
  readonly #params: WarmUpParams;
  readonly #disposables = new DisposableStore();
  #cancelRest: (() => void) | undefined;
  #running = new AbortController();

  constructor(params: WarmUpParams) {
    this.#params = params;
    const own = this.#disposables;
    const soon = (): void => this.#soon();
    own.add(vscode.window.onDidChangeActiveTextEditor(soon));
    own.add(vscode.window.onDidChangeTextEditorSelection(soon));
    own.add(params.files.onDidChange(soon));
    own.add(params.model.onDidChangeState(soon));
    own.add(
      toDisposable(() => {
        this.#cancelRest?.();
        this.#running.abort();
      }),
    );
  }

  #soon(): void {
    this.#cancelRest?.();
    this.#cancelRest = this.#params.clock.after(restMs, () => void this.#warm());
  }

  async #warm(): Promise<void> {
    const { model, neighbours, settings, files, snooze, logger } = this.#params;
    const editor = vscode.window.activeTextEditor;
    const { policy, state } = model;
    if (!editor || !policy || state.kind !== 'ready') return;
    const { document, selection } = editor;
    if (availabilityOf({ document, settings, files, snooze }).kind !== 'on') return;

    this.#running.abort();
    this.#running = new AbortController();
    try {
      const { snapshot } = snapshotOf(document, selection.active);
      const context = buildContext(snapshot, settings.forDocument(document.uri).multiline);
      const snippets = neighbours.near(snapshot);
      await policy.warm({ ...context, snippets }, this.#running.signal);
    } catch (error) {
      if (!isAbortError(error)) logger.debug('model', `No warm-up: ${messageOf(error)}`);
    }
  }

  dispose(): void {
    this.#disposables.dispose();
  }
}
