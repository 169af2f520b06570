/** What must hold of any session whatever: random steps, and the tracker's bounds. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SuggestionTracker } from '../../../src/feedback/suggestionTracker';
import type { FeedbackEvent, Outcome } from '../../../src/types';
import { EditSession, type Step, makeSuggestion, sessionUri } from '../../helpers/editSession';
import { FakeClock } from '../../helpers/fakeClock';

const taken: readonly Outcome[] = ['partial', 'typedThrough', 'accepted'];
const rank = (outcome: Outcome) => taken.indexOf(outcome) + 1;

/** Checks the events of one session; `session` names it should one fail. */
function checkInvariants(events: readonly FeedbackEvent[]): void {
  const recorded = new Set<string>();
  const shown = new Set<string>();
  const outcomes = new Map<string, Outcome>();
  let latestMs = 0;
  for (const event of events) {
    if (event.kind === 'suggestion') {
      expect(recorded.has(event.suggestion.id)).toBe(false);
      recorded.add(event.suggestion.id);
      continue;
    }
    const id = event.suggestionId;
    expect(event.timeMs).toBeGreaterThanOrEqual(latestMs);
    latestMs = event.timeMs;
    expect(recorded.has(id)).toBe(true);
    switch (event.kind) {
      case 'shown':
        shown.add(id);
        break;
      case 'outcome': {
        const earlier = outcomes.get(id);
        if (earlier) expect(rank(event.outcome)).toBeGreaterThan(rank(earlier));
        outcomes.set(id, event.outcome);
        expect(event.visibleMs).toBeGreaterThanOrEqual(0);
        expect(event.takenLength).toBeGreaterThanOrEqual(0);
        break;
      }
      case 'survival': {
        expect(taken).toContain(outcomes.get(id));
        expect(event.survival).toBeGreaterThanOrEqual(0);
        expect(event.survival).toBeLessThanOrEqual(1);
        expect(event.afterSeconds).toBeLessThanOrEqual(600);
        break;
      }
      case 'settled':
      case 'rating':
        break;
    }
  }
  expect([...shown].filter((id) => !outcomes.has(id))).toEqual([]);
}

describe('any session', () => {
  const text = fc.constantFrom('foo', 'f(a)', '{\n  b\n}', 'x', '"😀"');
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 4, arbitrary: fc.tuple(fc.constant('suggest' as const), text, text) },
    {
      weight: 3,
      arbitrary: fc.tuple(
        fc.constant('wait' as const),
        fc.constantFrom(10, 800, 9_000, 40_000, 700_000),
      ),
    },
    {
      weight: 3,
      arbitrary: fc.tuple(
        fc.constant('type' as const),
        fc.constantFrom('f', 'fo', 'foo', 'x', '{', '\n'),
      ),
    },
    { weight: 2, arbitrary: fc.tuple(fc.constant('paste' as const), text) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('acceptCommand' as const), fc.nat(1)) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('cycle' as const), fc.nat(1)) },
    {
      weight: 1,
      arbitrary: fc.tuple(
        fc.constant('key' as const),
        fc.constantFrom('()', '{}', '""'),
        fc.constant(1),
      ),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(
        fc.constant('replaceAll' as const),
        fc.constantFrom('o', 'a', '\n'),
        text,
      ),
    },
    { weight: 1, arbitrary: fc.tuple(fc.constant('format' as const), text) },
    { weight: 2, arbitrary: fc.tuple(fc.constant('silent' as const), text) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('reload' as const), text) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('move' as const), fc.nat(5)) },
    {
      weight: 1,
      arbitrary: fc.tuple(
        fc.constant('correctClock' as const),
        fc.integer({ min: -90_000, max: 90_000 }),
      ),
    },
    {
      weight: 3,
      arbitrary: fc.constantFrom('esc' as const, 'hide' as const, 'suggestAgain' as const),
    },
    { weight: 2, arbitrary: fc.constantFrom('undo' as const, 'redo' as const) },
  );

  it('gives each suggestion one outcome, facts in order, bounded numbers, and frees every timer', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 25 }),
        fc.integer({ min: 1, max: 8 }),
        (steps, maxFollowed) => {
          const session = new EditSession('a █\n', maxFollowed);
          for (const one of steps) {
            if (one === 'undo' && !session.canUndo) continue;
            if (one === 'redo' && !session.canRedo) continue;
            session.play([one]);
          }
          session.tracker.dispose();
          expect(session.clock.pending).toBe(0);
          checkInvariants(session.events);
          const count = session.events.length;
          session.play([['suggest', 'foo'], ['type', 'foo'], 'esc']);
          expect(session.events).toHaveLength(count);
          expect(session.clock.pending).toBe(0);
        },
      ),
      { numRuns: 1_500 },
    );
  }, 60_000);
});

describe('the order of facts', () => {
  it('is suggestion, shown, outcome, settled, survival', () => {
    const session = new EditSession('█').play([
      ['suggest', 'foo'],
      'acceptWithoutCommand',
      ['wait', 15_000],
    ]);
    expect(session.events.map(({ kind }) => kind)).toEqual([
      'suggestion',
      'shown',
      'outcome',
      'settled',
      'survival',
    ]);
  });

  it('a silent decision is not the suggestion shown last', () => {
    const session = new EditSession('█').play([['silent'], ['wait', 750]]);
    expect(session.events.map(({ kind }) => kind)).toEqual(['suggestion']);
    expect(session.tracker.lastShownId).toBeUndefined();
  });

  it('a rating is about the suggestion shown last', () => {
    const session = new EditSession('█');
    expect(session.tracker.rate({ thumb: 'up' })).toBe(false);
    session.play([
      ['suggest', 'foo'],
      'esc',
      ['rate', { thumb: 'down', comment: 'no', aspects: { style: -1 } }],
    ]);
    expect(session.events.at(-1)).toMatchObject({
      kind: 'rating',
      suggestionId: 'suggestion-0',
      thumb: 'down',
      comment: 'no',
      aspects: { style: -1 },
    });
  });
});

describe('bounds', () => {
  it('the oldest followed suggestion is finished first, with what is known', () => {
    const session = new EditSession('█', 2).play(
      ['one', 'two', 'three'].flatMap((word): Step[] => [
        ['suggest', word],
        'accept',
        ['wait', 1_000],
      ]),
    );
    expect(session.facts).toEqual([
      'accepted #0, 3 taken, 0 ms',
      'accepted #0, 3 taken, 0 ms',
      'accepted #0, 5 taken, 0 ms',
      '2 s: 1 present',
    ]);
  });

  it('at the end what is visible is left and what is followed is closed', () => {
    const session = new EditSession('█').play([
      ['suggest', 'one'],
      'accept',
      ['wait', 1_500],
      ['suggest', 'two'],
      ['wait', 800],
    ]);
    session.tracker.dispose();
    session.tracker.dispose();
    expect(session.facts).toEqual([
      'accepted #0, 3 taken, 0 ms',
      'left #0, 0 taken, 800 ms',
      '2.3 s: 1 closed',
    ]);
  });

  it('a suggestion without the candidate said to be shown is refused', () => {
    const session = new EditSession('█');
    expect(() => session.tracker.shown(makeSuggestion('s', 0, ['a'], 0), 1)).toThrow(RangeError);
  });
});

describe('a document that cannot be read', () => {
  /** A tracker whose documents are closed or too long to follow. */
  function blind(readText: () => string | undefined) {
    const clock = new FakeClock();
    const tracker = new SuggestionTracker(clock, { readText });
    const events: FeedbackEvent[] = [];
    tracker.onDidRecord((event) => events.push(event));
    tracker.shown(makeSuggestion('s', 0, ['foo'], clock.now()), 0);
    clock.advance(800);
    return {
      clock,
      tracker,
      outcomes: () => events.flatMap((e) => (e.kind === 'outcome' ? [e.outcome] : [])),
    };
  }
  const insertion = { offset: 0, removedLength: 0, insertedText: 'foo', timeMs: 0 };

  for (const [name, text] of [
    ['closed', undefined],
    ['too long', 'x'.repeat(2_000_001)],
  ] as const) {
    it(`says only left, until the accept command says more (${name})`, () => {
      const { clock, tracker, outcomes } = blind(() => text);
      tracker.documentChanged(sessionUri, [insertion], 'edit');
      tracker.accepted('s', 0);
      expect(outcomes()).toEqual(['left', 'accepted']);
      expect(clock.pending).toBe(0);
    });
  }
});

describe('a missed change', () => {
  it('is made up for by the live document', () => {
    const session = new EditSession('x = █;\nend').play([['suggest', 'foo(bar)'], 'accept']);
    session.text = `missed();\n${session.text}`;
    session.play([
      ['replace', 'bar', 'baz'],
      ['wait', 15_000],
    ]);
    expect(session.facts).toEqual([
      'accepted #0, 8 taken, 0 ms',
      'settled "foo(baz)"',
      '15 s: 0.875 edited',
    ]);
  });
});
