/**
 * npm run eval -- reward [-- --stores DIR]: makes the reward model that ships, from the feedback stores
 * of replayed histories (`hone replay --learn cache --stores DIR/NAME`), one folder a history, and from
 * the answers of `npm run eval -- fit`, since only a cut tells the whole line from its beginning. What
 * it is worth is told of histories and packages that the fit did not see, one left out at a time, beside
 * the fitted score; it is calibrated on those histories too. To be run again whenever the policy that
 * ships or the score changes. Seeded, nothing random.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { featureNames } from '../../src/completion/features';
import { noOutcomes } from '../../src/completion/outcomeMemory';
import { evenChance, thresholdOf, worthsOf } from '../../src/completion/rerank';
import { score } from '../../src/completion/score';
import { createRewardModel, rounded, type RewardWeights } from '../../src/model/rewardModel';
import { openExistingStore } from '../../src/store/feedbackStore';
import { calibrationError, platt } from '../../src/training/calibration';
import {
  lessonOf,
  lessonsOf,
  type RewardLesson,
  type RewardOption,
} from '../../src/training/rewardExamples';
import { descend, emptyReward, isKept } from '../../src/training/rewardFit';
import type { Judgement } from '../../src/model/types';
import type { Logger, Suggestion } from '../../src/types';
import { mean } from '../../src/util/statistics';
import type { Answer } from './answers';

export interface RewardHistory {
  readonly name: string;
  readonly lessons: readonly RewardLesson[];
  /** Of the same code, if it is a package too. */
  readonly cuts: readonly CutLesson[];
}

/** A place in a package at which it is known what stands there. */
export interface CutLesson {
  readonly lesson: RewardLesson;
  readonly written: string;
}

/** How the one that ships is fitted: chosen by what is left out. */
export const pretraining = {
  hidden: 8,
  seed: 1,
  priorWeight: 15,
  ownPriorWeight: 15,
  pairWeight: 0.5,
} as const;

/** What is put first in a decision. */
type Order = (lesson: RewardLesson) => Chosen | undefined;

interface Chosen {
  readonly option: RewardOption;
  /** P(accepted and retained), 0..1. */
  readonly probability: number;
}

export async function readHistories(folder: string, logger: Logger): Promise<RewardHistory[]> {
  const histories: RewardHistory[] = [];
  for (const name of fs.readdirSync(folder).sort()) {
    const file = path.join(folder, name, 'cache.db');
    if (!fs.existsSync(file)) continue;
    const store = await openExistingStore(file, { logger });
    const lessons: RewardLesson[] = [];
    for await (const lesson of lessonsOf(store.suggestions())) lessons.push(lesson);
    await store.close();
    histories.push({ name, lessons, cuts: [] });
  }
  return histories;
}

/** Adds the cuts of packages to the histories that `historyOf` says are of the same code. */
export function withCuts(
  histories: readonly RewardHistory[],
  answers: readonly Answer[],
  historyOf: (packageName: string) => string,
): RewardHistory[] {
  const names = new Set([
    ...histories.map(({ name }) => name),
    ...answers.map((answer) => historyOf(answer.package)),
  ]);
  return [...names].map((name) => {
    const known = histories.find((history) => history.name === name);
    const cuts = answers.flatMap((answer) => {
      const lesson = historyOf(answer.package) === name ? lessonOfCut(answer) : undefined;
      return lesson ? [{ lesson, written: answer.target }] : [];
    });
    return { name, lessons: known?.lessons ?? [], cuts };
  });
}

/** As if Hone had been silent and the user had written what stands there. */
function lessonOfCut(answer: Answer): RewardLesson | undefined {
  const { cut, target, context, candidates } = answer;
  if (context === undefined) return undefined;
  const suggestion: Suggestion = {
    ...{ id: cut, timeMs: 0, documentUri: context.path, offset: 0 },
    ...{ trigger: 'automatic', context, shownIndex: null, propensity: 1, exploration: 'best' },
    candidates: candidates.map(({ logProb, ...rest }) => {
      const candidate = { ...rest, logProb: logProb ?? NaN, tokenIds: [] };
      return { ...candidate, score: score(candidate) };
    }),
    ...{ policyVersion: answer.key, rewardVersion: 'none' },
    latencyMs: { context: 0, copy: 0, queue: 0, prefill: 0, decode: 0, total: answer.latencyMs },
  };
  const settled = { kind: 'settled', suggestionId: cut, text: target, timeMs: 0 } as const;
  const facts = { shown: [], outcomes: [], survival: [], rating: undefined };
  return lessonOf({ suggestion, settled, ...facts }, noOutcomes);
}

/** A model of these histories and cuts, not yet calibrated. */
function fitted(histories: readonly RewardHistory[]): RewardWeights {
  const lessons = histories.flatMap(({ lessons: replayed, cuts }) => [
    ...replayed,
    ...cuts.map(({ lesson }) => lesson),
  ]);
  return descend(lessons, emptyReward(lessons, pretraining), pretraining);
}

export interface Pretrained {
  readonly weights: RewardWeights;
  readonly report: string;
}

/** A history or package left out, and the model of all others. */
interface Fold {
  readonly held: RewardHistory;
  readonly weights: RewardWeights;
}

export function pretrain(histories: readonly RewardHistory[]): Pretrained {
  const folds = histories.map((held): Fold => ({
    held,
    weights: fitted(histories.filter((other) => other !== held)),
  }));
  const logits = folds.flatMap(({ held, weights }) =>
    chosenOf(held, orderOf(weights)).map(({ option, probability }) => ({
      logit: Math.log(probability / (1 - probability)),
      target: Number(isKept(option.target ?? Number(option.isRight))),
    })),
  );
  // A curve of two numbers, however many labels: it is what a user's own few are held towards.
  const calibration = platt(logits);
  const all = fitted(histories);
  const lines = (titled: readonly (readonly [string, (weights: RewardWeights) => Order])[]) =>
    titled.map(([title, order]) => {
      const chosen = folds.flatMap(({ held, weights }) =>
        chosenOf(held, order({ ...weights, calibration })),
      );
      return figures(title, chosen);
    });
  const replayed = histories.filter(({ lessons }) => lessons.length > 0);
  const report = [
    `Decisions of ${replayed.map(({ name, lessons }) => `${name} (${lessons.length})`).join(', ')};`,
    'each history is judged by a model that did not see it.',
    '',
    '| order | decisions | AUC | calibration error | right characters and wrong texts: all shown |' +
      thresholds.map((threshold) => ` from ${threshold} |`).join(''),
    '| --- | --- | --- | --- | --- |' + thresholds.map(() => ' --- |').join(''),
    ...lines([
      ['score', () => scoreOrder],
      ['reward model', (weights) => orderOf(weights)],
      ['by its probability', (weights) => orderOf(weights, ({ probability }) => probability)],
      ['by its preference', (weights) => orderOf(weights, ({ preference }) => preference)],
      [
        'by characters expected',
        (weights) => orderOf(weights, ({ probability }, { text }) => probability * text.length),
      ],
      ['whoever knows', () => perfectOrder],
    ]),
    '',
    ...cutFigures(folds),
  ].join('\n');
  return { weights: rounded({ ...all, calibration, labels: 0 }), report };
}

const thresholds = [0.03, thresholdOf(0.5), 0.1, 0.15, 0.25, 0.4] as const;

const scoreOrder: Order = ({ options }) =>
  first(options, ({ score }) => ({ key: score, probability: score }));
const perfectOrder: Order = ({ options }) =>
  first(options, ({ isRight, text }) => ({
    key: Number(isRight) * text.length,
    probability: Number(isRight),
  }));

/** @param rate what to order by, of each option; the product's order when left out */
function orderOf(
  weights: RewardWeights,
  rate?: (judgement: Judgement, option: RewardOption) => number,
): Order {
  const model = createRewardModel(weights, featureNames);
  return ({ options }) => {
    const judgements = model.judge(options.map(({ row }) => row));
    const judged = options.map((option, i) => ({
      ...(judgements[i] ?? { probability: 0, preference: 0 }),
      text: option.text,
      option,
    }));
    const keys = rate ? judged.map((one) => rate(one, one.option)) : worthsOf(judged);
    return first(options, (_, i) => ({
      key: keys[i] ?? 0,
      probability: judged[i]?.probability ?? 0,
    }));
  };
}

function first(
  options: readonly RewardOption[],
  rate: (option: RewardOption, index: number) => { key: number; probability: number },
): Chosen | undefined {
  const rated = options.map((option, i) => ({ option, ...rate(option, i) }));
  return rated.toSorted((a, b) => b.key - a.key)[0];
}

/** What an order puts first in each decision, where it is known whether that is right. */
function chosenOf({ lessons }: RewardHistory, order: Order): Chosen[] {
  return lessons.flatMap((lesson) => {
    const chosen = order(lesson);
    return chosen?.option.isRight === undefined ? [] : [chosen];
  });
}

/** How often what comes first is all that stands there, where there are cuts. */
function cutFigures(folds: readonly Fold[]): string[] {
  const count = folds.reduce((sum, { held }) => sum + held.cuts.length, 0);
  if (count === 0) return [];
  const exact = (order: (weights: RewardWeights) => Order): string => {
    const marks = folds.flatMap(({ held, weights }) =>
      held.cuts.map(({ lesson, written }) =>
        Number(order(weights)(lesson)?.option.text === written),
      ),
    );
    return `${(100 * mean(marks)).toFixed(1)} %`;
  };
  return [
    `Of ${count} cuts in packages that it did not see, what it puts first is what stands there at ` +
      `${exact(orderOf)}, what the score does at ${exact(() => scoreOrder)}.`,
  ];
}

function figures(title: string, chosen: readonly Chosen[]): string {
  const said = chosen.map(({ option, probability }) => ({
    probability,
    target: Number(option.isRight),
  }));
  const at = (threshold: number) => {
    const shown = chosen.filter(
      ({ option: { text }, probability }) => evenChance({ text, probability }) >= threshold,
    );
    const kept = shown.reduce(
      (sum, { option }) => sum + Number(option.isRight) * option.text.length,
      0,
    );
    const refused = shown.filter(({ option }) => !option.isRight).length;
    return ` ${Math.round(kept)}, ${refused} |`;
  };
  return (
    `| ${title} | ${chosen.length} | ${auc(said).toFixed(3)} | ${calibrationError(said).toFixed(3)} |` +
    [0, ...thresholds].map(at).join('')
  );
}

/** The share of pairs, one taken and one refused, that stand the right way round. */
function auc(said: readonly { probability: number; target: number }[]): number {
  const taken = said.filter(({ target }) => target >= 0.5);
  const refused = said.filter(({ target }) => target < 0.5);
  return mean(
    taken.flatMap((good) =>
      refused.map((bad) => 0.5 + 0.5 * Math.sign(good.probability - bad.probability)),
    ),
  );
}
