/**
 * Decides which model runs: the one that ships, or the file named by `hone.model`, imported once into
 * the extension's storage by a child process. A file that cannot be used leaves the model that was
 * running in its place and tells the user what to do. Never converts or runs a model in this process.
 */
import { mkdir, readdir, stat } from 'node:fs/promises';
import { availableParallelism, homedir } from 'node:os';
import * as path from 'node:path';
import * as vscode from 'vscode';
import { commands, section } from '../contributions';
import { type HostState, importInChild, ModelHost } from '../host/modelHost';
import { hashFiles } from '../model/fileHash';
import type { Policy } from '../model/types';
import type { Clock, Logger } from '../types';
import { type Disposable, DisposableStore, toDisposable } from '../util/disposable';
import { Emitter, type Event } from '../util/event';
import { isAbortError, messageOf } from './log';
import type { SettingsSource } from './settings';
import type { Memory } from './snooze';

export type ModelState =
  | HostState
  /** A model file is being converted; `share` of it, 0..1, is done. */
  | { readonly kind: 'importing'; readonly share: number };

export interface ModelSetupParams {
  /** The imported model that ships with Hone. */
  readonly shippedDir: string;
  /** Where imported models are kept. */
  readonly importedDir: string;
  /** Bundled `host/main.ts`. */
  readonly hostScript: string;
  readonly settings: SettingsSource;
  readonly memory: Memory;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class ModelSetup implements Disposable {
  readonly #params: ModelSetupParams;
  readonly #disposables = new DisposableStore();
  readonly #states = this.#disposables.add(new Emitter<ModelState>());
  #state: ModelState = { kind: 'starting' };
  #host: { readonly host: ModelHost; readonly modelDir: string; readonly threads: number } | null =
    null;
  #choice: { readonly model: string; readonly threads: number } | null = null;
  #importing = new AbortController();

  readonly onDidChangeState: Event<ModelState> = this.#states.event;

  constructor(params: ModelSetupParams) {
    this.#params = params;
    this.#disposables.add(params.settings.onDidChange(() => void this.start()));
    this.#disposables.add(
      toDisposable(() => {
        this.#importing.abort();
        this.#host?.host.dispose();
      }),
    );
  }

  get state(): ModelState {
    return this.#state;
  }

  /** The policy in use; undefined until a first model is chosen, and while there is no hope of one. */
  get policy(): Policy | undefined {
    const host = this.#host?.host;
    return host?.state.kind === 'failed' ? undefined : host?.policy;
  }

  /** Brings up the model that the settings ask for, unless it is the one already asked for. */
  async start(): Promise<void> {
    const { model, threads } = this.#params.settings.current;
    if (this.#choice?.model === model && this.#choice.threads === threads) return;
    this.#choice = { model, threads };
    this.#importing.abort();
    this.#importing = new AbortController();
    const { signal } = this.#importing;
    try {
      const modelDir = model === '' ? this.#params.shippedDir : await this.#imported(model, signal);
      if (!signal.aborted) this.#run(modelDir, threads);
    } catch (error) {
      // A newer choice has taken over, and shows its own state.
      if (signal.aborted && this.#choice.model !== model) return;
      this.#run(this.#host?.modelDir ?? this.#params.shippedDir, threads);
      if (!isAbortError(error)) await this.#explain(error);
    }
  }

  restart(): void {
    if (this.#host) this.#host.host.restart();
    else {
      this.#choice = null;
      void this.start();
    }
  }

  #run(modelDir: string, threads: number): void {
    const { hostScript, logger, clock } = this.#params;
    const used = threads === 0 ? Math.min(4, availableParallelism()) : threads;
    if (this.#host?.modelDir === modelDir && this.#host.threads === used) {
      this.#setState(this.#host.host.state);
      return;
    }
    this.#host?.host.dispose();
    const host = new ModelHost({ hostScript, modelDir, threads: used, logger, clock });
    this.#host = { host, modelDir, threads: used };
    host.onDidChangeState((state) => {
      if (this.#host?.host === host) this.#setState(state);
    });
    host.start();
  }

  /** The folder of an imported model, made now if it is not there yet. */
  async #imported(model: string, signal: AbortSignal): Promise<string> {
    const { importedDir, hostScript, logger, clock } = this.#params;
    const source = model.startsWith('~') ? path.join(homedir(), model.slice(1)) : model;
    const destination = path.join(importedDir, await this.#keyOf(source, signal));
    if (await isFile(path.join(destination, 'manifest.json'))) return destination;

    await mkdir(importedDir, { recursive: true });
    const name = path.basename(source);
    return vscode.window.withProgress(
      {
        location: vscode.ProgressLocation.Notification,
        title: `Importing ${name}`,
        cancellable: true,
      },
      async (progress, token) => {
        const cancelled = new AbortController();
        const subscription = token.onCancellationRequested(() => cancelled.abort());
        let shown = 0;
        try {
          await importInChild({
            hostScript,
            source,
            destination,
            logger,
            clock,
            signal: AbortSignal.any([signal, cancelled.signal]),
            onProgress: ({ stage, share }) => {
              // Hashing is a single reading of the file; converting is nearly all of the work.
              const percent = Math.floor(stage === 'hashing' ? share * 10 : 10 + share * 90);
              if (percent <= shown) return;
              progress.report({ increment: percent - shown, message: `${percent} %` });
              shown = percent;
              if (!signal.aborted) this.#setState({ kind: 'importing', share: percent / 100 });
            },
          });
          logger.info('model', `Imported ${name}.`);
          return destination;
        } finally {
          subscription.dispose();
        }
      },
    );
  }

  /** SHA-256 of what a model is made of. Remembered by size and time, as hashing takes seconds. */
  async #keyOf(source: string, signal: AbortSignal): Promise<string> {
    const files = await filesOf(source);
    const stats = await Promise.all(files.map((file) => stat(file)));
    const stamp = stats.map(({ size, mtimeMs }) => `${size}@${mtimeMs}`).join(' ');
    const memoryKey = `modelKey:${source}`;
    const remembered = this.#params.memory.get(memoryKey);
    if (isRemembered(remembered) && remembered.stamp === stamp) return remembered.key;

    const key = await hashFiles(files, signal);
    await this.#params.memory.update(memoryKey, { stamp, key });
    return key;
  }

  async #explain(error: unknown): Promise<void> {
    this.#params.logger.error('model', 'The model file could not be used.', error);
    const choose = 'Choose Another File';
    const shipped = 'Use the Built-In Model';
    const answer = await vscode.window.showErrorMessage(
      `${messageOf(error)} Hone goes on with the model it had.`,
      choose,
      shipped,
    );
    if (answer === choose) await vscode.commands.executeCommand(commands.chooseModel);
    if (answer === shipped) await setModel('');
  }

  #setState(state: ModelState): void {
    this.#state = state;
    this.#states.fire(state);
  }

  dispose(): void {
    this.#disposables.dispose();
  }
}

/** Names another model in the user's settings; '' is the one that ships. */
export async function setModel(model: string): Promise<void> {
  await vscode.workspace
    .getConfiguration(section)
    .update('model', model === '' ? undefined : model, vscode.ConfigurationTarget.Global);
}

interface RememberedKey {
  readonly stamp: string;
  readonly key: string;
}

function isRemembered(value: unknown): value is RememberedKey {
  return typeof value === 'object' && value !== null && 'stamp' in value && 'key' in value;
}

/** The files whose content makes a model: the GGUF itself, or those of a Hugging Face folder. */
async function filesOf(source: string): Promise<string[]> {
  const stats = await stat(source).catch((error: unknown) => {
    throw new Error(`${source} cannot be read. Check the setting ${section}.model.`, {
      cause: error,
    });
  });
  if (!stats.isDirectory()) return [source];
  const names = await readdir(source);
  return names
    .filter((name) =>
      /^(?:.*\.safetensors|(?:config|tokenizer|tokenizer_config)\.json)$/.test(name),
    )
    .toSorted()
    .map((name) => path.join(source, name));
}

async function isFile(file: string): Promise<boolean> {
  return stat(file).then(
    (stats) => stats.isFile(),
    () => false,
  );
}
