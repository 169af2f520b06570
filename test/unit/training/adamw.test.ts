import { expect, test } from 'vitest';
import {
  adamw,
  adamwDefaults,
  adamwStart,
  clipGradients,
  globalNorm,
  learningRateShare,
} from '../../../src/training/adamw';
import reference from '../../fixtures/training/steps.json';
import { floatsOfHex } from '../../helpers/hex';

test('four steps with clipping and decay are those of PyTorch', () => {
  const { start, gradients, norms, after } = reference.adamw;
  let parameters: readonly Float32Array[] = start.map(floatsOfHex);
  let state = adamwStart(parameters);
  for (const [step, given] of gradients.entries()) {
    const raw = given.map(floatsOfHex);
    expect(globalNorm(raw)).toBeCloseTo(norms[step] ?? NaN, 5);
    const options = { ...adamwDefaults, weightDecay: 0.05 };
    ({ parameters, state } = adamw(parameters, clipGradients(raw, 1), state, 0.1, options));
    const expected = (after[step] ?? []).flatMap((hex) => [...floatsOfHex(hex)]);
    for (const [i, value] of parameters.flatMap((each) => [...each]).entries()) {
      expect(value).toBeCloseTo(expected[i] ?? NaN, 6);
    }
  }
  expect(state.step).toBe(4);
});

test('a step changes nothing that it was given', () => {
  const parameters = [Float32Array.of(1, 2)];
  const gradients = [Float32Array.of(3, 4)];
  const state = adamwStart(parameters);
  adamw(parameters, gradients, state, 0.1);
  expect(parameters).toEqual([Float32Array.of(1, 2)]);
  expect(gradients).toEqual([Float32Array.of(3, 4)]);
  expect(state).toEqual(adamwStart(parameters));
});

test('gradients that are short enough are left as they are', () => {
  const gradients = [Float32Array.of(0.3), Float32Array.of(0.4)];
  expect(clipGradients(gradients, 0.5001)).toBe(gradients);
  expect(globalNorm(clipGradients(gradients, 0.25))).toBeCloseTo(0.25, 5);
});

test('the learning rate warms up in a line and falls to nothing', () => {
  const shares = Array.from({ length: 8 }, (_, step) => learningRateShare(step, 3, 8));
  expect(shares).toEqual([0.25, 0.5, 0.75, 1, 0.8, 0.6, 0.4, 0.2]);
  expect(learningRateShare(0, 0, 5)).toBe(1);
});
