/**
 * What the typed hunks came to, in the figures of `hone replay` and those that only a window has. Pure
 * arithmetic.
 */
import { quantile, sum } from '../../src/util/statistics';
import type { Pause, TypedHunk } from './typist';

/** A hunk with what the database says of the time in which it was typed. */
export interface HunkResult extends TypedHunk {
  readonly id: string;
  readonly commit: string;
  readonly path: string;
  readonly languageId: string;
  /** Characters that were to be written. */
  readonly written: number;
  readonly rows: readonly Row[];
}

/** A suggestion that the extension stored. */
export interface Row {
  readonly timeMs: number;
  /** How long it took to make, in milliseconds. */
  readonly totalMs: number;
  /** Whether any policy was asked. */
  readonly isAsked: boolean;
  readonly isShown: boolean;
  readonly outcome: string | null;
}

export interface Spread {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
}

export interface Summary {
  readonly hunks: number;
  readonly written: number;
  /** Of 1,000 characters: typed by keys of their own, taken, taken and right. */
  readonly typedPer1000: number;
  readonly takenPer1000: number;
  readonly keptPer1000: number;
  readonly pauses: number;
  readonly shown: number;
  readonly takenWhole: number;
  readonly takenWords: number;
  readonly refused: number;
  /** Shown, and neither taken nor refused. */
  readonly ignored: number;
  readonly silent: number;
  readonly beforeCloser: number;
  readonly silentBeforeCloser: number;
  readonly doubled: number;
  readonly broken: number;
  readonly blocksShown: number;
  readonly blocksTaken: number;
  /** Hunks that were brought to their text by an edit. */
  readonly mended: number;
  /** From the last key to ghost text, in milliseconds, as the page shows it. */
  readonly waitMs: Spread;
  /** What the database says the suggestions shown took. */
  readonly storedMs: Spread;
  readonly rows: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly longestStallMs: number;
  readonly seconds: number;
}

export function summaryOf(hunks: readonly HunkResult[]): Summary {
  const pauses = hunks.flatMap((hunk) => hunk.pauses);
  const rows = hunks.flatMap((hunk) => hunk.rows);
  const written = sum(hunks.map((hunk) => hunk.written));
  const of1000 = (characters: readonly number[]): number =>
    written === 0 ? 0 : (1000 * sum(characters)) / written;
  const count = (is: (pause: Pause) => boolean): number => pauses.filter(is).length;
  const outcomes: Record<string, number> = {};
  for (const { outcome } of rows)
    if (outcome !== null) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  return {
    hunks: hunks.length,
    written,
    typedPer1000: of1000(hunks.map(({ typed }) => typed)),
    takenPer1000: of1000(pauses.map(({ taken }) => taken)),
    keptPer1000: of1000(pauses.map(({ kept }) => kept)),
    pauses: pauses.length,
    shown: count(isShown),
    takenWhole: count((pause) => isWhole(pause) && pause.kept > 0),
    takenWords: count((pause) => pause.reaction === 'partial' && pause.kept > 0),
    refused: count(({ reaction }) => reaction === 'dismiss' || reaction === 'typeAgainst'),
    ignored: count((pause) => isShown(pause) && pause.reaction === 'ignore'),
    silent: count((pause) => !isShown(pause)),
    beforeCloser: count((pause) => pause.isBeforeCloser),
    silentBeforeCloser: count((pause) => pause.isBeforeCloser && !isShown(pause)),
    doubled: count(({ doubled }) => doubled),
    broken: count(({ broken }) => broken),
    blocksShown: count(isBlock),
    blocksTaken: count((pause) => isBlock(pause) && pause.kept > 0),
    mended: hunks.filter((hunk) => hunk.mended !== undefined).length,
    waitMs: spreadOf(pauses.flatMap(({ waitMs }) => (waitMs === null ? [] : [waitMs]))),
    storedMs: spreadOf(rows.filter((row) => row.isShown).map(({ totalMs }) => totalMs)),
    rows: rows.length,
    outcomes,
    longestStallMs: Math.max(0, ...hunks.map(({ stallMs }) => stallMs)),
    seconds: sum(hunks.map((hunk) => hunk.seconds)),
  };
}

export function isShown({ proposed }: Pause): boolean {
  return proposed !== '';
}

function isWhole({ reaction }: Pause): boolean {
  return reaction === 'accept' || reaction === 'mend';
}

function isBlock({ proposed }: Pause): boolean {
  return proposed.trim().includes('\n');
}

function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  return { count: sorted.length, p50: quantile(sorted, 0.5), p95: quantile(sorted, 0.95) };
}

/** The figures with their names, for a terminal and a page. */
export function linesOf(summary: Summary): readonly (readonly [string, string])[] {
  const { waitMs, storedMs, outcomes } = summary;
  const spread = ({ count, p50, p95 }: Spread): string =>
    count === 0 ? 'none' : `${p50.toFixed(0)} / ${p95.toFixed(0)} ms (${count})`;
  return [
    ['hunks', `${summary.hunks}, ${summary.written} characters`],
    ['kept of 1,000 characters', summary.keptPer1000.toFixed(1)],
    ['taken of 1,000', summary.takenPer1000.toFixed(1)],
    ['typed of 1,000', summary.typedPer1000.toFixed(1)],
    ['pauses', String(summary.pauses)],
    ['shown', String(summary.shown)],
    ['taken whole', String(summary.takenWhole)],
    ['taken by words', String(summary.takenWords)],
    ['refused', String(summary.refused)],
    ['not looked at', String(summary.ignored)],
    ['silent', String(summary.silent)],
    [
      'silent before an automatic closer',
      `${summary.silentBeforeCloser} of ${summary.beforeCloser}`,
    ],
    ['doubled closers after a take', String(summary.doubled)],
    ['broken syntax after a take', String(summary.broken)],
    ['blocks shown', String(summary.blocksShown)],
    ['blocks taken', String(summary.blocksTaken)],
    ['wait from the last key to ghost text, p50 / p95', spread(waitMs)],
    ['the same by the database, of all that was shown', spread(storedMs)],
    ['longest stall of the extension host', `${summary.longestStallMs.toFixed(1)} ms`],
    [
      'stored outcomes',
      Object.entries(outcomes)
        .map(([name, number]) => `${name} ${number}`)
        .join(', '),
    ],
    ['suggestions stored', String(summary.rows)],
    ['mended by an edit', String(summary.mended)],
  ];
}
