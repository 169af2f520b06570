import { expect, test } from 'vitest';
import { defaultSettings } from '../../../src/contributions';
import { Arm } from '../../../src/replay/arm';
import { type Decision, planCommit } from '../../../src/replay/decisions';
import type { Outcome, Suggestion } from '../../../src/types';
import { sampleSuggestion } from '../../helpers/sampleEvents';
import { openStoreForTests } from '../../helpers/storeForTests';

const written = [
  'export function grow(beds: Bed[], year: number) {',
  "  watch(beds, 'often', () => {",
  '    grow([], year);',
  '  });',
  '  for (const bed of beds) {',
  "    plant(bed, ['rose', 'tulip'], year);",
  '  }',
  '}',
  '',
].join('\n');

/** The decision where the bar stands, of a person who looks at what is shown and mends it. */
function decisionAt(marked: string): Decision {
  const offset = written.indexOf(marked.replace('█', '')) + marked.indexOf('█');
  for (let seed = 1; seed < 400; seed++) {
    const change = { path: 'garden.ts', before: '', after: written };
    const author = { name: 'Ada', email: 'ada@example.org' };
    const commit = { id: '1', timeMs: 0, author, changes: [change], untyped: undefined };
    const plan = { seed, settings: defaultSettings, repository: 'garden' };
    const files = planCommit(commit, { ...plan, maxInCommit: 4, maxInEdit: 4 });
    const decisions = files.flatMap(({ edits }) => edits.flatMap((edit) => edit.decisions));
    const found = decisions.find((decision) => decision.offset === offset);
    const mood = { looks: true, mends: true, takesWords: true, dismisses: false, readMs: 1_000 };
    if (found) return { ...found, mood };
  }
  throw new Error(`Nobody pauses at ${marked}`);
}

/** Shows `text` where the bar stands: how it ended, the keys for it, and where the user goes on. */
async function show(marked: string, text: string) {
  const decision = decisionAt(marked);
  const { store } = await openStoreForTests();
  const outcomes: Outcome[] = [];
  const arm = new Arm(store, 0, (event) => {
    if (event.kind === 'outcome') outcomes.push(event.outcome);
  });
  const sample = sampleSuggestion(0);
  const suggestion: Suggestion = {
    ...sample,
    documentUri: 'file:///garden.ts',
    offset: decision.offset,
    context: { ...sample.context, languageId: 'typescript' },
    candidates: sample.candidates.slice(0, 1).map((candidate) => ({ ...candidate, text })),
  };
  arm.open('file:///garden.ts', decision.text);
  const keys = arm.show('file:///garden.ts', suggestion, 0, decision);
  const carried = arm.carriedTo - decision.offset;
  arm.endCommit();
  await arm.settled();
  return { outcome: outcomes.at(-1), keys, carried };
}

const accepted = (carried: number, keys = 1) => ({ outcome: 'accepted', keys, carried });

test('a user takes what goes past the closers that the editor has put there', async () => {
  const call = "bed, ['rose', 'tulip'], year);";
  expect(await show('plant(█bed', call)).toEqual(accepted(call.length));
  const loop = 'const bed of beds) {';
  expect(await show('for (█const', loop)).toEqual(accepted(loop.length));
});

test('what stops in front of them, or opens some of its own, is taken as well', async () => {
  const inside = "bed, ['rose', 'tulip'], year";
  expect(await show('plant(█bed', inside)).toEqual(accepted(inside.length));
  expect(await show('plant(█bed', 'bed, [')).toEqual(accepted('bed, ['.length));
});

test('so is what begins a block, which accepting it ends', async () => {
  const begin = "beds, 'often', () => {";
  expect(await show('watch(█beds', begin)).toEqual(accepted(begin.length));
});

test('a block whose end stands below already is taken, and the second end deleted', async () => {
  const block = written.slice(written.indexOf('for ('), -1);
  expect(await show('  █for (', block)).toEqual(accepted(block.length, 1 + '\n}'.length));
});

test('words are taken up to where they disagree, and keys typed from there on', async () => {
  expect(await show('plant(█bed', "bed, ['rose', aster], year);")).toEqual({
    outcome: 'partial',
    keys: ['bed', ',', " ['", 'rose', "',"].length,
    carried: "bed, ['rose',".length,
  });
  expect(await show('plant(█bed', 'beds);')).toMatchObject({ outcome: 'typedAgainst', keys: 0 });
});
