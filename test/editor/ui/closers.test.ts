/**
 * Ghost text in front of the brackets that the editor closed by itself, with VS Code's own settings:
 * taken whole, taken by words and typed, each leaves the document as a person would have written it.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openAtCursor } from '../shop';
import { Editor, type Window } from '../workbench';

/** What VS Code has where nothing is set. */
const defaults = {
  'editor.autoClosingBrackets': 'languageDefined',
  'editor.quickSuggestions': { other: 'on', comments: 'off', strings: 'off' },
  'editor.suggestOnTriggerCharacters': true,
  'editor.wordBasedSuggestions': 'matchingDocuments',
  'editor.parameterHints.enabled': true,
};

const due = (name: string, days: number) => `export function ${name}(beds: readonly Bed[], today: Date): Task[] {
  return schedule(beds, today).filter((task) => task.dueInDays <= ${days});
}
`;
const declared = `import test from 'ava';
import {type Got, type Server, withServer} from './server.js';

declare const server: Server;
declare const got: Got;

`;
const served = (title: string) => `test('${title}', withServer, async (t, server, got) => {
  const response = await got(server.url);
  t.is(response.statusCode, 200);
});
`;

interface Place {
  readonly before: string;
  /** What is typed there, a key at a time, brackets as they come. */
  readonly typed: string;
  /** The ghost text that comes. */
  readonly ghost: string;
  /** The document from where typing began, once all of it is taken; `█` where the cursor is. */
  readonly taken: string;
}

const places: Readonly<Record<string, Place>> = {
  'a parameter list': {
    before: `${due('dueToday', 0)}\n${due('dueTomorrow', 1)}\nexport function dueThisWeek`,
    typed: '(',
    ghost: 'beds: readonly Bed[], today: Date): Task[] {',
    taken: '(beds: readonly Bed[], today: Date): Task[] {█\n',
  },
  'a call with a callback': {
    before: `${declared}${served('gets')}\n${served('posts')}\n${served('puts')}\n`,
    typed: "test('retries', ",
    ghost: 'withServer, async (t, server, got) => {',
    taken: "test('retries', withServer, async (t, server, got) => {\n  █\n});\n",
  },
  'the body of a block': {
    before: `${due('dueToday', 0)}\n${due('dueTomorrow', 1)}\nexport function dueThisWeek(beds: readonly Bed[], today: Date): Task[]`,
    typed: ' {',
    ghost: '  return schedule(beds, today)',
    taken: '',
  },
};

let editor: Editor;
let window: Window;

const fileOf = (title: string, how: string) => `${title} ${how}.ts`.replaceAll(' ', '-');

beforeAll(async () => {
  editor = await Editor.start({ settings: defaults });
  const folder = path.join(editor.server.dataDir, 'workspaces', 'garden');
  fs.mkdirSync(folder, { recursive: true });
  for (const [title, { before }] of Object.entries(places))
    for (const how of ['whole', 'by words', 'typed'])
      fs.writeFileSync(path.join(folder, fileOf(title, how)), `${before}\n`);
  window = await editor.open(folder);
  await window.waitReady();
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await editor.keepPictures(task.name);
});

afterAll(async () => {
  await editor?.close();
});

/** Opens the file of a place, types, and waits for the ghost text. */
async function suggestionAt(title: string, how: string): Promise<Place> {
  const place = places[title]!;
  const lines = place.before.split('\n');
  await openAtCursor(window, fileOf(title, how), lines.length, lines.at(-1)!.length + 1);
  await window.type(place.typed);
  const ghost = await window.waitGhost();
  console.log(title, how, JSON.stringify(ghost));
  await window.page.screenshot({ path: `/tmp/closers-${title.replaceAll(' ', '-')}.png` });
  return place;
}

/** What stands where typing began, `█` where the cursor is. */
async function written({ before }: Place): Promise<string> {
  const text = await window.inHost((api) => {
    const { document, selection } = api.window.activeTextEditor!;
    const whole = document.getText();
    const at = document.offsetAt(selection.active);
    return `${whole.slice(0, at)}█${whole.slice(at)}`;
  });
  expect(text.startsWith(before)).toBe(true);
  return text.slice(before.length);
}

describe.each(Object.keys(places))('%s', (title) => {
  test('taken whole', async () => {
    const place = await suggestionAt(title, 'whole');
    await window.press('Tab');
    await new Promise((resolve) => setTimeout(resolve, 2500));
    console.log(JSON.stringify(await written(place)), JSON.stringify(await window.ghost()));
    await window.page.screenshot({ path: `/tmp/closers-${title.replaceAll(' ', '-')}-taken.png` });
  });

  test('taken by words', async () => {
    const place = await suggestionAt(title, 'by words');
    for (let i = 0; i < 24; i++) {
      await window.press('Control+ArrowRight');
      await new Promise((resolve) => setTimeout(resolve, 300));
      console.log(JSON.stringify(await written(place)), JSON.stringify(await window.ghost()));
    }
  });

  test('typed', async () => {
    const place = await suggestionAt(title, 'typed');
    await window.type(place.ghost, 60);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    console.log(JSON.stringify(await written(place)), JSON.stringify(await window.ghost()));
  });
});
