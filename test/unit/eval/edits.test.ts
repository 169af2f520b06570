import { expect, test } from 'vitest';
import { type Hunk, parseHunks, recentEdits, textsBetween } from '../../../tools/eval/edits';

const diff = `diff --git a/shop@1/src/cart.ts b/shop@2/src/cart.ts
index 1..2 100644
--- a/shop@1/src/cart.ts
+++ b/shop@2/src/cart.ts
@@ -3 +3,2 @@ export class Cart {
-  add(item)
+  add(item: Item)
+  // and say so
@@ -9 +9,0 @@ export class Cart {
---removed;
diff --git a/shop@1/src/new.ts b/shop@2/src/new.ts
new file mode 100644
--- /dev/null
+++ b/shop@2/src/new.ts
@@ -0,0 +1 @@
+export {};
`;

test('hunks have the path without the release, the line from 0, and both sides', () => {
  expect(parseHunks(diff)).toEqual([
    {
      path: 'src/cart.ts',
      line: 2,
      removed: ['  add(item)'],
      added: ['  add(item: Item)', '  // and say so'],
    },
    { path: 'src/cart.ts', line: 9, removed: ['--removed;'], added: [] },
  ]);
});

const hunk = (path: string, line: number, lines = 1): Hunk => ({
  path,
  line,
  removed: [],
  added: Array.from({ length: lines }, (_, i) => `added(${i});`),
});

test('the nearest of the file come last, and what is beside the cut line is left out', () => {
  const hunks = [4, 20, 44, 47, 60, 95].map((line) => hunk('src/a.ts', line));
  const lines = recentEdits(hunks, 'src/a.ts', 48).map(({ line }) => line);
  expect(lines).toEqual([4, 20, 60]);
});

test('a hunk that reaches down to the cut line is left out too', () => {
  expect(recentEdits([hunk('src/a.ts', 40, 10)], 'src/a.ts', 52)).toEqual([]);
  expect(recentEdits([hunk('src/a.ts', 40, 10)], 'src/a.ts', 56)).toHaveLength(1);
});

test('files of the same folder come before the file’s own, other folders not at all', () => {
  const hunks = [hunk('src/a.ts', 1), hunk('src/b.ts', 1), hunk('test/c.ts', 1)];
  expect(recentEdits(hunks, 'src/a.ts', 50).map(({ path }) => path)).toEqual([
    'src/b.ts',
    'src/a.ts',
  ]);
});

test('rewrites and changes of punctuation are no edits', () => {
  const blank = { path: 'src/a.ts', line: 1, removed: ['}'], added: ['});'] };
  expect(recentEdits([blank, hunk('src/a.ts', 5, 30)], 'src/a.ts', 90)).toEqual([]);
});

test('the texts a file went through end with the one it has', () => {
  const below: Hunk = { path: 'a', line: 3, removed: ['old3', 'old4'], added: ['new3'] };
  const above: Hunk = { path: 'a', line: 1, removed: [], added: ['new1'] };
  const text = 'same\nnew1\nsame\nnew3\nsame';
  expect(textsBetween(text, [below, above])).toEqual([
    'same\nsame\nold3\nold4\nsame',
    'same\nsame\nnew3\nsame',
    text,
  ]);
  expect(textsBetween(text, [])).toEqual([text]);
});
