/**
 * What `hone.neverLearn` names: Hone suggests there as anywhere, from the file's own text too, but
 * keeps nothing of it and tells no other file of it, neither as copied text nor to the policy.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { Feedback } from '../feedback';
import { makeShop, openAtCursor } from '../shop';
import { Editor, poll, type Window } from '../workbench';

/** A line that no policy would think of, so that it can only have been copied. */
const begun = 'registerVellichor(';
const rest = '"quoz-4417", "mottleFlange", 93';
const lines = [1, 2, 3].map((n) => `function f${n}() {\n  ${begun}${rest});\n}\n`).join('\n');
const asking = `function g() {\n  \n}\n`;
const [line, column] = [2, 3];

let editor: Editor;
let window: Window;
let feedback: Feedback;

beforeAll(async () => {
  editor = await Editor.start({ settings: { 'hone.neverLearn': ['private/**'] } });
  const folder = makeShop(editor, 'shop', []);
  fs.mkdirSync(path.join(folder, 'private'));
  fs.writeFileSync(path.join(folder, 'private/own.ts'), `${asking}\n${lines}`);
  fs.writeFileSync(path.join(folder, 'asking.ts'), asking);
  window = await editor.open(folder);
  feedback = new Feedback(editor.server.dataDir);
  await window.waitReady();
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await editor.keepPictures(task.name);
});

afterAll(async () => {
  await editor?.close();
});

test('the text of such a file is offered in it', async () => {
  await openAtCursor(window, 'private/own.ts', line, column);
  await window.type(begun);
  await window.waitGhost((ghost) => ghost.startsWith(rest));
  await window.press('Tab');
  await window.waitText((text) => text.startsWith(`function g() {\n  ${begun}${rest}`));
});

test('it is kept nowhere and offered in no other file, though it was just edited', async () => {
  await openAtCursor(window, 'asking.ts', line, column);
  await window.type(begun);
  await feedback.wait('asking.ts', ({ policyVersion }) => policyVersion !== 'none');
  for (const { text, snippetsJson } of await feedback.of('asking.ts')) {
    expect(text ?? '').not.toContain(rest.slice(0, 6));
    expect(snippetsJson).not.toContain('mottleFlange');
  }
  expect(await feedback.of('private/own.ts')).toEqual([]);
});

test('once it may be learned from, it is offered there', async () => {
  await window.inHost(async (api) => {
    await api.workspace.getConfiguration('hone').update('neverLearn', [], true);
  });
  await poll('text of the other file', async () => {
    // On a new line, since what was said of the one before is said again there.
    await window.press('Enter');
    await window.type(begun);
    await window.waitGhost((ghost) => ghost.startsWith(rest), 3000);
    return true;
  });
});
