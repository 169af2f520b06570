import { describe, expect, test } from 'vitest';
import { featureNames, featuresOf } from '../../../src/completion/features';
import { noOutcomes, OutcomeMemory } from '../../../src/completion/outcomeMemory';
import { lessonOf, lessonsOf, type RewardLesson } from '../../../src/training/rewardExamples';
import type { Outcome, ScoredCandidate, StoredSuggestion } from '../../../src/types';
import { plainTaste, rewardHistory, storedWith, streamOf } from '../../helpers/rewardHistory';

const candidate = (text: string): ScoredCandidate => ({
  text,
  tokenIds: [],
  logProb: -1,
  source: 'sampled',
  propensity: 1,
  score: 0.5,
});

/** What is known of each of `texts`, of which the first was shown. */
function check(
  texts: readonly string[],
  outcome: Outcome | undefined,
  settledText: string | undefined,
  expected: readonly (number | undefined)[],
): void {
  const lesson = lessonOf(storedWith(1, texts.map(candidate), outcome, settledText), noOutcomes);
  const targets = lesson?.options.map(({ target }) => target);
  expect(targets ?? texts.map(() => undefined)).toEqual(expected);
}

describe('what is known of candidates', () => {
  test('the one taken was right, one that begins the same as well, another was not', () => {
    check(['load(a);', 'make();', 'load('], 'accepted', undefined, [1, 0, 1]);
  });

  test('of one that goes on beyond what was written nothing is known', () => {
    check(['load(', 'load(a);'], 'accepted', undefined, [1, undefined]);
  });

  test('what was written instead of the one refused says which would have been right', () => {
    check(['make();', 'load(a);', 'load(b);'], 'dismissed', 'load(a);\n', [0, 1, 0]);
    check(['make();', 'load(a);'], 'typedAgainst', undefined, [0, undefined]);
  });

  test('what was written into silence says whether silence was right', () => {
    check(['make();', 'load(a);'], undefined, 'load(a);', [0, 1]);
    check(['make();', 'load(a);'], undefined, undefined, [undefined, undefined]);
  });

  test('what was not seen, or left, says nothing', () => {
    check(['make();'], 'unseen', undefined, [undefined]);
    check(['make();'], 'left', undefined, [undefined]);
  });

  test('lines compare whatever their indentation and line ends', () => {
    check(['a {\n  b();\n}', 'a {\n  c();\n}'], 'dismissed', 'a {\r\n    c();\r\n}', [0, 1]);
  });
});

test('each better one makes a pair with each worse one, and a decision weighs as much as another', () => {
  const stored = storedWith(
    1,
    ['make();', 'load(a);', 'load(b);'].map(candidate),
    'dismissed',
    'load(a);',
  );
  const pairs = lessonOf(stored, noOutcomes)?.pairs ?? [];
  expect(pairs).toHaveLength(2);
  expect(pairs.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(1);
});

test('what a person said outweighs what is inferred, and a draw stands for those that were not drawn', () => {
  const stored = storedWith(1, [candidate('make();')], 'accepted');
  const { id: suggestionId } = stored.suggestion;
  const rated: StoredSuggestion = {
    ...stored,
    rating: {
      kind: 'rating',
      suggestionId,
      thumb: 'down',
      aspects: { style: -1 },
      comment: '',
      timeMs: 1,
    },
  };
  expect(lessonOf(rated, noOutcomes)?.examples).toMatchObject([
    { target: 0, weight: 4, aspects: { style: -1 } },
  ]);
  const drawn: StoredSuggestion = {
    ...stored,
    suggestion: { ...stored.suggestion, exploration: 'explored', propensity: 0.05 },
  };
  expect(lessonOf(drawn, noOutcomes)?.examples).toMatchObject([{ target: 1, weight: 4 }]);
});

test('copied texts are also learned from as they are before anybody has read them', () => {
  const copy = { runLength: 20, votes: 2, places: 2, sameFile: false };
  const both = [candidate('make();'), { ...candidate('load();'), copy }];
  const lesson = lessonOf(storedWith(1, both, 'dismissed', 'load();'), noOutcomes);
  const unread = lesson?.examples.at(-1);
  expect(lesson?.examples).toHaveLength(3);
  expect(unread?.target).toBe(1);
  expect(unread?.row[featureNames.indexOf('unscored')]).toBe(1);
  expect(unread?.row[featureNames.indexOf('rivals')]).toBe(0);
});

test('a refit sees what the decision saw: the outcomes before it, and none after', async () => {
  const history = rewardHistory(30, plainTaste);
  const lessons: RewardLesson[] = [];
  for await (const lesson of lessonsOf(streamOf(history))) lessons.push(lesson);
  const live = new OutcomeMemory();
  expect(lessons).toHaveLength(30);
  for (const [n, { suggestion, outcomes, survival }] of history.entries()) {
    const rows = featuresOf(suggestion, live.at(suggestion.timeMs));
    expect(lessons[n]?.options.map(({ row }) => row)).toEqual(rows);
    live.record({ kind: 'suggestion', suggestion });
    for (const event of [...outcomes, ...survival]) live.record(event);
  }
});
