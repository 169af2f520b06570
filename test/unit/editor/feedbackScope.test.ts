import { expect, test } from 'vitest';
import {
  everywhere,
  isEverything,
  scopeOf,
  spans,
  workspacePlace,
} from '../../../src/editor/feedbackScope';

const nowMs = Date.UTC(2026, 4, 20);
const shop = workspacePlace([{ name: 'shop', uri: new URL('file:///home/user/shop') }]);

test.each([
  [shop, 'Last hour', 3_600_000, 'from this workspace (shop), last hour'],
  [shop, 'All time', undefined, 'from this workspace (shop)'],
  [everywhere, 'Last 30 days', 30 * 86_400_000, 'from all workspaces, last 30 days'],
  [everywhere, 'All time', undefined, 'from all workspaces'],
])('%o, %s', (place, label, durationMs, words) => {
  const span = spans.find((each) => each.label === label)!;
  expect(scopeOf(place, span, nowMs)).toEqual({
    range: {
      fromMs: durationMs === undefined ? 0 : nowMs - durationMs,
      documents: place.documents,
    },
    words,
  });
});

test('a workspace has its files and notebooks, and not the folder beside it that begins alike', () => {
  expect(shop.documents).toEqual([
    'file:///home/user/shop/',
    'vscode-notebook-cell:/home/user/shop/',
  ]);
});

test('everything is all workspaces of all time', () => {
  const everything = [shop, everywhere].flatMap((place) =>
    spans
      .filter((span) => isEverything(scopeOf(place, span, nowMs)))
      .map(({ label }) => [place, label]),
  );
  expect(everything).toEqual([[everywhere, 'All time']]);
});
