/**
 * Everything a person can do with ghost text, done with the keyboard and the mouse in a real window,
 * and what stands in the database afterwards. Each test has a file of its own in one workspace; those
 * that accept come first, so that the fifteen seconds until survival is measured pass meanwhile.
 */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { Feedback, type StoredSuggestion } from '../feedback';
import { cursorLine, makeShop, openAtCursor, typed, withInserted } from '../shop';
import { Editor, type Window } from '../workbench';

const files = [
  'accepted',
  'undone',
  'edited',
  'clicked',
  'typedThrough',
  'partial',
  'dismissed',
  'refused',
  'typedAgainst',
  'superseded',
  'left',
].map((name) => `${name}.ts`);

/** Longer than the 750 ms after which a suggestion counts as seen. */
const seenMs = 900;

let editor: Editor;
let window: Window;
let feedback: Feedback;

beforeAll(async () => {
  editor = await Editor.start();
  window = await editor.open(makeShop(editor, 'shop', files));
  feedback = new Feedback(editor.server.dataDir);
  await window.waitReady();
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await editor.keepPictures(task.name);
});

afterAll(async () => {
  await editor?.close();
});

/** Opens the file, types, and returns the ghost text that comes. */
async function suggestionIn(file: string): Promise<string> {
  await openAtCursor(window, file);
  await window.type(typed);
  const ghost = await window.waitGhost();
  expect((await window.lines()).some((line) => line.trimEnd().endsWith(typed))).toBe(true);
  return ghost;
}

async function acceptIn(file: string): Promise<string> {
  const ghost = await suggestionIn(file);
  await window.press('Tab');
  await window.waitText((text) => text === withInserted(typed + ghost));
  return ghost;
}

const seen = () => new Promise((resolve) => setTimeout(resolve, seenMs));

test('Tab accepts the ghost text as it was shown', async () => {
  const ghost = await acceptIn('accepted.ts');
  await window.waitNoGhost();
  const row = await feedback.wait('accepted.ts', ({ outcome }) => outcome === 'accepted');
  expect(row.text).toBe(ghost);
  expect(row.takenLength).toBe(ghost.length);
});

test('an acceptance that is undone stays an acceptance', async () => {
  await acceptIn('undone.ts');
  await window.press('Control+z');
  await window.waitText((text) => text === withInserted(typed));
  await feedback.wait('undone.ts', ({ outcome }) => outcome === 'accepted');
});

test('accepted text can be edited', async () => {
  const ghost = await acceptIn('edited.ts');
  for (let i = 0; i < 4; i++) await window.press('Backspace');
  await window.type('1);');
  await window.waitText((text) => text === withInserted(`${typed}${ghost.slice(0, -4)}1);`));
  await feedback.wait('edited.ts', ({ outcome }) => outcome === 'accepted');
});

test('a click on the toolbar accepts', async () => {
  const ghost = await suggestionIn('clicked.ts');
  await window.acceptByClick();
  await window.waitText((text) => text === withInserted(typed + ghost));
  const row = await feedback.wait('clicked.ts', ({ outcome }) => outcome === 'accepted');
  expect(row.takenLength).toBe(ghost.length);
});

test('typing the ghost text keeps it on screen and counts as taking it', async () => {
  const ghost = await suggestionIn('typedThrough.ts');
  const half = Math.ceil(ghost.length / 2);
  await window.type(ghost.slice(0, half), 40);
  await window.waitGhost((rest) => rest === ghost.slice(half));
  await window.type(ghost.slice(half), 40);
  await window.waitText((text) => text === withInserted(typed + ghost));
  const row = await feedback.wait('typedThrough.ts', ({ outcome }) => outcome === 'typedThrough');
  expect(row.takenLength).toBe(row.text?.length);
});

test('Ctrl+Right takes a part, and the rest is dismissed', async () => {
  const ghost = await suggestionIn('partial.ts');
  await window.press('Control+ArrowRight');
  const rest = await window.waitGhost((now) => now !== ghost && ghost.endsWith(now));
  const taken = ghost.slice(0, ghost.length - rest.length);
  await window.waitText((text) => text === withInserted(typed + taken));
  await seen();
  await window.press('Escape');
  await window.waitNoGhost();
  const row = await feedback.wait('partial.ts', ({ outcome }) => outcome === 'partial');
  expect(row.takenLength).toBe(taken.length);
});

test('Escape dismisses what has been seen', async () => {
  await suggestionIn('dismissed.ts');
  await seen();
  await window.press('Escape');
  await window.waitNoGhost();
  const row = await feedback.wait('dismissed.ts', ({ outcome }) => outcome === 'dismissed');
  expect(row.takenLength).toBe(0);
  expect(row.visibleMs).toBeGreaterThan(750);
  expect(await window.text()).toBe(withInserted(typed));
});

test('what was dismissed is not offered there again until a line beside it changes', async () => {
  const refused = await suggestionIn('refused.ts');
  await seen();
  await window.press('Escape');
  const dismissed = await feedback.wait('refused.ts', ({ outcome }) => outcome === 'dismissed');
  // The text in front may be another; what is asked is whether this one can be offered at all.
  const offers = ({ candidatesJson }: StoredSuggestion) =>
    (JSON.parse(candidatesJson) as string[]).includes(refused);
  expect(offers(dismissed)).toBe(true);
  const comeBack = async () => {
    await openAtCursor(window, 'accepted.ts');
    await openAtCursor(window, 'refused.ts');
    await window.press('Delete');
    await window.type(typed);
  };
  await comeBack();
  // As long as any of the suggestions above took, and more.
  await window.page.waitForTimeout(3000);
  expect(await window.ghost()).not.toBe(refused);
  const returned = (await feedback.of('refused.ts')).filter(({ id }) => id !== dismissed.id);
  expect(returned.some(offers)).toBe(false);

  await window.inHost(async (api, line) => {
    const document = api.window.activeTextEditor?.document;
    const edit = new api.WorkspaceEdit();
    if (document)
      edit.insert(document.uri, new api.Position(line, 0), '  // The sum over all items.\n');
    await api.workspace.applyEdit(edit);
  }, cursorLine - 1);
  await window.press('Backspace');
  await window.type(typed);
  await feedback.wait('refused.ts', (row) => row.id !== dismissed.id && offers(row));
});

test('other text than the one shown is typed against it', async () => {
  await suggestionIn('typedAgainst.ts');
  await seen();
  await window.type('QQ');
  await feedback.wait('typedAgainst.ts', ({ outcome }) => outcome === 'typedAgainst');
});

test('asking again after the lines above have changed supersedes what was on screen', async () => {
  await suggestionIn('superseded.ts');
  await seen();
  // As a formatter or another extension would.
  await window.inHost(async (api, line) => {
    const document = api.window.activeTextEditor?.document;
    const edit = new api.WorkspaceEdit();
    if (document) edit.insert(document.uri, new api.Position(line, 0), '// In grams.\n');
    await api.workspace.applyEdit(edit);
  }, cursorLine - 2);
  await window.command('Hone: Suggest Now');
  await feedback.wait('superseded.ts', ({ outcome }) => outcome === 'superseded');
  await window.waitGhost();
});

test('going elsewhere leaves it', async () => {
  await suggestionIn('left.ts');
  await seen();
  await openAtCursor(window, 'left.ts', 1, 1);
  await feedback.wait('left.ts', ({ outcome }) => outcome === 'left');
});

test('a .env file stays silent and leaves no row', async () => {
  await openAtCursor(window, '.env', 3, 6);
  await window.type('KEY_');
  // As long as any of the suggestions above took, and more.
  await new Promise((resolve) => setTimeout(resolve, 3000));
  expect(await window.ghost()).toBe('');
  expect(await feedback.of('.env')).toEqual([]);
});

test('survival and settled text tell kept, edited and undone text apart', async () => {
  const measured = (file: string) =>
    feedback.wait(
      file,
      ({ outcome, survival, settledText }) =>
        outcome === 'accepted' && survival !== null && settledText !== null,
      30_000,
    );
  const kept = await measured('accepted.ts');
  expect(kept).toMatchObject({ survival: 1, state: 'present', settledText: kept.text });

  const edited = await measured('edited.ts');
  expect(edited.survival).toBeGreaterThan(0);
  expect(edited.survival).toBeLessThan(1);
  expect(edited).toMatchObject({
    state: 'edited',
    settledText: `${edited.text?.slice(0, -4)}1);`,
  });

  const undone = await feedback.wait('undone.ts', ({ survival }) => survival !== null, 30_000);
  expect(undone).toMatchObject({ survival: 0, state: 'undone' });
  expect(await feedback.quickCheck()).toBe('ok');
});
