/**
 * The texts of open documents, as the core wants them and as cheaply as the editor gives them: of a
 * long document a window, never the whole. Keeps nothing.
 */
import * as vscode from 'vscode';
import type { DocumentSnapshot } from '../completion/context';
import { fileUriOf, relativePath } from './workspaceFiles';

/** Documents up to this many characters are read whole; of longer ones a window is. */
const maxWholeCharacters = 256 * 1024;
/** The window of a long document begins at a multiple of `windowStep`, so that typing does not move it. */
const windowBefore = 96 * 1024;
const windowStep = 32 * 1024;
const windowAfter = 16 * 1024;
/** The document as the pipeline sees it, and where its text begins in the whole document. */
export function snapshotOf(
  document: vscode.TextDocument,
  position: vscode.Position,
): { readonly snapshot: DocumentSnapshot; readonly windowStart: number } {
  const length = lengthOf(document);
  const offset = document.offsetAt(position);
  const isWhole = length <= maxWholeCharacters;
  const windowStart = isWhole
    ? 0
    : Math.max(0, Math.floor((offset - windowBefore) / windowStep) * windowStep);
  const text = isWhole
    ? document.getText()
    : document.getText(
        new vscode.Range(
          document.positionAt(windowStart),
          document.positionAt(Math.min(length, offset + windowAfter)),
        ),
      );
  return {
    windowStart,
    snapshot: {
      uri: document.uri.toString(),
      ...placeOf(document.uri),
      languageId: document.languageId,
      text,
      offset: offset - windowStart,
    },
  };
}

/** What a document is called in its workspace folder; its name alone, outside any. */
export function placeOf(uri: vscode.Uri): Pick<DocumentSnapshot, 'path' | 'repository'> {
  const file = fileUriOf(uri);
  const folder = vscode.workspace.getWorkspaceFolder(file);
  return {
    path: folder ? relativePath(folder, file) : (file.path.split('/').at(-1) ?? ''),
    repository: folder?.name ?? '',
  };
}

/** Putting together more than this would hold the editor up; the tracker follows no such document. */
const maxReadCharacters = 2_000_000;

/** The text of an open document between two offsets, for the tracker. */
export function readOpenDocument(uri: string, start: number, end: number): string | undefined {
  const document = vscode.workspace.textDocuments.find((open) => open.uri.toString() === uri);
  if (!document) return undefined;
  const length = lengthOf(document);
  if (Math.min(end, length) - start > maxReadCharacters) return undefined;
  if (start === 0 && end >= length) return document.getText();
  return document.getText(new vscode.Range(document.positionAt(start), document.positionAt(end)));
}

/** Length in characters, without putting the whole text together. */
export function lengthOf(document: vscode.TextDocument): number {
  return document.offsetAt(document.lineAt(document.lineCount - 1).range.end);
}
