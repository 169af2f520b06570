/**
 * What each command does, one entry each. Every command has the same catch: an error is logged and
 * told to the user; a cancellation is silent.
 */
import * as vscode from 'vscode';
import {
  acceptedCommand,
  type CommandId,
  commands,
  fromKey,
  section,
  walkthroughId,
} from '../contributions';
import type { Clock, Logger } from '../types';
import { type Disposable, DisposableStore } from '../util/disposable';
import type { Availability } from './availability';
import { type CursorPlace, putCursor } from './cursorPlace';
import { deleteFeedback } from './deleteCommand';
import { openExample } from './example';
import { type ExportPreview, exportFeedback } from './exportCommand';
import type { FeedbackBridge } from './feedbackBridge';
import { type HistoryCommandParams, learnFromHistory } from './historyCommand';
import {
  type LearningCommandParams,
  rollBack,
  showVersions,
  stopTraining,
  trainNow,
} from './learningCommands';
import { isAbortError, messageOf } from './log';
import { menuEntries } from './menu';
import { type ModelSetup, type ModelState, setModel } from './modelSetup';
import { clockTime, type LanguageName, offText } from './offText';
import { comment, rate } from './ratingCommand';
import { languageEnabled, type SettingsSource } from './settings';
import type { Snooze } from './snooze';
import type { StoreOwner } from './storeOwner';
import { learningWords, modelActions } from './status';
import { type Reach, setEnabled, setLanguageEnabled } from './switches';

export interface CommandParams {
  readonly settings: SettingsSource;
  readonly snooze: Snooze;
  readonly model: ModelSetup;
  readonly learning: LearningCommandParams;
  readonly history: HistoryCommandParams;
  readonly bridge: FeedbackBridge;
  readonly store: StoreOwner;
  /** Empties what this window remembers of feedback. */
  readonly forget: () => void;
  /** For the active editor. */
  readonly availability: () => Availability;
  readonly languageName: LanguageName;
  readonly whyNothing: () => Promise<void>;
  readonly preview: ExportPreview;
  readonly channel: vscode.OutputChannel;
  readonly clock: Clock;
  readonly logger: Logger;
}

const snoozeMinutes: readonly number[] = [5, 15, 60];

export function registerCommands(params: CommandParams): Disposable {
  const { settings, snooze, model, learning, bridge, store, preview, channel, clock, logger } =
    params;

  const actions: Record<
    CommandId | typeof acceptedCommand,
    (...args: never[]) => void | PromiseLike<unknown>
  > = {
    [commands.suggest]: () => vscode.commands.executeCommand('editor.action.inlineSuggest.trigger'),
    async [commands.dismiss]() {
      bridge.dismissed();
      await vscode.commands.executeCommand('editor.action.inlineSuggest.hide');
    },
    [acceptedCommand]: (suggestionId: string, candidateIndex: number, place?: CursorPlace) => {
      bridge.accepted(suggestionId, candidateIndex);
      if (place) putCursor(place);
    },

    [commands.whyNothing]: () => params.whyNothing(),
    [commands.enable]: (reach: Reach = 'everywhere') => setEnabled(true, reach),
    [commands.disable]: (reach: Reach = 'everywhere') => setEnabled(false, reach),
    [commands.enableLanguage]: () => setLanguageEnabled(true),
    [commands.disableLanguage]: () => setLanguageEnabled(false),
    [commands.snooze]: (minutes?: number) => chooseSnooze(snooze, minutes),
    [commands.endSnooze]: () => snooze.end(),

    [commands.rateUp]: (from?: typeof fromKey) => rate(bridge, store, 'up', from === fromKey),
    [commands.rateDown]: (from?: typeof fromKey) => rate(bridge, store, 'down', from === fromKey),
    [commands.comment]: () => comment(bridge, store),

    [commands.exportFeedback]: async () => exportFeedback(await store.open(), preview, clock),
    [commands.deleteFeedback]: async () =>
      deleteFeedback(await store.open(), { ...learning, forget: params.forget, clock }),

    [commands.trainNow]: () => trainNow(learning),
    [commands.stopTraining]: () => stopTraining(learning),
    [commands.learnFromHistory]: (confirmed?: string) =>
      learnFromHistory(params.history, confirmed),
    [commands.rollBack]: () => rollBack(learning),
    [commands.showVersions]: () => showVersions(learning),

    [commands.chooseModel]: () => chooseModel(),
    [commands.restartModel]: () => model.restart(),
    [commands.showLog]: () => channel.show(),
    [commands.openSettings]: (name?: string) =>
      vscode.commands.executeCommand(
        'workbench.action.openSettings',
        name === undefined ? '@ext:hone.hone' : `@id:${section}.${name}`,
      ),
    [commands.openWalkthrough]: () =>
      vscode.commands.executeCommand('workbench.action.openWalkthrough', walkthroughId, false),
    [commands.openExample]: () => openExample(settings.current),
    [commands.showMenu]: () => showMenu(params),
  };

  const disposables = new DisposableStore();
  for (const [id, action] of Object.entries(actions)) {
    const run = async (...args: never[]): Promise<void> => {
      try {
        await action(...args);
      } catch (error) {
        if (isAbortError(error)) return;
        logger.error('command', `${id} failed.`, error);
        void vscode.window.showErrorMessage(`Hone: ${messageOf(error)}`);
      }
    };
    disposables.add(vscode.commands.registerCommand(id, run));
  }
  return disposables;
}

async function showMenu(params: CommandParams): Promise<void> {
  const { settings, snooze, model, bridge, languageName } = params;
  const { learning } = params.learning;

  const document = vscode.window.activeTextEditor?.document;
  const here = document ? settings.forDocument(document.uri) : settings.current;
  const off = offText(params.availability(), languageName);
  const isBroken = model.state.kind === 'failed' || model.state.kind === 'stopped';
  const entries = menuEntries({
    mends: off?.actions ?? (isBroken ? modelActions(model.state) : []),
    enabled: here.enabled,
    isSnoozed: snooze.untilMs !== undefined,
    language: document && {
      name: languageName(document.languageId),
      enabled: languageEnabled(here, document.languageId),
    },
    canRate: bridge.last.kind === 'recorded',
    learning: {
      isOff: here.learning.mode === 'off',
      isTraining: learning.state.kind === 'training',
      words: learningWords(learning.state, learning.last),
      canRollBack: model.isLearned,
    },
  });
  const picked = await vscode.window.showQuickPick(
    entries.map((entry) =>
      entry.kind === 'group'
        ? { label: entry.label, kind: vscode.QuickPickItemKind.Separator }
        : { ...entry, kind: vscode.QuickPickItemKind.Default },
    ),
    { title: 'Hone', placeHolder: off?.sentence ?? modelLine(model.state) },
  );
  if (!picked || !('command' in picked)) return;
  const { command, argument } = picked;
  await vscode.commands.executeCommand(command, ...(argument === undefined ? [] : [argument]));
}

function modelLine(state: ModelState): string {
  switch (state.kind) {
    case 'ready':
      return `${state.version} is running on this machine`;
    case 'failed':
      return state.message;
    case 'importing':
      return 'A model file is being imported';
    case 'stopped':
    case 'starting':
    case 'restarting':
      return 'The model is being loaded';
  }
}

async function chooseSnooze(snooze: Snooze, minutes: number | undefined): Promise<void> {
  const chosen = minutes ?? (await pickSnooze(snooze));
  if (chosen === undefined) return;
  await snooze.start(chosen * 60_000);
}

async function pickSnooze(snooze: Snooze): Promise<number | undefined> {
  const durations = snoozeMinutes.map((minutes) => ({
    label: minutes === 60 ? '1 hour' : `${minutes} minutes`,
    minutes,
  }));
  const picked = await vscode.window.showQuickPick(durations, {
    title: 'Snooze Suggestions',
    placeHolder:
      snooze.untilMs === undefined ? 'For how long?' : `Snoozed until ${clockTime(snooze.untilMs)}`,
  });
  return picked?.minutes;
}

async function chooseModel(): Promise<void> {
  const picked = await vscode.window.showQuickPick(
    [
      { label: '$(file-binary) GGUF file...', kind: 'file' as const },
      { label: '$(folder) Hugging Face folder...', kind: 'folder' as const },
      { label: '$(sparkle) Built-in model', kind: 'shipped' as const },
    ].map(({ kind, label }) => ({ label, choice: kind })),
    { title: 'Choose a model', placeHolder: 'Llama or Qwen2 kind; it is imported once' },
  );
  if (!picked) return;
  if (picked.choice === 'shipped') {
    await setModel('');
    return;
  }
  const isFile = picked.choice === 'file';
  const [source] =
    (await vscode.window.showOpenDialog({
      canSelectFiles: isFile,
      canSelectFolders: !isFile,
      ...(isFile ? { filters: { 'GGUF models': ['gguf'] } } : {}),
      openLabel: 'Use This Model',
    })) ?? [];
  if (source) await setModel(source.fsPath);
}
