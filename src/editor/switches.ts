/**
 * Switches suggestions on and off, everywhere or for a language, in the user's settings; and tells the
 * editor how they stand, so that the palette offers what is not so yet.
 */
import * as vscode from 'vscode';
import { section, type SettingName, switchKeys } from '../contributions';
import type { Settings } from '../types';
import { type Disposable, DisposableStore } from '../util/disposable';
import { languageEnabled, type SettingsSource } from './settings';
import type { Snooze } from './snooze';

/** `here` changes the value that holds for the active editor; `everywhere` leaves no other one. */
export type Reach = 'here' | 'everywhere';

export async function setEnabled(enabled: boolean, reach: Reach): Promise<void> {
  const scope = vscode.window.activeTextEditor?.document.uri;
  if (reach === 'here') return update('enabled', scope, () => enabled);
  const configuration = vscode.workspace.getConfiguration(section, scope ?? null);
  const set = configuration.inspect('enabled');
  const { Global, Workspace, WorkspaceFolder } = vscode.ConfigurationTarget;
  await configuration.update('enabled', enabled, Global);
  if (set?.workspaceValue === !enabled) await configuration.update('enabled', undefined, Workspace);
  if (set?.workspaceFolderValue === !enabled)
    await configuration.update('enabled', undefined, WorkspaceFolder);
}

/** Switches the active editor's language. */
export async function setLanguageEnabled(enabled: boolean): Promise<void> {
  const document = vscode.window.activeTextEditor?.document;
  if (!document) {
    await vscode.window.showInformationMessage('Open a file first.');
    return;
  }
  await update<Settings['languages']>('languages', document.uri, (own) => ({
    ...own,
    [document.languageId]: enabled,
  }));
}

/** Changes a setting where it is set now: in the folder, in the workspace, else for the user. */
async function update<T>(
  name: SettingName,
  scope: vscode.Uri | undefined,
  change: (own: T | undefined) => T,
): Promise<void> {
  const configuration = vscode.workspace.getConfiguration(section, scope ?? null);
  const set = configuration.inspect<T>(name);
  const { Global, Workspace, WorkspaceFolder } = vscode.ConfigurationTarget;
  const [own, target] =
    set?.workspaceFolderValue !== undefined
      ? [set.workspaceFolderValue, WorkspaceFolder]
      : set?.workspaceValue !== undefined
        ? [set.workspaceValue, Workspace]
        : [set?.globalValue, Global];
  await configuration.update(name, change(own), target);
}

/** Keeps the context keys of the switches true to the active editor. */
export function followSwitches(
  settings: Pick<SettingsSource, 'forDocument' | 'current' | 'onDidChange'>,
  snooze: Pick<Snooze, 'untilMs' | 'onDidChange'>,
): Disposable {
  const told = new Map<string, boolean>();
  const tell = (key: string, value: boolean): void => {
    if (told.get(key) === value) return;
    told.set(key, value);
    void vscode.commands.executeCommand('setContext', key, value);
  };
  const follow = (): void => {
    const document = vscode.window.activeTextEditor?.document;
    const here = document ? settings.forDocument(document.uri) : settings.current;
    tell(switchKeys.enabled, here.enabled);
    tell(
      switchKeys.languageEnabled,
      document !== undefined && languageEnabled(here, document.languageId),
    );
    tell(switchKeys.snoozed, snooze.untilMs !== undefined);
  };
  const own = new DisposableStore();
  own.add(settings.onDidChange(follow));
  own.add(snooze.onDidChange(follow));
  own.add(vscode.window.onDidChangeActiveTextEditor(follow));
  own.add(vscode.workspace.onDidOpenTextDocument(follow));
  follow();
  return own;
}
