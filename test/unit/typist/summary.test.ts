import { expect, test } from 'vitest';
import { pageOf } from '../../../tools/typist/page';
import { type HunkResult, linesOf, summaryOf } from '../../../tools/typist/summary';
import type { Pause } from '../../../tools/typist/typist';

const pause = (more: Partial<Pause>): Pause => ({
  ...{ offset: 0, before: 'f(', automatic: ')', isBeforeCloser: true, rest: 'a);', proposed: '' },
  ...{ waitMs: null, keyMs: 0, endMs: 1000, reaction: 'silent', taken: 0, kept: 0 },
  ...{ doubled: false, broken: false, list: false },
  ...more,
});

const shown = (proposed: string, waitMs: number, more: Partial<Pause>): Pause =>
  pause({ proposed, waitMs, ...more });

const hunk = (pauses: readonly Pause[], more: Partial<HunkResult> = {}): HunkResult => ({
  ...{ id: 'c:a.ts:1', commit: 'c'.repeat(40), path: 'a.ts', languageId: 'typescript' },
  ...{ written: 100, typed: 60, keys: 70, pauses, mended: undefined, stallMs: 4, seconds: 10 },
  rows: [],
  ...more,
});

const hunks = [
  hunk([
    shown('a)', 200, { reaction: 'accept', taken: 20, kept: 20 }),
    shown('{\n  b();\n}', 2000, { reaction: 'accept', taken: 30, kept: 28, doubled: true }),
    shown('const x', 100, { reaction: 'partial', taken: 5, kept: 5, isBeforeCloser: false }),
    pause({ list: true }),
  ]),
  hunk([shown('b', 300, { reaction: 'dismiss' }), shown('c', 400, { reaction: 'ignore' })], {
    ...{ id: 'c:b.ts:1', path: 'b<c>.ts', mended: 'It went wrong.', stallMs: 9 },
    rows: [
      { timeMs: 1, totalMs: 90, isAsked: true, isShown: true, outcome: 'accepted' },
      { timeMs: 2, totalMs: 500, isAsked: true, isShown: false, outcome: null },
    ],
  }),
];

test('pauses and rows are counted by what came of them', () => {
  expect(summaryOf(hunks)).toMatchObject({
    ...{ hunks: 2, written: 200, pauses: 6, shown: 5, shownSoon: 4, silent: 1 },
    ...{ takenPer1000: 275, keptPer1000: 265, typedPer1000: 600 },
    ...{ takenWhole: 2, takenWords: 1, refused: 1, ignored: 1 },
    ...{ beforeCloser: 5, silentBeforeCloser: 1, silentBesideList: 1, doubled: 1, broken: 0 },
    ...{ blocksShown: 1, blocksTaken: 1, mended: 1, longestStallMs: 9, seconds: 20 },
    ...{ rows: 2, outcomes: { accepted: 1 } },
    waitMs: { count: 5, p50: 300 },
    storedMs: { count: 1, p50: 90 },
  });
});

test('of nothing typed there are figures too', () => {
  const summary = summaryOf([]);
  expect(summary).toMatchObject({ hunks: 0, keptPer1000: 0, shown: 0, longestStallMs: 0 });
  expect(linesOf(summary)).toContainEqual(['shown', '0, 0 within 1200 ms']);
});

test('the page stands alone and shows text as text', () => {
  const page = pageOf(hunks, { name: 'shop', head: 'abc', seed: 1, build: 'def' });
  expect(page).not.toMatch(/<(script|link|img)|https?:/);
  expect(page).toContain('b&lt;c&gt;.ts');
  expect(page).toContain('It went wrong.');
  expect(page).toContain('<th>kept of 1,000 characters</th><td>265.0</td>');
  expect(page.indexOf('<h2>Hunks')).toBeGreaterThan(page.indexOf('doubled closers'));
});
