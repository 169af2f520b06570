import { expect, test } from 'vitest';
import { noOutcomes, OutcomeMemory } from '../../../src/completion/outcomeMemory';
import type { FeedbackEvent, Outcome, Suggestion } from '../../../src/types';
import { sampleSuggestion } from '../../helpers/sampleEvents';

const minute = 60_000;

/** A suggestion of `text`, made at `minutes`, and what became of it half a minute later. */
function shown(text: string, minutes: number, outcome: Outcome, changes: Partial<Suggestion> = {}) {
  const base = sampleSuggestion(0);
  const [first] = base.candidates;
  if (!first) throw new Error('The sample has no candidate.');
  const suggestion: Suggestion = {
    ...base,
    id: `${text} ${minutes}`,
    timeMs: minutes * minute,
    candidates: [{ ...first, text }],
    ...changes,
  };
  const timeMs = suggestion.timeMs + minute / 2;
  const events: FeedbackEvent[] = [
    { kind: 'suggestion', suggestion },
    {
      kind: 'outcome',
      suggestionId: suggestion.id,
      outcome,
      candidateIndex: 0,
      takenLength: outcome === 'accepted' ? text.length : 0,
      visibleMs: 2_000,
      timeMs,
    },
  ];
  return events;
}

function remembering(...events: readonly FeedbackEvent[]): OutcomeMemory {
  const memory = new OutcomeMemory();
  for (const event of events) memory.record(event);
  return memory;
}

test('knows only what is usual before anything happened', () => {
  expect(noOutcomes.overall).toEqual({ taken: 0.35, seen: 0 });
  expect(noOutcomes.ofText('load();')).toEqual(noOutcomes.overall);
  expect(noOutcomes).toMatchObject({ refusedInARow: 0, takenInARow: 0, sinceRefusalMs: Infinity });
});

test('what is taken raises the share of its text, its source, its language and its file', () => {
  const now = remembering(...shown('load();', 1, 'accepted')).at(2 * minute);
  const { context, documentUri } = sampleSuggestion(0);
  for (const share of [
    now.overall,
    now.ofText('load();'),
    now.ofSource('greedy'),
    now.ofLanguage(context.languageId),
    now.ofFile(documentUri),
    now.ofHead(context, 'load(more)'),
  ]) {
    expect(share.seen).toBe(1);
    expect(share.taken).toBeGreaterThan(noOutcomes.overall.taken);
  }
  expect(now.ofText('make();').seen).toBe(0);
  expect(now.ofSource('copied').seen).toBe(0);
});

test('what is refused lowers it, and refusals are counted until one is taken', () => {
  const memory = remembering(
    ...shown('a', 1, 'dismissed'),
    ...shown('b', 2, 'typedAgainst'),
    ...shown('c', 4, 'accepted'),
  );
  expect(memory.at(3 * minute)).toMatchObject({ refusedInARow: 2, takenInARow: 0 });
  expect(memory.at(3 * minute).sinceRefusalMs).toBe(minute / 2);
  expect(memory.at(3 * minute).overall.taken).toBeLessThan(noOutcomes.overall.taken);
  expect(memory.at(5 * minute)).toMatchObject({ refusedInARow: 0, takenInARow: 1 });
});

test('what was not seen, or left, says nothing', () => {
  const memory = remembering(
    ...shown('a', 1, 'unseen'),
    ...shown('b', 2, 'left'),
    ...shown('c', 3, 'superseded'),
  );
  expect(memory.at(9 * minute).overall.seen).toBe(0);
});

test('a fact counts from its own time on, in whatever order it is told', () => {
  const events = [...shown('a', 1, 'accepted'), ...shown('b', 2, 'dismissed')];
  const forwards = remembering(...events);
  const backwards = remembering(...events.toReversed());
  for (const time of [minute, 1.6 * minute, 2.6 * minute]) {
    expect(backwards.at(time).overall).toEqual(forwards.at(time).overall);
  }
  expect(remembering(...events).at(1.4 * minute).overall.seen).toBe(0);
});

test('a late accept overwrites a refusal, and what is gone at once was not taken after all', () => {
  const [made, refused] = shown('a', 1, 'dismissed');
  const [, accepted] = shown('a', 2, 'accepted', { id: 'a 1' });
  if (!made || !refused || !accepted) throw new Error('Three facts are needed.');
  const memory = remembering(made, refused, accepted);
  expect(memory.at(5 * minute).overall).toMatchObject({ seen: 1 });
  expect(memory.at(5 * minute).overall.taken).toBeGreaterThan(0.5);
  memory.record({
    kind: 'survival',
    suggestionId: 'a 1',
    afterSeconds: 15,
    survival: 0,
    state: 'undone',
    timeMs: 6 * minute,
  });
  expect(memory.at(7 * minute).overall.taken).toBeLessThan(noOutcomes.overall.taken);
});

test('what happened long ago weighs less than what happens now', () => {
  const events = Array.from({ length: 60 }, (_, i) =>
    shown(`t${i}`, i, i < 30 ? 'accepted' : 'dismissed'),
  ).flat();
  expect(remembering(...events).at(Infinity).overall.taken).toBeLessThan(0.15);
});

test('forgets everything when all feedback is deleted, what has not counted yet too', () => {
  const memory = remembering(
    ...shown('load();', 1, 'accepted'),
    ...shown('make();', 9, 'dismissed'),
  );
  expect(memory.at(2 * minute).overall.seen).toBe(1);
  memory.forgetAll();
  const now = memory.at(20 * minute);
  expect(now.overall).toEqual(noOutcomes.overall);
  expect(now.ofText('load();')).toEqual(noOutcomes.overall);
  expect(now).toMatchObject({ refusedInARow: 0, takenInARow: 0, sinceRefusalMs: Infinity });
});
