/**
 * A document to try Hone in, for whoever has no code at hand: functions that differ in a few words, and
 * the cursor where the next one begins. It is untitled, so nothing is written to the disk.
 */
import * as vscode from 'vscode';
import type { Settings } from '../types';
import { languageEnabled } from './settings';

/** Both read the example; the first that is on is used. */
const languages = ['typescript', 'javascript'] as const;

const content = `// Hone suggests grey text as you type. Tab takes it, Esc dismisses it.
// Try it: type "export function cent" on the last line, and wait a moment.

export function inchesToCentimetres(inches) {
  return inches * 2.54;
}

export function centimetresToInches(centimetres) {
  return centimetres / 2.54;
}

export function feetToCentimetres(feet) {
  return feet * 30.48;
}

`;

export async function openExample(settings: Pick<Settings, 'languages'>): Promise<void> {
  const language = languages.find((id) => languageEnabled(settings, id)) ?? languages[0];
  const document = await vscode.workspace.openTextDocument({ language, content });
  const end = document.positionAt(content.length);
  await vscode.window.showTextDocument(document, {
    selection: new vscode.Range(end, end),
    preview: false,
  });
}
