/** The graph against a plain forward pass, and its caches against no caches at all. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ModelFolder } from '../../../src/model/modelFolder';
import { type Session, openSession } from '../../../src/model/session';
import { type Cache, emptyCache, joinCaches, runStep } from '../../helpers/decode';
import { referenceLogits } from '../../helpers/referenceLlama';
import { makeTinyModel, randomWeights, tinyConfig } from '../../helpers/tinyModel';

const ids = [7, 260, 34, 99, 120, 3, 201, 75, 76, 77, 78, 12];

describe.each(['llama', 'qwen2'] as const)('%s graph', (architecture) => {
  let scratch: string;
  const opened: { folder: ModelFolder; session: Session }[] = [];
  const open = async (precision: '8bit' | 'fp32') => {
    const folder = await makeTinyModel(join(scratch, String(opened.length)), {
      architecture,
      precision,
    });
    const session = await openSession(folder.graphPath, { threads: 1 });
    opened.push({ folder, session });
    return { session, manifest: folder.manifest };
  };

  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'hone-graph-'));
  });
  afterAll(async () => {
    for (const { session } of opened) await session.release();
    await rm(scratch, { recursive: true });
  });

  test.each([
    ['fp32', 1e-4],
    ['8bit', 0.2],
  ] as const)(
    '%s logits agree with a plain forward pass within %d',
    async (precision, tolerance) => {
      const { session, manifest } = await open(precision);
      const expected = await referenceLogits(
        tinyConfig(architecture, manifest.vocabularySize),
        randomWeights(1),
        ids,
      );
      const { logits } = await runStep(session, manifest, {
        ids: [ids],
        prefix: emptyCache(manifest),
      });
      expect(largestDifference(logits[0] ?? [], expected)).toBeLessThan(tolerance);
    },
  );

  test.each([1, 2, 5])('prefill in chunks of %d gives the logits of one piece', async (chunk) => {
    const { session, manifest } = await open('fp32');
    const whole = await runStep(session, manifest, { ids: [ids], prefix: emptyCache(manifest) });
    let prefix: Cache = emptyCache(manifest);
    const logits: Float32Array[] = [];
    for (let at = 0; at < ids.length; at += chunk) {
      const step = await runStep(session, manifest, { ids: [ids.slice(at, at + chunk)], prefix });
      logits.push(...(step.logits[0] ?? []));
      prefix = joinCaches(manifest, prefix, step.added[0] ?? emptyCache(manifest));
    }
    expect(largestDifference(logits, whole.logits[0] ?? [])).toBeLessThan(1e-4);
  });

  test('four rows over one prefix give the logits of each row alone', async () => {
    const { session, manifest } = await open('fp32');
    const rows = [[5, 9, 81], [5, 80, 4], [200, 9, 1], [17, 18, 19]]; // prettier-ignore
    const { added } = await runStep(session, manifest, {
      ids: [ids],
      prefix: emptyCache(manifest),
    });
    const prefix = added[0] ?? emptyCache(manifest);

    const first = await runStep(session, manifest, {
      ids: rows.map((row) => row.slice(0, 2)),
      prefix,
    });
    const second = await runStep(session, manifest, {
      ids: rows.map((row) => row.slice(2)),
      prefix,
      suffixes: first.added,
    });
    for (const [r, row] of rows.entries()) {
      const alone = await runStep(session, manifest, {
        ids: [[...ids, ...row]],
        prefix: emptyCache(manifest),
      });
      const batched = [...(first.logits[r] ?? []), ...(second.logits[r] ?? [])];
      const expected = alone.logits[0]?.slice(ids.length) ?? [];
      expect(largestDifference(batched, expected)).toBeLessThan(1e-4);
    }
  });
});

function largestDifference(
  a: readonly ArrayLike<number>[],
  b: readonly ArrayLike<number>[],
): number {
  expect(a.length).toBe(b.length);
  return Math.max(
    ...a.map((row, i) =>
      Math.max(...Array.from(row, (value, j) => Math.abs(value - (b[i]?.[j] ?? NaN)))),
    ),
  );
}
