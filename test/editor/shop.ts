/**
 * A workspace whose text says what comes next: functions that differ in one word, and a last one that
 * lacks a dot and what follows it. Typing that dot draws a suggestion of several words from the copy
 * index and from any language model, so that tests can act on ghost text without knowing it
 * beforehand. It is one key: what is typed key by key draws suggestions on the way, by the clock.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import type { Editor, Window } from './workbench';

const sum = (
  name: string,
  field: string,
) => `export function ${name}(items: readonly Item[]): number {
  return items.reduce((sum, item) => sum + item.${field}, 0);
}
`;

const source = `export interface Item {
  readonly name: string;
  readonly price: number;
  readonly stock: number;
  readonly weight: number;
}

${sum('totalPrice', 'price')}
${sum('totalStock', 'stock')}
export function totalWeight(items: readonly Item[]): number {
  return items`;

const rest = `
}
`;

/** Where typing begins, both from 1. */
export const cursorLine = source.split('\n').length;
export const cursorColumn = source.length - source.lastIndexOf('\n');

/** What the tests type first; the suggestion follows it. */
export const typed = '.';

/** A folder of that name with one such file for each of `names`, and a `.env`; gone with the editor. */
export function makeShop(editor: Editor, title: string, names: readonly string[]): string {
  const folder = path.join(editor.server.dataDir, 'workspaces', title);
  fs.mkdirSync(folder, { recursive: true });
  for (const name of names) fs.writeFileSync(path.join(folder, name), source + rest);
  fs.writeFileSync(path.join(folder, '.env'), 'SHOP_KEY_FIRST=one\nSHOP_KEY_SECOND=two\nSHOP_');
  return folder;
}

/** The whole file once `text` was inserted at the cursor. */
export const withInserted = (text: string): string => source + text + rest;

/** Opens a file of the workspace with the cursor where typing begins. */
export async function openAtCursor(
  window: Window,
  file: string,
  line = cursorLine,
  column = cursorColumn,
): Promise<void> {
  await window.inHost(
    async (api, name, row, character) => {
      const folder = api.workspace.workspaceFolders?.[0];
      if (!folder) throw new Error('No folder is open.');
      const at = new api.Position(row - 1, character - 1);
      await api.window.showTextDocument(api.Uri.joinPath(folder.uri, name), {
        selection: new api.Range(at, at),
        preview: false,
      });
    },
    file,
    line,
    column,
  );
  await window.waitCursor(line, column);
}
