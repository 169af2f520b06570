/**
 * What a user sees of learning: a version that was learned changes what is suggested, and rolling back
 * brings back what was suggested before, while suggestions never stop; deleting all feedback forgets
 * what was learned too, in every window, when the user says so.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { Feedback } from '../feedback';
import { openAtCursor } from '../shop';
import { makeVersion } from '../versions';
import { Editor, poll, type Window } from '../workbench';

const source = `export function closeLedger(total: number): string {
  const seal = `;
const [line, column] = [2, '  const seal = '.length + 1];
const learned = "'wax ' + total.toFixed(17);";

let editor: Editor;
let window: Window;
let feedback: Feedback;

beforeAll(async () => {
  editor = await Editor.start();
  window = await editor.open(makeLedger('ledger'));
  await window.waitReady();
  feedback = new Feedback(editor.server.dataDir);
});

function makeLedger(title: string): string {
  const folder = path.join(editor.server.dataDir, 'workspaces', title);
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, 'ledger.ts'), `${source}\n}\n`);
  fs.writeFileSync(path.join(folder, 'elsewhere.ts'), '\n');
  return folder;
}

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await editor.keepPictures(task.name);
});

afterAll(async () => {
  await editor?.close();
});

/** What is suggested at the place now; the cursor goes elsewhere before, so that it is asked anew. */
async function suggested(within = window): Promise<string> {
  await openAtCursor(within, 'elsewhere.ts', 1, 1);
  await openAtCursor(within, 'ledger.ts', line, column);
  await within.command('Hone: Suggest Now');
  return within.waitGhost();
}

/** Waits until what is suggested is as wanted. Something is suggested all the while. */
const until = (isWanted: (ghost: string) => boolean, within = window): Promise<string> =>
  poll('another suggestion', async () => {
    const ghost = await suggested(within);
    return isWanted(ghost) ? ghost : undefined;
  });

test('a version that was learned changes the next suggestion, and rolling back restores it', async () => {
  expect(await suggested()).not.toContain('wax');
  const before = await feedback.wait('ledger.ts', ({ text }) => text !== null);
  const { id } = await makeVersion(editor.server.dataDir, learned);

  await window.command('Hone: Show Versions...');
  await window.pick(id);
  await until((ghost) => ghost.includes('wax'));

  await window.command('Hone: Roll Back to Previous Version');
  const after = await until((ghost) => !ghost.includes('wax'));
  // What is drawn beside the likeliest differs from time to time; who proposes it does not.
  await feedback.wait(
    'ledger.ts',
    ({ text, timeMs, policyVersion }) =>
      text === after && timeMs > before.timeMs && policyVersion === before.policyVersion,
  );
});

test('with all feedback it forgets what was learned as well, in this window and in another', async () => {
  await window.command('Hone: Show Versions...');
  await window.pick('passed');
  await until((ghost) => ghost.includes('wax'));
  const other = await editor.open(makeLedger('counter'));
  await other.waitReady();
  await until((ghost) => ghost.includes('wax'), other);

  const choosesAll = async (): Promise<void> => {
    await window.command('Hone: Delete Feedback...');
    await window.pick('All workspaces');
    await window.pick('All time');
    await window.page.getByText('Delete feedback from all workspaces?').waitFor();
  };
  const { length } = await feedback.of('ledger.ts');
  await choosesAll();
  await window.press('Enter');
  await window.page.getByText('Delete feedback from all workspaces?').waitFor({ state: 'hidden' });
  expect((await feedback.of('ledger.ts')).length).toBeGreaterThanOrEqual(length);
  await choosesAll();
  await window.pick('and forget everything learned');
  const toast = window.page.locator('.notification-toast', { hasText: 'is forgotten' });
  await toast.waitFor({ timeout: 60_000 });
  const learnedFolder = path.join(
    editor.server.dataDir,
    'user/User/globalStorage/hone.hone/learned/everywhere',
  );
  expect(fs.existsSync(learnedFolder)).toBe(false);
  await until((ghost) => !ghost.includes('wax'));
  await until((ghost) => !ghost.includes('wax'), other);
});
