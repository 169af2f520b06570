/**
 * Owns the feedback database of this window: opens it once, after the editor is up, keeps it within
 * the limits of the settings, tells the user about trouble with it, and closes it at the end.
 */
import { mkdir } from 'node:fs/promises';
import * as path from 'node:path';
import * as vscode from 'vscode';
import { commands } from '../contributions';
import type { FeedbackStore } from '../store/feedbackStore';
import type { Clock, Logger } from '../types';
import type { Disposable } from '../util/disposable';
import { messageOf } from './log';
import type { SettingsSource } from './settings';

/** How often what is too old or too much is removed. */
const pruneEveryMs = 60 * 60 * 1000;
/** Trouble that goes on is told again only after this long. */
const repeatReportMs = 10 * 60 * 1000;

export interface StoreOwnerParams {
  /** The extension's global storage; made if it is not there. */
  readonly directory: string;
  readonly settings: SettingsSource;
  /** Removes copies of feedback elsewhere that are too old. */
  readonly pruneCopies: (retentionDays: number) => Promise<void>;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class StoreOwner implements Disposable {
  readonly #params: StoreOwnerParams;
  readonly #lastReports = new Map<string, number>();
  #resolve: (store: FeedbackStore | PromiseLike<FeedbackStore>) => void = () => undefined;
  #isOpening = false;
  #cancelPrune: (() => void) | undefined;

  /** Settles when the database is open, which `open` sets going. */
  readonly opened: Promise<FeedbackStore>;

  constructor(params: StoreOwnerParams) {
    this.#params = params;
    this.opened = new Promise((resolve) => (this.#resolve = resolve));
  }

  /** Opens the database unless that is done or under way. */
  open(): Promise<FeedbackStore> {
    if (!this.#isOpening) {
      this.#isOpening = true;
      this.#resolve(this.#open());
      this.opened.then(
        (store) => this.#prune(store),
        (error: unknown) => this.report(error),
      );
    }
    return this.opened;
  }

  /** Tells the user, once for each kind of trouble in a while; every time in the log. */
  report(error: unknown): void {
    const { logger, clock } = this.#params;
    const message = messageOf(error);
    logger.error('store', 'Feedback may not be kept.', error);
    const last = this.#lastReports.get(message);
    if (last !== undefined && clock.now() - last < repeatReportMs) return;
    this.#lastReports.set(message, clock.now());
    const showLog = 'Show Log';
    void vscode.window.showWarningMessage(`Hone: ${message}`, showLog).then((answer) => {
      if (answer === showLog) void vscode.commands.executeCommand(commands.showLog);
    });
  }

  /** Writes what waits, then closes. */
  async close(): Promise<void> {
    this.dispose();
    if (!this.#isOpening) return;
    try {
      await (await this.opened).close();
    } catch (error) {
      this.#params.logger.error('store', 'The database could not be closed.', error);
    }
  }

  async #open(): Promise<FeedbackStore> {
    const { directory, clock, logger } = this.#params;
    await mkdir(directory, { recursive: true }).catch((error: unknown) => this.report(error));
    // The database driver is native and is loaded only now, so that activation stays short.
    const { openFeedbackStore } = await import('../store/feedbackStore').catch((cause: unknown) => {
      const message = `Feedback cannot be kept, the database driver does not load: ${messageOf(cause)}`;
      throw new Error(`${message} Reinstall Hone.`, { cause });
    });
    return openFeedbackStore(path.join(directory, 'feedback.db'), {
      logger,
      clock,
      onProblem: (problem) => this.report(problem),
    });
  }

  async #prune(store: FeedbackStore): Promise<void> {
    const { settings, pruneCopies, clock, logger } = this.#params;
    try {
      const removed = await store.prune(settings.current);
      if (removed > 0) logger.info('store', `${removed} old suggestions were removed.`);
      await pruneCopies(settings.current.retentionDays);
    } catch (error) {
      logger.error('store', 'Old feedback could not be removed.', error);
    }
    this.#cancelPrune = clock.after(pruneEveryMs, () => void this.#prune(store));
  }

  dispose(): void {
    this.#cancelPrune?.();
  }
}
