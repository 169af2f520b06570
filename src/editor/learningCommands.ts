/**
 * What a user does about learning, and what a user is told of it. Training by command shows how far it
 * is and says what came of it; training in idle time speaks up only when something better is in use,
 * once, with the way back beside it.
 */
import * as vscode from 'vscode';
import { commands, section } from '../contributions';
import { ModelError } from '../model/errors';
import { baseId, type Version } from '../training/registry';
import type { Settings } from '../types';
import { counted } from './exportText';
import type { LearnedFiles } from './learnedFiles';
import { endWords, type Learning, type LearningProgress, type TrainingEnd } from './learning';
import { messageOf } from './log';
import type { ModelSetup } from './modelSetup';
import type { RewardSource } from './rewardSource';
import { dateTime, minutesWords, percent } from './status';
import type { VersionLine } from './versionLine';
import { versionItems } from './versionList';

export interface LearningCommandParams {
  readonly learning: Learning;
  readonly model: Pick<ModelSetup, 'base' | 'refresh'>;
  readonly reward: Pick<RewardSource, 'load'>;
  readonly files: LearnedFiles;
  /** Undefined while there is no model. */
  readonly line: () => VersionLine | undefined;
  readonly settings: () => Settings;
}

const rollBackNow = 'Roll Back';
const showVersionsNow = 'Show Versions';

export async function trainNow({ learning, settings }: LearningCommandParams): Promise<void> {
  if (settings().learning.mode === 'off') return tellOff();
  const end = await withLearningProgress(
    'Hone is learning from your feedback',
    (signal, onProgress) => learning.trainNow(signal, onProgress),
  );
  if (end === undefined) {
    void vscode.window.showInformationMessage('Hone is being trained already.');
  } else if (end.kind === 'promoted' || end.kind === 'notInPlace') {
    tellEnd(end);
  } else {
    void offer(endWords(end), 'information', [showVersionsNow]);
  }
}

/** Says that nothing is learned, and where that is set. */
export async function tellOff(): Promise<void> {
  const openSettings = 'Open Settings';
  const answer = await vscode.window.showInformationMessage(
    `Learning is turned off by the setting ${section}.learning.mode.`,
    openSettings,
  );
  if (answer === openSettings) await vscode.commands.executeCommand(commands.openSettings);
}

/** Runs `work` with a notification that shows how far it is and has a button that ends it. */
export function withLearningProgress<T>(
  title: string,
  work: (signal: AbortSignal, onProgress: (progress: LearningProgress) => void) => Promise<T>,
): Thenable<T> {
  const location = vscode.ProgressLocation.Notification;
  return vscode.window.withProgress(
    { location, title, cancellable: true },
    async (progress, token) => {
      const abort = new AbortController();
      const subscription = token.onCancellationRequested(() => abort.abort());
      let shown = 0;
      try {
        return await work(abort.signal, ({ stage, share, leftMs }) => {
          const increment = Math.max(0, share * 100 - shown);
          shown += increment;
          const left = leftMs === undefined ? '' : `, ${minutesWords(leftMs)} left`;
          progress.report({ increment, message: `${stage}, ${percent(share)}${left}` });
        });
      } finally {
        subscription.dispose();
      }
    },
  );
}

export function stopTraining({ learning }: LearningCommandParams): void {
  if (learning.stop()) return;
  void vscode.window.showInformationMessage('Hone is not learning in this window.');
}

/** Tells of a training in idle time that failed for want of something that the user can give. */
export function tellFailure(error: unknown): void {
  if (!(error instanceof ModelError) || error.code !== 'storage') return;
  void vscode.window.showWarningMessage(
    `Hone could not learn: ${error.message} Suggestions go on as before.`,
  );
}

/** Tells of a training in idle time, if there is anything to tell. */
export function tellEnd(end: TrainingEnd): void {
  switch (end.kind) {
    case 'promoted': {
      const { trainedRows, verdict } = end.version;
      void offer(
        `Hone has learned from ${counted(trainedRows, 'text')} of yours. ${verdict.reasons[0] ?? ''}`,
        'information',
        [rollBackNow, showVersionsNow],
      );
      return;
    }
    case 'notInPlace':
      void offer(
        `What Hone has learned does better but could not be put in place: ${messageOf(end.error)} Suggestions go on as before; it can be put in place from the list of versions.`,
        'warning',
        [showVersionsNow],
      );
      return;
    case 'refused':
    case 'tooLittle':
      // Nothing has changed for the user; the log and the list of versions have it.
      return;
  }
}

export async function rollBack({ line, model }: LearningCommandParams): Promise<void> {
  const registry = line()?.registry;
  if (!registry || !(await registry.champion())) {
    await vscode.window.showInformationMessage(
      'You are using the original model. Nothing to roll back.',
    );
    return;
  }
  const now = await registry.rollBack();
  await model.refresh();
  void offer(
    now === undefined
      ? 'The original model is in use again.'
      : `The version of ${dateTime(now.createdMs)} is in use again.`,
    'information',
    [showVersionsNow],
  );
}

export async function showVersions({
  line,
  model,
  learning,
}: LearningCommandParams): Promise<void> {
  const registry = line()?.registry;
  const { base } = model;
  if (!registry || !base) {
    await vscode.window.showInformationMessage('The model is not there yet.');
    return;
  }
  const items = versionItems(await registry.versions(), base.manifest.version, dateTime);
  const picked = await vscode.window.showQuickPick(items, {
    title: 'What Hone has learned',
    placeHolder: learning.last?.words ?? 'Nothing was trained yet',
    matchOnDetail: true,
  });
  if (!picked) return;
  const { choice } = picked;
  if (choice.kind === 'base') {
    if (choice.isInUse) return;
    await registry.rollBack(baseId);
  } else if (choice.version.state === 'champion') return;
  else if (choice.version.state === 'refused') {
    await vscode.window.showInformationMessage(refusalOf(choice.version), { modal: true });
    return;
  } else {
    await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Window, title: 'Hone: putting the version in place' },
      () => registry.rollBack(choice.version.id),
    );
  }
  await model.refresh();
}

/** Every check of the gate in a line, for one who wants to know. */
function refusalOf({ verdict }: Version): string {
  const checks = verdict.checks.map(({ passed, sentence }) => `${passed ? '✓' : '✗'} ${sentence}`);
  return ['This version was refused and is not used.', ...checks].join('\n');
}

/** Says what came of learning, with the versions beside it, and where one is new, the way back. */
export function offerVersions(message: string, isNew: boolean): Promise<void> {
  return offer(message, 'information', isNew ? [rollBackNow, showVersionsNow] : [showVersionsNow]);
}

async function offer(
  message: string,
  kind: 'information' | 'warning',
  answers: readonly (typeof rollBackNow | typeof showVersionsNow)[],
): Promise<void> {
  const { showInformationMessage, showWarningMessage } = vscode.window;
  const show = kind === 'warning' ? showWarningMessage : showInformationMessage;
  const answer = await show(message, ...answers);
  if (answer === rollBackNow) await vscode.commands.executeCommand(commands.rollBack);
  if (answer === showVersionsNow) await vscode.commands.executeCommand(commands.showVersions);
}
