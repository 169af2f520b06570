import { expect, test } from 'vitest';
import { thresholdOf } from '../../../src/completion/rerank';
import type { DecisionRecord } from '../../../src/replay/measures';
import { compareEagerness } from '../../../src/replay/otherEagerness';
import { type Random, seededRandom } from '../../../src/util/random';

/** Texts of ten characters, each taken as often as was said; shown from a threshold on. */
function playedBy(
  eagerness: number,
  exploration: number,
  { count, random }: { readonly count: number; readonly random: Random },
): DecisionRecord[] {
  const threshold = thresholdOf(eagerness);
  return Array.from({ length: count }, (_, i) => {
    const probability = random() * 0.3;
    const isRight = random() < probability;
    const isDrawn = random() < exploration;
    const shown = isDrawn !== probability >= threshold;
    const propensity = isDrawn ? exploration : 1 - exploration;
    const action = shown ? 'best' : 'silent';
    const reward = !shown ? 0 : isRight ? 1 : -0.25;
    const retained = shown && isRight ? 10 : 0;
    const figures = { shown, accepted: retained > 0, refused: reward < 0, retained };
    return {
      ...{ id: String(i), commit: String(i >> 2), languageId: 'python', written: 20 },
      arms: {
        reward: [
          {
            ...{ ...figures, keystrokesSaved: 0, forecast: undefined, latencyMs: 1 },
            choice: { probability, action, propensity, reward },
          },
        ],
      },
    };
  });
}

test.each([0.42, 0.46, 0.54, 0.58])(
  'what eagerness %d comes to is estimated from what another chose, and counted beside it',
  (eagerness) => {
    const logged = playedBy(0.5, 0.05, { count: 4_000, random: seededRandom(1) });
    const replayed = playedBy(eagerness, 0, { count: 4_000, random: seededRandom(2) });
    const options = { arm: 'reward', eagerness, seed: 1 } as const;
    const found = compareEagerness({ logged, replayed }, options);
    expect(found.threshold).toBe(thresholdOf(eagerness));
    expect(found.decisions).toBe(4_000);
    expect(found.effectiveSize).toBeLessThan(4_000);
    for (const { low, high, replayed: truth, value } of [found.reward, found.retained]) {
      expect(low).toBeLessThan(truth);
      expect(high).toBeGreaterThan(truth);
      expect(Math.abs(value - truth)).toBeLessThan(0.2 * Math.abs(truth) + 0.02);
    }
  },
);

test('places where the arm was not asked are left out', () => {
  const record = { id: '1', commit: '1', languageId: 'python', written: 20, arms: {} };
  const options = { arm: 'reward', eagerness: 0.5, seed: 1 } as const;
  expect(compareEagerness({ logged: [record], replayed: [record] }, options)).toMatchObject({
    ...{ decisions: 0, effectiveSize: 0 },
    reward: { value: NaN, replayed: NaN },
  });
});
