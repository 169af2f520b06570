/**
 * Channels over the IPC pipe of a forked child, for either side. It starts the child with what a
 * model host needs and turns its output into log lines; when and whether to start is for others.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Logger } from '../types';
import { Emitter } from '../util/event';
import type { Message } from './protocol';
import type { Channel } from './rpc';

export interface ChildOptions {
  /** Bundled `host/main.ts`. */
  readonly hostScript: string;
  readonly logger: Logger;
  /** Node or Electron binary; this process's own when left out. */
  readonly execPath?: string;
  /** Most that its JavaScript may take, in megabytes; node's own limit when left out. */
  readonly heapMegabytes?: number;
}

export interface Child {
  readonly channel: Channel;
  readonly pid: number | undefined;
  /** Settles with the reason in words when the process has ended or could not be started. */
  readonly ended: Promise<string>;
  kill(): void;
}

export function forkChild(options: ChildOptions): Child {
  const { heapMegabytes } = options;
  const child = fork(options.hostScript, [], {
    execPath: options.execPath ?? process.execPath,
    // Instead of inherited flags: --inspect would make the child fight for its parent's port. A small
    // nursery frees the large outputs of each run soon, which keeps some 40 MB out of memory.
    execArgv: [
      '--max-semi-space-size=1',
      ...(heapMegabytes === undefined ? [] : [`--max-old-space-size=${heapMegabytes}`]),
    ],
    // Electron runs as plain Node; Node itself ignores the variable.
    env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    serialization: 'advanced',
  });
  logLines(child, options.logger);
  const messages = new Emitter<Message>((error) =>
    options.logger.error('host', 'A listener of host messages failed.', error),
  );
  child.on('message', (message) => messages.fire(message as Message));
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`could not run: ${error.message}`));
    child.once('exit', (code, signal) =>
      resolve(signal === null ? `ended with code ${code ?? 0}` : `was ended by ${signal}`),
    );
  });
  return {
    channel: {
      onMessage: messages.event,
      send(message) {
        // A child that is gone cannot be told; its end is announced by `ended`.
        if (child.connected) child.send(message, () => undefined);
      },
    },
    pid: child.pid,
    ended,
    kill: () => child.kill('SIGKILL'),
  };
}

/** The channel to the parent, in a forked child. */
export function parentChannel(): Channel {
  const messages = new Emitter<Message>();
  process.on('message', (message) => messages.fire(message as Message));
  return {
    onMessage: messages.event,
    send(message) {
      if (process.connected) process.send?.(message, undefined, {}, () => undefined);
    },
  };
}

function logLines(child: ChildProcess, logger: Logger): void {
  if (child.stdout !== null) {
    createInterface({ input: child.stdout }).on('line', (line) => logger.info('host', line));
  }
  if (child.stderr !== null) {
    createInterface({ input: child.stderr }).on('line', (line) => logger.warn('host', line));
  }
}
