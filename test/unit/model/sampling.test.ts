import { expect, test } from 'vitest';
import { expNegative, logSumExp, peak, sample } from '../../../src/model/sampling';
import { seededRandom } from '../../../src/util/random';

/** Logits with a wide spread, as a trained model has, and some masked tokens. */
function spreadLogits(size: number, seed: number): Float32Array {
  const random = seededRandom(seed);
  return Float32Array.from({ length: size }, () =>
    random() < 0.05 ? -Infinity : 30 * (random() + random() + random()) - 40,
  );
}

function exactLogZ(logits: Float32Array, ids: readonly number[]): number {
  const max = Math.max(...ids.map((id) => logits[id] ?? 0));
  return max + Math.log(ids.reduce((sum, id) => sum + Math.exp((logits[id] ?? 0) - max), 0));
}

function exactEntropy(logits: Float32Array, ids: readonly number[]): number {
  const logZ = exactLogZ(logits, ids);
  const shares = ids.map((id) => Math.exp((logits[id] ?? 0) - logZ)).filter((share) => share > 0);
  return -shares.reduce((sum, share) => sum + share * Math.log(share), 0);
}

function all(size: number): number[] {
  return Array.from({ length: size }, (_, id) => id);
}

test('the quick exponential agrees with Math.exp to six digits', () => {
  for (let x = 0; x > -40; x -= 0.00317) {
    expect(Math.abs(expNegative(x) / Math.exp(x) - 1)).toBeLessThan(4e-7);
  }
  expect(expNegative(0)).toBe(1);
});

test('best token, normaliser and entropy agree with the textbook, over all ids and over some', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const logits = spreadLogits(1000, seed);
    const best = peak(logits);
    expect(logits[best.argMax]).toBe(Math.max(...logits));
    expect(best.logZ).toBeCloseTo(exactLogZ(logits, all(1000)), 4);
    expect(best.entropy).toBeCloseTo(exactEntropy(logits, all(1000)), 4);
    const some = [3, 99, 500, 501, 999].filter((id) => logits[id] !== -Infinity);
    const bestOfSome = peak(logits, Int32Array.from(some));
    expect(some).toContain(bestOfSome.argMax);
    expect(bestOfSome.logZ).toBeCloseTo(exactLogZ(logits, some), 4);
    expect(bestOfSome.entropy).toBeCloseTo(exactEntropy(logits, some), 4);
  }
});

test('of equal logits the lowest id is best', () => {
  expect(peak(Float32Array.of(1, 5, 5, 2)).argMax).toBe(1);
});

test('where every token is masked there is no best one', () => {
  const masked = peak(Float32Array.of(-Infinity, -Infinity));
  expect(masked).toMatchObject({ argMax: -1, entropy: 0 });
  expect(peak(Float32Array.of(1, 2), new Int32Array(0)).argMax).toBe(-1);
});

test('tokens are drawn as often as their tempered probability says', () => {
  const logits = Float32Array.of(2, 1, 0, -1, -Infinity);
  const temperature = 0.7;
  const random = seededRandom(5);
  const counts = [0, 0, 0, 0, 0];
  const rounds = 50_000;
  for (let i = 0; i < rounds; i++) {
    const { id, logPropensity } = sample(logits, null, temperature, 2, random);
    counts[id] = (counts[id] ?? 0) + 1;
    const logZ = logSumExp(logits, null, temperature, 2);
    expect(logPropensity).toBeCloseTo((logits[id] ?? 0) / temperature - logZ, 5);
  }
  const logZ = logSumExp(logits, null, temperature, 2);
  for (const [id, count] of counts.entries()) {
    const expected = Math.exp((logits[id] ?? 0) / temperature - logZ);
    expect(count / rounds).toBeCloseTo(expected, 1.9);
  }
});
