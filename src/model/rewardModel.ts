/**
 * The reward model behind its port, and its file: JSON with a format number, the names of the features
 * and the weights. Features are matched by name, so a model that was fitted by an older Hone goes on
 * judging: what it does not know counts for nothing. Four candidates cost microseconds, so it needs no
 * process of its own. It fits nothing.
 */
import { createHash, randomUUID } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { z } from 'zod';
import { ModelError, storageError } from './errors';
import { calibrate, forwardRow, layoutOf, rewardOutputs, standardise } from './rewardNetwork';
import type { RewardModel } from './types';

const formatVersion = 1;

const finite = z.number();
const calibrationSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('platt'), slope: finite.positive(), shift: finite }),
  z.object({
    kind: z.literal('isotonic'),
    logits: z.array(finite).min(1).readonly(),
    probabilities: z.array(finite.min(0).max(1)).min(1).readonly(),
  }),
]);

const fileSchema = z
  .object({
    format: z.literal(formatVersion),
    /** Names of the features, with what makes each of them small: (x - mean) / deviation. */
    features: z
      .array(z.object({ name: z.string(), mean: finite, deviation: finite.positive() }))
      .readonly(),
    hidden: z.int().min(0).max(256),
    outputs: z.array(z.string()).readonly(),
    /** In the order of `rewardNetwork.ts`. */
    parameters: z.array(finite).readonly(),
    calibration: calibrationSchema,
    /** Labels of this user that it was fitted to; 0 for the one that ships. */
    labels: z.int().min(0),
  })
  .refine(
    ({ features, hidden, outputs, parameters, calibration }) =>
      outputs.join() === rewardOutputs.join() &&
      parameters.length === layoutOf({ features: features.length, hidden }).size &&
      (calibration.kind === 'platt' ||
        (calibration.logits.length === calibration.probabilities.length &&
          rises(calibration.logits) &&
          rises(calibration.probabilities))),
    { message: 'the parts do not fit together' },
  );

/** Everything that a reward model is. */
export type RewardWeights = z.infer<typeof fileSchema>;

/** @param names the features of the rows it will judge, in their order */
export function createRewardModel(weights: RewardWeights, names: readonly string[]): RewardModel {
  const { features, hidden, calibration } = weights;
  const layout = layoutOf({ features: features.length, hidden });
  const parameters = Float32Array.from(weights.parameters);
  const columns = features.map(({ name }) => names.indexOf(name));
  const x = new Float32Array(layout.features);
  const units = new Float32Array(layout.hidden);
  const out = new Float32Array(layout.outputs);
  return {
    version: rewardVersionOf(weights),
    judge: (rows) =>
      rows.map((row) => {
        for (const [f, spread] of features.entries()) {
          const column = columns[f] ?? -1;
          x[f] = column < 0 ? 0 : standardise(row[column] ?? 0, spread);
        }
        forwardRow(layout, parameters, x, units, out);
        const [accepted = 0, preference = 0] = out;
        return { probability: calibrate(calibration, accepted), preference };
      }),
  };
}

export function rewardVersionOf(weights: RewardWeights): string {
  return `reward-${createHash('sha256').update(JSON.stringify(weights)).digest('hex').slice(0, 6)}`;
}

/** @throws ModelError `notFound` where there is no file, `damaged` where it is not a reward model. */
export async function readRewardWeights(file: string): Promise<RewardWeights> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new ModelError('notFound', `There is no reward model at ${file}.`, { cause: error });
  }
  try {
    return fileSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new ModelError(
      'damaged',
      `${file} is no reward model that this Hone can read. Delete it: the one that ships is used until the next refit.`,
      { cause: error },
    );
  }
}

/**
 * Puts the file in place whole, by one rename.
 * @throws ModelError `storage` where the disk is full or may not be written.
 */
export async function writeRewardWeights(file: string, weights: RewardWeights): Promise<void> {
  const temporary = `${file}.${randomUUID()}.partial`;
  try {
    const handle = await open(temporary, 'wx');
    try {
      await handle.writeFile(JSON.stringify(rounded(weights)) + '\n');
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    throw storageError(error, file);
  } finally {
    await rm(temporary, { force: true });
  }
}

/** With as many digits as matter, so that the file is small. */
export function rounded(weights: RewardWeights): RewardWeights {
  const short = (value: number) => Number(value.toPrecision(5));
  return {
    ...weights,
    features: weights.features.map(({ name, mean, deviation }) => ({
      name,
      mean: short(mean),
      deviation: short(deviation),
    })),
    parameters: weights.parameters.map(short),
  };
}

function rises(values: readonly number[]): boolean {
  return values.every((value, i) => i === 0 || value >= (values[i - 1] ?? 0));
}
