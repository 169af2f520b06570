/**
 * "Why nothing here?": asks the pipeline at the cursor, as typing would, and shows what came of it.
 * Nothing is recorded, and what is shown as ghost text stays as it is.
 */
import * as vscode from 'vscode';
import type { Question, Suggester } from '../completion/suggester';
import { availabilityOf } from './availability';
import { snapshotOf } from './documentText';
import type { EditorLanguageServer } from './languageServer';
import { type Action, type LanguageName, offText } from './offText';
import type { SettingsSource } from './settings';
import type { Snooze } from './snooze';
import { type WhyEntry, whyOff, whyText } from './whyText';
import type { WorkspaceFiles } from './workspaceFiles';

export interface WhyParams {
  readonly suggester: Suggester;
  readonly languageServer: EditorLanguageServer;
  readonly settings: SettingsSource;
  readonly files: WorkspaceFiles;
  readonly snooze: Snooze;
  readonly languageName: LanguageName;
}

export async function whyNothing(params: WhyParams): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  const items: Promise<readonly Item[]> = editor
    ? whyAt(params, editor).then((entries) => entries.map(itemOf))
    : Promise.resolve([{ label: '$(info) Open a file first.' }]);
  const picked = await vscode.window.showQuickPick(items, {
    title: 'Why nothing here?',
    placeHolder: 'What Hone made of this place',
  });
  if (picked?.command === undefined) return;
  const { command, argument } = picked;
  await vscode.commands.executeCommand(command, ...(argument === undefined ? [] : [argument]));
}

type Item = vscode.QuickPickItem & Partial<Pick<Action, 'command' | 'argument'>>;

function itemOf(entry: WhyEntry): Item {
  return entry.kind === 'group'
    ? { label: entry.label, kind: vscode.QuickPickItemKind.Separator }
    : { ...entry, kind: vscode.QuickPickItemKind.Default };
}

async function whyAt(
  params: WhyParams,
  { document, selection }: vscode.TextEditor,
): Promise<readonly WhyEntry[]> {
  const { settings, files, snooze, languageName, suggester, languageServer } = params;
  const position = selection.active;
  await files.ready();
  const availability = availabilityOf({
    ...{ document, line: position.line, settings, files, snooze },
  });
  const off = offText(availability, languageName);
  if (off) return whyOff(off);

  const { snapshot, windowStart } = snapshotOf(document, position);
  const question: Question = {
    ...{ document: snapshot, windowStart, trigger: 'automatic' },
    settings: settings.forDocument(document.uri),
    languageServer: languageServer.at(document, position),
  };
  return whyText(await suggester.inquire(question, new AbortController().signal));
}
