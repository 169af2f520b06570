/**
 * Puts Hone's log lines into an output channel of the editor. Never sees user code: callers pass
 * topics, counts, durations and messages of errors, nothing else.
 */
import type * as vscode from 'vscode';
import type { Logger } from '../types';

export function channelLogger(channel: vscode.LogOutputChannel): Logger {
  return {
    debug: (topic, message) => channel.debug(`[${topic}] ${message}`),
    info: (topic, message) => channel.info(`[${topic}] ${message}`),
    warn: (topic, message) => channel.warn(`[${topic}] ${message}`),
    error(topic, message, error) {
      channel.error(`[${topic}] ${message}${error === undefined ? '' : `: ${describe(error)}`}`);
    },
  };
}

/** An error in words, with its stack where it has one. */
export function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** What a user is told: the message alone. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export function isAbortError(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}
