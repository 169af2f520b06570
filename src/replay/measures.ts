/**
 * What a replay measured: figures of each arm, differences between arms on the same decisions with a
 * bootstrap over commits (decisions of one commit are not independent), and how far forecasts can be
 * believed. Pure arithmetic over the outcomes of decisions.
 */
import { calibrationError } from '../training/calibration';
import { bootstrap, quantile, sum } from '../util/statistics';
import type { OutcomeFigures } from './arm';

export const armNames = ['none', 'cache', 'reward', 'all'] as const;
export type ArmName = (typeof armNames)[number];

/** One decision, with what came of it in every arm. */
export interface DecisionRecord {
  readonly id: string;
  readonly commit: string;
  readonly languageId: string;
  /** Characters that it stands for. */
  readonly written: number;
  /** More than one of an arm whose user took a text and was asked again behind it. */
  readonly arms: Readonly<Partial<Record<ArmName, readonly ArmRecord[]>>>;
}

/** What came of one question in one arm. */
export interface ArmRecord extends OutcomeFigures {
  /** Time in which the suggestion was made; NaN where none was. */
  readonly latencyMs: number;
}

export interface ArmFigures {
  /** Characters accepted and retained of 1,000 written. */
  readonly retainedPer1000: number;
  readonly retained: number;
  readonly shown: number;
  readonly accepted: number;
  readonly refused: number;
  /** Net of the keys that taking, mending and sending away cost. */
  readonly keystrokesSaved: number;
  /** Mean distance between forecast and share kept, over ten groups of equal size; null without any. */
  readonly calibrationError: number | null;
  readonly latencyMs: { readonly p50: number; readonly p95: number };
}

export const metrics = [
  'retainedPer1000',
  'shown',
  'accepted',
  'refused',
  'keystrokesSaved',
] as const;
export type Metric = (typeof metrics)[number];

/** How much more one arm has than another, with the bootstrap's 95 % interval. */
export interface Difference {
  /** The second minus the first. */
  readonly arms: readonly [ArmName, ArmName];
  readonly metric: Metric;
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

const draws = 2_000;

export function figuresOfArm(records: readonly DecisionRecord[], arm: ArmName): ArmFigures {
  const own = records.flatMap(({ arms }) => arms[arm] ?? []);
  const latencies = own
    .map(({ latencyMs }) => latencyMs)
    .filter((ms) => Number.isFinite(ms))
    .sort((a, b) => a - b);
  const retained = sum(own.map((record) => record.retained));
  const forecasts = own.flatMap(({ forecast }) =>
    forecast ? [{ probability: forecast.p, target: forecast.kept ? 1 : 0 }] : [],
  );
  return {
    retainedPer1000: metricOf(records, arm, 'retainedPer1000'),
    retained,
    shown: count(own, ({ shown }) => shown),
    accepted: count(own, ({ accepted }) => accepted),
    refused: count(own, ({ refused }) => refused),
    keystrokesSaved: sum(own.map(({ keystrokesSaved }) => keystrokesSaved)),
    calibrationError: forecasts.length === 0 ? null : calibrationError(forecasts),
    latencyMs: { p50: quantile(latencies, 0.5), p95: quantile(latencies, 0.95) },
  };
}

/** Differences of every metric between two arms, over resampled commits. */
export function differencesOf(
  records: readonly DecisionRecord[],
  [first, second]: readonly [ArmName, ArmName],
  seed: number,
): Difference[] {
  const commits = groupsOf(records, ({ commit }) => commit);
  const differenceIn = (sample: readonly DecisionRecord[], metric: Metric): number =>
    metricOf(sample, second, metric) - metricOf(sample, first, metric);
  return metrics.map((metric) => {
    const { value, low, high } = bootstrap(
      [commits],
      (sample) => differenceIn(sample.flat(), metric),
      { seed, draws },
    );
    return { arms: [first, second], metric, mean: value, low, high };
  });
}

function metricOf(records: readonly DecisionRecord[], arm: ArmName, metric: Metric): number {
  const own = records.flatMap(({ arms }) => arms[arm] ?? []);
  switch (metric) {
    case 'retainedPer1000': {
      const written = sum(records.map((record) => record.written));
      return written === 0 ? 0 : (1000 * sum(own.map(({ retained }) => retained))) / written;
    }
    case 'keystrokesSaved':
      return sum(own.map(({ keystrokesSaved }) => keystrokesSaved));
    case 'shown':
    case 'accepted':
    case 'refused':
      return count(own, (record) => record[metric]);
  }
}

function groupsOf<T>(items: readonly T[], keyOf: (item: T) => unknown): T[][] {
  const groups = new Map<unknown, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return [...groups.values()];
}

function count<T>(items: readonly T[], is: (item: T) => boolean): number {
  return items.filter(is).length;
}
