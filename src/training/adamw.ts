/**
 * AdamW: Adam with decoupled weight decay (arXiv 1711.05101, algorithm 2), with the gradient clipped
 * to a global norm before and a learning rate that warms up and falls to zero. Pure functions over
 * typed arrays; in JavaScript a step costs about ten nanoseconds a parameter, so it need not be in
 * the graph.
 */

export interface AdamwOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Share of a parameter that is taken away each step, times the learning rate. */
  readonly weightDecay: number;
}

export const adamwDefaults: AdamwOptions = {
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0.01,
};

export interface AdamwState {
  /** Steps done. */
  readonly step: number;
  /** Running means of the gradients, one array for each parameter. */
  readonly first: readonly Float32Array[];
  /** Running means of their squares. */
  readonly second: readonly Float32Array[];
}

export interface AdamwResult {
  readonly parameters: readonly Float32Array[];
  readonly state: AdamwState;
}

export function adamwStart(parameters: readonly Float32Array[]): AdamwState {
  const zeros = (): Float32Array[] => parameters.map(({ length }) => new Float32Array(length));
  return { step: 0, first: zeros(), second: zeros() };
}

/** One step; nothing that is passed in changes. */
export function adamw(
  parameters: readonly Float32Array[],
  gradients: readonly Float32Array[],
  state: AdamwState,
  learningRate: number,
  options: AdamwOptions = adamwDefaults,
): AdamwResult {
  const { beta1, beta2, epsilon, weightDecay } = options;
  const step = state.step + 1;
  const correction1 = 1 - beta1 ** step;
  const correction2 = Math.sqrt(1 - beta2 ** step);
  const kept = 1 - learningRate * weightDecay;
  const first = state.first.map((mean) => mean.slice());
  const second = state.second.map((mean) => mean.slice());
  const updated = parameters.map((values, index) => {
    const gradient = at(gradients, index);
    const [mean, square] = [at(first, index), at(second, index)];
    const result = new Float32Array(values.length);
    for (let i = 0; i < values.length; i++) {
      const g = gradient[i] ?? NaN;
      const m = beta1 * (mean[i] ?? NaN) + (1 - beta1) * g;
      const v = beta2 * (square[i] ?? NaN) + (1 - beta2) * g * g;
      mean[i] = m;
      square[i] = v;
      const change = m / correction1 / (Math.sqrt(v) / correction2 + epsilon);
      result[i] = (values[i] ?? NaN) * kept - learningRate * change;
    }
    return result;
  });
  return { parameters: updated, state: { step, first, second } };
}

/** Length of all gradients together as one vector. */
export function globalNorm(gradients: readonly Float32Array[]): number {
  let sum = 0;
  for (const gradient of gradients) {
    for (let i = 0; i < gradient.length; i++) sum += (gradient[i] ?? 0) ** 2;
  }
  return Math.sqrt(sum);
}

/** The gradients, shortened where their global norm is longer than `longest`. */
export function clipGradients(
  gradients: readonly Float32Array[],
  longest: number,
  norm: number = globalNorm(gradients),
): readonly Float32Array[] {
  if (norm <= longest) return gradients;
  // The small number is PyTorch's, which keeps the two comparable.
  const factor = longest / (norm + 1e-6);
  return gradients.map((gradient) => {
    const shortened = gradient.slice();
    for (let i = 0; i < shortened.length; i++) shortened[i] = (shortened[i] ?? NaN) * factor;
    return shortened;
  });
}

/**
 * The share of the learning rate for the step that comes after `step` others: up in a line over
 * `warmup` steps, then down in a line that would reach 0 at `total`.
 */
export function learningRateShare(step: number, warmup: number, total: number): number {
  if (step < warmup) return (step + 1) / (warmup + 1);
  return Math.max(0, (total - step) / (total - warmup));
}

function at(arrays: readonly Float32Array[], index: number): Float32Array {
  const array = arrays[index];
  if (array === undefined) throw new RangeError(`There is no gradient for parameter ${index}.`);
  return array;
}
