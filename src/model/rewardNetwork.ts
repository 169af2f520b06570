/**
 * The reward model as plain numbers: a small network with a linear path beside one hidden layer
 * (arXiv 1606.07792), and the curve that turns what it says into a probability. Its parameters are one
 * array, so that a fit can walk over them; how they are found is `training/rewardFit.ts`.
 * F features, H hidden units, O outputs.
 */

/** What the network tells of a candidate, in the order of its outputs. */
export const rewardOutputs = [
  /** Logit of P(accepted and retained), before it is calibrated. */
  'accepted',
  /** Bradley-Terry score: the difference of two is the logit that the one is preferred. */
  'preference',
  // What a person would say of the text, -1..1 by tanh: of code, and of prose.
  'functionality',
  'efficiency',
  'style',
  'accuracy',
  'clarity',
  'voice',
] as const;
export type RewardOutput = (typeof rewardOutputs)[number];

export interface NetworkShape {
  readonly features: number; // F
  readonly hidden: number; // H
}

/** How a feature is spread over what the model was fitted to. */
export interface Spread {
  readonly mean: number;
  readonly deviation: number;
}

/** Deviations beyond which a feature says no more: what was hardly ever seen must not decide alone. */
const furthest = 4;

export function standardise(value: number, { mean, deviation }: Spread): number {
  return Math.min(furthest, Math.max(-furthest, (value - mean) / deviation));
}

/** Where each matrix begins in the one array of parameters. */
export interface NetworkLayout extends NetworkShape {
  readonly outputs: number; // O
  /** Features to outputs, row by row of a feature. */
  readonly direct: number; // [F, O]
  readonly bias: number; // [O]
  readonly inner: number; // [F, H]
  readonly innerBias: number; // [H]
  readonly outer: number; // [H, O]
  readonly size: number;
}

export function layoutOf({ features, hidden }: NetworkShape): NetworkLayout {
  const outputs = rewardOutputs.length;
  const direct = 0;
  const bias = direct + features * outputs;
  const inner = bias + outputs;
  const innerBias = inner + features * hidden;
  const outer = innerBias + hidden;
  const size = outer + hidden * outputs;
  return { features, hidden, outputs, direct, bias, inner, innerBias, outer, size };
}

/**
 * The outputs for one row of standardised features; `units` is left with what the hidden layer said.
 * z = x D + b + tanh(x I + c) U
 */
export function forwardRow(
  layout: NetworkLayout,
  parameters: Float32Array,
  x: Float32Array, // [F]
  units: Float32Array, // [H]
  out: Float32Array, // [O]
): void {
  const { features, hidden, outputs, direct, bias, inner, innerBias, outer } = layout;
  for (let o = 0; o < outputs; o++) out[o] = parameters[bias + o] ?? 0;
  for (let h = 0; h < hidden; h++) units[h] = parameters[innerBias + h] ?? 0;
  for (let f = 0; f < features; f++) {
    const value = x[f] ?? 0;
    if (value === 0) continue;
    for (let o = 0, at = direct + f * outputs; o < outputs; o++, at++)
      out[o] = (out[o] ?? 0) + value * (parameters[at] ?? 0);
    for (let h = 0, at = inner + f * hidden; h < hidden; h++, at++)
      units[h] = (units[h] ?? 0) + value * (parameters[at] ?? 0);
  }
  for (let h = 0; h < hidden; h++) {
    const unit = Math.tanh(units[h] ?? 0);
    units[h] = unit;
    for (let o = 0, at = outer + h * outputs; o < outputs; o++, at++)
      out[o] = (out[o] ?? 0) + unit * (parameters[at] ?? 0);
  }
}

/** Turns the logit of the network into a probability that may be believed. */
export type Calibration =
  /** p = sigmoid(slope z + shift) (Platt 1999). */
  | { readonly kind: 'platt'; readonly slope: number; readonly shift: number }
  /** Straight lines between knots that rise in both (isotonic regression). */
  | {
      readonly kind: 'isotonic';
      readonly logits: readonly number[];
      readonly probabilities: readonly number[];
    };

export const uncalibrated: Calibration = { kind: 'platt', slope: 1, shift: 0 };

/** Nobody can be surer than this, whatever was seen. */
const surest = 0.995;

export function calibrate(calibration: Calibration, logit: number): number {
  const p =
    calibration.kind === 'platt'
      ? sigmoid(calibration.slope * logit + calibration.shift)
      : interpolate(calibration.logits, calibration.probabilities, logit);
  return Math.min(surest, Math.max(1 - surest, p));
}

export function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}

function interpolate(xs: readonly number[], ys: readonly number[], x: number): number {
  const next = xs.findIndex((knot) => knot > x);
  if (next < 0) return ys.at(-1) ?? 0.5;
  if (next === 0) return ys[0] ?? 0.5;
  const [x0 = 0, x1 = 0, y0 = 0, y1 = 0] = [xs[next - 1], xs[next], ys[next - 1], ys[next]];
  return y0 + ((y1 - y0) * (x - x0)) / (x1 - x0);
}
