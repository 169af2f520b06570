/**
 * What a user sees of learning from a repository's history: the offer, once; what it will cost; how far
 * it is, and the way to end it; and what came of it. The repository is small, so that it takes moments.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type GitRepository, gitRepositoryAt } from '../../helpers/gitRepository';
import { openAtCursor } from '../shop';
import { Editor, poll, type Window } from '../workbench';

const fields = ['price', 'stock', 'weight', 'length', 'height', 'margin', 'rating', 'points'];
const more = ['orders', 'visits', 'returns', 'rebates'];

let editor: Editor;
let window: Window;
let repository: GitRepository;

/** What is in a file once it has that many functions, each committed after the one before. */
function source(count: number): string {
  const functions = [...fields, ...more].slice(0, count).map(
    (field) => `export function ${field}Of(items: readonly Item[]): number {
  return items.reduce((sum, item) => sum + item.${field}, 0);
}
`,
  );
  return `import type { Item } from './item';\n\n${functions.join('\n')}`;
}

beforeAll(async () => {
  editor = await Editor.start();
  const folder = path.join(editor.server.dataDir, 'workspaces', 'market');
  fs.mkdirSync(folder, { recursive: true });
  repository = gitRepositoryAt(folder);
  for (let count = 1; count <= fields.length + more.length; count++)
    repository.commit({ 'sums.ts': source(count) });
  fs.appendFileSync(
    path.join(folder, 'sums.ts'),
    '\nexport function sizeOf(items: readonly Item[]): number {\n  return items\n}\n',
  );
  window = await editor.open(folder);
  await window.waitReady();
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await editor.keepPictures(task.name);
});

afterAll(async () => {
  await editor?.close();
});

const toast = (text: string | RegExp) =>
  window.page.locator('.notification-toast', { hasText: text });

const histories = (): string[] => {
  const folder = path.join(
    editor.server.dataDir,
    'user/User/globalStorage/hone.hone/learned/histories',
  );
  return fs.existsSync(folder) ? fs.readdirSync(folder).filter((name) => name.endsWith('.db')) : [];
};

test('it is offered once something was taken, with what it costs', async () => {
  const line = source(fields.length + more.length).split('\n').length + 2;
  await openAtCursor(window, 'sums.ts', line, '  return items'.length + 1);
  await window.type('.');
  await window.waitGhost();
  await window.press('Tab');
  const offer = toast('Hone can learn the style of market');
  await offer.waitFor({ timeout: 30_000 });
  expect(await offer.innerText()).toMatch(/about 20 minutes.*nothing leaves this machine/s);
  await offer.getByText('Not Now').click();
  await offer.waitFor({ state: 'detached' });
  expect(histories()).toEqual([]);
});

test('before it begins it says what it costs, and while it reads it can be stopped', async () => {
  await window.command("Hone: Learn from This Repository's History...");
  await window.dialog().waitFor();
  expect(await window.dialog().innerText()).toMatch(/Learn from the history of market\?/);
  expect(await window.dialog().innerText()).toMatch(/Hone reads all 12 commits.*Nothing leaves/s);
  await window.dialog().locator('.monaco-button', { hasText: 'Start' }).click();
  const progress = toast(/reading history, [1-9]/);
  await progress.waitFor({ timeout: 90_000 });
  const bar = window.status('hone.hone.status').filter({ hasText: 'learning' });
  await bar.waitFor();
  await window.command('Hone: Stop Training');
  await toast('Stopped; nothing has changed').waitFor({ timeout: 30_000 });
  expect(histories()).toEqual([]);
});

test('begun again it goes on, counts from then on, and says what came of it', async () => {
  const end = toast('Hone practised at');
  const busy = toast('Try again later');
  // The process that was stopped has a moment to put away what it has.
  await poll(
    'a beginning',
    async () => {
      await window.command('Notifications: Clear All Notifications');
      await window.command("Hone: Learn from This Repository's History...");
      await window.dialog().locator('.monaco-button', { hasText: 'Start' }).click();
      const begun = toast('reading history').or(end);
      await busy.or(begun).first().waitFor({ timeout: 30_000 });
      return (await busy.count()) === 0 || undefined;
    },
    60_000,
  );
  await end.waitFor({ timeout: 150_000 });
  expect(await end.innerText()).toMatch(
    /practised at \d\d places in the history of market and was right at \d+; that counts from now on\. Not enough examples yet: \d+ of 100/,
  );
  expect(histories()).toHaveLength(1);
  // Suggestions went on all the while, and do.
  await openAtCursor(window, 'sums.ts', 4, '  return items.'.length + 1);
  await window.command('Hone: Suggest Now');
  await window.waitReady();
}, 240_000);
