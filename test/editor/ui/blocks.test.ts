/** Blocks at VS Code's default settings: their first lines are drawn where they begin, and taken by Tab. */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { openAtCursor } from '../shop';
import { Editor, projectRoot, type Window } from '../workbench';

/** What the other tests keep quiet, as it is by default. */
const defaults = {
  'editor.quickSuggestions': { other: 'on', comments: 'off', strings: 'off' },
  'editor.suggestOnTriggerCharacters': true,
  'editor.wordBasedSuggestions': 'matchingDocuments',
  'editor.parameterHints.enabled': true,
  'editor.autoClosingBrackets': 'languageDefined',
};

const planner = `
export class Planner {
  readonly beds: readonly Bed[];
  readonly today: Date;

  constructor(beds: readonly Bed[], today: Date)`;

const cache = `import time


class FileCache:
    def __init__(self, filename, max_age)`;

let editor: Editor;
let window: Window;
let schedule: string;

beforeAll(async () => {
  editor = await Editor.start({ settings: defaults });
  const folder = path.join(editor.server.dataDir, 'workspaces', 'garden');
  fs.cpSync(path.join(projectRoot, 'test/fixtures/sample-project'), folder, { recursive: true });
  schedule = fs.readFileSync(path.join(folder, 'src/schedule.ts'), 'utf8') + planner;
  fs.writeFileSync(path.join(folder, 'src/schedule.ts'), `${schedule}\n}\n`);
  fs.writeFileSync(path.join(folder, 'cache.py'), cache);
  window = await editor.open(folder);
  await window.waitReady();
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await editor.keepPictures(task.name);
});

afterAll(async () => {
  await editor?.close();
});

/** The cursor at the end of `text`, both from 1. */
const endOf = (text: string) =>
  [text.split('\n').length, text.length - text.lastIndexOf('\n')] as const;

test('a body of two lines is drawn between the brackets that the editor closed, and taken', async () => {
  await openAtCursor(window, 'src/schedule.ts', ...endOf(schedule));
  await window.type(' {');
  await window.press('Enter');
  const body = ['this.beds = beds;', 'this.today = today;'];
  const first = await window.waitGhost((ghost) => ghost.startsWith('this.beds = beds;'));
  // Now and then another choice is drawn, so as to learn: then the body is the next one.
  if (!first.includes('\n')) await window.press('Alt+BracketRight');
  await window.waitGhost(
    (ghost) =>
      ghost
        .split('\n')
        .map((line) => line.trim())
        .join() === body.join(),
  );
  await window.press('Tab');
  const taken = `${schedule} {\n    ${body.join('\n    ')}\n  }\n}\n`;
  expect(await window.waitText((text) => text === taken)).toBe(taken);
});

test('of a longer body the lines that are likely are drawn, and no more', async () => {
  await openAtCursor(window, 'cache.py', ...endOf(cache));
  await window.type(':');
  await window.press('Enter');
  const ghost = await window.waitGhost((text) => text.startsWith('self.filename = filename'));
  const lines = ghost.split('\n').map((line) => line.trim());
  expect(['self.filename = filename', 'self.max_age = max_age'].slice(0, lines.length)).toEqual(
    lines,
  );
  await window.press('Tab');
  const taken = `${cache}:\n        ${lines.join('\n        ')}`;
  expect(await window.waitText((text) => text === taken)).toBe(taken);
});
