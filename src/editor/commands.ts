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
  type SettingName,
  walkthroughId,
} from '../contributions';
import type { Clock, Logger, Settings } from '../types';
import { type Disposable, DisposableStore } from '../util/disposable';
import type { Availability } from './availability';
import { type CursorPlace, putCursor } from './cursorPlace';
import { deleteFeedback } from './deleteCommand';
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
import { comment, rate } from './ratingCommand';
import { languageEnabled, type SettingsSource } from './settings';
import type { Snooze } from './snooze';
import type { StoreOwner } from './storeOwner';
import { clockTime, learningWords } from './status';

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
  /** For the active editor; undefined when there is none. */
  readonly availability: () => Availability | undefined;
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

    [commands.toggle]: () => toggle(settings),
    [commands.toggleLanguage]: () => toggleLanguage(settings),
    [commands.snooze]: (minutes?: number) => chooseSnooze(snooze, minutes),

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
    [commands.openSettings]: () =>
      vscode.commands.executeCommand('workbench.action.openSettings', '@ext:hone.hone'),
    [commands.openWalkthrough]: () =>
      vscode.commands.executeCommand('workbench.action.openWalkthrough', walkthroughId, false),
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
  const { settings, snooze, model, bridge } = params;
  const { learning } = params.learning;

  const document = vscode.window.activeTextEditor?.document;
  const here = document ? settings.forDocument(document.uri) : settings.current;
  const entries = menuEntries({
    enabled: here.enabled,
    snoozedUntilMs: snooze.untilMs,
    language: document && {
      id: document.languageId,
      enabled: languageEnabled(here, document.languageId),
    },
    canRate: bridge.last.kind === 'recorded',
    modelFailed: model.state.kind === 'failed',
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
    { title: 'Hone', placeHolder: statusLine(model.state, params.availability()) },
  );
  if (picked && 'command' in picked) await vscode.commands.executeCommand(picked.command);
}

function statusLine(state: ModelState, availability: Availability | undefined): string {
  if (availability?.kind === 'off') return availability.reason;
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

/** Changes a setting where it is set now: in the folder, in the workspace, else for the user. */
async function update<T>(
  name: SettingName,
  scope: vscode.Uri | undefined,
  change: (own: T | undefined) => T,
): Promise<void> {
  const configuration = vscode.workspace.getConfiguration(section, scope ?? null);
  const set = configuration.inspect<T>(name);
  if (set?.workspaceFolderValue !== undefined) {
    const target = vscode.ConfigurationTarget.WorkspaceFolder;
    await configuration.update(name, change(set.workspaceFolderValue), target);
  } else if (set?.workspaceValue !== undefined) {
    const target = vscode.ConfigurationTarget.Workspace;
    await configuration.update(name, change(set.workspaceValue), target);
  } else {
    const target = vscode.ConfigurationTarget.Global;
    await configuration.update(name, change(set?.globalValue), target);
  }
}

async function toggle(settings: SettingsSource): Promise<void> {
  const scope = vscode.window.activeTextEditor?.document.uri;
  const { enabled } = scope ? settings.forDocument(scope) : settings.current;
  await update('enabled', scope, () => !enabled);
}

async function toggleLanguage(settings: SettingsSource): Promise<void> {
  const document = vscode.window.activeTextEditor?.document;
  if (!document) {
    await vscode.window.showInformationMessage('Open a file first: its language is meant.');
    return;
  }
  const { languageId, uri } = document;
  const enabled = languageEnabled(settings.forDocument(uri), languageId);
  await update<Settings['languages']>('languages', uri, (own) => ({
    ...own,
    [languageId]: !enabled,
  }));
}

async function chooseSnooze(snooze: Snooze, minutes: number | undefined): Promise<void> {
  const chosen = minutes ?? (await pickSnooze(snooze));
  if (chosen === undefined) return;
  if (chosen === 0) await snooze.end();
  else await snooze.start(chosen * 60_000);
}

async function pickSnooze(snooze: Snooze): Promise<number | undefined> {
  const durations = snoozeMinutes.map((minutes) => ({
    label: minutes === 60 ? '1 hour' : `${minutes} minutes`,
    minutes,
  }));
  const wake = snooze.untilMs === undefined ? [] : [{ label: 'Wake up now', minutes: 0 }];
  const picked = await vscode.window.showQuickPick([...wake, ...durations], {
    title: 'Snooze suggestions',
    placeHolder:
      snooze.untilMs === undefined ? 'For how long?' : `Until ${clockTime(snooze.untilMs)} so far`,
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
