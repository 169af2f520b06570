/**
 * Decides which model runs: the one that ships, or the file named by `hone.model`, imported once into
 * the extension's storage by a child process; and of it the version that learning made, where there is
 * one. A file that cannot be used leaves the model that was running in its place and tells the user
 * what to do. Another model is loaded beside the one in use, which answers until then. Never converts
 * or runs a model in this process.
 */
import { mkdir, readdir, stat } from 'node:fs/promises';
import { availableParallelism, freemem, homedir } from 'node:os';
import * as path from 'node:path';
import * as vscode from 'vscode';
import { commands, section } from '../contributions';
import { type HostState, importInChild, ModelHost } from '../host/modelHost';
import { hashFiles } from '../model/fileHash';
import { type ModelFolder, readModelFolder } from '../model/modelFolder';
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
  /** The folder of the version of that model which learning put in place; undefined for none. */
  readonly championOf: (base: ModelFolder) => Promise<string | undefined>;
  readonly memory: Memory;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A model host, and what it was started with. */
interface Running {
  readonly host: ModelHost;
  readonly baseDir: string;
  /** Undefined where that folder cannot be read, which the host then says. */
  readonly base: ModelFolder | undefined;
  /** The base's own folder, or that of a version of it. */
  readonly modelDir: string;
  readonly threads: number;
}

const showVersions = 'Show Versions';
/** What a host takes beyond its weights, with room to spare for everything else on the machine. */
const roomBytes = 1_000_000_000;
/** How long a host that was replaced may take to finish what it was asked. */
const farewellMs = 5_000;

export class ModelSetup implements Disposable {
  readonly #params: ModelSetupParams;
  readonly #disposables = new DisposableStore();
  readonly #states = this.#disposables.add(new Emitter<ModelState>());
  readonly #versions = this.#disposables.add(new Emitter<void>());
  #state: ModelState = { kind: 'starting' };
  /** The one that answered last. */
  #version: string | undefined;
  #host: Running | null = null;
  /** Loads beside the one in use, and takes its place when it is ready. */
  #next: Running | null = null;
  #choice: { readonly model: string; readonly threads: number } | null = null;
  #importing = new AbortController();

  readonly onDidChangeState: Event<ModelState> = this.#states.event;
  /** Another model, or another version of it, answers from now on. */
  readonly onDidChangeVersion: Event<void> = this.#versions.event;

  constructor(params: ModelSetupParams) {
    this.#params = params;
    this.#disposables.add(params.settings.onDidChange(() => void this.start()));
    this.#disposables.add(
      toDisposable(() => {
        this.#importing.abort();
        this.#next?.host.dispose();
        this.#host?.host.dispose();
      }),
    );
  }

  /** The model that versions are made of; undefined until it has been read. */
  get base(): ModelFolder | undefined {
    return (this.#next ?? this.#host)?.base;
  }

  get state(): ModelState {
    return this.#state;
  }

  /** Whether what runs is a version that learning made. */
  get isLearned(): boolean {
    return this.#host !== null && this.#host.modelDir !== this.#host.baseDir;
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
    const { shippedDir } = this.#params;
    try {
      const modelDir = model === '' ? shippedDir : await this.#imported(model, signal);
      if (!signal.aborted) await this.#runVersionOf(modelDir);
    } catch (error) {
      // A newer choice has taken over, and shows its own state.
      if (signal.aborted && this.#choice.model !== model) return;
      await this.#runVersionOf(this.#host?.baseDir ?? shippedDir);
      if (!isAbortError(error)) await this.#explain(error);
    }
  }

  /** Another version may have become the one in use: brings that up, without a gap. */
  async refresh(): Promise<void> {
    const running = this.#next ?? this.#host;
    if (running) await this.#runVersionOf(running.baseDir);
  }

  restart(): void {
    if (this.#host) this.#host.host.restart();
    else {
      this.#choice = null;
      void this.start();
    }
  }

  /** Runs the model in that folder, or what learning has made of it. */
  async #runVersionOf(baseDir: string): Promise<void> {
    const { championOf, logger } = this.#params;
    const choice = this.#choice;
    const base = await readModelFolder(baseDir).catch(() => undefined);
    let modelDir: string | undefined;
    try {
      modelDir = base && (await championOf(base));
    } catch (error) {
      logger.error('model', 'The version that learning made cannot be used.', error);
      tellOfVersion(messageOf(error));
    }
    if (this.#choice === choice) this.#run({ baseDir, base, modelDir: modelDir ?? baseDir });
  }

  #run(model: Pick<Running, 'baseDir' | 'base' | 'modelDir'>): void {
    const { hostScript, logger, clock } = this.#params;
    const { modelDir, base } = model;
    const threads = threadsOf(this.#choice?.threads ?? 0);
    const isThat = (running: Running | null): boolean =>
      running?.modelDir === modelDir && running.threads === threads;
    if (isThat(this.#next)) return;
    const overtaken = this.#next;
    this.#next = null;
    overtaken?.host.dispose();
    if (this.#host && isThat(this.#host)) {
      this.#setState(this.#host.host.state);
      return;
    }
    const host = new ModelHost({ hostScript, modelDir, threads, logger, clock });
    const running: Running = { ...model, host, threads };
    const isAnswering = this.#host?.host.state.kind === 'ready';
    if (isAnswering && freemem() > roomBytes + weightBytes(base)) this.#next = running;
    else {
      this.#host?.host.dispose();
      this.#host = running;
    }
    host.onDidChangeState((state) => this.#hostChanged(running, state));
    host.start();
  }

  #hostChanged(running: Running, state: HostState): void {
    const { baseDir, modelDir, host } = running;
    if (this.#next === running && state.kind === 'ready') {
      const old = this.#host?.host;
      [this.#host, this.#next] = [running, null];
      this.#params.clock.after(farewellMs, () => old?.dispose());
    }
    const isInUse = this.#host === running;
    if (state.kind === 'failed' && (isInUse || this.#next === running)) {
      if (modelDir !== baseDir) {
        // The model that the version was made of is still there.
        tellOfVersion(state.message);
        this.#run({ ...running, modelDir: baseDir });
        return;
      }
      if (!isInUse) {
        this.#next = null;
        host.dispose();
        void this.#explain(new Error(state.message));
      }
    }
    if (isInUse) this.#setState(state);
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
    const { version } = state.kind === 'ready' ? state : { version: this.#version };
    const isOther = version !== this.#version;
    this.#version = version;
    this.#states.fire(state);
    if (isOther) this.#versions.fire();
  }

  dispose(): void {
    this.#disposables.dispose();
  }
}

/** Threads of one operator, from those of the setting, where 0 leaves it to Hone. */
export function threadsOf(asked: number): number {
  return asked === 0 ? Math.min(4, availableParallelism()) : asked;
}

function tellOfVersion(message: string): void {
  void vscode.window
    .showWarningMessage(
      `What Hone has learned cannot be used: ${message} It goes on with the model as it was before.`,
      showVersions,
    )
    .then((answer) => {
      if (answer === showVersions) void vscode.commands.executeCommand(commands.showVersions);
    });
}

function weightBytes(folder: ModelFolder | undefined): number {
  return Object.values(folder?.manifest.files ?? {}).reduce((sum, { bytes }) => sum + bytes, 0);
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
