/** The training forward against plain loops, and what padding and batches may not change. */
import path from 'node:path';
import { expect, test } from 'vitest';
import type { Session, Tensor } from '../../../src/model/session';
import { buildTrainingGraph } from '../../../src/training/trainingGraph';
import { referenceLogits } from '../../helpers/referenceLlama';
import { numbersOf, openGraph } from '../../helpers/runGraph';
import { temporaryFolder } from '../../helpers/temporaryFolder';
import { makeTinyModel, randomWeights } from '../../helpers/tinyModel';

const int64 = (dims: readonly number[], values: readonly number[]): Tensor => ({
  type: 'int64',
  dims,
  data: BigInt64Array.from(values, BigInt),
});

/** Logits of some rows of texts that are padded with `pad` to one length. */
async function logitsOf(
  session: Session,
  texts: readonly (readonly number[])[],
  rows: readonly number[],
  pad = 0,
): Promise<number[]> {
  const length = Math.max(...texts.map((text) => text.length));
  const padded = texts.flatMap((text) => [
    ...text,
    ...new Array<number>(length - text.length).fill(pad),
  ]);
  const feeds = {
    input_ids: int64([texts.length, length], padded),
    logit_rows: int64([rows.length], rows),
  };
  return numbersOf((await session.run(feeds, ['logits']))['logits']);
}

function largestDifference(a: readonly number[], b: readonly number[]): number {
  expect(a.length).toBe(b.length);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] ?? NaN))), 0);
}

const short = [7, 40, 81, 12];
const long = [19, 3, 77, 60, 61, 62, 5];

for (const architecture of ['llama', 'qwen2'] as const) {
  const open = async (): Promise<Session> => {
    const directory = path.join(await temporaryFolder(), 'tiny');
    const { manifest } = await makeTinyModel(directory, { architecture, precision: 'fp32' });
    return openGraph(buildTrainingGraph(manifest).model.graph, directory);
  };

  test(`${architecture}: two texts of different length give what plain loops give`, async () => {
    const directory = path.join(await temporaryFolder(), 'tiny');
    const { manifest } = await makeTinyModel(directory, { architecture, precision: 'fp32' });
    const session = await openGraph(buildTrainingGraph(manifest).model.graph, directory);
    const rows = [0, 1, 2, 3, 7, 8, 9, 10, 11, 12, 13];
    const expected = [
      await referenceLogits(manifest, randomWeights(1), short),
      await referenceLogits(manifest, randomWeights(1), long),
    ].flat(2);
    const actual = await logitsOf(session, [short, long], rows);
    expect(largestDifference(actual, expected)).toBeLessThan(2e-5);
  });

  test(`${architecture}: what a text is padded with changes nothing`, async () => {
    const session = await open();
    const rows = [0, 3, 13];
    const actual = await logitsOf(session, [short, long], rows, 99);
    expect(actual).toEqual(await logitsOf(session, [short, long], rows, 0));
  });

  test(`${architecture}: a text alone gives what it gives beside another`, async () => {
    const session = await open();
    const beside = await logitsOf(session, [short, long], [2, 3]);
    expect(largestDifference(await logitsOf(session, [short], [2, 3]), beside)).toBeLessThan(1e-5);
  });
}
