import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  evenChance,
  type Judged,
  leastProbability,
  rerank,
  type RerankOptions,
  thresholdOf,
  worthsOf,
} from '../../../src/completion/rerank';
import { seededRandom } from '../../../src/util/random';

const certain = { trigger: 'automatic', threshold: 0.25, exploration: 0 } as const;

/** Texts of usual length, none of which begins another. */
const judged = (...probabilities: readonly number[]): Judged<{ text: string }>[] =>
  probabilities.map((probability) => ({
    candidate: { text: textOf(probability) },
    probability,
    preference: probability,
  }));

const textOf = (probability: number) => probability.toFixed(2).padEnd(31, 'x');

const chosen = (probabilities: readonly number[], options: Partial<RerankOptions> = {}) =>
  rerank(judged(...probabilities), { ...certain, random: () => 0.999, ...options });

describe('without exploration', () => {
  test('the best is shown from the threshold on, and nothing below it', () => {
    expect(chosen([0.1, 0.6, 0.3])).toEqual({
      candidates: [
        { text: textOf(0.6), score: 0.6 },
        { text: textOf(0.3), score: 0.3 },
        { text: textOf(0.1), score: 0.1 },
      ],
      shownIndex: 0,
      propensity: 1,
      exploration: 'best',
    });
    expect(chosen([0.25]).shownIndex).toBe(0);
    expect(chosen([0.24, 0.1])).toMatchObject({ shownIndex: null, propensity: 1 });
    expect(chosen([])).toMatchObject({ candidates: [], shownIndex: null, propensity: 1 });
  });

  test('a longer text may be less likely, for it saves more', () => {
    const long = { candidate: { text: 'x'.repeat(40) }, probability: 0.3, preference: 0 };
    const short = { candidate: { text: 'y' }, probability: 0.5, preference: 0 };
    const { candidates } = rerank([short, long], { ...certain, random: () => 0.5 });
    expect(candidates.map(({ score }) => score)).toEqual([0.3, 0.5]);
  });

  test('a longer text is shown from a lower probability on, and one character is worth no key', () => {
    const shown = (text: string, probability: number) =>
      rerank([{ candidate: { text }, probability, preference: 0 }], {
        ...certain,
        random: () => 0.5,
      }).shownIndex;
    expect(shown('x'.repeat(31), 0.24)).toBeNull();
    expect(shown('x'.repeat(62), 0.24)).toBe(0);
    expect(shown('x'.repeat(6), 0.4)).toBeNull();
    expect(shown(';', 0.99)).toBeNull();
  });

  test('of two that are equally likely the preferred one goes first', () => {
    const [a, b] = judged(0.5, 0.5);
    if (!a || !b) throw new Error('Two are needed.');
    const some = [
      { ...a, candidate: { text: 'a' }, preference: -1 },
      { ...b, candidate: { text: 'b' } },
    ];
    const { candidates } = rerank(some, { ...certain, random: () => 0.5 });
    expect(candidates.map(({ text }) => text)).toEqual(['b', 'a']);
  });

  test('what is asked for by hand is always shown', () => {
    expect(chosen([0.01], { trigger: 'invoked' })).toMatchObject({ shownIndex: 0, propensity: 1 });
  });
});

test('eagerness goes from showing nothing to showing everything', () => {
  expect(thresholdOf(0.5)).toBe(1 / 16);
  expect(thresholdOf(1)).toBe(0);
  expect(thresholdOf(0)).toBe(1);
  expect(thresholdOf(7)).toBe(0);
  expect(chosen([0.01], { threshold: thresholdOf(1) }).shownIndex).toBe(0);
});

test('the even chance of a text of usual length is its own, and less of a shorter one', () => {
  expect(evenChance({ text: 'x'.repeat(31), probability: 0.3 })).toBeCloseTo(0.3);
  expect(evenChance({ text: 'x'.repeat(61), probability: 0.3 })).toBeCloseTo(0.6 / 1.3);
  expect(evenChance({ text: 'x', probability: 0.99 })).toBe(0);
});

test('at an eagerness of a half what is worth more than it costs is shown, and nothing else', () => {
  const chance = fc.record({
    text: fc.nat({ max: 200 }).map((length) => 'x'.repeat(1 + length)),
    probability: fc.double({ min: 0.005, max: 0.995, noNaN: true }),
  });
  fc.assert(
    fc.property(chance, (one) => {
      const [worth = 0] = worthsOf([one]);
      fc.pre(Math.abs(worth) > 1e-9);
      expect(evenChance(one) >= thresholdOf(0.5)).toBe(worth > 0);
    }),
  );
});

describe('of texts that go on from each other', () => {
  const first = 'this.filename = filename;';
  const both = `${first}\n    this.maxAge = maxAge;`;
  const best = (one: number, two: number) => {
    const [a = 0, b = 0] = worthsOf([
      { text: first, probability: one },
      { text: both, probability: two },
    ]);
    return a > b ? 'the first line' : 'both lines';
  };

  test('the longer comes first where it is nearly as likely, for it spares asking again', () => {
    expect(best(0.3, 0.28)).toBe('both lines');
    expect(best(0.9, 0.8)).toBe('both lines');
  });

  test('the shorter comes first where more would be lost with the longer', () => {
    expect(best(0.3, 0.03)).toBe('the first line');
    expect(best(0.9, 0.5)).toBe('the first line');
  });

  test('on one line the longer comes first unless it is much less likely', () => {
    const longerFirst = (one: number, two: number): boolean => {
      const [a = 0, b = 0] = worthsOf([
        { text: 'load', probability: one },
        { text: 'load(user)', probability: two },
      ]);
      return b > a;
    };
    expect(longerFirst(0.9, 0.8)).toBe(true);
    expect(longerFirst(0.9, 0.5)).toBe(true);
    expect(longerFirst(0.9, 0.3)).toBe(false);
  });

  test('part of a word begins no other', () => {
    const [alone] = worthsOf([{ text: 'load', probability: 0.5 }]);
    const [beside] = worthsOf([
      { text: 'load', probability: 0.5 },
      { text: 'loadAll(users)', probability: 0.5 },
    ]);
    expect(beside).toBe(alone);
  });

  test('the first line is shown where the whole is too unlikely', () => {
    const candidates = [first, both].map((text, i) => ({
      candidate: { text },
      probability: i === 0 ? 0.2 : 0.02,
      preference: 0,
    }));
    const threshold = thresholdOf(0.5);
    const alone = rerank(candidates.slice(1), { ...certain, threshold, random: () => 0.5 });
    expect(alone.shownIndex).toBeNull();
    const { shownIndex, candidates: order } = rerank(candidates, {
      ...{ ...certain, threshold },
      random: () => 0.5,
    });
    expect(order[shownIndex ?? -1]?.text).toBe(first);
  });
});

describe('exploration', () => {
  /** How often each choice is made, by what is shown, in shares; and its logged propensity. */
  function shares(probabilities: readonly number[]) {
    const random = seededRandom(7);
    const counts = new Map<number | null, { share: number; propensity: number }>();
    const rounds = 20_000;
    for (let i = 0; i < rounds; i++) {
      const { shownIndex, propensity } = chosen(probabilities, { exploration: 0.05, random });
      const { share } = counts.get(shownIndex) ?? { share: 0 };
      counts.set(shownIndex, { share: share + 1 / rounds, propensity });
    }
    return counts;
  }

  test.each([[[0.3, 0.25]], [[0.2, 0.15]], [[0.3]], [[0.9, 0.8]], [[0.9, 0.1]], [[0.05]]])(
    'each choice is made as often as its propensity says: %j',
    (probabilities) => {
      for (const { share, propensity } of shares(probabilities).values()) {
        expect(share).toBeCloseTo(propensity, 2);
        expect(propensity).toBeGreaterThanOrEqual(0.02);
      }
    },
  );

  test('near the threshold showing and silence are both tried, far from it neither', () => {
    expect([...shares([0.3]).keys()].toSorted()).toEqual([0, null]);
    expect([...shares([0.2]).keys()].toSorted()).toEqual([0, null]);
    expect([...shares([0.9, 0.1]).keys()]).toEqual([0]);
    expect([...shares([0.05, 0.04]).keys()]).toEqual([null]);
    expect(shares([0.9, 0.8]).get(1)?.propensity).toBe(0.05);
  });

  test('says that the choice was drawn', () => {
    expect(chosen([0.3], { exploration: 0.05, random: () => 0.01 })).toMatchObject({
      shownIndex: null,
      propensity: 0.05,
      exploration: 'explored',
    });
    expect(chosen([0.3], { exploration: 0.05 })).toMatchObject({
      shownIndex: 0,
      propensity: 0.95,
      exploration: 'best',
    });
  });
});

test('a text must be as likely as its length asks, and is shown from there on', () => {
  for (const text of ['ab', 'save();', 'x'.repeat(31), 'const user = await load();\n'.repeat(4)]) {
    const least = leastProbability(text, 0.0625);
    expect(evenChance({ text, probability: least + 0.001 })).toBeGreaterThan(0.0625);
    expect(evenChance({ text, probability: least - 0.001 })).toBeLessThan(0.0625);
  }
  expect(leastProbability(';', 0.0625)).toBe(1);
  expect(leastProbability(';', 0)).toBe(0);
});
