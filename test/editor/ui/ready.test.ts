/**
 * Suggestions that are there when they are wanted: after Tab, in long files, after quick switches
 * between files; and beside brackets that the editor has closed already.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { Feedback } from '../feedback';
import { cursorLine, makeShop, openAtCursor, typed } from '../shop';
import { Editor, type Window } from '../workbench';

const switched = Array.from({ length: 12 }, (_, i) => `switched${i}.ts`);
const files = ['closed.ts', ...switched];

/** Loops that begin alike and go on differently, and a function without one. */
const loops = ['price', 'stock', 'weight']
  .map(
    (field) => `export function ${field}Of(items: readonly Item[]): number {
  let total = 0;
  for (const item of items) {
    total += item.${field};
  }
  return total;
}
`,
  )
  .join('\n');
const unfinished = `${loops}
export function sizeOf(items: readonly Item[]): number {
  let total = 0;
  `;

/** Half of the lines of a long file. */
const manyLines = 5_000;
const long = Array.from({ length: manyLines }, (_, i) => `const value${i} = read(${i});\n`).join(
  '',
);

let editor: Editor;
let window: Window;
let feedback: Feedback;

beforeAll(async () => {
  editor = await Editor.start({ settings: { 'editor.autoClosingBrackets': 'always' } });
  const folder = makeShop(editor, 'shop', files);
  fs.writeFileSync(path.join(folder, 'loops.ts'), `${unfinished}\n}\n`);
  fs.writeFileSync(path.join(folder, 'long.ts'), `${long}\n${long}`);
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

test('a bracket that the editor closed is not closed again', async () => {
  await openAtCursor(window, 'closed.ts');
  await window.type(`${typed}reduce(`);
  await window.waitText((text) => text.includes('return items.reduce()'));
  await window.waitGhost();
  await window.press('Tab');
  const text = await window.waitText((now) => !now.includes('return items.reduce()'));
  const line = text.split('\n')[cursorLine - 1] ?? '';
  const count = (bracket: string) => line.split(bracket).length - 1;
  expect(count(')')).toBe(count('('));
});

test('after Tab the next suggestion is there, made before it was asked for', async () => {
  const line = unfinished.split('\n').length;
  const column = unfinished.length - unfinished.lastIndexOf('\n');
  await openAtCursor(window, 'loops.ts', line, column);
  await window.type('fo');
  const ghost = await window.waitGhost();
  expect(ghost).toBe('r (const item of items) {');
  // Reads what follows, and makes the next one.
  await new Promise((resolve) => setTimeout(resolve, 5000));
  await window.press('Tab');
  await window.waitText((text) => text.includes(`  fo${ghost}\n}`));
  const next = await window.waitGhost((now) => now.trim() !== '' && now !== ghost);
  const { outcomeMs } = await feedback.wait('loops.ts', ({ outcome }) => outcome === 'accepted');
  await window.press('Escape');
  const row = await feedback.wait('loops.ts', ({ text }) => text !== null && text.endsWith(next));
  expect(row.timeMs).toBeLessThan(outcomeMs ?? 0);
});

test('in the middle of 10,000 lines', async () => {
  await openAtCursor(window, 'long.ts', manyLines + 1, 1);
  await window.type('const value9 = ');
  await window.waitGhost((ghost) => ghost.startsWith('read('));
  await window.press('Tab');
  await feedback.wait('long.ts', ({ outcome }) => outcome === 'accepted');
});

test('after quick switches between files only the last one is asked about', async () => {
  for (const file of switched)
    await window.inHost(async (api, name) => {
      const folder = api.workspace.workspaceFolders?.[0];
      if (folder) await api.window.showTextDocument(api.Uri.joinPath(folder.uri, name));
    }, file);
  const last = switched.at(-1) ?? '';
  await openAtCursor(window, last);
  await window.type(typed);
  await window.waitGhost(undefined, 10_000);
  for (const file of switched.slice(0, -1)) expect(await feedback.of(file)).toEqual([]);
  expect(await feedback.of(last)).not.toEqual([]);
});
