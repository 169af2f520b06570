/**
 * Puts the cursor where a person goes on once an item was accepted, where that is not behind its text:
 * in the block that it opened, or behind the one that it closed. It does so only if all is as expected.
 */
import * as vscode from 'vscode';

/** A position in the active document, and what stands before it on its line. */
export interface CursorPlace {
  readonly line: number;
  readonly character: number;
  readonly before: string;
}

/** Nothing happens where the document is another, or several cursors are in use. */
export function putCursor({ line, character, before }: CursorPlace): void {
  const editor = vscode.window.activeTextEditor;
  if (editor?.selections.length !== 1 || line >= editor.document.lineCount) return;
  const { text } = editor.document.lineAt(line);
  if (!text.slice(0, character).endsWith(before)) return;
  const position = new vscode.Position(line, character);
  editor.selection = new vscode.Selection(position, position);
}
