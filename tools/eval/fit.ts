/**
 * Fits the weights of `completion/score.ts`: a logistic regression (L2, Newton's method, nothing
 * random) on the candidates of many cuts, each labelled with whether it is what was written. How
 * well the order then chooses is told of packages that the fit did not see, one left out at a time.
 */
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { featureNames, features } from '../../src/completion/score';
import { mean } from '../../src/util/statistics';
import type { Answer, StoredCandidate } from './answers';
import { type CutKind, cutKinds } from './cuts';
import { marksOf } from './metrics';

/** The candidates of one cut. */
export interface Question {
  readonly package: string;
  readonly kind: CutKind;
  readonly options: readonly Option[];
}

export interface Option {
  readonly source: string;
  /** Characters around the cursor that the user's own text shares; 0 where it does not say this. */
  readonly run: number;
  readonly values: readonly number[];
  readonly exact: boolean;
}

/** Shares 0..1 of cuts answered exactly, by who chooses. */
export interface Choice {
  readonly cuts: number;
  /** The fitted score, on packages that its fit did not see. */
  readonly score: number;
  /** The policy's own greedy text. */
  readonly greedy: number;
  /** The copied text with the longest run. */
  readonly copied: number;
  /** Whoever knows the answer. */
  readonly perfect: number;
}

export interface Fit {
  readonly names: readonly string[];
  readonly weights: readonly number[];
  readonly packages: readonly string[];
  readonly overall: Choice;
  readonly byKind: Readonly<Record<CutKind, Choice>>;
}

const penalty = 1;

export function questionsOf(answers: readonly Answer[]): Question[] {
  return answers.map(({ package: name, kind, candidates, target }) => ({
    package: name,
    kind,
    options: candidates.map((each) => ({
      source: each.source,
      run: each.copy?.runLength ?? 0,
      values: valuesOf(each),
      exact: marksOf(each.text, target).exact,
    })),
  }));
}

function valuesOf({ logProb, ...rest }: StoredCandidate): number[] {
  const byName = features({ ...rest, logProb: logProb ?? NaN, tokenIds: [] });
  return featureNames.map((name) => byName[name]);
}

export function fitScore(questions: readonly Question[]): Fit {
  const packages = [...new Set(questions.map((each) => each.package))];
  if (packages.length < 2)
    throw new Error('There must be answers in two packages at least. Run npm run eval -- fit.');
  const chosen = packages.flatMap((name) => {
    const weights = logistic(questions.filter((each) => each.package !== name));
    return questions
      .filter((each) => each.package === name)
      .map((question) => ({ question, best: bestOf(question, weights) }));
  });
  const choice = (some: typeof chosen): Choice => {
    const share = (isRight: (each: (typeof chosen)[number]) => boolean | undefined) =>
      mean(some.map((each) => (isRight(each) === true ? 1 : 0)));
    const first = (question: Question, matches: (option: Option) => boolean) =>
      question.options.find(matches)?.exact;
    const copied = ({ options }: Question) =>
      options.filter(({ run }) => run > 0).sort((a, b) => b.run - a.run)[0]?.exact;
    return {
      cuts: some.length,
      score: share(({ best }) => best?.exact),
      greedy: share(({ question }) => first(question, ({ source }) => source === 'greedy')),
      copied: share(({ question }) => copied(question)),
      perfect: share(({ question }) => first(question, ({ exact }) => exact)),
    };
  };
  const ofKind = (kind: CutKind) => choice(chosen.filter((each) => each.question.kind === kind));
  return {
    names: featureNames,
    weights: logistic(questions),
    packages,
    overall: choice(chosen),
    byKind: { midLine: ofKind('midLine'), lineStart: ofKind('lineStart') },
  };
}

function bestOf({ options }: Question, weights: readonly number[]): Option | undefined {
  let best: Option | undefined;
  for (const option of options) {
    if (best === undefined || dot(option.values, weights) > dot(best.values, weights)) {
      best = option;
    }
  }
  return best;
}

const steps = 30;

/**
 * Weights that make the labels of all candidates most likely, less half their squares. Each step
 * solves (XᵀSX + I) d = Xᵀ(y - p) - w, with S = p(1 - p) on the diagonal.
 */
export function logistic(questions: readonly Question[]): number[] {
  const options = questions.flatMap((each) => each.options);
  const size = options[0]?.values.length ?? 0; // F
  let weights = new Array<number>(size).fill(0); // [F]
  for (let step = 0; step < steps; step++) {
    const gradient = weights.map((weight) => -penalty * weight); // [F]
    const hessian = weights.map((_, i) => weights.map((_, j): number => (i === j ? penalty : 0))); // [F, F]
    for (const { values, exact } of options) {
      const p = 1 / (1 + Math.exp(-dot(values, weights)));
      for (const [i, value] of values.entries()) {
        gradient[i] = (gradient[i] ?? 0) + value * ((exact ? 1 : 0) - p);
        const line = hessian[i] ?? [];
        for (const [j, other] of values.entries())
          line[j] = (line[j] ?? 0) + value * other * p * (1 - p);
      }
    }
    const move = solve(hessian, gradient);
    weights = weights.map((weight, i) => weight + (move[i] ?? 0));
    if (Math.max(...move.map(Math.abs)) < 1e-9) break;
  }
  return weights;
}

/** x of A x = b by Gaussian elimination; A is symmetric and positive, so no pivots are sought. */
function solve(a: readonly (readonly number[])[], b: readonly number[]): number[] {
  const rows = a.map((line, i) => [...line, b[i] ?? 0]);
  for (const [i, pivot] of rows.entries()) {
    for (const [k, row] of rows.entries()) {
      if (k === i) continue;
      const factor = (row[i] ?? 0) / (pivot[i] ?? 1);
      for (const [j, value] of pivot.entries()) row[j] = (row[j] ?? 0) - factor * value;
    }
  }
  return rows.map((row, i) => (row.at(-1) ?? 0) / (row[i] ?? 1));
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
}

/** What the fit is worth, in words. */
export function fitReport({ packages, overall, byKind }: Fit): string {
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  const line = (title: string, choice: Choice) =>
    `| ${title} (${choice.cuts}) | ${[choice.greedy, choice.copied, choice.score, choice.perfect]
      .map(percent)
      .join(' | ')} |`;
  return [
    `Exact match of the first candidate, on packages that the fit did not see (${packages.join(', ')}):`,
    '',
    '| cuts | greedy | copied | score | perfect choice |',
    '| --- | --- | --- | --- | --- |',
    line('all', overall),
    ...cutKinds.map((kind) => line(kind, byKind[kind])),
  ].join('\n');
}

/** Writes the constants that `score.ts` reads, with where they come from. */
export function writeWeights(fit: Fit, file: string): void {
  const percent = (share: number) => `${(100 * share).toFixed(0)} %`;
  const { overall, packages } = fit;
  const lines = fit.names.map(
    (name, i) => `  ${name}: ${Number((fit.weights[i] ?? 0).toFixed(2))},`,
  );
  const version = createHash('sha256').update(lines.join('\n')).digest('hex').slice(0, 6);
  const text = `/**
 * Weights of the features of \`score.ts\`, written by \`npm run eval -- fit\`, not by hand. Fitted by
 * maximum likelihood (L2 of ${penalty}) to the candidates of ${overall.cuts} cuts, in the middle and at the start of a
 * line, SmolLM2-135M the policy, of
${packages.map((name) => ` * ${name},`).join('\n')}
 * the other files of each package being the workspace. Ordered so, on a package that the fit did not
 * see, the first is right on ${percent(overall.score)} of the cuts; the policy's own is on ${percent(overall.greedy)}, the best copied text
 * on ${percent(overall.copied)}, one of the candidates on ${percent(overall.perfect)}.
 */
export const weights = {
${lines.join('\n')}
} as const;

/** Says which weights ordered a suggestion. */
export const rewardVersion = 'score-${version}';
`;
  fs.writeFileSync(file, text);
}
