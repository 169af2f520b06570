/**
 * What a replay came to, as plain data for `--json` and as lines for a terminal; the page for people is
 * `page.ts`. The same seed gives the same, but for latency, which is the machine's.
 */
import type { History } from './history';
import {
  type ArmFigures,
  type ArmName,
  armNames,
  type DecisionRecord,
  type Difference,
  differencesOf,
  figuresOfArm,
} from './measures';
import type { OtherEagerness } from './otherEagerness';
import type { CommitCounts, ReplayResult } from './replay';

export interface ReplayReport {
  readonly history: { readonly name: string; readonly head: string };
  readonly seed: number;
  readonly policy: string;
  readonly decisions: number;
  readonly commits: CommitCounts;
  /** Characters that were written where something was asked, as far as a suggestion may go. */
  readonly written: number;
  readonly arms: Readonly<Partial<Record<ArmName, ArmFigures>>>;
  readonly differences: readonly Difference[];
  readonly byLanguage: Readonly<Record<string, SliceFigures>>;
  /** Tenths of the decisions, the oldest first. */
  readonly overTime: readonly SliceFigures[];
  /** What other eagernesses of the reward arm would have come to, where that was asked. */
  readonly otherEagerness: readonly OtherEagerness[];
}

export interface SliceFigures {
  readonly decisions: number;
  readonly written: number;
  readonly arms: Readonly<Partial<Record<ArmName, ArmFigures>>>;
}

const slices = 10;

export function reportOf(
  { records, commits }: ReplayResult,
  details: {
    readonly history: Pick<History, 'name' | 'head'>;
    readonly seed: number;
    readonly policy: string;
    readonly otherEagerness?: readonly OtherEagerness[];
  },
): ReplayReport {
  const { history, seed, policy, otherEagerness = [] } = details;
  const arms = armNames.filter((name) => records.some((record) => record.arms[name]));
  const languages = [...new Set(records.map(({ languageId }) => languageId))].sort();
  const pairs = arms.flatMap((first, i) =>
    arms.slice(i + 1).map((second): [ArmName, ArmName] => [first, second]),
  );
  return {
    history: { name: history.name, head: history.head },
    seed,
    policy,
    decisions: records.length,
    commits,
    written: writtenIn(records),
    arms: sliceOf(records, arms).arms,
    differences: pairs.flatMap((pair) => differencesOf(records, pair, seed)),
    byLanguage: Object.fromEntries(
      languages.map((language) => [
        language,
        sliceOf(
          records.filter(({ languageId }) => languageId === language),
          arms,
        ),
      ]),
    ),
    overTime: Array.from({ length: slices }, (_, i) => {
      const from = Math.round((i * records.length) / slices);
      const to = Math.round(((i + 1) * records.length) / slices);
      return sliceOf(records.slice(from, to), arms);
    }),
    otherEagerness,
  };
}

function sliceOf(records: readonly DecisionRecord[], arms: readonly ArmName[]): SliceFigures {
  return {
    decisions: records.length,
    written: writtenIn(records),
    arms: Object.fromEntries(arms.map((arm) => [arm, figuresOfArm(records, arm)])),
  };
}

function writtenIn(records: readonly DecisionRecord[]): number {
  return records.reduce((sum, { written }) => sum + written, 0);
}

/** The figures as a table, for a terminal. */
export function summaryOf(report: ReplayReport): string {
  const { history, decisions, commits, written } = report;
  const rows = Object.entries(report.arms).map(([name, figures]) =>
    [
      name.padEnd(7),
      figures.retainedPer1000.toFixed(1).padStart(13),
      String(figures.shown).padStart(7),
      String(figures.accepted).padStart(9),
      String(figures.refused).padStart(8),
      String(figures.keystrokesSaved).padStart(11),
      (figures.calibrationError?.toFixed(3) ?? '-').padStart(12),
      `${figures.latencyMs.p50.toFixed(0)} / ${figures.latencyMs.p95.toFixed(0)}`.padStart(13),
    ].join(''),
  );
  const differences = report.differences
    .filter(({ metric }) => metric === 'retainedPer1000')
    .map(
      ({ arms: [first, second], mean, low, high }) =>
        `${second} - ${first}: ${mean.toFixed(1)} (95 %: ${low.toFixed(1)} to ${high.toFixed(1)}) kept of 1,000`,
    );
  return [
    `${history.name}@${history.head.slice(0, 8)}: ${decisions} decisions, ${written} characters, ${commits.asked} of ${commits.walked} commits`,
    'Kept: characters accepted and still there ten minutes later, of 1,000 written.',
    'arm             kept  shown accepted refused keys saved calibration   ms p50/p95',
    ...rows,
    ...differences,
    ...report.otherEagerness.map(otherEagernessLine),
  ].join('\n');
}

function otherEagernessLine({ eagerness, threshold, reward, retained }: OtherEagerness): string {
  const foretold = ({ value, low, high, replayed }: typeof reward, digits: number): string =>
    `${value.toFixed(digits)} (95 %: ${low.toFixed(digits)} to ${high.toFixed(digits)}), replayed ${replayed.toFixed(digits)}`;
  return `eagerness ${eagerness} (from ${threshold.toFixed(3)}): reward of a decision estimated ${foretold(reward, 3)}; kept of a decision ${foretold(retained, 2)}`;
}
