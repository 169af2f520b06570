/**
 * What must hold when more than one window is open, and when a window or the model's process goes
 * away in the middle of things: suggestions come back and no feedback is lost.
 */
import * as path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { Feedback } from '../feedback';
import { descendantsRunning } from '../processes';
import { makeShop, openAtCursor, typed, withInserted } from '../shop';
import { Editor, poll, projectRoot, type Window } from '../workbench';

const files = ['killed.ts', 'afterKill.ts', 'reloaded.ts', 'afterReload.ts', 'first.ts'] as const;

let editor: Editor;
let feedback: Feedback;
let first: Window;

beforeAll(async () => {
  editor = await Editor.start();
  feedback = new Feedback(editor.server.dataDir);
  first = await editor.open(makeShop(editor, 'first', [...files]));
  await first.waitReady();
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await editor.keepPictures(task.name);
});

afterAll(async () => {
  await editor?.close();
});

async function acceptIn(window: Window, file: string): Promise<void> {
  await openAtCursor(window, file);
  await window.type(typed);
  const ghost = await window.waitGhost();
  await window.press('Tab');
  await window.waitText((text) => text === withInserted(typed + ghost));
  await feedback.wait(file, ({ outcome }) => outcome === 'accepted');
}

const modelHosts = () =>
  descendantsRunning(editor.server.pid, path.join(projectRoot, 'dist/host.js'));

test('a model host killed in the middle of a generation comes back by itself', async () => {
  await openAtCursor(first, 'killed.ts');
  const [pid] = modelHosts();
  if (pid === undefined) throw new Error('No model host is running.');
  // Stopped first, so that the kill finds it at work on this request whatever the machine's speed.
  process.kill(pid, 'SIGSTOP');
  await first.type(typed);
  await first.status('hone.hone.status').locator('.codicon-loading').waitFor();
  process.kill(pid, 'SIGKILL');
  await poll('another model host', () => modelHosts().find((other) => other !== pid), 30_000);
  await first.waitReady();
  await acceptIn(first, 'afterKill.ts');
});

test('a window reloaded in the middle of a suggestion records it and suggests again', async () => {
  await openAtCursor(first, 'reloaded.ts');
  await first.type(typed);
  await first.waitGhost();
  await new Promise((resolve) => setTimeout(resolve, 900));
  await first.command('Developer: Reload Window');
  await feedback.wait('reloaded.ts', ({ outcome }) => outcome === 'left');
  await first.waitReady();
  await acceptIn(first, 'afterReload.ts');
});

test('two windows share one database', async () => {
  const second = await editor.open(makeShop(editor, 'second', ['second.ts']));
  await second.waitReady();
  await Promise.all([acceptIn(second, 'second.ts'), acceptIn(first, 'first.ts')]);
  expect(await feedback.quickCheck()).toBe('ok');
});
