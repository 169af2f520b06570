import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { featureNames, featuresOf } from '../../../src/completion/features';
import { noOutcomes } from '../../../src/completion/outcomeMemory';
import { createRewardModel, readRewardWeights } from '../../../src/model/rewardModel';
import { lessonsOf, type RewardLesson } from '../../../src/training/rewardExamples';
import type { Candidate } from '../../../src/types';
import type { Answer } from '../../../tools/eval/answers';
import { pretrain, type RewardHistory, withCuts } from '../../../tools/eval/reward';
import { plainTaste, rewardHistory, streamOf } from '../../helpers/rewardHistory';
import { sampleSuggestion } from '../../helpers/sampleEvents';

async function historyOf(name: string, seed: number): Promise<RewardHistory> {
  const lessons: RewardLesson[] = [];
  // What was written into silence, so that it is known of every candidate whether it was right.
  const silent = rewardHistory(150, plainTaste, seed).map((stored) => ({
    ...stored,
    settled: {
      kind: 'settled' as const,
      suggestionId: stored.suggestion.id,
      text:
        stored.outcomes[0]?.outcome === 'accepted'
          ? (stored.suggestion.candidates[0]?.text ?? '')
          : 'other',
      timeMs: stored.suggestion.timeMs,
    },
  }));
  for await (const lesson of lessonsOf(streamOf(silent))) lessons.push(lesson);
  return { name, lessons, cuts: [] };
}

test('what ships is made of histories, and told of those that it did not see', async () => {
  const histories = [await historyOf('one', 1), await historyOf('two', 2)];
  const { weights, report } = pretrain(histories);
  expect(weights.features.map(({ name }) => name)).toEqual(featureNames);
  expect(weights.labels).toBe(0);
  expect(report).toContain('one (150), two (150)');
  const auc = (row: string) =>
    Number(new RegExp(`\\| ${row} \\| \\d+ \\| ([\\d.]+)`).exec(report)?.[1]);
  expect(auc('whoever knows')).toBe(1);
  expect(auc('reward model')).toBeGreaterThan(0.75);
  expect(pretrain(histories)).toEqual({ weights, report });
});

/** Answers to cuts at which the text that calls `done` stands, however unlikely the policy finds it. */
function answersOf(name: string, seed: number): Answer[] {
  return rewardHistory(150, plainTaste, seed).flatMap(({ suggestion }) => {
    const { id, context, candidates } = suggestion;
    const target = candidates.find(({ text }) => text.startsWith('done'))?.text;
    if (target === undefined) return [];
    const stored = candidates.map(({ tokenIds: _, ...rest }) => ({ ...rest, score: 0.5 }));
    const place = { key: 'k', package: name, cut: id, kind: 'midLine', row: 'fit' } as const;
    return [
      { ...place, target, text: '', latencyMs: 1, candidates: stored, context: { ...context } },
    ];
  });
}

test('cuts of packages teach it too, and each is judged by a model that did not see its package', async () => {
  const histories = [await historyOf('one', 1), await historyOf('two', 2)];
  const answers = [...answersOf('@shop/one', 3), ...answersOf('three', 4)];
  const both = withCuts(histories, answers, (name) => name.replace('@shop/', ''));
  expect(both.map(({ name, cuts }) => [name, cuts.length > 30])).toEqual([
    ['one', true],
    ['two', false],
    ['three', true],
  ]);
  const { report } = pretrain(both);
  const [, cuts, reward = 0, score = 0] =
    /Of (\d+) cuts .* at ([\d.]+) %, what the score does at ([\d.]+) %/.exec(report)?.map(Number) ??
    [];
  expect(cuts).toBe(answers.length);
  expect(reward).toBeGreaterThan(score);
});

test('a cut of which nobody kept the context teaches nothing', async () => {
  const bare = answersOf('one', 3).map(({ context: _, ...answer }) => answer);
  const [one] = withCuts([await historyOf('one', 1)], bare, (name) => name);
  expect(one?.cuts).toEqual([]);
});

describe('the reward model that ships', async () => {
  const weights = await readRewardWeights(path.resolve('media/reward/pretrained.json'));
  const model = createRewardModel(weights, featureNames);
  const judge = (...candidates: readonly Candidate[]) =>
    model
      .judge(featuresOf({ ...sampleSuggestion(0), trigger: 'automatic', candidates }, noOutcomes))
      .map(({ probability }) => probability);
  const candidate = (logProb: number): Candidate => ({
    text: 'items.length;',
    tokenIds: [],
    logProb,
    source: 'greedy',
    propensity: 1,
  });
  const copied = (runLength: number, votes: number): Candidate => ({
    ...candidate(NaN),
    source: 'copied',
    copy: { runLength, votes, places: 4, sameFile: false },
  });

  test('knows the features of today', () => {
    expect(weights.features.map(({ name }) => name)).toEqual(featureNames);
  });

  test('believes in what the policy is sure of, and not in what it is not', () => {
    const [sure = 0] = judge(candidate(-0.1));
    const [unsure = 1] = judge(candidate(-12));
    expect(sure).toBeGreaterThan(unsure + 0.15);
    expect(unsure).toBeLessThan(0.1);
  });

  test('judges copies that nobody has read by what they rest on', () => {
    const [well = 0] = judge(copied(60, 4));
    const [badly = 1] = judge(copied(7, 1));
    expect(well).toBeGreaterThan(badly + 0.2);
  });
});
