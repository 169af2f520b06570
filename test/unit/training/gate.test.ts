/** Verdicts on made-up numbers: what passes, what is refused, and in which words. */
import { expect, test } from 'vitest';
import { type Contest, type Measured, type Trial, judge } from '../../../src/training/gate';
import { seededRandom } from '../../../src/util/random';

const random = seededRandom(3);
const noise = (size: number): number => size * (random() + random() - 1);

/** 100 texts, 40 refusals, 30 trials of a middling model. */
const champion: Measured = {
  texts: Array.from({ length: 100 }, () => ({ tokens: 10, nats: 20 + noise(15) })),
  refused: Array.from({ length: 100 }, (_, i) =>
    i < 40 ? { tokens: 10, nats: 25 + noise(20) } : null,
  ),
  general: Array.from({ length: 20 }, () => ({ tokens: 100, nats: 150 + noise(40) })),
  trials: Array.from({ length: 30 }, (_, i) => ({
    ...{ probability: 0.5 + noise(0.3), isRight: i % 3 === 0, characters: 20 },
    ...{ writtenCharacters: 24, ms: 200 + noise(50) },
  })),
};

interface Changes {
  /** Nats a token by which each text changes; the number of the text goes in. */
  readonly texts?: (i: number) => number;
  readonly refused?: number;
  readonly general?: number;
  readonly trial?: (trial: Trial) => Partial<Trial>;
}

function contest({ texts = () => -0.2, refused = 0, general = 0, trial }: Changes): Contest {
  const challenger: Measured = {
    texts: champion.texts.map(({ nats, tokens }, i) => ({
      tokens,
      nats: nats + tokens * texts(i),
    })),
    refused: champion.refused.map(
      (score) => score && { ...score, nats: score.nats + score.tokens * refused },
    ),
    general: champion.general.map(({ nats, tokens }) => ({
      ...{ tokens, nats: nats + tokens * general },
    })),
    trials: champion.trials.map((each) => ({ ...each, ...trial?.(each) })),
  };
  return { champion, challenger, baseGeneral: champion.general };
}

test('a challenger that expects the texts better and harms nothing passes', () => {
  const verdict = judge(contest({}));
  expect(verdict.passed).toBe(true);
  expect(verdict.checks.map(({ name }) => name)).toEqual([
    ...['likelihood', 'general', 'calibration', 'reversals', 'length', 'latency'],
  ]);
  expect(verdict.reasons[0]).toMatch(
    /^It expects your newest 100 texts better: 1\.\d\d instead of 2\.\d\d nats a token \(by -0\.20, with 95 % certainty between -0\.20 and -0\.20\)\.$/,
  );
});

test.each<[string, Changes, string, RegExp]>([
  ['is the same', { texts: () => 0 }, 'likelihood', /no better/],
  ['expects the texts less', { texts: () => 0.1 }, 'likelihood', /no better/],
  [
    'is better by chance',
    { texts: (i) => (i % 2 === 0 ? 0.9 : -1) },
    'likelihood',
    /better by chance/,
  ],
  ['is better by nothing much', { texts: () => -0.005 }, 'likelihood', /by chance/],
  [
    'learned a few texts by heart and is worse at the others',
    { texts: (i) => (i < 30 ? -2 : 0.2) },
    'likelihood',
    /only 30 of your newest 100/,
  ],
  ['gives no numbers', { texts: (i) => (i === 7 ? NaN : -1) }, 'likelihood', /no numbers/],
  ['forgets other code', { general: 0.06 }, 'general', /forgets code that is not yours/],
  [
    'is sure of what is wrong',
    { trial: ({ isRight }) => ({ probability: isRight ? 0.5 : 0.95 }) },
    'calibration',
    /surer of itself than it is right: by 0\.\d+, before by 0\.\d+/,
  ],
  ['prefers what was refused', { refused: -1.5 }, 'reversals', /nearer to what you refused/],
  ['says far more', { trial: () => ({ characters: 60 }) }, 'length', /far more/],
  ['says next to nothing', { trial: () => ({ characters: 1 }) }, 'length', /far less/],
  ['is slow', { trial: ({ ms }) => ({ ms: 2 * ms }) }, 'latency', /takes longer/],
])('one that %s is refused, and it is said why', (_name, changes, name, sentence) => {
  const verdict = judge(contest(changes));
  expect(verdict.checks.find(({ passed }) => !passed)?.name).toBe(name);
  expect(verdict.passed).toBe(false);
  expect(verdict.reasons[0]).toMatch(sentence);
});

test('one that is right every other time and says so is no worse than one that never was', () => {
  const timid = champion.trials.map((each) => ({ ...each, probability: 0.05, isRight: false }));
  const even = champion.trials.map((each, i) => ({
    ...{ ...each, probability: 0.5, isRight: i % 2 === 0 },
  }));
  const { challenger, ...others } = contest({});
  const judged = (trials: readonly Trial[]) =>
    judge({
      ...{ ...others, champion: { ...champion, trials: timid } },
      challenger: { ...challenger, trials },
    });
  expect(judged(even).passed).toBe(true);
  const boastful = even.map((each) => ({ ...each, probability: 0.95 }));
  expect(judged(boastful).reasons).toEqual([expect.stringMatching(/surer of itself/)]);
});

test('one that expects all better, but most of all what was refused, is refused', () => {
  const verdict = judge(contest({ texts: () => -0.2, refused: -0.5 }));
  expect(verdict.reasons).toEqual([expect.stringMatching(/^It comes nearer to what you refused/)]);
});

test('one that becomes no number at the general set is refused', () => {
  expect(judge(contest({ general: NaN })).passed).toBe(false);
});

test('small losses at the general set do not add up over champions', () => {
  const { champion: before, challenger } = contest({ general: 0.03 });
  const worn = { ...before, general: challenger.general };
  const next = { ...challenger, general: contest({ general: 0.06 }).challenger.general };
  const verdict = judge({ champion: worn, challenger: next, baseGeneral: before.general });
  expect(verdict.reasons).toEqual([expect.stringMatching(/forgets/)]);
});

test('a few texts are too few, however much better they are', () => {
  const { champion: before, challenger, baseGeneral } = contest({ texts: () => -1 });
  const few = (of: Measured): Measured => ({ ...of, texts: of.texts.slice(0, 10) });
  const verdict = judge({ champion: few(before), challenger: few(challenger), baseGeneral });
  expect(verdict.reasons).toEqual(['There are only 10 texts to judge by, too few to tell.']);
});

test('one text that became impossible does not outweigh a hundred', () => {
  expect(judge(contest({ texts: (i) => (i === 0 ? 1000 : -0.3) })).passed).toBe(true);
});

test('saying more is no fault where the user writes more', () => {
  const {
    champion: before,
    challenger,
    baseGeneral,
  } = contest({ trial: () => ({ characters: 60 }) });
  const long = (of: Measured): Measured => ({
    ...of,
    trials: of.trials.map((each) => ({ ...each, writtenCharacters: 70 })),
  });
  expect(judge({ champion: long(before), challenger: long(challenger), baseGeneral }).passed).toBe(
    true,
  );
});

test('whoever says more takes longer over it, and may', () => {
  const terse = contest({ trial: ({ ms }) => ({ ms: ms + 7 * 24, characters: 24 }) });
  const champion = {
    ...terse.champion,
    trials: terse.champion.trials.map((trial) => ({ ...trial, characters: 1 })),
  };
  expect(judge({ ...terse, champion }).passed).toBe(true);
});

test('where next to nothing was refused, reversals decide nothing', () => {
  const { champion: before, challenger, baseGeneral } = contest({ refused: -2 });
  const few = (of: Measured): Measured => ({
    ...of,
    refused: of.refused.map((each, i) => (i < 5 ? each : null)),
  });
  expect(judge({ champion: few(before), challenger: few(challenger), baseGeneral }).passed).toBe(
    true,
  );
});

test('of a hundred challengers that differ by chance alone, hardly one passes', () => {
  const passed = Array.from(
    { length: 100 },
    () => judge(contest({ texts: () => noise(0.6) })).passed,
  ).filter(Boolean);
  expect(passed.length).toBeLessThanOrEqual(5);
});

test('the same numbers give the same verdict', () => {
  const same = contest({ texts: (i) => (i % 5) / 10 - 0.4 });
  expect(judge(same)).toEqual(judge(same));
});
