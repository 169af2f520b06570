/**
 * Ghost text in front of the brackets that the editor closed by itself, with VS Code's own settings:
 * taken whole, taken by words or typed, it leaves the document as a person would have written it.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { openAtCursor } from '../shop';
import { Editor, poll, type Window } from '../workbench';

/** What VS Code has where nothing is set. */
const defaults = {
  'editor.autoClosingBrackets': 'languageDefined',
  'editor.quickSuggestions': { other: 'on', comments: 'off', strings: 'off' },
  'editor.suggestOnTriggerCharacters': true,
  'editor.wordBasedSuggestions': 'matchingDocuments',
  'editor.parameterHints.enabled': true,
};

const due = (
  name: string,
  days: number,
) => `export function ${name}(beds: readonly Bed[], today: Date): Task[] {
  return schedule(beds, today).filter((task) => task.dueInDays <= ${days});
}
`;
const garden = `import { type Bed, type Task, schedule } from './schedule';

${due('dueToday', 0)}
${due('dueTomorrow', 1)}
export function dueThisWeek`;

const serves = (title: string) => `test('${title}', withServer, async (t, server, got) => {
  const response = await got(server.url);
  t.is(response.statusCode, 200);
});
`;
const server = `import test, { type Got, type Server, type Tester, withServer } from './server';

declare const t: Tester;
declare const server: Server;
declare const got: Got;

${serves('gets')}
${serves('posts')}
${serves('puts')}
`;

interface Place {
  /** The file up to where typing begins; nothing follows but the end of the line. */
  readonly before: string;
  /** What is typed there; ghost text follows. */
  readonly typed: string;
  /** What a person types who does not take it. */
  readonly typedOn: string;
  /** What stands there in the end, `█` where the cursor is: once it is taken, and once it is typed. */
  readonly taken: RegExp;
  readonly written: string;
}

const body = /\n {2}return schedule\(beds, today\)\.filter\(\(task\) => task\.dueInDays <= \d\);/
  .source;

const places = {
  parameters: {
    before: garden,
    typed: '(',
    typedOn: 'beds: readonly Bed[], today: Date): Task[] {',
    taken: /^\(beds: readonly Bed\[\], today: Date\): Task\[\](?: \{)?█\n$/,
    written: '(beds: readonly Bed[], today: Date): Task[] {█}\n',
  },
  callback: {
    before: server,
    typed: "test('retries', ",
    typedOn: 'withServer, async (t, server, got) => {',
    taken:
      /^test\('retries', withServer, async \(t, server, got\) => \{\n {2}(?:█\n\}\);|\n\}\);█)\n$/,
    written: "test('retries', withServer, async (t, server, got) => {█})\n",
  },
  block: {
    before: `${garden}(beds: readonly Bed[], today: Date): Task[]`,
    typed: ' {',
    typedOn: '\nreturn schedule(beds, today);',
    taken: new RegExp(`^ \\{${body}(?:█\\n\\}|\\n\\}█)\\n$`),
    written: ' {\n  return schedule(beds, today);█\n}\n',
  },
} as const satisfies Record<string, Place>;

let editor: Editor;
let window: Window;

beforeAll(async () => {
  editor = await Editor.start({ settings: defaults });
  const folder = path.join(editor.server.dataDir, 'workspaces', 'garden');
  fs.mkdirSync(folder, { recursive: true });
  for (const [name, { before }] of Object.entries(places))
    for (const how of ['whole', 'words', 'typed'])
      fs.writeFileSync(path.join(folder, `${name}-${how}.ts`), `${before}\n`);
  window = await editor.open(folder);
  await window.waitReady();
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await editor.keepPictures(task.name);
});

afterAll(async () => {
  await editor?.close();
});

/** Opens a file of a place, types there, and waits for ghost text. */
async function suggestionIn(name: keyof typeof places, how: string): Promise<void> {
  const { before, typed } = places[name];
  const lines = before.split('\n');
  await openAtCursor(window, `${name}-${how}.ts`, lines.length, (lines.at(-1) ?? '').length + 1);
  await window.type(typed);
  await window.waitGhost();
}

/** What stands where typing began, `█` where the cursor is. */
async function written({ before }: Place): Promise<string> {
  const marked = await window.inHost((api) => {
    const active = api.window.activeTextEditor;
    const text = active?.document.getText() ?? '';
    const at = active?.document.offsetAt(active.selection.active) ?? 0;
    return `${text.slice(0, at)}█${text.slice(at)}`;
  });
  expect(marked.startsWith(before)).toBe(true);
  return marked.slice(before.length);
}

/** Waits until it is as expected; says how it is where it never is. */
async function waitWritten(place: Place, expected: RegExp | string): Promise<void> {
  let now = '';
  const isThere = async () => {
    now = await written(place);
    return (typeof expected === 'string' ? now === expected : expected.test(now)) || undefined;
  };
  await poll('the text', isThere, 10_000).catch(() => undefined);
  if (typeof expected === 'string') expect(now).toBe(expected);
  else expect(now).toMatch(expected);
}

/** Ctrl+Right, until all is taken. */
async function takeByWords(place: Place): Promise<void> {
  for (let i = 0; i < 40; i++) {
    const before = await written(place);
    if (place.taken.test(before)) return;
    await window.waitGhost((ghost) => ghost !== '');
    await window.press('Control+ArrowRight');
    await poll('a word', async () => ((await written(place)) !== before ? true : undefined));
  }
}

test.each(Object.keys(places) as (keyof typeof places)[])(
  '%s: Tab takes it whole',
  async (name) => {
    await suggestionIn(name, 'whole');
    await window.press('Tab');
    await waitWritten(places[name], places[name].taken);
  },
);

test.each(Object.keys(places) as (keyof typeof places)[])(
  '%s: Ctrl+Right takes it by words',
  async (name) => {
    await suggestionIn(name, 'words');
    await takeByWords(places[name]);
    await waitWritten(places[name], places[name].taken);
  },
);

test.each(Object.keys(places) as (keyof typeof places)[])('%s: it may be typed', async (name) => {
  const place = places[name];
  await suggestionIn(name, 'typed');
  await window.type(place.typedOn, 60);
  await waitWritten(place, place.written);
});

test('behind a brace that was typed Tab takes a body that closes it once', async () => {
  // Where the parameters were typed above; the body may have been prepared before the brace was there.
  await openAtCursor(window, 'parameters-typed.ts', 11, 73);
  await window.press('Backspace');
  await window.type('{');
  await window.waitGhost();
  await window.press('Tab');
  await waitWritten(places.block, places.block.taken);
});
