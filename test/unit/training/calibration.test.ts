import { expect, test } from 'vitest';
import { calibrate, sigmoid } from '../../../src/model/rewardNetwork';
import {
  calibrationError,
  fitCalibration,
  isotonic,
  isotonicFrom,
  logLoss,
  platt,
} from '../../../src/training/calibration';
import { seededRandom } from '../../../src/util/random';

/** Logits spread over -3..3, and outcomes that come with the probability of `truth`. */
function outcomes(count: number, truth: (logit: number) => number, seed = 1) {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => {
    const logit = 6 * random() - 3;
    return { logit, target: Number(random() < truth(logit)) };
  });
}

const sure = (logit: number) => sigmoid(3 * logit + 1);

test('a curve with a slope and a shift is found again', () => {
  expect(platt(outcomes(20_000, sure))).toMatchObject({
    slope: expect.closeTo(3, 0) as number,
    shift: expect.closeTo(1, 0) as number,
  });
});

test.each([
  ['one accept', [{ logit: 0, target: 1 }]],
  ['ten accepts alone', Array.from({ length: 10 }, () => ({ logit: 1, target: 1 }))],
  ['ten refusals alone', Array.from({ length: 10 }, () => ({ logit: 1, target: 0 }))],
  ['none', []],
  ['contradictions', [0, 1, 0, 1].map((target) => ({ logit: 0.3, target }))],
])('%s: the curve stays near to what was said, and rises', (_, few) => {
  const curve = platt(few);
  for (const logit of [-2, 0, 2])
    expect(Math.abs(calibrate(curve, logit) - sigmoid(logit))).toBeLessThan(0.3);
  expect(calibrate(curve, 2)).toBeGreaterThan(calibrate(curve, -2));
});

test('an order that is the wrong way round is not turned', () => {
  const curve = platt(outcomes(2_000, (logit) => sigmoid(-4 * logit)));
  expect(calibrate(curve, 2)).toBeGreaterThanOrEqual(calibrate(curve, -2));
});

test('a curve of another shape is found from many outcomes, and probabilities are believable', () => {
  const step = (logit: number) => (logit < 0 ? 0.2 : logit < 1.5 ? 0.3 : 0.9);
  const curve = isotonic(outcomes(8_000, step));
  const later = outcomes(8_000, step, 2);
  const error = calibrationError(
    later.map(({ logit, target }) => ({ probability: calibrate(curve, logit), target })),
  );
  expect(error).toBeLessThan(0.03);
  expect(logLoss(curve, later)).toBeLessThan(logLoss(platt(outcomes(8_000, step)), later));
});

test('the shape is chosen by the number of labels', () => {
  expect(fitCalibration(outcomes(isotonicFrom - 1, sure)).kind).toBe('platt');
  expect(fitCalibration(outcomes(isotonicFrom, sure)).kind).toBe('isotonic');
});

test('the error is the distance between what was said and what came', () => {
  expect(calibrationError([])).toBe(0);
  const said = (probability: number, ...targets: readonly number[]) =>
    targets.map((target) => ({ probability, target }));
  expect(calibrationError([...said(0.5, 0, 1, 0, 1), ...said(1, 1, 1, 1, 1)], 2)).toBe(0);
  expect(calibrationError([...said(0.1, 1, 1), ...said(0.9, 0, 0)], 2)).toBeCloseTo(0.9);
});
