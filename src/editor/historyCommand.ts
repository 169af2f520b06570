/**
 * Learning from what was written before Hone came: finds the repository of a folder, says what it
 * costs, has its history replayed into a store that learning reads beside the user's own, then fits and
 * trains as after any other feedback. Offered for each repository after Hone was used there for a
 * little while, and again on another day where the offer got no answer.
 */
import { mkdir, statfs } from 'node:fs/promises';
import * as path from 'node:path';
import * as vscode from 'vscode';
import { commands } from '../contributions';
import { replayHistoryInChild } from '../host/ownChild';
import type { ModelFolder } from '../model/modelFolder';
import type { Clock, FeedbackEvent, Logger, Settings } from '../types';
import {
  costWords,
  answered,
  failureWords,
  fewestPlaces,
  fullDiskWords,
  type HistoryEnd,
  historyEndWords,
  historyLimits,
  type HistoryReport,
  isOfferDue,
  isUsedEnough,
  neededBytes,
  noHistoryWords,
  noUse,
  noOffers,
  offersSchema,
  offerWords,
  stoppedWords,
  tooFewPlacesWords,
  withEvent,
} from './historyText';
import {
  type LearningCommandParams,
  offerVersions,
  tellOff,
  withLearningProgress,
} from './learningCommands';
import type { LearningProgress } from './learning';
import { commandMinutes } from './learningPlan';
import { takeLock } from './lockFile';
import { isAbortError } from './log';
import { findRepository, type Repository, repositoryKey } from './repository';
import type { SettingsSource } from './settings';
import type { Memory } from './snooze';

export interface HistoryCommandParams {
  readonly learning: LearningCommandParams;
  readonly settings: SettingsSource;
  readonly threads: () => number;
  /** Remembers across windows which repositories were offered. */
  readonly memory: Memory;
  /** Bundled `host/main.ts`. */
  readonly hostScript: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

const start = 'Start';
const notNow = 'Not Now';
/** Share of the whole that reading takes; the rest is training. */
const readingShare = 0.5;
/** How long a process that was told to stop may write down how far it got. */
const farewellMs = 10_000;

/** @param confirmed address of the workspace folder whose offer was taken; asks when left out */
export async function learnFromHistory(
  params: HistoryCommandParams,
  confirmed?: string,
): Promise<void> {
  const { learning } = params;
  const inform = (words: string): void => void vscode.window.showInformationMessage(words);
  if (learning.settings().learning.mode === 'off') return tellOff();
  const folders = vscode.workspace.workspaceFolders ?? [];
  const folder =
    folders.find(({ uri }) => uri.toString() === confirmed) ?? (await chooseFolder(folders));
  if (folder === undefined) return;
  if (folder.uri.scheme !== 'file') {
    return inform(`${folder.name} is not on this machine, and its history cannot be read.`);
  }
  if (!vscode.workspace.isTrusted) {
    return inform('Trust this workspace first: its history is read by the git program.');
  }
  const { base } = learning.model;
  if (base === undefined) return inform('The model is not there yet. Try again in a moment.');
  const found = await findRepository(folder.uri.fsPath);
  if (found.kind !== 'repository') return inform(noHistoryWords(folder.name, found));
  await mkdir(learning.files.histories, { recursive: true });
  const { bavail, bsize } = await statfs(learning.files.histories);
  if (bavail * bsize < neededBytes) return inform(fullDiskWords(bavail * bsize));

  if (confirmed === undefined) {
    const { question, detail } = costWords(folder.name, found);
    const answer = await vscode.window.showInformationMessage(
      question,
      { modal: true, detail },
      { title: start },
      { title: notNow, isCloseAffordance: true },
    );
    if (answer?.title !== start) return;
  }
  await params.memory.update(offeredKey(found), answered);
  await readAndTrain(params, folder, found, base);
}

/**
 * Offers to learn from the history of the repository that is worked in. It listens to what
 * becomes of suggestions, so that nothing is looked for while Hone is not used.
 */
export class HistoryOffer {
  readonly #params: HistoryCommandParams;
  /** Addresses of folders that were looked at in this window. */
  readonly #seen = new Set<string>();
  #use = noUse;

  constructor(params: HistoryCommandParams) {
    this.#params = params;
  }

  notice(event: FeedbackEvent): void {
    this.#use = withEvent(this.#use, event);
    if (!isUsedEnough(this.#use, this.#params.clock.now())) return;
    const document = vscode.window.activeTextEditor?.document;
    const folder = document && vscode.workspace.getWorkspaceFolder(document.uri);
    if (folder === undefined || folder.uri.scheme !== 'file') return;
    const { learning, logger } = this.#params;
    const isPossible =
      vscode.workspace.isTrusted &&
      learning.settings().learning.mode !== 'off' &&
      learning.model.base !== undefined;
    if (!isPossible || this.#seen.has(folder.uri.toString())) return;
    this.#seen.add(folder.uri.toString());
    this.#offer(folder).catch((error: unknown) =>
      logger.error('history', 'Nothing was offered.', error),
    );
  }

  async #offer(folder: vscode.WorkspaceFolder): Promise<void> {
    const { memory, clock } = this.#params;
    const found = await findRepository(folder.uri.fsPath);
    if (found.kind !== 'repository') return;
    const key = offeredKey(found);
    const offers = offersSchema.safeParse(memory.get(key)).data ?? noOffers;
    const nowMs = clock.now();
    if (!isOfferDue(offers, nowMs)) return;
    // Before the answer, since other windows offer as well.
    await memory.update(key, { ...offers, times: offers.times + 1, lastMs: nowMs });
    const answer = await vscode.window.showInformationMessage(
      offerWords(folder.name),
      start,
      notNow,
    );
    if (answer !== undefined) await memory.update(key, answered);
    if (answer !== start) return;
    await vscode.commands.executeCommand(commands.learnFromHistory, folder.uri.toString());
  }
}

async function chooseFolder(
  folders: readonly vscode.WorkspaceFolder[],
): Promise<vscode.WorkspaceFolder | undefined> {
  if (folders.length > 1) {
    return vscode.window.showWorkspaceFolderPick({ placeHolder: 'Whose history?' });
  }
  if (folders.length === 0) {
    void vscode.window.showInformationMessage(
      'Open a folder first: the history of its repository is meant.',
    );
  }
  return folders[0];
}

/** In the notification and in the status bar alike, and to be stopped from either. */
async function readAndTrain(
  params: HistoryCommandParams,
  folder: vscode.WorkspaceFolder,
  repository: Repository,
  base: ModelFolder,
): Promise<void> {
  const { learning } = params.learning;
  await withLearningProgress(
    `Hone is learning from the history of ${folder.name}`,
    (cancelled, inNotification) =>
      learning.lead(folder.name, cancelled, (signal, inBar) =>
        readThenTrain(params, folder, repository, base, signal, (progress) => {
          inNotification(progress);
          inBar(progress);
        }),
      ),
  );
}

async function readThenTrain(
  params: HistoryCommandParams,
  folder: vscode.WorkspaceFolder,
  repository: Repository,
  base: ModelFolder,
  signal: AbortSignal,
  onProgress: (progress: LearningProgress) => void,
): Promise<void> {
  const { name } = folder;
  const { logger } = params;
  const inform = (words: string): void => void vscode.window.showInformationMessage(words);
  let report: HistoryReport | undefined;
  try {
    report = await readHistory(params, folder, repository, base, signal, onProgress);
  } catch (error) {
    if (isAbortError(error)) return inform(stoppedWords);
    logger.error('history', 'A history was not read.', error);
    return void vscode.window.showErrorMessage(`Hone: ${failureWords(name, error)}`);
  }
  if (report === undefined) {
    return inform('A history is being read already, or was just stopped. Try again later.');
  }
  const { decisions, accepted, refused, commits, ended } = report;
  logger.info(
    'history',
    `${decisions} places in ${commits.asked} of ${commits.walked} commits: ${accepted} accepted, ${refused} refused; ended by ${ended}.`,
  );
  if (decisions < fewestPlaces) return inform(tooFewPlacesWords(name, report));
  const end = await train(params, signal, onProgress);
  void offerVersions(historyEndWords(name, report, end), end.kind === 'promoted');
}

/** Undefined where another window is at it. */
async function readHistory(
  { learning, settings, threads, hostScript, clock, logger }: HistoryCommandParams,
  folder: vscode.WorkspaceFolder,
  repository: Repository,
  base: ModelFolder,
  signal: AbortSignal,
  onProgress: (progress: LearningProgress) => void,
): Promise<HistoryReport | undefined> {
  const { files } = learning;
  const lock = await takeLock(files.locks.history, clock);
  if (lock === undefined) return undefined;
  const { directory, prefix } = repository;
  // Documents have the addresses that the editor gives them, which a model of a workspace goes by.
  const address = (prefix === '' ? folder.uri : vscode.Uri.file(directory)).toString();
  try {
    return await replayHistoryInChild(
      {
        ...{ repository: directory, address, modelDir: base.directory, threads: threads() },
        out: path.join(files.histories, `${repositoryKey(repository)}.db`),
        limits: historyLimits,
        settings: withoutNeverLearned(settings.forDocument(folder.uri), prefix),
      },
      {
        ...{ hostScript, clock, logger },
        signal: AbortSignal.any([signal, lock.lost]),
        onProgress: ({ decisions, share, leftMs }) =>
          onProgress({
            stage: `reading history, ${decisions} places`,
            share: readingShare * share,
            leftMs: leftMs === null ? undefined : leftMs + commandMinutes * 60_000,
          }),
      },
    );
  } finally {
    // A process that was told to stop is still writing down how far it got.
    if (signal.aborted) clock.after(farewellMs, () => void lock.release());
    else await lock.release();
  }
}

async function train(
  { learning, logger }: HistoryCommandParams,
  signal: AbortSignal,
  onProgress: (progress: LearningProgress) => void,
): Promise<HistoryEnd> {
  try {
    const end = await learning.learning.trainNow(signal, (progress) =>
      onProgress({ ...progress, share: readingShare + (1 - readingShare) * progress.share }),
    );
    return end ?? { kind: 'elsewhere' };
  } catch (error) {
    if (isAbortError(error)) return { kind: 'stopped' };
    logger.error('history', 'Training after a history failed.', error);
    return { kind: 'failed', error };
  }
}

/** Files that nothing is learned from are not read at all. Globs are relative to the folder. */
function withoutNeverLearned(settings: Settings, prefix: string): Settings {
  const { exclude, neverLearn } = settings;
  const globs = [...exclude, ...neverLearn];
  const inFolder = prefix === '' ? [] : globs.map((glob) => `${prefix}${glob}`);
  return { ...settings, exclude: [...globs, ...inFolder] };
}

function offeredKey(repository: Repository): string {
  return `historyOffered.${repositoryKey(repository)}`;
}
