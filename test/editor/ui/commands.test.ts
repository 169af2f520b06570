/**
 * The rest of what a user meets: another candidate by Alt+], the menu of the status bar, switching
 * off, thumbs and comments, the preview before an export, and the walkthrough.
 */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { Feedback } from '../feedback';
import { cursorColumn, cursorLine, makeShop, openAtCursor, typed, withInserted } from '../shop';
import { Editor, type Window } from '../workbench';

const files = ['cycled.ts', 'off.ts'] as const;

let editor: Editor;
let window: Window;
let feedback: Feedback;

beforeAll(async () => {
  editor = await Editor.start();
  window = await editor.open(makeShop(editor, 'shop', files));
  feedback = new Feedback(editor.server.dataDir);
  await window.waitReady();
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await editor.keepPictures(task.name);
});

afterAll(async () => {
  await editor?.close();
});

test('Alt+] shows another candidate, and the row names the one that was taken', async () => {
  await openAtCursor(window, 'cycled.ts');
  await window.type(typed);
  const first = await window.waitGhost();
  await window.press('Alt+BracketRight');
  const second = await window.waitGhost((ghost) => ghost !== '' && ghost !== first);
  await window.press('Tab');
  await window.waitText((text) => text === withInserted(typed + second));
  const row = await feedback.wait('cycled.ts', ({ outcome }) => outcome === 'accepted');
  expect(row.text).toBe(first);
  expect(row.outcomeIndex).toBeGreaterThan(0);
  expect(row.takenLength).toBe(second.length);
});

test('thumbs and comments are stored with the last suggestion', async () => {
  await window.status('hone.hone.status').click();
  await window.pick('Bad suggestion');
  await window.page.getByText('Rate the last suggestion, in cycled.ts').waitFor();
  await window.pick('Bad suggestion');
  await feedback.wait('cycled.ts', ({ thumb }) => thumb === 'down');
  await window.command('Hone: Comment on Last Suggestion...');
  await window.answer('It should have been the weight.');
  await feedback.wait('cycled.ts', ({ comment }) => comment === 'It should have been the weight.');
});

test('what an export would write is shown before anything is written', async () => {
  await window.command('Hone: Export Feedback...');
  await window.pick('This workspace (shop)');
  await window.pick('All time');
  await window.pick('events');
  await window.page.locator('.tab', { hasText: 'Hone export events.md' }).waitFor();
  await window.page.getByText('as events?').waitFor();
  await window.pick('Cancel');
});

test('switched off from the menu, it says so and stays silent until it is switched on', async () => {
  await openAtCursor(window, 'off.ts');
  await window.status('hone.hone.status').click();
  await window.pick('Disable everywhere');
  await window.status('hone.hone.status').filter({ hasText: 'Hone: off' }).waitFor();
  await openAtCursor(window, 'off.ts');
  await window.type(typed);
  await new Promise((resolve) => setTimeout(resolve, 2000));
  expect(await window.ghost()).toBe('');
  expect(await feedback.of('off.ts')).toEqual([]);

  await window.command('Hone: Enable Suggestions Everywhere');
  await window.waitReady();
  await openAtCursor(window, 'off.ts', cursorLine, cursorColumn + typed.length);
  await window.type('re');
  await window.waitGhost();
});

test('the walkthrough opens', async () => {
  await window.command('Hone: Get Started');
  const page = window.page.locator('.gettingStartedContainer');
  await page.getByText('See a suggestion').first().waitFor();
  await page.getByText('Stored here, and nowhere else').first().waitFor();
});
