/**
 * The gate: whether a challenger may take the champion's place, from numbers that were measured
 * elsewhere (`evaluate.ts`), on feedback that neither of them was trained on. Pure, and always the
 * same for the same numbers. It says why in words; whoever wants another rule changes it here.
 *
 * What must be shown is that the newest texts of the user have become more likely: the upper end of
 * the paired bootstrap's 95 % interval lies below zero. Everything else must not have become worse.
 */
import { bootstrap, type Interval, mean, quantile, sum } from '../util/statistics';
import type { Check, Verdict } from './verdict';

/** What a model says of one text. */
export interface TextScore {
  /** Negative log-likelihood of the whole text, 0 or more. */
  readonly nats: number;
  /** 1 or more. */
  readonly tokens: number;
}

/** One text that a model was made to propose. */
export interface Trial {
  /** The model's own probability of its text, 0..1. */
  readonly probability: number;
  /** Whether that is what the user wrote. */
  readonly isRight: boolean;
  readonly characters: number;
  /** Of what the user wrote there on the line. */
  readonly writtenCharacters: number;
  /** Processor time. */
  readonly ms: number;
}

/** All that is measured of a model; lists of two models are in the same order. */
export interface Measured {
  /** What the user wrote. */
  readonly texts: readonly TextScore[];
  /** What was refused in the same places; null where nothing was. */
  readonly refused: readonly (TextScore | null)[];
  /** Code that has nothing to do with the user. */
  readonly general: readonly TextScore[];
  readonly trials: readonly Trial[];
}

export interface Contest {
  readonly champion: Measured;
  readonly challenger: Measured;
  /** The base model's: many small steps away from it may not add up. */
  readonly baseGeneral: readonly TextScore[];
}

/** Texts below which nothing can be said. */
const leastTexts = 20;
/** Nats per token by which the texts must become likelier at least. */
const leastGain = 0.01;
/** One text counts for no more than this many nats a token, whatever happened to it. */
const mostOfOneText = 2;
/** Points, which are hundredths of the probability of a token, that the general set may lose. */
const generalPoints = 1;
/** What may become worse by chance alone. */
const allowed = { calibration: 0.02, reversals: 0.05, length: 1.5, latency: 1.25 } as const;
const chance = { characters: 8, ms: 15 } as const;
/** Fewer places than this, at which something was refused, say nothing. */
const leastRefused = 8;

export function judge(contest: Contest): Verdict {
  const checks = [
    likelihood(contest),
    general(contest),
    calibration(contest),
    reversals(contest),
    textLength(contest),
    latency(contest),
  ];
  const failed = checks.filter(({ passed }) => !passed);
  return {
    passed: failed.length === 0,
    reasons: (failed.length === 0 ? checks : failed).map(({ sentence }) => sentence),
    checks,
  };
}

function likelihood({ champion, challenger }: Contest): Check {
  const before = champion.texts.map(perToken);
  const after = challenger.texts.map(perToken);
  const bound = mostOfOneText;
  const changes = paired(before, after).map((change) => Math.max(-bound, Math.min(bound, change)));
  const { value, low, high } = bootstrapMean(changes);
  const likelier = changes.filter((change) => change < 0).length;
  const figures = `${fixed(mean(after))} instead of ${fixed(mean(before))} nats a token (by ${fixed(value)}, with 95 % certainty between ${fixed(low)} and ${fixed(high)})`;
  const n = changes.length;
  const found = ((): readonly [boolean, string] => {
    if (n < leastTexts) return [false, `There are only ${n} texts to judge by, too few to tell.`];
    if (!changes.every(Number.isFinite)) return [false, 'It gives no numbers for what you wrote.'];
    if (value >= 0) return [false, `It expects your newest ${n} texts no better: ${figures}.`];
    if (high >= 0 || value > -leastGain)
      return [false, `It may expect your newest ${n} texts better by chance: ${figures}.`];
    // A few texts that became much likelier do not make up for many that became less so.
    if (likelier < n / 2)
      return [false, `It expects only ${likelier} of your newest ${n} texts better: ${figures}.`];
    return [true, `It expects your newest ${n} texts better: ${figures}.`];
  })();
  return check('likelihood', mean(before), mean(after), found);
}

function general({ champion, challenger, baseGeneral }: Contest): Check {
  const points = (scores: readonly TextScore[]): number =>
    100 * Math.exp(-sum(scores.map(({ nats }) => nats)) / sum(scores.map(({ tokens }) => tokens)));
  const [base, before, after] = [baseGeneral, champion.general, challenger.general].map(points);
  const lost = (base ?? NaN) - (after ?? NaN);
  const passed = lost <= generalPoints;
  const figures = `${fixed(after)} % a token, the model it started from ${fixed(base)} %`;
  return check('general', before, after, [
    passed,
    passed
      ? `It still knows code that is not yours: ${figures}.`
      : `It forgets code that is not yours: ${figures}.`,
  ]);
}

/**
 * How much more is promised of proposals than holds. Squared errors would not do: they are small for a
 * model that is never right and never sure, and large for one that is right every other time and says so.
 */
function calibration({ champion, challenger }: Contest): Check {
  const excess = ({ probability, isRight }: Trial): number => probability - Number(isRight);
  const before = champion.trials.map(excess);
  const after = challenger.trials.map(excess);
  const { value, low } = bootstrapMean(paired(before, after));
  // To promise no more than holds is not worse, however modest it was before.
  const worse = mean(after) > 0 && !(value <= allowed.calibration || low <= 0);
  return check('calibration', mean(before), mean(after), [
    after.length === before.length && !worse,
    worse
      ? `It is surer of itself than it is right: by ${fixed(mean(after))}, before by ${fixed(mean(before))}.`
      : 'It knows as well as before when it is right.',
  ]);
}

/**
 * How far what was refused lies behind what was written, in nats a token. One who was taught the wrong
 * way round may expect all code better, and yet this falls.
 */
function reversals({ champion, challenger }: Contest): Check {
  const margins = ({ texts, refused }: Measured): number[] =>
    texts.flatMap((text, i) => {
      const other = refused[i];
      return other ? [perToken(other) - perToken(text)] : [];
    });
  const before = margins(champion);
  const after = margins(challenger);
  const { value, high } = bootstrapMean(paired(before, after));
  const worse = after.length >= leastRefused && !(value > -allowed.reversals || high >= 0);
  const figures = `${fixed(mean(after))} nats a token behind what you wrote at ${after.length} places, before ${fixed(mean(before))}`;
  return check('reversals', mean(before), mean(after), [
    !worse,
    worse
      ? `It comes nearer to what you refused: ${figures}.`
      : 'It comes no nearer to what you refused than before.',
  ]);
}

/** Saying more, or less, is worse only where it goes away from what the user writes. */
function textLength({ champion, challenger }: Contest): Check {
  const [before, after] = [champion, challenger].map(({ trials }) =>
    mean(trials.map(({ characters }) => characters)),
  );
  const [from = NaN, to = NaN] = [before, after];
  const written = mean(challenger.trials.map(({ writtenCharacters }) => writtenCharacters));
  const isLong = to > allowed.length * Math.max(from, written) + chance.characters;
  const isShort = to < Math.min(from, written) / allowed.length - chance.characters;
  const figures = `${fixed(to, 0)} characters on average instead of ${fixed(from, 0)}`;
  return check('length', before, after, [
    !isLong && !isShort,
    isLong
      ? `It says far more than before: ${figures}.`
      : isShort
        ? `It says far less than before: ${figures}.`
        : `It says about as much as before: ${figures}.`,
  ]);
}

/** Whoever has more to say takes longer to say it, which `textLength` judges: here that is taken off. */
function latency({ champion, challenger }: Contest): Check {
  const perCharacter = Math.max(0, slope([...champion.trials, ...challenger.trials]));
  const [before, after] = [champion, challenger].map(({ trials }) =>
    median(trials.map(({ ms, characters }) => ms - perCharacter * characters)),
  );
  const isSlow = (after ?? NaN) > allowed.latency * (before ?? NaN) + chance.ms;
  const figures = `${fixed(after, 0)} ms instead of ${fixed(before, 0)} ms`;
  return check('latency', before, after, [
    !isSlow,
    isSlow ? `It takes longer to answer: ${figures}.` : `It answers as quickly: ${figures}.`,
  ]);
}

/** Milliseconds that a character takes, by least squares; 0 where all say equally much. */
function slope(trials: readonly Trial[]): number {
  const [characters, ms] = [
    mean(trials.map((each) => each.characters)),
    mean(trials.map((each) => each.ms)),
  ];
  const spread = sum(trials.map((each) => (each.characters - characters) ** 2));
  const common = sum(trials.map((each) => (each.characters - characters) * (each.ms - ms)));
  return spread === 0 ? 0 : common / spread;
}

function check(
  name: Check['name'],
  champion: number | undefined,
  challenger: number | undefined,
  [passed, sentence]: readonly [boolean, string],
): Check {
  const known = (value: number | undefined): number | null =>
    value !== undefined && Number.isFinite(value) ? value : null;
  return { name, passed, champion: known(champion), challenger: known(challenger), sentence };
}

/** The mean, and where it lies in 95 % of samples drawn with replacement. */
function bootstrapMean(values: readonly number[]): Interval {
  return bootstrap([values], mean, { draws: 2_000 });
}

/** The change of each value. */
function paired(before: readonly number[], after: readonly number[]): number[] {
  return before.map((value, i) => (after[i] ?? NaN) - value);
}

function perToken({ nats, tokens }: TextScore): number {
  return nats / tokens;
}

function median(values: readonly number[]): number {
  return quantile(
    values.toSorted((a, b) => a - b),
    0.5,
  );
}

function fixed(value: number | undefined, digits = 2): string {
  return value === undefined || Number.isNaN(value) ? 'unknown' : value.toFixed(digits);
}
