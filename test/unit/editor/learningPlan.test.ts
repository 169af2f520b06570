import { describe, expect, test } from 'vitest';
import { defaultSettings } from '../../../src/contributions';
import {
  emptyMemory,
  judgedForTraining,
  type LearningFacts,
  learningMemorySchema,
  type LineMemory,
  lookAgainMs,
  minutesUsed,
  nextStep,
  refitEveryMs,
  restWords,
  type Step,
  withRefit,
  withTraining,
} from '../../../src/editor/learningPlan';

const nowMs = new Date(2026, 4, 20, 12).getTime();
const minuteMs = 60_000;
const settings = defaultSettings.learning;
const line = 'smollm2-135m@b179c952';

const ended = (changes: Partial<LineMemory> = {}): LineMemory => ({
  endedMs: nowMs - 60 * minuteMs,
  isUnfinished: false,
  failures: 0,
  words: '',
  ...changes,
});
const withLine = (changes: Partial<LineMemory>) => ({
  ...emptyMemory,
  lines: { [line]: ended(changes) },
});

/** The user is away, the machine is free, and there is enough to train on, but not to refit. */
const free: LearningFacts = {
  nowMs,
  settings,
  memory: emptyMemory,
  line,
  judgedSinceRefit: 0,
  judgedSinceTraining: judgedForTraining,
  examples: { have: 100, needed: 100 },
  idleMs: 10 * minuteMs,
  isOnMains: true,
  isCalm: true,
  isRefittingElsewhere: false,
  isTrainingElsewhere: false,
};

const tooFew = { have: 19, needed: 100 };

const said = (step: Step): string =>
  step.kind === 'rest' ? restWords(step.reason, () => '12:30') : step.kind;

describe('what is learned next', () => {
  test.each<[string, Partial<LearningFacts>, string]>([
    ['trains when the user is away', {}, 'train'],
    ['refits first', { judgedSinceRefit: 20 }, 'refit'],
    [
      'refits while the user types, on battery, on a busy machine',
      { judgedSinceRefit: 20, idleMs: 0, isOnMains: false, isCalm: false },
      'refit',
    ],
    [
      'does not refit for nineteen',
      { judgedSinceRefit: 19, idleMs: 0 },
      'Trains when you are away.',
    ],
    [
      'refits at most every few minutes',
      { judgedSinceRefit: 90, memory: withRefit(emptyMemory, nowMs - refitEveryMs + 1) },
      'train',
    ],
    [
      'refits again after that',
      { judgedSinceRefit: 20, memory: withRefit(emptyMemory, nowMs - refitEveryMs) },
      'refit',
    ],
    [
      'leaves a refit to the window that is at it',
      { judgedSinceRefit: 20, isRefittingElsewhere: true },
      'train',
    ],
    [
      'does nothing while it is turned off',
      { settings: { ...settings, mode: 'off' }, judgedSinceRefit: 90 },
      'Learning is turned off.',
    ],
    [
      'does nothing by itself where it is told to',
      { settings: { ...settings, mode: 'manual' }, judgedSinceRefit: 90 },
      'Trains when you say so.',
    ],
    ['waits for examples', { examples: tooFew }, 'Not enough examples yet: 19 of 100.'],
    [
      'also where it trains by command alone',
      { examples: tooFew, settings: { ...settings, mode: 'manual' } },
      'Not enough examples yet: 19 of 100.',
    ],
    ['wants no judgements besides for the first training', { judgedSinceTraining: 0 }, 'train'],
    [
      'waits for judgements after it',
      { judgedSinceTraining: 49, memory: withLine({}) },
      'Trains after 1 more accepted or rejected suggestion.',
    ],
    [
      'waits for no examples to go on with what it began',
      { examples: tooFew, memory: withLine({ isUnfinished: true }) },
      'train',
    ],
    [
      'waits for no judgements to go on with what it began',
      { judgedSinceTraining: 0, memory: withLine({ isUnfinished: true }) },
      'train',
    ],
    ['waits for the user to go away', { idleMs: 4 * minuteMs }, 'Trains when you are away.'],
    [
      'waits as long as the setting says',
      { idleMs: 4 * minuteMs, settings: { ...settings, idleMinutes: 3.5 } },
      'train',
    ],
    ['waits for mains power', { isOnMains: false }, 'Trains on mains power.'],
    [
      'trains on battery where it may',
      { isOnMains: false, settings: { ...settings, onBattery: true } },
      'train',
    ],
    ['waits for a busy machine', { isCalm: false }, 'Trains when the machine has less to do.'],
    ['but not for ever', { isCalm: false, idleMs: 21 * minuteMs }, 'train'],
    [
      'leaves a training to the window that is at it',
      { isTrainingElsewhere: true },
      'Another window is training.',
    ],
    [
      'keeps to the minutes of a day',
      { memory: { ...emptyMemory, day: '2026-05-20', minutes: 60 } },
      "Trains tomorrow: today's 60 minutes are used.",
    ],
    [
      'has new minutes on a new day',
      { memory: { ...emptyMemory, day: '2026-05-19', minutes: 60 } },
      'train',
    ],
    [
      'waits after a failure',
      { memory: withLine({ failures: 1, endedMs: nowMs - 29 * minuteMs }) },
      'Tries again at 12:30.',
    ],
    [
      'tries again after that',
      { memory: withLine({ failures: 1, endedMs: nowMs - 30 * minuteMs }) },
      'train',
    ],
    [
      'waits longer after each failure in a row',
      { memory: withLine({ failures: 3, endedMs: nowMs - 119 * minuteMs }) },
      'Tries again at 12:30.',
    ],
    [
      'is not held up by times that lie ahead, as after the clock was set back',
      { judgedSinceRefit: 20, memory: withRefit(emptyMemory, nowMs + 60 * minuteMs) },
      'refit',
    ],
    [
      'nor by a failure that does',
      { memory: withLine({ failures: 1, endedMs: nowMs + 60 * minuteMs }) },
      'train',
    ],
    [
      'minds no failure of another line of versions',
      { line: 'other', memory: withLine({ failures: 5, endedMs: nowMs }) },
      'train',
    ],
  ])('%s', (_, facts, expected) => {
    expect(said(nextStep({ ...free, ...facts }))).toBe(expected);
  });

  test('a training may take what is left of the day', () => {
    const memory = { ...emptyMemory, day: '2026-05-20', minutes: 48 };
    expect(nextStep({ ...free, memory })).toEqual({ kind: 'train', minutes: 12 });
  });
});

describe('the memory', () => {
  test('adds up the minutes of a day and begins anew on the next', () => {
    const training = { line, isUnfinished: false, hasFailed: false, words: '', minutes: 7 };
    const once = withTraining(emptyMemory, { ...training, endedMs: nowMs });
    const twice = withTraining(once, { ...training, endedMs: nowMs + minuteMs });
    expect(minutesUsed(twice, nowMs)).toBe(14);
    const dayMs = 24 * 60 * minuteMs;
    expect(minutesUsed(twice, nowMs + dayMs)).toBe(0);
    const next = withTraining(twice, { ...training, endedMs: nowMs + dayMs });
    expect(minutesUsed(next, nowMs + dayMs)).toBe(7);
  });

  test('counts failures in a row', () => {
    const training = { line, isUnfinished: false, words: '', minutes: 0, endedMs: nowMs };
    const failed = withTraining(emptyMemory, { ...training, hasFailed: true });
    const again = withTraining(failed, { ...training, hasFailed: true });
    expect(again.lines[line]?.failures).toBe(2);
    const well = withTraining(again, { ...training, hasFailed: false });
    expect(well.lines[line]?.failures).toBe(0);
  });

  test('survives its file, and fills up what an older one lacks', () => {
    const memory = withLine({ words: 'Version 2 is in use.' });
    expect(learningMemorySchema.parse(JSON.parse(JSON.stringify(memory)))).toEqual(memory);
    expect(learningMemorySchema.parse({ refittedMs: 5 })).toEqual({
      ...emptyMemory,
      refittedMs: 5,
    });
  });
});

describe('it looks again, though nothing was said to have changed,', () => {
  const later = (changes: Partial<LearningFacts>): number | undefined => {
    const facts = { ...free, ...changes };
    const step = nextStep(facts);
    return step.kind === 'rest' ? lookAgainMs(step.reason, facts) : 0;
  };
  const tooLittle = { judgedSinceTraining: 0, memory: withLine({}) };

  test.each<[string, Partial<LearningFacts>, number | undefined]>([
    ['never where the user is away and too little was judged', tooLittle, undefined],
    ['nor where there are too few examples', { examples: tooFew }, undefined],
    [
      'never where learning is off',
      { settings: { ...settings, mode: 'off' }, idleMs: 0 },
      undefined,
    ],
    [
      'never where it is by command',
      { settings: { ...settings, mode: 'manual' }, idleMs: 0 },
      undefined,
    ],
    [
      'once the user who is at work has been away for long enough',
      { ...tooLittle, idleMs: minuteMs },
      (settings.idleMinutes - 1) * minuteMs,
    ],
    [
      'once the reward model may be fitted again',
      {
        ...{ ...tooLittle, judgedSinceRefit: 20 },
        memory: { ...tooLittle.memory, refittedMs: nowMs - minuteMs },
      },
      refitEveryMs - minuteMs,
    ],
    [
      'soon where another window does what is due',
      { ...tooLittle, judgedSinceRefit: 20, isRefittingElsewhere: true },
      15_000,
    ],
    ['soon where another window trains', { isTrainingElsewhere: true }, 15_000],
    [
      'at midnight once the day is spent',
      { memory: { ...emptyMemory, day: '2026-05-20', minutes: settings.minutesPerDay } },
      12 * 60 * minuteMs,
    ],
    ['every ten minutes on battery', { isOnMains: false }, 10 * minuteMs],
    ['every minute for calm', { isCalm: false }, minuteMs],
    [
      'when a failed training may be tried again',
      { memory: withLine({ failures: 1, isUnfinished: true, endedMs: nowMs - 10 * minuteMs }) },
      20 * minuteMs,
    ],
  ])('%s', (_name, changes, expected) => {
    expect(later(changes)).toBe(expected);
  });
});
