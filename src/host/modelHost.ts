/**
 * The parent's side of the model host: keeps one child with the policy loaded, starts it again with
 * back-off when it dies, and offers the policy port as if it were in this process. It never runs a
 * model itself and never blocks. Imports run in a child of their own, which ends with them.
 */
import { ModelError } from '../model/errors';
import type { ModelFolder, Precision } from '../model/modelFolder';
import type { Policy } from '../model/types';
import type { Clock, Logger } from '../types';
import type { Disposable } from '../util/disposable';
import { type Event, Emitter } from '../util/event';
import { type Child, forkChild } from './childChannel';
import { type OwnChildOptions, callInChild } from './ownChild';
import { HostError, type HostStatus } from './protocol';
import { remotePolicy } from './remotePolicy';
import { type Call, RpcClient } from './rpc';

export type HostState =
  | { readonly kind: 'stopped' }
  | { readonly kind: 'starting' }
  | { readonly kind: 'ready'; readonly version: string; readonly pid: number }
  /** The child died and is started again in `afterMs`. */
  | { readonly kind: 'restarting'; readonly afterMs: number; readonly reason: string }
  /** Nothing more happens until `restart()`. */
  | { readonly kind: 'failed'; readonly message: string; readonly advice: string };

export interface ModelHostOptions {
  /** Bundled `host/main.ts`. */
  readonly hostScript: string;
  /** An imported model folder. */
  readonly modelDir: string;
  /** Threads of one operator, 1 or more. */
  readonly threads: number;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Node or Electron binary; this process's own when left out. */
  readonly execPath?: string;
}

export const firstRestartMs = 200;
export const longestRestartMs = 30_000;
/** Deaths in a row, with no request answered in between, after which the host gives up. */
export const maxCrashesInARow = 8;
/** Opening the largest model from a cold disk takes seconds; ten times that is stuck. */
const loadTimeoutMs = 120_000;

/** One run of the child, from fork to exit. */
interface Run {
  readonly child: Child;
  readonly client: RpcClient;
}

export class ModelHost implements Disposable {
  readonly policy: Policy;
  readonly #states: Emitter<HostState>;
  readonly #options: ModelHostOptions;
  #state: HostState = { kind: 'stopped' };
  #version = '';
  #run: Run | null = null;
  #crashesInARow = 0;
  #cancelRestart: (() => void) | null = null;
  #disposed = false;

  constructor(options: ModelHostOptions) {
    this.#options = options;
    this.#states = new Emitter<HostState>((error) =>
      options.logger.error('host', 'A listener of the host state failed.', error),
    );
    this.policy = remotePolicy(() => this.#version, this.#call);
  }

  /** Fires with every new state, after `state` has it. */
  get onDidChangeState(): Event<HostState> {
    return this.#states.event;
  }

  get state(): HostState {
    return this.#state;
  }

  /** Process id of the running child. */
  get pid(): number | undefined {
    return this.#run?.child.pid;
  }

  /** Starts the child unless it is already there or on its way. */
  start(): void {
    if (this.#disposed || this.#run !== null) return;
    this.#cancelRestart?.();
    this.#cancelRestart = null;
    const child = forkChild(this.#options);
    const run: Run = { child, client: new RpcClient(child.channel, this.#options.clock) };
    this.#run = run;
    this.#setState({ kind: 'starting' });
    void child.ended.then((reason) => this.#onEnded(run, reason));
    void this.#load(run);
  }

  /** Ends the child, forgets past crashes and starts afresh: the way out of `failed`. */
  restart(): void {
    this.#crashesInARow = 0;
    this.#stop(new HostError('crashed', 'The model host is being restarted.'));
    this.start();
  }

  /** What the child says of itself; rejects when it is not running. */
  async ping(signal?: AbortSignal): Promise<HostStatus> {
    const run = this.#run;
    if (run === null) throw unavailable(this.#state);
    return run.client.call('ping', null, {
      timeoutMs: 5_000,
      ...(signal === undefined ? {} : { signal }),
    });
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#stop(new HostError('disposed', 'Hone has been switched off.'));
    this.#setState({ kind: 'stopped' });
    this.#states.dispose();
  }

  /** A call on the run that is ready, waited for if need be. */
  readonly #call: Call = async (method, params, options = {}) => {
    const run = await this.#ready(options.signal);
    try {
      const result = await run.client.call(method, params, options);
      this.#crashesInARow = 0;
      return result;
    } catch (error) {
      // A child that does not answer is stuck inside the engine and cannot be interrupted there.
      if (error instanceof HostError && error.code === 'timeout') run.child.kill();
      throw error;
    }
  };

  async #load(run: Run): Promise<void> {
    const { modelDir, threads, logger } = this.#options;
    try {
      const { version } = await run.client.call(
        'load',
        { modelDir, threads },
        { timeoutMs: loadTimeoutMs },
      );
      if (this.#run !== run) return;
      this.#version = version;
      this.#setState({ kind: 'ready', version, pid: run.child.pid ?? 0 });
    } catch (error) {
      if (this.#run !== run) return;
      if (error instanceof ModelError) {
        logger.error('host', 'The model cannot be loaded.', error);
        this.#fail(error.message, 'Mend it, then run "Hone: Restart Model Host".', error);
      } else if (error instanceof HostError && error.code === 'crashed') {
        // The child's end, which brought this about, decides what comes next.
      } else {
        logger.error('host', 'The model host did not come up.', error);
        run.child.kill();
      }
    }
  }

  #onEnded(run: Run, reason: string): void {
    run.client.close(new HostError('crashed', `The model host ${reason}.`));
    if (this.#run !== run) return;
    this.#run = null;
    this.#crashesInARow += 1;
    const { logger, clock } = this.#options;
    logger.warn('host', `The model host ${reason} (${this.#crashesInARow} in a row).`);
    if (this.#crashesInARow >= maxCrashesInARow) {
      this.#fail(
        `The model host ${reason}, ${this.#crashesInARow} times in a row.`,
        'See the Hone output channel for why; "Hone: Restart Model Host" tries again.',
      );
      return;
    }
    const afterMs = Math.min(longestRestartMs, firstRestartMs * 2 ** (this.#crashesInARow - 1));
    this.#cancelRestart = clock.after(afterMs, () => this.start());
    this.#setState({ kind: 'restarting', afterMs, reason });
  }

  #fail(message: string, advice: string, cause?: Error): void {
    this.#stop(new HostError('unavailable', message, { cause }));
    this.#setState({ kind: 'failed', message, advice });
  }

  #stop(reason: HostError): void {
    this.#cancelRestart?.();
    this.#cancelRestart = null;
    const run = this.#run;
    this.#run = null;
    run?.client.close(reason);
    run?.child.kill();
  }

  /** The run that is ready; waits while it is on its way, rejects when nothing is. */
  #ready(signal: AbortSignal | undefined): Promise<Run> {
    return new Promise((resolve, reject) => {
      const settled = (): boolean => {
        if (signal?.aborted === true) {
          reject(new DOMException('This operation was aborted', 'AbortError'));
        } else if (this.#state.kind === 'ready' && this.#run !== null) {
          resolve(this.#run);
        } else if (this.#state.kind === 'stopped' || this.#state.kind === 'failed') {
          reject(unavailable(this.#state));
        } else {
          return false;
        }
        return true;
      };
      if (settled()) return;
      const check = (): void => {
        if (!settled()) return;
        subscription.dispose();
        signal?.removeEventListener('abort', check);
      };
      const subscription = this.#states.event(check);
      signal?.addEventListener('abort', check);
    });
  }

  #setState(state: HostState): void {
    this.#state = state;
    this.#states.fire(state);
  }
}

function unavailable(state: HostState): HostError {
  return new HostError(
    'unavailable',
    state.kind === 'failed' ? `${state.message} ${state.advice}` : 'The model host is not running.',
  );
}

export interface ImportInChildRequest extends OwnChildOptions<'import'> {
  /** Path of a GGUF file or of a Hugging Face folder. */
  readonly source: string;
  /** Model folder to make. */
  readonly destination: string;
  /** `8bit` unless said otherwise. */
  readonly precision?: Precision;
}

/** Weights are not counted. The largest tokenizer in use takes a third of it. */
const importHeapMegabytes = 1_024;
/** The longest that an import may show no progress: a header or a tokenizer is read in seconds. */
const importStallMs = 120_000;

/**
 * Imports a model in a child of its own, so that the caller's process neither blocks nor grows. The
 * file may come from a stranger: a child that grows too large or stands still is ended.
 * @throws ModelError with what to do; AbortError when `signal` fires; HostError when the child dies.
 */
export async function importInChild(request: ImportInChildRequest): Promise<ModelFolder> {
  const { source, destination, precision = '8bit', clock, signal, onProgress } = request;
  const stalled = new AbortController();
  const watch = () => clock.after(importStallMs, () => stalled.abort());
  let stopWatching = watch();
  try {
    return await callInChild(
      'import',
      { source, destination, precision },
      {
        heapMegabytes: importHeapMegabytes,
        ...request,
        signal: signal ? AbortSignal.any([signal, stalled.signal]) : stalled.signal,
        onProgress(progress) {
          stopWatching();
          stopWatching = watch();
          onProgress?.(progress);
        },
      },
    );
  } catch (error) {
    const isDead = error instanceof HostError && error.code === 'crashed';
    if (!isDead && !stalled.signal.aborted) throw error;
    throw new ModelError(
      'unsupported',
      `${source} takes more ${isDead ? 'memory' : 'time'} to read than an import may take. It may be damaged: download it again, or choose another model.`,
      { cause: error },
    );
  } finally {
    stopWatching();
  }
}
