/**
 * Where Hone is silent it says why, and the way out is a link: the tooltip of the status item, the
 * first entry of the menu, and the command that answers for the cursor. At VS Code's own settings.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { Feedback } from '../feedback';
import { cursorLine, makeShop, openAtCursor } from '../shop';
import { Editor, type Window } from '../workbench';

let editor: Editor;
let window: Window;
let feedback: Feedback;

const status = () => window.status('hone.hone.status');

beforeAll(async () => {
  editor = await Editor.start({ settings: defaults });
  const folder = makeShop(editor, 'shop', ['shop.ts']);
  fs.writeFileSync(path.join(folder, 'NOTES.md'), '# Notes\n\nThe shop opens at ');
  window = await editor.open(folder);
  feedback = new Feedback(editor.server.dataDir);
  await window.waitReady();
});

/** What the other tests switch off stands here as VS Code brings it. */
const defaults = {
  'editor.quickSuggestions': { other: 'on', comments: 'off', strings: 'off' },
  'editor.suggestOnTriggerCharacters': true,
  'editor.wordBasedSuggestions': 'matchingDocuments',
  'editor.parameterHints.enabled': true,
  'editor.autoClosingBrackets': 'languageDefined',
};

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await editor.keepPictures(task.name);
});

afterAll(async () => {
  await editor?.close();
});

/** Opens the tooltip of the status item. */
async function tooltip() {
  await window.page.mouse.move(0, 0);
  await status().hover();
  const hover = window.page.locator('.workbench-hover-container', { hasText: 'Hone' });
  await hover.waitFor();
  return hover;
}

/** What the list that is open says, as soon as it says `wanted`. */
async function listWith(wanted: string): Promise<string> {
  const list = window.page.locator('.quick-input-list', { hasText: wanted });
  await list.waitFor();
  return (await list.textContent()) ?? '';
}

test('in Markdown the tooltip says that it is off by default, and its link switches it on', async () => {
  await openAtCursor(window, 'NOTES.md', 3, 19);
  await status().filter({ hasText: 'Hone: off for Markdown' }).waitFor();
  const hover = await tooltip();
  await hover.getByText('Suggestions are off for Markdown by default.').waitFor();
  await hover.getByText('Enable for Markdown').click();
  await window.waitReady();
});

test('in a private file the tooltip says so, and links nothing', async () => {
  await openAtCursor(window, '.env', 3, 6);
  await status().filter({ hasText: 'Hone: off (private file)' }).waitFor();
  const hover = await tooltip();
  await hover.getByText('This file may hold secrets, so Hone never reads it.').waitFor();
  expect(await hover.locator('a').count()).toBe(0);
});

test('switched off in the folder, it says so, and the link switches it on there', async () => {
  await openAtCursor(window, 'shop.ts');
  await window.inHost(async (api) => {
    const { Workspace } = api.ConfigurationTarget;
    await api.workspace.getConfiguration('hone').update('enabled', false, Workspace);
  });
  await status().filter({ hasText: 'Hone: off in this folder' }).waitFor();
  const hover = await tooltip();
  await hover.getByText('Enable in this folder').click();
  await window.waitReady();
});

test('snoozed, the menu begins with the way out', async () => {
  await openAtCursor(window, 'shop.ts');
  await window.inHost((api) => api.commands.executeCommand('hone.snooze', 5));
  await status().filter({ hasText: 'Hone: snoozed until' }).waitFor();
  await status().click();
  await window.page
    .locator('.quick-input-list .monaco-list-row.focused', { hasText: 'End snooze' })
    .waitFor();
  await window.press('Enter');
  await window.waitReady();
});

test('asked why nothing is here, it tells the gate and what was proposed, and records nothing', async () => {
  // Within the word `return`.
  await openAtCursor(window, 'shop.ts', cursorLine, 5);
  await window.command('Hone: Why Nothing Here?');
  expect(await listWith('The cursor is inside a word.')).toContain('Suggest now');
  await window.press('Escape');

  await openAtCursor(window, 'shop.ts');
  await window.command('Hone: Why Nothing Here?');
  const text = await listWith('How likely');
  expect(text).toMatch(/generated|copied from your code/);
  await window.press('Escape');
  expect(await feedback.of('shop.ts')).toEqual([]);
});
