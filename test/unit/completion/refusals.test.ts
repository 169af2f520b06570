import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buildContext } from '../../../src/completion/context';
import { RefusalMemory } from '../../../src/completion/refusals';
import type { CompletionContext, FeedbackEvent, Outcome, Suggestion } from '../../../src/types';
import { documentAtCursor } from '../../helpers/documentAtCursor';
import { sampleCandidate, sampleSuggestion } from '../../helpers/sampleEvents';

const contextAt = (marked: string, path = 'src/main.ts'): CompletionContext =>
  buildContext(documentAtCursor(marked, { path }), 'auto');

let made = 0;
function suggestionAt(marked: string, ...texts: readonly string[]): Suggestion {
  const candidates = texts.map((text) => sampleCandidate(text));
  return sampleSuggestion(made++, { context: contextAt(marked), candidates });
}

/** What became of a suggestion, as the tracker tells it. */
function become(outcome: Outcome, suggestion: Suggestion, takenLength = 0): FeedbackEvent[] {
  const { id: suggestionId, timeMs } = suggestion;
  return [
    { kind: 'suggestion', suggestion },
    {
      kind: 'outcome',
      suggestionId,
      outcome,
      candidateIndex: 0,
      takenLength,
      visibleMs: 900,
      timeMs,
    },
  ];
}

function memoryOf(...events: readonly FeedbackEvent[]): RefusalMemory {
  const memory = new RefusalMemory();
  for (const event of events) memory.note(event);
  return memory;
}

const place = 'function sum(a, b) {\n  log(a);\n  return █;\n}\n';

/** Whether `text` is refused at `marked` once `refused` was dismissed at `place`. */
const check = (refused: string, marked: string, text: string): boolean =>
  memoryOf(...become('dismissed', suggestionAt(place, refused))).isRefused(contextAt(marked), text);

describe('what was refused at a place', () => {
  test('is not offered there again, nor what begins with it', () => {
    expect(check('one + two', place, 'one + two')).toBe(true);
    expect(check('one + two', place, 'one + two + 1')).toBe(true);
    expect(check('one + two', place, 'one - two')).toBe(false);
    expect(check('load(id)', place, 'load(id).then(go)')).toBe(true);
    expect(check('load', place, 'loadAll()')).toBe(false);
  });

  test('is known by its first line, whatever follows', () => {
    expect(check('items.map((x) => {\n  x;\n})', place, 'items.map((x) => {\n  y;\n})')).toBe(true);
    expect(check('{\n  one;\n}', place, '{\n  two;\n}')).toBe(false);
    expect(check('{\n  one;\n}', place, '{\n  one;\n}')).toBe(true);
    expect(check(')', place, ').then(go)')).toBe(false);
  });

  test('is not offered a few characters earlier or later on the line either', () => {
    const typed = (text: string) => place.replace('return █', text);
    expect(check('total(a, b)', typed('return to█'), 'tal(a, b)')).toBe(true);
    expect(check('total(a, b)', typed('ret█'), 'urn total(a, b)')).toBe(true);
    expect(check('total(a, b)', typed('return so█'), 'rted(a, b)')).toBe(false);
  });

  test('is welcome once half of it was typed', () => {
    expect(check('total(a, b)', place.replace('█', 'total(█'), 'a, b)')).toBe(false);
  });

  test('may be offered in another file, or when a line beside it has changed', () => {
    const memory = memoryOf(...become('dismissed', suggestionAt(place, 'one + two')));
    expect(memory.isRefused(contextAt(place, 'src/other.ts'), 'one + two')).toBe(false);
    expect(check('one + two', place.replace('log(a)', 'log(b)'), 'one + two')).toBe(false);
    expect(check('one + two', place.replace('\n}', '\n  //\n}'), 'one + two')).toBe(false);
    expect(check('one + two', place.replace('█', '█ + c'), 'one + two')).toBe(false);
  });

  test('is refused still when lines far away or the indentation have changed', () => {
    expect(check('one + two', `// Sums.\n\n${place}more();\n`, 'one + two')).toBe(true);
    expect(check('one + two', place.replaceAll('  ', '\t'), 'one + two')).toBe(true);
    expect(check('one + two', place.replaceAll('\n', '\r\n'), 'one + two')).toBe(true);
  });
});

describe('a refusal', () => {
  const isRefusedAfter = (...events: readonly FeedbackEvent[]): boolean =>
    memoryOf(...events).isRefused(contextAt(place), 'one + two');
  const one = () => suggestionAt(place, 'one + two');

  test('is one dismissal, or typing against it twice; the same one counts once', () => {
    const against = become('typedAgainst', one());
    expect(isRefusedAfter(...against)).toBe(false);
    expect(isRefusedAfter(...against, ...against)).toBe(false);
    expect(isRefusedAfter(...against, ...become('typedAgainst', one()))).toBe(true);
    for (const outcome of ['unseen', 'left', 'superseded'] as const)
      expect(isRefusedAfter(...become(outcome, one()))).toBe(false);
  });

  test('is a dismissal by key, even before it was seen', () => {
    const memory = new RefusalMemory();
    memory.refuse(suggestionAt(place, 'c', 'one + two'), 1, 0);
    expect(memory.isRefused(contextAt(place), 'one + two')).toBe(true);
    expect(memory.isRefused(contextAt(place), 'c')).toBe(false);
  });

  test('is taken back by a late accept, and by accepting the same there another time', () => {
    const suggestion = one();
    const [, accept] = become('accepted', suggestion, 9);
    if (accept === undefined) throw new Error('There is no outcome.');
    expect(isRefusedAfter(...become('dismissed', suggestion), accept)).toBe(false);
    const other = become('accepted', suggestionAt(place, 'one + two * 2'), 13);
    expect(isRefusedAfter(...become('dismissed', one()), ...other)).toBe(false);
    const elsewhere = become('accepted', suggestionAt('let x = █', 'one + two'), 9);
    expect(isRefusedAfter(...become('dismissed', one()), ...elsewhere)).toBe(true);
  });

  test('is taken back by writing it after all, and by a thumb up; a thumb down refuses', () => {
    const suggestion = one();
    const { id: suggestionId, timeMs } = suggestion;
    const settled = { kind: 'settled', suggestionId, text: 'one + two', timeMs } as const;
    const dismissed = become('dismissed', suggestion);
    expect(isRefusedAfter(...dismissed, settled)).toBe(false);
    expect(isRefusedAfter(...dismissed, { ...settled, text: 'one * two' })).toBe(true);
    const rating = { kind: 'rating', suggestionId, aspects: {}, comment: '', timeMs } as const;
    expect(isRefusedAfter(...dismissed, { ...rating, thumb: 'up' })).toBe(false);
    expect(isRefusedAfter(...become('left', suggestion), { ...rating, thumb: 'down' })).toBe(true);
  });

  test('of an earlier session is recalled from what is stored', () => {
    const suggestion = one();
    const [, outcome] = become('dismissed', suggestion);
    if (outcome?.kind !== 'outcome') throw new Error('There is no outcome.');
    const facts = { shown: [], survival: [], settled: undefined, rating: undefined };
    const memory = new RefusalMemory();
    memory.recall({ suggestion, outcomes: [outcome], ...facts });
    expect(memory.isRefused(contextAt(place), 'one + two')).toBe(true);
    const accepted = { ...outcome, outcome: 'accepted', takenLength: 9 } as const;
    const taken = new RefusalMemory();
    taken.recall({ suggestion, outcomes: [outcome, accepted], ...facts });
    expect(taken.isRefused(contextAt(place), 'one + two')).toBe(false);
  });

  test('goes with the feedback it came from', () => {
    const [first, second] = [one(), one()];
    const events = [...become('dismissed', first), ...become('dismissed', second)];
    const memory = memoryOf(...events);
    memory.forget(first.id);
    expect(memory.isRefused(contextAt(place), 'one + two')).toBe(true);
    memory.forget(second.id);
    expect(memory.isRefused(contextAt(place), 'one + two')).toBe(false);
    expect(memory.size).toBe(0);
    const all = memoryOf(...events);
    all.forgetAll();
    expect(all.isRefused(contextAt(place), 'one + two')).toBe(false);
  });
});

test('memory is bounded, and the newest stay', () => {
  const memory = new RefusalMemory();
  const at = (n: number) => `line${n};\nconst x = █`;
  for (let n = 0; n < 2_500; n++) memory.refuse(suggestionAt(at(n), 'load(id)'), 0, 0);
  expect(memory.size).toBe(2_000);
  expect(memory.isRefused(contextAt(at(2_499)), 'load(id)')).toBe(true);
  expect(memory.isRefused(contextAt(at(0)), 'load(id)')).toBe(false);
});

test('what is refused is refused right there, and the count is that of what is kept', () => {
  const text = fc.constantFrom('one + two', ')', 'load(id)\nnext', '{\n}', ' x', 'é😀', 'total');
  fc.assert(
    fc.property(fc.array(fc.tuple(text, fc.boolean()), { maxLength: 12 }), (steps) => {
      const memory = new RefusalMemory();
      const ids = new Map<string, string>();
      for (const [refused, isKept] of steps) {
        const suggestion = suggestionAt(place, refused);
        for (const event of become('dismissed', suggestion)) memory.note(event);
        expect(memory.isRefused(contextAt(place), refused)).toBe(true);
        if (isKept) ids.set(refused, suggestion.id);
        else {
          for (const event of become('accepted', suggestion, refused.length)) memory.note(event);
          expect(memory.isRefused(contextAt(place), refused)).toBe(false);
          ids.delete(refused);
        }
      }
      expect(memory.size).toBe(ids.size);
      memory.forgetAll();
      expect(memory.size).toBe(0);
    }),
  );
});
