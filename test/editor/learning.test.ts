/**
 * npm run test:learning: the speeds at which Hone learns, in a real window and with the model that
 * ships. Twenty refusals of one kind make it stop, twenty accepts of an idiom bring it first, and a
 * version trained in idle time changes what is suggested while the window stays responsive. Takes
 * minutes, since training does, and so is no part of `npm test`.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openFeedbackStore } from '../../src/store/feedbackStore';
import type { StoredSuggestion } from '../../src/types';

import { silentLogger } from '../helpers/storeForTests';
import { variedHistory } from '../helpers/variedHistory';
import { Feedback, type StoredSuggestion as Suggested } from './feedback';
import { makeShop, openAtCursor, typed } from './shop';
import { Editor, poll, type Window } from './workbench';

const minuteMs = 60_000;
/** Longer than the 750 ms after which a suggestion counts as seen. */
const seenMs = 900;
const twenty = 20;

const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `shop${i}.ts`);
const pause = (durationMs: number) => new Promise((resolve) => setTimeout(resolve, durationMs));

let editor: Editor;
let window: Window;
let feedback: Feedback;

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await editor.keepPictures(task.name);
  await editor?.close();
});

const storage = (): string => path.join(editor.server.dataDir, 'user/User/globalStorage/hone.hone');

/** Waits until the reward model has been fitted to what was recorded. */
const fitted = () =>
  poll(
    'the reward model to be fitted',
    () => fs.existsSync(path.join(storage(), 'learned/reward.json')) || undefined,
    2 * minuteMs,
  ).then(() => pause(3_000));

describe('twenty judgements are learned from in a moment:', () => {
  const files = names(twenty + 10);

  beforeEach(async () => {
    editor = await Editor.start();
    window = await editor.open(makeShop(editor, 'shop', files));
    feedback = new Feedback(editor.server.dataDir);
    await window.waitReady(3 * minuteMs);
  }, 4 * minuteMs);

  /** Whether ghost text came, or it was decided that none should; undefined before either. */
  async function decided(file: string): Promise<boolean | undefined> {
    if ((await window.ghost()) !== '') return true;
    return (await feedback.of(file)).some(({ text }) => text === null) ? false : undefined;
  }

  test('refusals of one kind make it stop', { timeout: 10 * minuteMs }, async () => {
    let refusals = 0;
    let silences = 0;
    for (const file of files) {
      await openAtCursor(window, file);
      await window.type(typed);
      const isShown = await poll('a decision', () => decided(file), minuteMs);
      silences = isShown ? 0 : silences + 1;
      if (!isShown) continue;
      refusals++;
      await pause(seenMs);
      await window.press('Escape');
      await feedback.wait(file, ({ outcome }) => outcome === 'dismissed');
      if (refusals === twenty) await fitted();
    }
    expect(refusals).toBeLessThanOrEqual(twenty + 3);
    expect(silences).toBeGreaterThan(3);
    // Silence is a decision, and stands in the store like any other.
    const last = await feedback.wait(files.at(-1) ?? '', ({ text }) => text === null);
    expect(last.outcome).toBeNull();
  });

  test('accepts of an idiom bring it first', { timeout: 10 * minuteMs }, async () => {
    let idiom: string | undefined;
    let firstOfAll: string | undefined;
    for (const file of files.slice(0, twenty)) {
      await openAtCursor(window, file);
      await window.type(typed);
      let ghost = await window.waitGhost();
      firstOfAll ??= ghost;
      // What comes second in the first file is what this user wants everywhere.
      for (let i = 0; ghost !== idiom && i < 5; i++) {
        const before = ghost;
        await window.press('Alt+BracketRight');
        ghost = await window.waitGhost((now) => now !== '' && now !== before);
        idiom ??= ghost;
      }
      await window.press('Tab');
      await feedback.wait(file, ({ outcome }) => outcome === 'accepted');
    }
    await fitted();
    const file = files.at(-1) ?? '';
    await openAtCursor(window, file);
    await window.type(typed);
    expect(await window.waitGhost()).toBe(idiom);
    const first = await feedback.wait(files[0] ?? '', ({ outcome }) => outcome === 'accepted');
    const last = await feedback.wait(file, ({ text }) => text !== null);
    expect(first).toMatchObject({ text: firstOfAll, outcomeText: idiom });
    expect(idiom).not.toBe(firstOfAll);
    expect(last.text).toBe(idiom);
    expect(last.rewardVersion).not.toBe(first.rewardVersion);
  });
});

/** Where a person with the habits of `variedHistory` would go on with `load(user, team900);`. */
const place = `import { load } from './team';\nconst user900 = `;
const idiom = /^load\(user/;

test(
  'idle time trains a version that changes what comes next',
  { timeout: 60 * minuteMs },
  async () => {
    editor = await Editor.start({
      settings: { 'hone.learning.idleMinutes': 0.1, 'hone.learning.minutesPerDay': 20 },
    });
    const folder = path.join(editor.server.dataDir, 'workspaces', 'habits');
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(path.join(folder, 'place.ts'), `${place}\n`);
    fs.writeFileSync(path.join(folder, 'elsewhere.ts'), '\n');
    await remember(variedHistory(200));
    window = await editor.open(folder);
    await window.waitReady();
    // The feedback of earlier days changes the order of candidates at once, and that is not meant here.
    await fitted();
    const before = await suggested();
    expect(before.text).not.toMatch(idiom);

    // Nothing is typed, and training begins. A suggestion comes all the same, and ends it.
    const status = window.status('hone.hone.status');
    const learning = () =>
      status.filter({ hasText: 'learning' }).waitFor({ timeout: 3 * minuteMs });
    await learning();
    const askedMs = Date.now();
    await suggested();
    expect(Date.now() - askedMs).toBeLessThan(10_000);
    await window.waitReady();
    // Left alone it goes on from there, and says so once something better is in use.
    await learning();
    const toast = window.page.locator('.notification-toast', { hasText: 'Hone has learned from' });
    await toast.waitFor({ timeout: 40 * minuteMs });
    await poll(
      'what was learned',
      async () => {
        const { text, policyVersion } = await suggested();
        return (idiom.test(text ?? '') && policyVersion !== before.policyVersion) || undefined;
      },
      minuteMs,
    );

    await toast.getByText('Roll Back').click();
    await poll(
      'what was before',
      async () => {
        // Where the model is unsure it says one thing and then another: the version tells who spoke.
        const { text, policyVersion } = await suggested();
        return (!idiom.test(text ?? '') && policyVersion === before.policyVersion) || undefined;
      },
      minuteMs,
    );
  },
);

/** What is suggested at the place now; the cursor goes elsewhere before, so that it is asked anew. */
async function suggested(): Promise<Suggested> {
  await openAtCursor(window, 'elsewhere.ts', 1, 1);
  await openAtCursor(window, 'place.ts', 2, 'const user900 = '.length + 1);
  await window.command('Hone: Suggest Now');
  const [line = ''] = (await window.waitGhost()).split('\n');
  return poll('the suggestion in the store', async () => {
    const stored = await new Feedback(editor.server.dataDir).of('place.ts');
    return stored.findLast(({ text }) => text?.startsWith(line) === true);
  });
}

/** Feedback of earlier days. */
async function remember(history: readonly StoredSuggestion[]): Promise<void> {
  fs.mkdirSync(storage(), { recursive: true });
  const store = await openFeedbackStore(path.join(storage(), 'feedback.db'), {
    logger: silentLogger,
  });
  const startMs = Date.now() - history.length * minuteMs;
  for (const [n, { suggestion, shown, outcomes, survival, settled }] of history.entries()) {
    const timeMs = startMs + n * minuteMs;
    await store.record({ kind: 'suggestion', suggestion: { ...suggestion, timeMs } });
    for (const event of [...shown, ...outcomes, ...survival, ...(settled ? [settled] : [])])
      await store.record({ ...event, timeMs });
  }
  await store.close();
}
