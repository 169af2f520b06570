/** What a frozen model says, and what is learned of it: nothing as long as nothing has changed. */
import path from 'node:path';
import { expect, test } from 'vitest';
import { openGradients, openLogits, parametersOf } from '../../../src/training/engine';
import { stepTotals } from '../../../src/training/feeds';
import { freshPairs } from '../../../src/training/lora';
import { linearModules } from '../../../src/training/modules';
import { writeFrozenWeights } from '../../../src/training/frozenWeights';
import { type RehearsalRequest, expectedIds, rehearse } from '../../../src/training/rehearsal';
import type { CompletionContext } from '../../../src/types';
import { seededRandom } from '../../../src/util/random';
import { temporaryFolder } from '../../helpers/temporaryFolder';
import { makeTinyModel } from '../../helpers/tinyModel';

const places: readonly CompletionContext[] = ['const a = ', 'function f(', 'return '].map(
  (prefix) => ({
    ...{ repository: 'shop', path: 'src/a.ts', languageId: 'typescript', snippets: [] },
    ...{ prefix, suffix: '\n', multiline: false },
  }),
);

async function request(changes: Partial<RehearsalRequest> = {}): Promise<RehearsalRequest> {
  return {
    base: await makeTinyModel(path.join(await temporaryFolder(), 'base')),
    ...{ places, count: 8, threads: 1, seed: 1, isOver: () => false, onProgress: () => {} },
    signal: undefined,
    ...changes,
  };
}

test('a third of the texts stand where the person was, the others in files of nobody', async () => {
  const shares: number[] = [];
  const rows = await rehearse(await request({ onProgress: (share) => shares.push(share) }));
  const own = rows.filter(({ prompt }) => prompt.includes('<repo_name>shop'));
  expect(own.map(({ suffix }) => suffix)).toEqual(own.map(() => '\n'));
  expect(own.length).toBeGreaterThan(0);
  expect(own.length).toBeLessThanOrEqual(places.length);
  const others = rows.filter((row) => !own.includes(row));
  expect(new Set(others.map(({ prompt }) => prompt)).size).toBe(others.length);
  for (const { prompt, suffix } of others) {
    expect(prompt).toMatch(/^<file_sep>[\w./]+\n$/);
    expect(suffix).toBeUndefined();
  }
  expect(rows.every(({ completion }) => completion.trim() !== '')).toBe(true);
  expect(shares.at(-1)).toBe(1);
});

test('the same seed gives the same texts, another seed others', async () => {
  const asked = await request();
  const rows = await rehearse(asked);
  expect(await rehearse(asked)).toEqual(rows);
  expect(await rehearse({ ...asked, seed: 2 })).not.toEqual(rows);
});

test('it ends with the time that it has, and at once when it is told to', async () => {
  let asked = 0;
  const rows = await rehearse(await request({ isOver: () => ++asked > 3 }));
  expect(rows.length).toBeLessThanOrEqual(3);
  const signal = AbortSignal.abort();
  await expect(rehearse(await request({ signal }))).rejects.toThrow(
    expect.objectContaining({ name: 'AbortError' }),
  );
});

test('an id is expected as often as it is likely, and never one time more or less', () => {
  const probabilities = [0.5, 0.3, 0.15, 0.04, 0.01];
  const logits = Float32Array.from([...probabilities, ...probabilities.toReversed()], (p) =>
    Math.log(p),
  );
  const random = seededRandom(1);
  const counts = probabilities.map(() => 0);
  const draws = 300;
  for (let i = 0; i < draws; i++) {
    const ids = expectedIds(logits, probabilities.length, random);
    const K = ids.length / 2;
    for (const [id, p] of probabilities.entries()) {
      const count = ids.subarray(0, K).filter((each) => each === id).length;
      expect(Math.abs(count - K * p)).toBeLessThan(1);
      const reversed = probabilities.length - 1 - id;
      expect(
        Math.abs(ids.subarray(K).filter((each) => each === reversed).length - K * p),
      ).toBeLessThan(1);
      counts[id] = (counts[id] ?? 0) + count / K / draws;
    }
  }
  for (const [id, p] of probabilities.entries()) expect(counts[id]).toBeCloseTo(p, 2);
});

test('what the model expects of itself pulls nowhere, and back once it has moved', async () => {
  const directory = path.join(await temporaryFolder(), 'tiny');
  const base = await makeTinyModel(directory, { precision: 'fp32' });
  const work = await temporaryFolder();
  await writeFrozenWeights(base, work);
  const { manifest: config } = base;
  const modules = linearModules(config);
  const lora = { rank: 4, alpha: 8 };
  const options = { ...{ config, modules, lora }, directory: work, threads: 1 };
  const logits = await openLogits(options);
  const gradients = await openGradients(options, { method: 'sft' });
  try {
    const plain = {
      ...{ line: 1, weight: 1, liked: true },
      sequences: [{ ids: [19, 3, 77, 60, 61, 62, 5], start: 2 }],
    };
    const random = seededRandom(4);
    const expected = expectedIds(await logits.run(plain), config.vocabularySize, random);
    const inputs = { frozenScores: [0], totals: stepTotals([plain]), referencePoint: 0 };
    const fresh = parametersOf(freshPairs(modules, lora, 1));
    const at = async (parameters: readonly Float32Array[], example: typeof plain) => {
      const { loss, gradients: parts } = await gradients.run([example], inputs, parameters);
      return { loss, norm: Math.hypot(...parts.map((part) => Math.hypot(...part))) };
    };
    const rehearsed = { ...plain, expected };
    const start = await at(fresh, rehearsed);
    expect(start.norm).toBeLessThan(0.2 * (await at(fresh, plain)).norm);
    const moved = fresh.map((values) => values.map((value) => value + 0.3 * (random() - 0.5)));
    const away = await at(moved, rehearsed);
    expect(away.loss).toBeGreaterThan(start.loss);
    expect(away.norm).toBeGreaterThan(3 * start.norm);
  } finally {
    await logits.release();
    await gradients.release();
  }
});
