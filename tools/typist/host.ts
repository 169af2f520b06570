/**
 * What the extension host knows, asked through the bridge: the text and the cursor, and the hunk's file
 * made ready. Its functions run in the extension host and see nothing else of this file.
 */
import type * as vscode from 'vscode';
import type { EditorState } from './keys';

export interface OpenedState extends EditorState {
  readonly tabSize: number;
  /** Whether the editor indents by tabs. */
  readonly usesTabs: boolean;
}

export function readState(api: typeof vscode): OpenedState {
  const editor = api.window.activeTextEditor;
  if (!editor) throw new Error('No editor is open.');
  const { document, selection, options } = editor;
  return {
    text: document.getText(),
    cursor: document.offsetAt(selection.active),
    tabSize: Number(options.tabSize),
    usesTabs: options.insertSpaces === false,
  };
}

/** Opens a file, makes it this text by the smallest change, saves it, and selects a range of it. */
export async function prepare(
  api: typeof vscode,
  file: string,
  text: string,
  from: number,
  to: number,
): Promise<void> {
  const editor = await api.window.showTextDocument(api.Uri.file(file));
  const { document } = editor;
  if (document.eol !== api.EndOfLine.LF)
    await editor.edit((edit) => edit.setEndOfLine(api.EndOfLine.LF));
  const old = document.getText();
  const shorter = Math.min(old.length, text.length);
  let start = 0;
  while (start < shorter && old[start] === text[start]) start++;
  let same = 0;
  while (same < shorter - start && old.at(-1 - same) === text.at(-1 - same)) same++;
  const range = new api.Range(document.positionAt(start), document.positionAt(old.length - same));
  if (old !== text)
    await editor.edit((edit) => edit.replace(range, text.slice(start, text.length - same)));
  await document.save();
  if (document.getText() !== text) throw new Error(`${file} could not be made ready.`);
  editor.selection = new api.Selection(document.positionAt(from), document.positionAt(to));
  editor.revealRange(editor.selection, api.TextEditorRevealType.InCenter);
}
