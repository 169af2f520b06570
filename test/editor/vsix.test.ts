/**
 * The packaged extension, installed the way a user installs it: it must bring its own model, native
 * packages and command line along, and suggest without the sources or a network. Run by
 * `npm run test:vsix`, which names the package in VSIX.
 */
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { installVsix } from '../../tools/editorHost.mjs';
import { Feedback } from './feedback';
import { descendantsRunning } from './processes';
import { makeShop, openAtCursor, typed, withInserted } from './shop';
import { addBridge, Editor, type Window } from './workbench';

let dataDir: string;
let editor: Editor;
let window: Window;

beforeAll(async () => {
  dataDir = fs.mkdtempSync(path.join(os.tmpdir(), 'hone-vsix-'));
  addBridge(dataDir);
  installVsix(process.env['VSIX'] ?? '', dataDir);
  editor = await Editor.start({ installedIn: dataDir });
  window = await editor.open(makeShop(editor, 'shop', ['a.ts']), 'a.ts');
  await window.waitReady();
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await editor.keepPictures(task.name);
});

afterAll(async () => {
  await editor?.close();
});

test('the installed extension suggests with the model it carries', async () => {
  await openAtCursor(window, 'a.ts');
  await window.type(typed);
  const ghost = await window.waitGhost();
  await window.press('Tab');
  await window.waitText((text) => text === withInserted(typed + ghost));
  const row = await new Feedback(dataDir).wait('a.ts', ({ outcome }) => outcome === 'accepted');
  expect(row.text).toBe(ghost);
});

test('its model host runs from the installed folder', async () => {
  const folder = await window.inHost(
    (api) => api.extensions.getExtension('hone.hone')?.extensionPath ?? '',
  );
  expect(folder.startsWith(dataDir)).toBe(true);
  const script = path.join(folder, 'dist/host.js');
  expect(descendantsRunning(editor.server.pid, script)).toHaveLength(1);
});
