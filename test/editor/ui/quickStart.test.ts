/**
 * The quick start of the README: `npm start` in a fresh clone opens the sample at VS Code's own
 * settings, and typing there brings a suggestion. Packages, model and editor host are lent by this
 * checkout; everything else is made by the command.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { launchChromium, poll, projectRoot, Window } from '../workbench';

/** What `npm run setup` would fetch and install, minutes of it. */
const lent = [
  'node_modules',
  'media/models',
  '.cache/models',
  'test/editor/host/latest/node_modules',
];

let clone: string;
let start: ChildProcess;
let browser: Browser;
let window: Window;

beforeAll(async () => {
  clone = fs.mkdtempSync(path.join(os.tmpdir(), 'hone-clone-'));
  git('clone', '--quiet', '--shared', projectRoot, clone);
  // The clone is to be what stands here, committed or not.
  for (const file of git('ls-files', '-z', '--modified', '--others', '--exclude-standard')
    .split('\0')
    .filter((name) => name !== '' && fs.existsSync(path.join(projectRoot, name))))
    fs.cpSync(path.join(projectRoot, file), path.join(clone, file));
  for (const name of lent) {
    fs.mkdirSync(path.dirname(path.join(clone, name)), { recursive: true });
    fs.symlinkSync(fs.realpathSync(path.join(projectRoot, name)), path.join(clone, name));
  }
  let output = '';
  // In a process group of its own, so that npm, its shell and the server can be ended together.
  start = spawn('npm', ['start', '--', '--browser'], { cwd: clone, detached: true });
  start.stdout?.on('data', (data) => (output += String(data)));
  start.stderr?.on('data', (data) => (output += String(data)));
  const address = await poll(
    'the address',
    () => /sample project: (http:\S+)/.exec(output)?.[1],
    120_000,
  ).catch((error: unknown) => {
    throw new Error(output, { cause: error });
  });
  browser = await launchChromium();
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 } });
  const page = await context.newPage();
  window = new Window(context, page, '');
  await page.goto(address, { waitUntil: 'commit' });
});

afterEach(async ({ task }) => {
  if (task.result?.state !== 'fail') return;
  await window.page.screenshot({
    path: path.join(projectRoot, '.cache/editor-failures/quick-start.png'),
  });
});

afterAll(async () => {
  await browser?.close();
  if (start?.pid) {
    const ended = new Promise((resolve) => start.once('close', resolve));
    process.kill(-start.pid, 'SIGTERM');
    await ended;
  }
  fs.rmSync(clone, { recursive: true, force: true, maxRetries: 5 });
});

test('it opens the sample where typing what its README says brings a suggestion', async () => {
  await window.waitReady();
  await window.waitCursor(32, 1);
  await window.type('\nexport function dueThisWeek(', 60);
  const ghost = await window.waitGhost();
  expect(ghost).toContain('today: Date');
  await window.press('Tab');
  await poll('the text', async () => {
    const lines = await window.lines();
    return (
      lines.some((line) => line.startsWith(`export function dueThisWeek(${ghost}`)) || undefined
    );
  });
});

test('it points to the walkthrough, whose first step opens code to try', async () => {
  // By now the toast is gone; the bell keeps it.
  await window.status('status.notifications').click();
  const notification = window.page.locator('.notification-list-item', { hasText: 'Tab takes it' });
  await notification.locator('.monaco-button', { hasText: 'Get Started' }).click();
  const walkthrough = window.page.locator('.gettingStartedContainer');
  await walkthrough.getByText('See a suggestion').first().waitFor();
  await walkthrough.getByText('Open an Example').click();
  await window.waitCursor(16, 1);
  await window.type('export function cent', 60);
  await window.waitGhost();
});

test('the sample has a history of its own to learn from', () => {
  const folder = path.join(clone, '.cache/start/garden-planner');
  expect(git('-C', folder, 'log', '--format=%s').split('\n').length).toBeGreaterThan(5);
});

function git(...args: readonly string[]): string {
  return execFileSync('git', args, { cwd: projectRoot, encoding: 'utf8' });
}
