/**
 * What to learn next, and if nothing, why not: a function of what is known at this moment. No editor,
 * no files, no clock; what it knows of the past is one record, which all windows share.
 */
import { z } from 'zod';
import { type Examples, isEnough, tooFewWords } from '../training/dataset';
import type { LearningSettings } from '../types';
import { counted } from './exportText';

/** What windows remember of learning, together. */
export const learningMemorySchema = z.object({
  /** When the reward model was fitted last; 0 for never. Milliseconds since the epoch, as below. */
  refittedMs: z.number().default(0),
  /** Local day, `YYYY-MM-DD`, and the minutes that idle time was trained in on it. */
  day: z.string().default(''),
  minutes: z.number().default(0),
  /** The last training of each line of versions, by the line's name. */
  lines: z
    .record(
      z.string(),
      z.object({
        endedMs: z.number(),
        /** Whether it was ended before it was done; the next one goes on from there. */
        isUnfinished: z.boolean(),
        /** Failures since the last one that ended well. */
        failures: z.number(),
        /** What came of it, as a sentence. */
        words: z.string(),
      }),
    )
    .default({}),
});
export type LearningMemory = Readonly<z.infer<typeof learningMemorySchema>>;
export type LineMemory = LearningMemory['lines'][string];

export const emptyMemory: LearningMemory = learningMemorySchema.parse({});

export interface LearningFacts {
  readonly nowMs: number;
  readonly settings: LearningSettings;
  readonly memory: LearningMemory;
  /** The line of versions that this window would train. */
  readonly line: string;
  /** Suggestions that were judged since the last refit, and since the last training of this line. */
  readonly judgedSinceRefit: number;
  readonly judgedSinceTraining: number;
  /** What this line could learn from. */
  readonly examples: Examples;
  /** How long no key was pressed in any window. */
  readonly idleMs: number;
  readonly isOnMains: boolean;
  readonly isCalm: boolean;
  /** Whether another window refits or trains at this moment. */
  readonly isRefittingElsewhere: boolean;
  readonly isTrainingElsewhere: boolean;
}

export type Step =
  | { readonly kind: 'refit' }
  | {
      readonly kind: 'train';
      /** Minutes that are left of the day's share. */
      readonly minutes: number;
    }
  | { readonly kind: 'rest'; readonly reason: RestReason };

export type RestReason =
  | { readonly kind: 'off' }
  | { readonly kind: 'byCommand' }
  | { readonly kind: 'tooFewExamples'; readonly examples: Examples }
  /** So many more suggestions are to be judged before it is worth training again. */
  | { readonly kind: 'littleIsNew'; readonly missing: number }
  | { readonly kind: 'dayIsSpent'; readonly minutes: number }
  | { readonly kind: 'notIdle'; readonly minutes: number }
  | { readonly kind: 'onBattery' }
  | { readonly kind: 'busyMachine' }
  | { readonly kind: 'elsewhere' }
  /** The last one failed; another one is tried then. */
  | { readonly kind: 'failed'; readonly untilMs: number };

/** Judgements that are worth fitting the reward model anew, and how often that is done at most. */
export const judgedForRefit = 20;
export const refitEveryMs = 3 * 60_000;
/** Judgements that are worth training the policy again. */
export const judgedForTraining = 50;
/** Minutes that a training by command takes, about. */
export const commandMinutes = 10;
/** A machine that is never calm is trained on all the same, after so many times the idle time. */
const patience = 4;
/** How often it looks for mains power, for calm, and for the end of what another window does. */
const powerPauseMs = 10 * 60_000;
const calmPauseMs = 60_000;
const elsewherePauseMs = 15_000;
const shortestPauseMs = 1_000;
const firstRetryMs = 30 * 60_000;
const longestRetryMs = 24 * 60 * 60_000;

export function nextStep(facts: LearningFacts): Step {
  const { settings, memory, nowMs } = facts;
  if (settings.mode === 'off') return rest({ kind: 'off' });
  const line = memory.lines[facts.line];
  const isUnfinished = line?.isUnfinished === true;
  const tooFew =
    isUnfinished || isEnough(facts.examples)
      ? undefined
      : rest({ kind: 'tooFewExamples', examples: facts.examples });
  if (settings.mode === 'manual') return tooFew ?? rest({ kind: 'byCommand' });

  const isRefitDue =
    facts.judgedSinceRefit >= judgedForRefit && isPast(memory.refittedMs, refitEveryMs, nowMs);
  if (isRefitDue && !facts.isRefittingElsewhere) return { kind: 'refit' };

  if (tooFew !== undefined) return tooFew;
  const missing = judgedForTraining - facts.judgedSinceTraining;
  if (line !== undefined && !isUnfinished && missing > 0)
    return rest({ kind: 'littleIsNew', missing });
  if (line !== undefined && line.failures > 0) {
    const waitMs = Math.min(longestRetryMs, firstRetryMs * 2 ** (line.failures - 1));
    if (!isPast(line.endedMs, waitMs, nowMs))
      return rest({ kind: 'failed', untilMs: line.endedMs + waitMs });
  }
  const minutes = settings.minutesPerDay - minutesUsed(memory, nowMs);
  if (minutes <= 0) return rest({ kind: 'dayIsSpent', minutes: settings.minutesPerDay });
  if (facts.isTrainingElsewhere) return rest({ kind: 'elsewhere' });
  const idleMs = settings.idleMinutes * 60_000;
  if (facts.idleMs < idleMs) return rest({ kind: 'notIdle', minutes: settings.idleMinutes });
  if (!facts.isOnMains && !settings.onBattery) return rest({ kind: 'onBattery' });
  if (!facts.isCalm && facts.idleMs < patience * idleMs) return rest({ kind: 'busyMachine' });
  return { kind: 'train', minutes };
}

/**
 * When to look again what there is to do, though nobody says that anything has changed: while the user
 * is at work once the user has been away long enough, and where time alone or the machine may change
 * the answer, then. Milliseconds; undefined where nothing can have changed until somebody says so.
 */
export function lookAgainMs(reason: RestReason, facts: LearningFacts): number | undefined {
  if (facts.settings.mode !== 'idle') return undefined;
  const enoughMs = facts.settings.idleMinutes * 60_000;
  const untilIdleMs = facts.idleMs < enoughMs ? enoughMs - facts.idleMs : Infinity;
  const ms = Math.min(untilIdleMs, untilRefitMs(facts), untilChangedMs(reason, facts));
  return ms === Infinity ? undefined : Math.max(ms, shortestPauseMs);
}

function untilRefitMs({ judgedSinceRefit, memory, nowMs }: LearningFacts): number {
  if (judgedSinceRefit < judgedForRefit) return Infinity;
  // Where it is due and not done, another window is at it.
  return isPast(memory.refittedMs, refitEveryMs, nowMs)
    ? elsewherePauseMs
    : memory.refittedMs + refitEveryMs - nowMs;
}

function untilChangedMs(reason: RestReason, { nowMs, settings, idleMs }: LearningFacts): number {
  switch (reason.kind) {
    case 'off':
    case 'byCommand':
    case 'tooFewExamples':
    case 'littleIsNew':
    case 'notIdle':
      return Infinity;
    case 'dayIsSpent':
      return nextDayMs(nowMs) - nowMs;
    case 'onBattery':
      return powerPauseMs;
    case 'busyMachine':
      return Math.min(calmPauseMs, patience * settings.idleMinutes * 60_000 - idleMs);
    case 'elsewhere':
      return elsewherePauseMs;
    case 'failed':
      return reason.untilMs - nowMs;
  }
}

/** Why nothing is trained now, as a sentence. */
export function restWords(reason: RestReason, clockTime: (timeMs: number) => string): string {
  switch (reason.kind) {
    case 'off':
      return 'Learning is turned off.';
    case 'byCommand':
      return 'Trains when you say so.';
    case 'tooFewExamples':
      return tooFewWords(reason.examples);
    case 'littleIsNew':
      return `Trains after ${counted(reason.missing, 'more accepted or rejected suggestion')}.`;
    case 'dayIsSpent':
      return `Trains tomorrow: today's ${counted(reason.minutes, 'minute')} ${reason.minutes === 1 ? 'is' : 'are'} used.`;
    case 'notIdle':
      return 'Trains when you are away.';
    case 'onBattery':
      return 'Trains on mains power.';
    case 'busyMachine':
      return 'Trains when the machine has less to do.';
    case 'elsewhere':
      return 'Another window is training.';
    case 'failed':
      return `Tries again at ${clockTime(reason.untilMs)}.`;
  }
}

export function withRefit(memory: LearningMemory, nowMs: number): LearningMemory {
  return { ...memory, refittedMs: nowMs };
}

/** What came of a training, and the minutes it took of the day's share. */
export function withTraining(
  memory: LearningMemory,
  training: Omit<LineMemory, 'failures'> & {
    readonly line: string;
    readonly hasFailed: boolean;
    readonly minutes: number;
  },
): LearningMemory {
  const { line, hasFailed, minutes, ...rest } = training;
  const failures = hasFailed ? (memory.lines[line]?.failures ?? 0) + 1 : 0;
  return {
    ...memory,
    day: dayOf(rest.endedMs),
    minutes: minutesUsed(memory, rest.endedMs) + minutes,
    lines: { ...memory.lines, [line]: { ...rest, failures } },
  };
}

/** There was too little to train on: nothing is gone on with, and all else is as it was. */
export function withNothingUnfinished(memory: LearningMemory, line: string): LearningMemory {
  const last = memory.lines[line];
  if (last === undefined) return memory;
  return { ...memory, lines: { ...memory.lines, [line]: { ...last, isUnfinished: false } } };
}

export function minutesUsed({ day, minutes }: LearningMemory, nowMs: number): number {
  return day === dayOf(nowMs) ? minutes : 0;
}

function dayOf(timeMs: number): string {
  const date = new Date(timeMs);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

function nextDayMs(timeMs: number): number {
  const date = new Date(timeMs);
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() + 1).getTime();
}

/** What lies ahead was noted before the clock was set back, and holds nothing up. */
function isPast(timeMs: number, durationMs: number, nowMs: number): boolean {
  return nowMs >= timeMs + durationMs || nowMs < timeMs;
}

function rest(reason: RestReason): Step {
  return { kind: 'rest', reason };
}
