/**
 * What a user sees of learning: a version that was learned changes what is suggested, and rolling back
 * brings back what was suggested before, while suggestions never stop.
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
const learned = 'wax.press(total, 17);';

let editor: Editor;
let window: Window;

beforeAll(async () => {
  editor = await Editor.start();
  const folder = path.join(editor.server.dataDir, 'workspaces', 'ledger');
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, 'ledger.ts'), `${source}\n}\n`);
  fs.writeFileSync(path.join(folder, 'elsewhere.ts'), '\n');
  window = await editor.open(folder);
  await window.waitReady();
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await editor.keepPictures(task.name);
});

afterAll(async () => {
  await editor?.close();
});

/** What is suggested at the place now; the cursor goes elsewhere before, so that it is asked anew. */
async function suggested(): Promise<string> {
  await openAtCursor(window, 'elsewhere.ts', 1, 1);
  await openAtCursor(window, 'ledger.ts', line, column);
  await window.command('Hone: Suggest Now');
  return window.waitGhost();
}

/** Waits until what is suggested is as wanted. Something is suggested all the while. */
const until = (isWanted: (ghost: string) => boolean): Promise<string> =>
  poll('another suggestion', async () => {
    const ghost = await suggested();
    return isWanted(ghost) ? ghost : undefined;
  });

test('a version that was learned changes the next suggestion, and rolling back restores it', async () => {
  const feedback = new Feedback(editor.server.dataDir);
  expect(await suggested()).not.toContain('wax');
  const before = await feedback.wait('ledger.ts', ({ text }) => text !== null);
  const { id } = await makeVersion(editor.server.dataDir, learned);

  await window.command('Hone: Show Versions...');
  await window.pick(id);
  await until((ghost) => ghost.includes('wax'));

  await window.command('Hone: Roll Back to the Version Before');
  const after = await until((ghost) => !ghost.includes('wax'));
  // What is drawn beside the likeliest differs from time to time; who proposes it does not.
  await feedback.wait(
    'ledger.ts',
    ({ text, timeMs, policyVersion }) =>
      text === after && timeMs > before.timeMs && policyVersion === before.policyVersion,
  );
});
