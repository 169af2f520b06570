import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  createRewardModel,
  readRewardWeights,
  type RewardWeights,
  rewardVersionOf,
  writeRewardWeights,
} from '../../../src/model/rewardModel';
import { calibrate, layoutOf, rewardOutputs } from '../../../src/model/rewardNetwork';

/** Two features and no hidden layer: the logit is the first less the second, each standardised. */
const layout = layoutOf({ features: 2, hidden: 0 });
const parameters = Array.from({ length: layout.size }, () => 0);
parameters[layout.direct] = 1;
parameters[layout.direct + layout.outputs] = -1;
const weights: RewardWeights = {
  format: 1,
  features: [
    { name: 'a', mean: 1, deviation: 2 },
    { name: 'b', mean: 0, deviation: 1 },
  ],
  hidden: 0,
  outputs: rewardOutputs,
  parameters,
  calibration: { kind: 'platt', slope: 1, shift: 0 },
  labels: 0,
};

const judge = (names: readonly string[], ...row: readonly number[]) =>
  createRewardModel(weights, names).judge([Float64Array.from(row)])[0]?.probability;

test('judges by features, each made small as it was when the model was fitted', () => {
  expect(judge(['a', 'b'], 1, 0)).toBe(0.5);
  expect(judge(['a', 'b'], 3, 0)).toBeCloseTo(1 / (1 + Math.exp(-1)));
  expect(judge(['a', 'b'], 3, 2)).toBeCloseTo(1 / (1 + Math.exp(1)));
});

test('knows features by name: those it never heard of count for nothing, nor do those that are gone', () => {
  expect(judge(['new', 'b', 'a'], 9, 2, 3)).toBeCloseTo(1 / (1 + Math.exp(1)));
  expect(judge(['a'], 3)).toBeCloseTo(1 / (1 + Math.exp(-1)));
});

test('the hidden layer adds what two features say only together', () => {
  const wide = layoutOf({ features: 2, hidden: 1 });
  const values = Array.from({ length: wide.size }, () => 0);
  values[wide.inner] = 1;
  values[wide.inner + 1] = 1;
  values[wide.outer] = 2;
  const model = createRewardModel({ ...weights, hidden: 1, parameters: values }, ['a', 'b']);
  const [judgement] = model.judge([Float64Array.of(3, 1)]);
  expect(judgement?.probability).toBeCloseTo(1 / (1 + Math.exp(-2 * Math.tanh(2))), 5);
});

describe('a calibration', () => {
  const curve = { kind: 'isotonic', logits: [-1, 1, 2], probabilities: [0.1, 0.5, 0.9] } as const;

  test('goes in straight lines between its knots and no further than the outer ones', () => {
    expect([-9, -1, 0, 1.5, 9].map((logit) => calibrate(curve, logit))).toEqual([
      0.1,
      0.1,
      expect.closeTo(0.3),
      expect.closeTo(0.7),
      0.9,
    ]);
  });

  test('is never certain', () => {
    expect(calibrate({ kind: 'platt', slope: 1, shift: 0 }, 1_000)).toBeLessThan(1);
    expect(calibrate({ kind: 'isotonic', logits: [0], probabilities: [0] }, 5)).toBeGreaterThan(0);
  });
});

describe('its file', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hone-reward-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  test('is read back as it was written, and appears whole', async () => {
    const file = join(folder, 'reward.json');
    await writeRewardWeights(file, weights);
    await writeRewardWeights(file, { ...weights, labels: 12 });
    expect(await readRewardWeights(file)).toEqual({ ...weights, labels: 12 });
    expect(await readdir(folder)).toEqual(['reward.json']);
  });

  test('names what was fitted', () => {
    expect(rewardVersionOf(weights)).toMatch(/^reward-[0-9a-f]{6}$/);
    expect(rewardVersionOf({ ...weights, labels: 1 })).not.toBe(rewardVersionOf(weights));
  });

  test.each([
    ['is no JSON', () => '{"format":1'],
    ['is of another format', () => JSON.stringify({ ...weights, format: 2 })],
    ['lacks weights', () => JSON.stringify({ ...weights, parameters: [1, 2] })],
    ['holds what is no number', () => JSON.stringify({ ...weights, labels: null })],
    [
      'has a curve that falls',
      () =>
        JSON.stringify({
          ...weights,
          calibration: { kind: 'isotonic', logits: [0, 1], probabilities: [0.9, 0.1] },
        }),
    ],
  ])('is refused with what to do when it %s', async (_, text) => {
    const file = join(folder, 'reward.json');
    await writeFile(file, text());
    await expect(readRewardWeights(file)).rejects.toMatchObject({
      code: 'damaged',
      message: expect.stringContaining('Delete it') as string,
    });
    expect(await readFile(file, 'utf8')).toBe(text());
  });

  test('is missed by name', async () => {
    await expect(readRewardWeights(join(folder, 'none.json'))).rejects.toMatchObject({
      code: 'notFound',
    });
  });

  test('that cannot be written leaves nothing behind', async () => {
    await expect(writeRewardWeights(join(folder, 'no', 'reward.json'), weights)).rejects.toThrow();
    expect(await readdir(folder)).toEqual([]);
  });
});
