/**
 * Taking feedback out, step by step: which form, a preview of what would leave, where to. Nothing is
 * written before the user has seen what it is and said yes.
 */
import { homedir } from 'node:os';
import * as path from 'node:path';
import * as vscode from 'vscode';
import {
  type ExportFormat,
  exportFormats,
  type ExportPlan,
  planExport,
  writeExport,
} from '../store/export';
import type { FeedbackStore } from '../store/feedbackStore';
import type { Clock } from '../types';
import type { Disposable } from '../util/disposable';
import { chooseScope } from './chooseScope';
import { counted, previewText, timeStamp } from './exportText';

const descriptions: Readonly<Record<ExportFormat, string>> = {
  events: 'Everything stored, as it is: one line for each suggestion.',
  sft: 'Prompt and completion, from what you kept. For supervised fine-tuning.',
  preference: 'Prompt, chosen, rejected. For DPO and reward models.',
  unpaired: 'Prompt, completion, label. For KTO.',
};

const previewScheme = 'hone-preview';

/** Shows previews as read-only documents, so that closing one asks nothing. */
export class ExportPreview implements Disposable {
  readonly #registration: Disposable;
  #text = '';
  #count = 0;

  constructor() {
    this.#registration = vscode.workspace.registerTextDocumentContentProvider(previewScheme, {
      provideTextDocumentContent: () => this.#text,
    });
  }

  async show(plan: ExportPlan): Promise<void> {
    this.#text = previewText(plan);
    const uri = vscode.Uri.from({
      scheme: previewScheme,
      path: `/Hone export ${plan.format}.md`,
      query: String(++this.#count),
    });
    const document = await vscode.workspace.openTextDocument(uri);
    await vscode.window.showTextDocument(document, { preview: true, preserveFocus: true });
  }

  dispose(): void {
    this.#registration.dispose();
  }
}

export async function exportFeedback(
  store: FeedbackStore,
  preview: ExportPreview,
  clock: Clock,
): Promise<void> {
  const scope = await chooseScope(store, 'Export feedback', clock);
  if (scope === undefined) return;
  const picked = await vscode.window.showQuickPick(
    exportFormats.map((format) => ({ label: format, detail: descriptions[format], format })),
    { title: `Export feedback ${scope.words}`, placeHolder: 'What for?' },
  );
  if (!picked) return;

  const plan = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Window, title: 'Hone: reading feedback' },
    () => planExport(store, { format: picked.format, ...scope.range }),
  );
  const rows = plan.rows.train + plan.rows.test;
  if (rows === 0) {
    await vscode.window.showInformationMessage(
      `There is no feedback ${scope.words} to export as ${plan.format} yet.`,
    );
    return;
  }
  await preview.show(plan);
  // No dialog: it would cover the very rows that it asks about.
  const write = {
    label: '$(folder) Choose a folder and write...',
    detail: 'Read the preview first.',
  };
  const answer = await vscode.window.showQuickPick([write, { label: '$(close) Cancel' }], {
    title: `Export ${counted(rows, 'row')} as ${plan.format}?`,
    ignoreFocusOut: true,
  });
  if (answer !== write) return;

  const [parent] =
    (await vscode.window.showOpenDialog({
      canSelectFiles: false,
      canSelectFolders: true,
      // Not beside the source, where an export would be committed.
      defaultUri: vscode.Uri.file(homedir()),
      openLabel: 'Export Here',
      title: 'Folder for the export',
    })) ?? [];
  if (!parent) return;
  const directory = path.join(parent.fsPath, `hone-${plan.format}-${timeStamp(clock.now())}`);
  const result = await writeExport(store, plan, directory);
  const show = 'Show Dataset Card';
  const next = await vscode.window.showInformationMessage(
    `Wrote ${counted(rows, 'row')} to ${result.directory}.`,
    show,
  );
  if (next === show) {
    const card = vscode.Uri.file(path.join(result.directory, 'README.md'));
    await vscode.commands.executeCommand('markdown.showPreview', card);
  }
}
