/**
 * Fits the reward model to what became of suggestions, in seconds and in plain TypeScript: AdamW on the
 * log-losses of outcomes and of pairs, held towards the model it starts from, the prior, so that a
 * handful of labels changes little. Calibrated on decisions that a fit was not shown; if on the
 * newest it says less than the prior, the prior stays. Seeded: the same labels give the same model.
 */
import { featureNames, ownFeatures } from '../completion/features';
import { worthsOf } from '../completion/rerank';
import type { RewardWeights } from '../model/rewardModel';
import { rounded } from '../model/rewardModel';
import {
  calibrate,
  forwardRow,
  layoutOf,
  type NetworkLayout,
  rewardOutputs,
  sigmoid,
  standardise,
  uncalibrated,
} from '../model/rewardNetwork';
import type { StoredSuggestion } from '../types';
import { seededRandom, shuffled } from '../util/random';
import { mean } from '../util/statistics';
import { adamw, adamwDefaults, adamwStart, learningRateShare } from './adamw';
import { calibrationError, fitCalibration, logLoss, type Outcome01 } from './calibration';
import {
  lessonsOf,
  type RewardExample,
  type RewardLesson,
  type RewardPair,
} from './rewardExamples';

export interface RewardFitOptions {
  readonly seed: number;
  /**
   * Precision of the prior: half of this times the squared distance of the weights from it is added
   * to the summed loss. The features of one label have a squared length of about their number.
   */
  readonly priorWeight: number;
  /**
   * The same for the weights of how often a person took what was like it: what that says of the next
   * one differs from person to person, and replays with a simulated user cannot tell.
   */
  readonly ownPriorWeight: number;
  /** Examples looked at in all, each time one is; it bounds the time that a fit takes. */
  readonly maxVisits: number;
  /** Weight of a decision's pairs beside one label. */
  readonly pairWeight: number;
  readonly learningRate: number;
}

/**
 * Twenty refusals of what the prior gives one in two bring it to one in twenty, below what is
 * shown; of histories that the prior did not see, refits say as much of the next decisions as it does.
 */
export const rewardFitDefaults: RewardFitOptions = {
  seed: 1,
  priorWeight: 300,
  ownPriorWeight: 32,
  maxVisits: 400_000,
  pairWeight: 0.5,
  learningRate: 0.01,
};

export interface RewardReport {
  /** Suggestions whose outcome is known. */
  readonly labels: number;
  /** Of those, the mean share taken and retained, 0..1. */
  readonly taken: number;
  /** The newest decisions, held out: all figures below are on them. 0 where labels are too few. */
  readonly heldOut: number;
  /** Nats a decision, by the prior and by the fit. */
  readonly logLossBefore: number;
  readonly logLossAfter: number;
  /** Of what is kept, 0..1. */
  readonly calibrationError: number;
  /** Whether the fit replaces the prior, and why not. */
  readonly verdict: 'fitted' | 'noLabels' | 'worseThanPrior';
}

/** Fewer labels tell nothing of a fit, nor of how far it is to be believed. */
const minHeldOut = 30;
const heldOutShare = 0.2;
const manyLabels = 1_000;
const batchSize = 64;
const minSteps = 200;
const maxSteps = 4_000;

/** Suggestions that a fit is worth reading: habits change, and a fit must end within half a minute. */
export const maxRefitted = 20_000;

/** Fits to suggestions that come oldest first; more than `maxRefitted` need not be given. */
export async function refitReward(
  suggestions: AsyncIterable<StoredSuggestion>,
  prior: RewardWeights,
  options: Partial<RewardFitOptions> = {},
): Promise<{ readonly weights: RewardWeights; readonly report: RewardReport }> {
  const lessons: RewardLesson[] = [];
  for await (const lesson of lessonsOf(suggestions)) lessons.push(lesson);
  return fitReward(lessons, prior, options);
}

export function fitReward(
  lessons: readonly RewardLesson[],
  prior: RewardWeights,
  options: Partial<RewardFitOptions> = {},
): { readonly weights: RewardWeights; readonly report: RewardReport } {
  const settings = { ...rewardFitDefaults, ...options };
  const start = withFeatures(prior, featureNames);
  const sorted = lessons.toSorted((a, b) => a.timeMs - b.timeMs);
  const labels = sorted.length;
  const shown = sorted.flatMap(({ options: all, shownIndex }) => targetOf(all, shownIndex));
  const taken = shown.length === 0 ? 0 : mean(shown);
  const report = { labels, taken, heldOut: 0, logLossBefore: 0, logLossAfter: 0 };
  if (labels === 0) {
    return { weights: prior, report: { ...report, calibrationError: 0, verdict: 'noLabels' } };
  }
  let { calibration } = prior;
  let figures = { ...report, calibrationError: 0 };
  if (labels >= minHeldOut) {
    const blocks = heldOutBlocks(sorted).map((block) => {
      const held = new Set(block);
      const others = sorted.filter((lesson) => !held.has(lesson));
      return { block, after: judgedBest(descend(others, start, settings), block) };
    });
    calibration = fitCalibration(
      blocks.flatMap(({ after }) => after),
      prior.calibration,
    );
    const { block: newest = [], after = [] } = blocks.at(-1) ?? {};
    if (newest.length >= minHeldOut) {
      const before = judgedBest(start, newest);
      figures = {
        ...report,
        heldOut: newest.length,
        logLossBefore: logLoss(start.calibration, before),
        logLossAfter: logLoss(start.calibration, after),
        calibrationError: calibrationErrorOf(calibration, after),
      };
      if (figures.logLossAfter > figures.logLossBefore) {
        const error = calibrationErrorOf(prior.calibration, before);
        return {
          weights: prior,
          report: { ...figures, calibrationError: error, verdict: 'worseThanPrior' },
        };
      }
    }
  }
  const fitted = descend(sorted, start, settings);
  return {
    weights: rounded({ ...fitted, calibration, labels }),
    report: { ...figures, verdict: 'fitted' },
  };
}

/** Each fifth in turn where labels are few, so that all serve; where they are many the newest is enough. */
function heldOutBlocks(lessons: readonly RewardLesson[]): (readonly RewardLesson[])[] {
  const size = Math.ceil(heldOutShare * lessons.length);
  if (lessons.length >= manyLabels) return [lessons.slice(-size)];
  const count = Math.ceil(lessons.length / size);
  return Array.from({ length: count }, (_, i) => lessons.slice(i * size, (i + 1) * size));
}

/** A model that knows nothing yet, for features as they are spread over these lessons. */
export function emptyReward(
  lessons: readonly RewardLesson[],
  { hidden, seed }: { readonly hidden: number; readonly seed: number },
): RewardWeights {
  const rows = lessons.flatMap(({ examples }) => examples.map(({ row }) => row));
  const layout = layoutOf({ features: featureNames.length, hidden });
  const random = seededRandom(seed);
  const parameters = Array.from({ length: layout.size }, () => 0);
  const features = featureNames.map((name, f) => {
    const values = rows.map((row) => row[f] ?? 0);
    const average = mean(values);
    const deviation = Math.sqrt(mean(values.map((value) => (value - average) ** 2)));
    const varies = deviation > 1e-3;
    for (let h = 0; h < hidden; h++) {
      const start = (2 * random() - 1) * Math.sqrt(3 / featureNames.length);
      // What never varied was never judged by, and must not be once it does.
      parameters[layout.inner + f * hidden + h] = varies ? start : 0;
    }
    return { name, mean: average, deviation: varies ? deviation : 1 };
  });
  // Small at the way out, but not nothing, or no gradient would reach the hidden layer.
  for (let at = layout.outer; at < layout.size; at++) parameters[at] = (2 * random() - 1) * 0.1;
  return {
    format: 1,
    features,
    hidden,
    outputs: [...rewardOutputs],
    parameters,
    calibration: uncalibrated,
    labels: 0,
  };
}

/** The same model over these features: what it does not know counts for nothing yet. */
function withFeatures(weights: RewardWeights, names: readonly string[]): RewardWeights {
  if (names.join() === weights.features.map(({ name }) => name).join()) return weights;
  const from = layoutOf({ features: weights.features.length, hidden: weights.hidden });
  const to = layoutOf({ features: names.length, hidden: weights.hidden });
  const columns = names.map((name) => weights.features.findIndex((known) => known.name === name));
  const block = (start: number, width: number): number[] =>
    columns.flatMap((column) =>
      Array.from({ length: width }, (_, i) =>
        column < 0 ? 0 : (weights.parameters[start + column * width + i] ?? 0),
      ),
    );
  return {
    ...weights,
    features: names.map(
      (name, i) => weights.features[columns[i] ?? -1] ?? { name, mean: 0, deviation: 1 },
    ),
    parameters: [
      ...block(from.direct, from.outputs),
      ...weights.parameters.slice(from.bias, from.inner),
      ...block(from.inner, from.hidden),
      ...weights.parameters.slice(from.innerBias),
    ].slice(0, to.size),
  };
}

/**
 * Decisions with the candidate that these weights would put first, or, where nobody knows what would
 * have become of it, the one that was shown.
 */
function judgedBest(weights: RewardWeights, lessons: readonly RewardLesson[]): Outcome01[] {
  const judge = judgeOf(weights);
  return lessons.flatMap(({ options, shownIndex }) => {
    const judged = options.map(({ row, target, text }) => {
      const logit = judge(row);
      return { logit, target, text, probability: sigmoid(logit) };
    });
    const worths = worthsOf(judged);
    const best = judged[worths.indexOf(Math.max(...worths))];
    const known = [best, judged[shownIndex ?? -1]].find((one) => one?.target !== undefined);
    return known?.target === undefined
      ? []
      : [{ logit: known.logit, target: Number(isKept(known.target)) }];
  });
}

/** Whether a text counts as taken and retained: half of it, at least. */
export function isKept(target: number): boolean {
  return target >= 0.5;
}

function judgeOf(weights: RewardWeights) {
  const layout = layoutOf({ features: weights.features.length, hidden: weights.hidden });
  const parameters = Float32Array.from(weights.parameters);
  const units = new Float32Array(layout.hidden);
  const out = new Float32Array(layout.outputs);
  return (row: Float64Array) => {
    forwardRow(layout, parameters, standardised(weights, row), units, out);
    return out[0] ?? 0;
  };
}

function calibrationErrorOf(
  calibration: RewardWeights['calibration'],
  outcomes: readonly Outcome01[],
): number {
  return calibrationError(
    outcomes.map(({ logit, target }) => ({ probability: calibrate(calibration, logit), target })),
  );
}

function standardised({ features }: RewardWeights, row: Float64Array): Float32Array {
  return Float32Array.from(features, (spread, f) => standardise(row[f] ?? 0, spread));
}

/** What one step looks at: an example, or a pair. */
type Term =
  | { readonly kind: 'example'; readonly x: Float32Array; readonly example: RewardExample }
  | {
      readonly kind: 'pair';
      readonly better: Float32Array;
      readonly worse: Float32Array;
      readonly weight: number;
    };

/**
 * Minimises the sum over terms of weight x loss + sum over weights of precision/2 (w - prior)², divided
 * by the number of terms, in batches drawn without replacement.
 */
export function descend(
  lessons: readonly RewardLesson[],
  prior: RewardWeights,
  options: Partial<RewardFitOptions> = {},
): RewardWeights {
  const settings = { ...rewardFitDefaults, ...options };
  const { seed, maxVisits, pairWeight, learningRate } = settings;
  const layout = layoutOf({ features: prior.features.length, hidden: prior.hidden });
  const terms = termsOf(lessons, prior, pairWeight);
  const anchor = Float32Array.from(prior.parameters);
  const precisions = precisionsOf(prior, layout, settings);
  const batch = Math.min(batchSize, terms.length);
  const epochs = 12;
  const wanted = Math.ceil((epochs * terms.length) / batch);
  const steps = Math.min(Math.max(minSteps, wanted), maxSteps, Math.ceil(maxVisits / batch));
  const random = seededRandom(seed);
  const worker = new Gradient(layout);
  let parameters: Float32Array = Float32Array.from(anchor);
  let state = adamwStart([parameters]);
  let order: number[] = [];
  for (let step = 0; step < steps; step++) {
    worker.gradient.fill(0);
    for (let i = 0; i < batch; i++) {
      if (order.length === 0) order = shuffled([...terms.keys()], random);
      const term = terms[order.pop() ?? 0];
      if (term) worker.add(parameters, term);
    }
    for (let i = 0; i < layout.size; i++) {
      const pull = ((parameters[i] ?? 0) - (anchor[i] ?? 0)) * (precisions[i] ?? 0);
      worker.gradient[i] = (worker.gradient[i] ?? 0) / batch + pull / terms.length;
    }
    const rate = learningRate * learningRateShare(step, 10, steps);
    const next = adamw([parameters], [worker.gradient], state, rate, {
      ...adamwDefaults,
      weightDecay: 0,
    });
    parameters = next.parameters[0] as Float32Array;
    state = next.state;
  }
  return { ...prior, parameters: [...parameters] };
}

/** How tightly each parameter is held to the prior. */
function precisionsOf(
  { features, hidden }: RewardWeights,
  { size, outputs, direct, inner }: NetworkLayout,
  { priorWeight, ownPriorWeight }: RewardFitOptions,
): Float32Array {
  const precisions = new Float32Array(size).fill(priorWeight);
  for (const [f, { name }] of features.entries()) {
    if (!ownFeatures.has(name)) continue;
    precisions.fill(ownPriorWeight, direct + f * outputs, direct + (f + 1) * outputs);
    precisions.fill(ownPriorWeight, inner + f * hidden, inner + (f + 1) * hidden);
  }
  return precisions;
}

function termsOf(
  lessons: readonly RewardLesson[],
  weights: RewardWeights,
  pairWeight: number,
): Term[] {
  const known = new Map<Float64Array, Float32Array>();
  const of = (row: Float64Array): Float32Array => {
    const x = known.get(row) ?? standardised(weights, row);
    known.set(row, x);
    return x;
  };
  return lessons.flatMap(({ examples, pairs }) => [
    ...examples.map((example): Term => ({ kind: 'example', x: of(example.row), example })),
    ...pairs.map(({ better, worse, weight }: RewardPair): Term => ({
      kind: 'pair',
      better: of(better),
      worse: of(worse),
      weight: weight * pairWeight,
    })),
  ]);
}

const preferenceAt = rewardOutputs.indexOf('preference');
const firstAspect = rewardOutputs.indexOf('functionality');

/** Sums the gradients of single terms. */
class Gradient {
  readonly gradient: Float32Array;
  readonly #units: Float32Array;
  readonly #otherUnits: Float32Array;
  readonly #out: Float32Array;
  readonly #otherOut: Float32Array;
  readonly #dOut: Float32Array;

  constructor(private readonly layout: NetworkLayout) {
    this.gradient = new Float32Array(layout.size);
    this.#units = new Float32Array(layout.hidden);
    this.#otherUnits = new Float32Array(layout.hidden);
    this.#out = new Float32Array(layout.outputs);
    this.#otherOut = new Float32Array(layout.outputs);
    this.#dOut = new Float32Array(layout.outputs);
  }

  add(parameters: Float32Array, term: Term): void {
    const [out, dOut] = [this.#out, this.#dOut];
    dOut.fill(0);
    if (term.kind === 'example') {
      const { target, weight, aspects } = term.example;
      forwardRow(this.layout, parameters, term.x, this.#units, out);
      // d(-t log p - (1 - t) log(1 - p))/dz = p - t
      dOut[0] = weight * (sigmoid(out[0] ?? 0) - target);
      for (const [name, said] of Object.entries(aspects)) {
        const at = rewardOutputs.findIndex((output) => output === name);
        if (at < firstAspect) continue;
        const opinion = Math.tanh(out[at] ?? 0);
        // d((tanh z - a)² / 2)/dz = (tanh z - a)(1 - tanh² z)
        dOut[at] = weight * (opinion - said) * (1 - opinion * opinion);
      }
      this.#back(parameters, term.x, this.#units);
      return;
    }
    forwardRow(this.layout, parameters, term.better, this.#units, out);
    forwardRow(this.layout, parameters, term.worse, this.#otherUnits, this.#otherOut);
    const ahead = (out[preferenceAt] ?? 0) - (this.#otherOut[preferenceAt] ?? 0);
    // d(-log sigmoid(b - w))/db = -sigmoid(w - b)
    dOut[preferenceAt] = -term.weight * sigmoid(-ahead);
    this.#back(parameters, term.better, this.#units);
    dOut[preferenceAt] = -(dOut[preferenceAt] ?? 0);
    this.#back(parameters, term.worse, this.#otherUnits);
  }

  /** dD = xᵀ dz, db = dz, dU = uᵀ dz, dI = xᵀ (dz Uᵀ (1 - u²)), dc = dz Uᵀ (1 - u²) */
  #back(parameters: Float32Array, x: Float32Array, units: Float32Array): void {
    const { features, hidden, outputs, direct, bias, inner, innerBias, outer } = this.layout;
    const { gradient } = this;
    const dOut = this.#dOut;
    const dUnits = new Float32Array(hidden); // [H]
    for (let o = 0; o < outputs; o++) {
      const d = dOut[o] ?? 0;
      if (d === 0) continue;
      gradient[bias + o] = (gradient[bias + o] ?? 0) + d;
      for (let f = 0, at = direct + o; f < features; f++, at += outputs)
        gradient[at] = (gradient[at] ?? 0) + d * (x[f] ?? 0);
      for (let h = 0, at = outer + o; h < hidden; h++, at += outputs) {
        gradient[at] = (gradient[at] ?? 0) + d * (units[h] ?? 0);
        dUnits[h] = (dUnits[h] ?? 0) + d * (parameters[at] ?? 0);
      }
    }
    for (let h = 0; h < hidden; h++) {
      const d = (dUnits[h] ?? 0) * (1 - (units[h] ?? 0) ** 2);
      dUnits[h] = d;
      gradient[innerBias + h] = (gradient[innerBias + h] ?? 0) + d;
    }
    for (let f = 0; f < features; f++) {
      const value = x[f] ?? 0;
      if (value === 0) continue;
      for (let h = 0, at = inner + f * hidden; h < hidden; h++, at++)
        gradient[at] = (gradient[at] ?? 0) + value * (dUnits[h] ?? 0);
    }
  }
}

function targetOf(options: RewardLesson['options'], shownIndex: number | null): readonly number[] {
  const target = shownIndex === null ? undefined : options[shownIndex]?.target;
  return target === undefined ? [] : [target];
}
