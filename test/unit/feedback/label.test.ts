/** The reward table of the design, row by row, and what never becomes a label. */
import { describe, expect, it } from 'vitest';
import {
  type SuggestionFacts,
  aspectsOf,
  defaultRewardTable,
  factsOf,
  rewardOf,
} from '../../../src/feedback/label';
import type { FeedbackEvent, Outcome, RegionState } from '../../../src/types';
import { makeSuggestion } from '../../helpers/editSession';

const after = (afterSeconds: number, survival: number, state: RegionState = 'present') => ({
  afterSeconds,
  survival,
  state,
});

/** Facts of a suggestion of ten characters that was seen, but for what is given. */
function facts(outcome: Outcome | undefined, more: Partial<SuggestionFacts> = {}): SuggestionFacts {
  return { outcome, takenLength: 10, shownLength: 10, visibleMs: 2_000, survivals: [], ...more };
}

const rated = (
  thumb: 'up' | 'down' | null,
  comment = '',
  aspects: Readonly<Record<string, number>> = {},
): Partial<SuggestionFacts> => ({ rating: { thumb, comment, aspects } });

describe('the reward', () => {
  /** `expected` is value, weight and row; undefined where there must be no label. */
  const check = (
    name: string,
    input: SuggestionFacts,
    expected: readonly [value: number, weight: number, reason: string] | undefined,
  ) =>
    it(name, () => {
      const reward = rewardOf(input);
      expect(reward && [reward.value, reward.weight, reward.reason]).toEqual(expected);
    });

  check(
    'accepted is worth what survives at last',
    facts('accepted', { survivals: [after(15, 1), after(600, 0.5, 'edited')] }),
    [0.5, 1, 'kept'],
  );
  check('typed through as well', facts('typedThrough', { survivals: [after(15, 0.8, 'edited')] }), [
    0.8,
    1,
    'kept',
  ]);
  check('accepted but never measured is unknown', facts('accepted'), undefined);
  check(
    'accepted and gone in 30 s',
    facts('accepted', { survivals: [after(15, 1), after(30, 0, 'edited')] }),
    [-1, 1, 'gone'],
  );
  check(
    'accepted and undone in 30 s has a row of its own',
    facts('accepted', { survivals: [after(15, 0, 'undone')] }),
    [-1, 1, 'undone'],
  );
  check(
    'accepted and gone later is worth nothing, not a refusal',
    facts('accepted', { survivals: [after(30, 1), after(120, 0, 'edited')] }),
    [0, 1, 'kept'],
  );
  check(
    'undone and redone is kept',
    facts('accepted', { survivals: [after(15, 0, 'undone'), after(30, 1)] }),
    [1, 1, 'kept'],
  );
  check(
    'typed by hand and deleted is no refusal of the suggestion',
    facts('typedThrough', { survivals: [after(15, 0, 'edited')] }),
    [0, 1, 'kept'],
  );
  check(
    'a branch switch does not count against it',
    facts('accepted', { survivals: [after(15, 1), after(30, 0, 'replacedOutside')] }),
    [1, 1, 'kept'],
  );
  check(
    'nor when nothing was measured before',
    facts('accepted', { survivals: [after(15, 0, 'replacedOutside')] }),
    undefined,
  );
  check(
    'a closed file keeps what was known',
    facts('accepted', { survivals: [after(15, 1), after(22.5, 0.5, 'closed')] }),
    [0.5, 1, 'kept'],
  );
  check('partial is the share taken', facts('partial', { takenLength: 4 }), [0.4, 1, 'partial']);
  check('dismissed after being seen', facts('dismissed', { takenLength: 0 }), [-1, 1, 'dismissed']);
  check('dismissed before is no label', facts('dismissed', { visibleMs: 700 }), undefined);
  check('typed against after being seen', facts('typedAgainst', { takenLength: 0 }), [
    -0.25,
    1,
    'typedAgainst',
  ]);
  check('typed against before is no label', facts('typedAgainst', { visibleMs: 700 }), undefined);
  for (const outcome of ['unseen', 'superseded', 'left'] as const) {
    check(`${outcome} is no label`, facts(outcome, { takenLength: 0 }), undefined);
  }
  check('a thumb overrides what was done', facts('dismissed', rated('up')), [1, 4, 'explicit']);
  check('a thumb counts before any outcome', facts(undefined, rated('down')), [-1, 4, 'explicit']);
  check(
    'aspects count without a thumb',
    facts('left', rated(null, '', { style: -1, efficiency: 0.5 })),
    [-0.25, 4, 'explicit'],
  );
  check(
    'so does the tone of a comment',
    facts('left', rated(null, 'Not what I wanted, but a nice idea')),
    [1, 4, 'explicit'],
  );
  check('both together', facts('left', rated(null, 'wrong', { style: 1 })), [0, 4, 'explicit']);
  check(
    'a comment without any tone leaves the outcome to speak',
    facts('dismissed', rated(null, 'I meant the other one')),
    [-1, 1, 'dismissed'],
  );

  it('follows the numbers a user sets', () => {
    const table = { ...defaultRewardTable, dismissed: -0.5, seenMs: 3_000, explicitWeight: 9 };
    expect(rewardOf(facts('dismissed'), table)).toBeUndefined();
    expect(rewardOf(facts('dismissed', { visibleMs: 3_000 }), table)?.value).toBe(-0.5);
    expect(rewardOf(facts('left', rated('up')), table)?.weight).toBe(9);
  });
});

describe('facts from events', () => {
  const suggestion = makeSuggestion('s', 0, ['short', 'much longer'], 0);
  const outcome = (kind: Outcome, candidateIndex: number, timeMs: number): FeedbackEvent => ({
    kind: 'outcome',
    suggestionId: 's',
    outcome: kind,
    candidateIndex,
    takenLength: 5,
    visibleMs: 900,
    timeMs,
  });

  it('take the last outcome and the candidate it is about', () => {
    const folded = factsOf([
      { kind: 'suggestion', suggestion },
      outcome('left', 0, 1),
      outcome('accepted', 1, 2),
    ]);
    expect(folded).toEqual({
      outcome: 'accepted',
      takenLength: 5,
      shownLength: 11,
      visibleMs: 900,
      survivals: [],
    });
  });

  it('take the last rating and every survival', () => {
    const survival = {
      kind: 'survival',
      suggestionId: 's',
      afterSeconds: 15,
      survival: 1,
      state: 'present',
      timeMs: 3,
    } as const;
    const rating = {
      kind: 'rating',
      suggestionId: 's',
      thumb: 'up',
      aspects: {},
      comment: '',
      timeMs: 4,
    } as const;
    const folded = factsOf([
      outcome('accepted', 0, 1),
      survival,
      { ...rating, thumb: 'down' },
      rating,
    ]);
    expect(folded?.survivals).toEqual([survival]);
    expect(folded?.rating?.thumb).toBe('up');
  });

  it('are none for a suggestion that was only made or shown', () => {
    expect(factsOf([{ kind: 'suggestion', suggestion }])).toBeUndefined();
  });
});

it('aspects differ between code and prose', () => {
  expect(aspectsOf('typescript')).toEqual(['functionality', 'efficiency', 'style']);
  expect(aspectsOf('markdown')).not.toEqual(aspectsOf('typescript'));
});
