/**
 * A member that nothing but the language server knows: its type comes with a package that Hone does
 * not read, and no file of the workspace has its name.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { CompletionList } from 'vscode';
import { openAtCursor } from '../shop';
import { Editor, poll, type Window } from '../workbench';

const source = `import { openLedger } from 'ledger';

const ledger = openLedger();
export const amount = ledger`;
const members = ['quillTotal', 'zephyrCount'];
const declarations = `export interface Ledger { ${members.map((name) => `${name}: number`).join('; ')} }
export declare function openLedger(): Ledger;
`;
const [line, column] = [4, source.split('\n').at(-1)!.length + 1];

let editor: Editor;
let window: Window;

beforeAll(async () => {
  // Whether a member that nobody has written is likely enough to be shown is not asked here.
  editor = await Editor.start({ settings: { 'hone.eagerness': 1 } });
  const folder = path.join(editor.server.dataDir, 'workspaces', 'accounts');
  const installed = path.join(folder, 'node_modules', 'ledger');
  fs.mkdirSync(installed, { recursive: true });
  fs.writeFileSync(path.join(installed, 'package.json'), '{"name":"ledger","types":"ledger.d.ts"}');
  fs.writeFileSync(path.join(installed, 'ledger.d.ts'), declarations);
  fs.writeFileSync(path.join(folder, 'accounts.ts'), `${source};\n`);
  fs.writeFileSync(path.join(folder, 'begun.ts'), `${source}.;\n`);
  window = await editor.open(folder);
  await window.waitReady();
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await editor.keepPictures(task.name);
});

afterAll(async () => {
  await editor?.close();
});

/** What the editor's completion list would say in a file of the workspace. */
function listed(file: string, row: number, character: number): Promise<string[]> {
  return window.inHost(
    async (api, name, atRow, atCharacter) => {
      const folder = api.workspace.workspaceFolders?.[0];
      if (!folder) throw new Error('No folder is open.');
      const list = await api.commands.executeCommand<CompletionList>(
        'vscode.executeCompletionItemProvider',
        api.Uri.joinPath(folder.uri, name),
        new api.Position(atRow - 1, atCharacter - 1),
      );
      return list.items.map(({ label }) => (typeof label === 'string' ? label : label.label));
    },
    file,
    row,
    character,
  );
}

test('a member that only the language server knows is suggested', async () => {
  // The server first has to start and to read the package.
  await openAtCursor(window, 'begun.ts', 1, 1);
  await poll('the language server', async () => {
    const names = await listed('begun.ts', line, column + 1);
    return members.every((name) => names.includes(name)) ? names : undefined;
  });

  // One key, so that no suggestion comes on the way.
  await openAtCursor(window, 'accounts.ts', line, column);
  await window.type('.');
  const ghost = await window.waitGhost();
  expect(ghost).toMatch(new RegExp(`^(?:${members.join('|')})(?![\\w$])`));

  // What is typed of a member is gone on from, and to none but the members that there are.
  await window.type('z');
  expect(await window.waitGhost((text) => text.startsWith('e'))).toMatch(/^ephyrCount(?![\w$])/);
});
