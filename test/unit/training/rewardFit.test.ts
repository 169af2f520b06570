import { describe, expect, test } from 'vitest';
import { featureNames, featuresOf } from '../../../src/completion/features';
import { noOutcomes, OutcomeMemory } from '../../../src/completion/outcomeMemory';
import { createRewardModel, type RewardWeights } from '../../../src/model/rewardModel';
import { emptyReward, fitReward, refitReward } from '../../../src/training/rewardFit';
import { lessonsOf, type RewardLesson } from '../../../src/training/rewardExamples';
import type { StoredSuggestion } from '../../../src/types';
import { plainTaste, rewardHistory, storedWith, streamOf } from '../../helpers/rewardHistory';

async function lessonsFrom(history: readonly StoredSuggestion[]): Promise<RewardLesson[]> {
  const lessons: RewardLesson[] = [];
  for await (const lesson of lessonsOf(streamOf(history))) lessons.push(lesson);
  return lessons;
}

const quick = { maxVisits: 60_000 };

/** What ships, in small: fitted to another user of the same taste. */
async function pretrained(): Promise<RewardWeights> {
  const lessons = await lessonsFrom(rewardHistory(1_500, plainTaste, 99));
  return fitReward(lessons, emptyReward(lessons, { hidden: 8, seed: 1 }), {
    ...quick,
    ...{ priorWeight: 2, ownPriorWeight: 2 },
  }).weights;
}
const shipped = await pretrained();

/** P of the candidate shown of each suggestion, by somebody who remembers those before it. */
function probabilities(weights: RewardWeights, history: readonly StoredSuggestion[]): number[] {
  const model = createRewardModel(weights, featureNames);
  const memory = new OutcomeMemory();
  return history.map((stored) => {
    const { suggestion } = stored;
    const [judgement] = model.judge(featuresOf(suggestion, memory.at(suggestion.timeMs)));
    memory.recordStored(stored);
    return judgement?.probability ?? NaN;
  });
}

const isTaken = ({ outcomes }: StoredSuggestion) => outcomes[0]?.outcome === 'accepted';
const mean = (values: readonly number[]) =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** The share of pairs, one taken and one refused, that the model puts the right way round. */
function orderOf(weights: RewardWeights, history: readonly StoredSuggestion[]): number {
  const said = probabilities(weights, history);
  const wins = history.flatMap((good, i) =>
    history.flatMap((bad, j) =>
      isTaken(good) && !isTaken(bad) ? [Number((said[i] ?? 0) > (said[j] ?? 0))] : [],
    ),
  );
  return mean(wins);
}

test('a taste is learned, and what is said of new suggestions may be believed', async () => {
  const { weights, report } = await refitReward(
    streamOf(rewardHistory(1_500, plainTaste)),
    shipped,
    quick,
  );
  expect(report).toMatchObject({ labels: 1_500, heldOut: 300, verdict: 'fitted' });
  expect(report.calibrationError).toBeLessThan(0.08);
  expect(orderOf(weights, rewardHistory(300, plainTaste, 2))).toBeGreaterThan(0.78);
});

test('a taste other than that of the one that ships replaces it', async () => {
  const contrary = (candidate: Parameters<typeof plainTaste>[0]) => 1 - plainTaste(candidate);
  const { weights } = await refitReward(streamOf(rewardHistory(2_000, contrary)), shipped, quick);
  expect(orderOf(shipped, rewardHistory(300, contrary, 2))).toBeLessThan(0.4);
  expect(orderOf(weights, rewardHistory(300, contrary, 2))).toBeGreaterThan(0.75);
});

test('a few labels already say how far the one that ships is to be believed', async () => {
  const often = (candidate: Parameters<typeof plainTaste>[0]) => 0.5 + 0.5 * plainTaste(candidate);
  const { weights, report } = await refitReward(streamOf(rewardHistory(80, often)), shipped, quick);
  expect(report).toMatchObject({ labels: 80, heldOut: 0, verdict: 'fitted' });
  expect(weights.calibration).not.toEqual(shipped.calibration);
  const later = rewardHistory(300, often, 2);
  const distance = (of: RewardWeights) =>
    Math.abs(mean(probabilities(of, later)) - mean(later.map((each) => Number(isTaken(each)))));
  expect(distance(weights)).toBeLessThan(distance(shipped) / 2);
});

test('the same labels give the same model', async () => {
  const history = rewardHistory(100, plainTaste);
  const [once, again] = await Promise.all(
    [1, 2].map(() => refitReward(streamOf(history), shipped, quick)),
  );
  expect(once).toEqual(again);
});

describe('few or odd labels change little and break nothing', () => {
  const elsewhere = rewardHistory(100, plainTaste, 5);
  const before = probabilities(shipped, elsewhere);
  const only = (count: number, outcome: 'accepted' | 'dismissed') =>
    rewardHistory(count, () => Number(outcome === 'accepted'), 3);
  const same = rewardHistory(1, plainTaste)[0]?.suggestion.candidates ?? [];

  test.each<[string, readonly StoredSuggestion[], number]>([
    ['ten labels', rewardHistory(10, plainTaste, 3), 0.1],
    ['ten accepts alone', only(10, 'accepted'), 0.25],
    ['ten refusals alone', only(10, 'dismissed'), 0.15],
    [
      'contradictions',
      Array.from({ length: 20 }, (_, n) =>
        storedWith(n, same, n % 2 === 0 ? 'accepted' : 'dismissed'),
      ),
      0.1,
    ],
    ['two hundred accepts alone', only(200, 'accepted'), 0.7],
    ['two hundred refusals alone', only(200, 'dismissed'), 0.7],
  ])('%s', async (_, history, most) => {
    const { weights } = await refitReward(streamOf(history), shipped, quick);
    const after = probabilities(weights, elsewhere);
    const moved = mean(after.map((value, i) => Math.abs(value - (before[i] ?? 0))));
    expect(moved).toBeLessThan(most);
    expect(after.every((value) => value > 0 && value < 1)).toBe(true);
    // What is taken goes before what is refused as it did.
    expect(orderOf(weights, elsewhere)).toBeGreaterThan(orderOf(shipped, elsewhere) - 0.1);
  });

  test('none at all', async () => {
    const { weights, report } = await refitReward(streamOf([]), shipped);
    expect(weights).toBe(shipped);
    expect(report).toMatchObject({ labels: 0, verdict: 'noLabels' });
    const unlabelled = [storedWith(0, same, undefined)];
    expect((await refitReward(streamOf(unlabelled), shipped)).weights).toBe(shipped);
  });

  test('a clock that goes back', async () => {
    const history = rewardHistory(60, plainTaste, 3).map((stored, n) => ({
      ...stored,
      suggestion: { ...stored.suggestion, timeMs: 1e12 - n * 1_000 },
    }));
    const { report } = await refitReward(streamOf(history), shipped, quick);
    expect(report.labels).toBe(60);
  });
});

test('labels that say nothing of the next ones leave the prior as it is', async () => {
  // The old ones are of the opposite taste of the newest.
  const old = rewardHistory(800, (candidate) => 1 - plainTaste(candidate), 7);
  const recent = rewardHistory(200, plainTaste, 8).map(({ suggestion, ...facts }) => ({
    ...facts,
    suggestion: { ...suggestion, timeMs: suggestion.timeMs + 1e9 },
  }));
  const { weights, report } = await refitReward(streamOf([...old, ...recent]), shipped, quick);
  expect(report.verdict).toBe('worseThanPrior');
  expect(weights).toEqual(shipped);
});

test('twenty refusals of one kind make it sink, and twenty accepts of another make it rise', async () => {
  const comment = { text: '// load user', logProb: -1 };
  const idiom = { text: 'assertNever(value);', logProb: -3 };
  const [sample] = rewardHistory(1, plainTaste)[0]?.suggestion.candidates ?? [];
  if (!sample) throw new Error('A candidate is needed.');
  const history = Array.from({ length: 40 }, (_, n) =>
    storedWith(
      n,
      [{ ...sample, ...(n % 2 === 0 ? comment : idiom) }],
      n % 2 === 0 ? 'dismissed' : 'accepted',
    ),
  );
  const { weights } = await refitReward(streamOf(history), shipped, quick);
  const memory = new OutcomeMemory();
  for (const stored of history) memory.recordStored(stored);
  const after = createRewardModel(weights, featureNames);
  const before = createRewardModel(shipped, featureNames);
  const judged = ({ text, logProb }: typeof comment) => {
    const { suggestion } = storedWith(50, [{ ...sample, text, logProb }], undefined);
    const now = featuresOf(suggestion, memory.at(Infinity));
    const then = featuresOf(suggestion, noOutcomes);
    return {
      now: after.judge(now)[0]?.probability ?? NaN,
      then: before.judge(then)[0]?.probability ?? NaN,
    };
  };
  expect(judged(comment).now).toBeLessThan(0.25);
  expect(judged(idiom).now).toBeGreaterThan(judged(idiom).then + 0.15);
});
