/**
 * What learning reads out of stored suggestions: rows to learn from, and the newest texts, held out by
 * time, to be judged by. The same text counts once however often it was asked about; what was masked
 * as a secret is never learned; what a suggestion was worth is said by `feedback/label.ts` alone.
 *
 * A line that settled is short beside the text that must be read to learn it. So a row also learns
 * the user's own lines above the cursor, as far as no row has learned them yet: the reading is paid
 * for anyway, and on two cores that is what bounds a run. Nothing is read from disk here.
 */
import { PreferencePairs, type PreferenceRow } from '../feedback/trainingRows';
import { promptText, reading, sftRows } from '../feedback/trainingRows';
import type { CompletionContext, StoredSuggestion } from '../types';
import { secretMark } from '../util/secretMark';
import { NearDuplicates } from './nearDuplicates';

export interface DatasetOptions {
  /** Rows to learn from, the newest; at least 1. */
  readonly maxRows: number;
  /** Of the texts, this share, 0..1, is held out, at least and at most so many. */
  readonly heldOut: { readonly share: number; readonly least: number; readonly most: number };
  /** Fewer rows than this teach nothing. */
  readonly leastRows: number;
  /** Refused texts from which on preferences are learned. */
  readonly leastRefused: number;
  /** Characters of the user's own lines above the cursor that a row learns besides, at most. */
  readonly maxTail: number;
}

export const defaultDatasetOptions: DatasetOptions = {
  maxRows: 400,
  heldOut: { share: 0.2, least: 40, most: 400 },
  leastRows: 60,
  leastRefused: 200,
  maxTail: 400,
};

export interface LearnedRow {
  readonly prompt: string;
  readonly completion: string;
  /** What stands after the completion. */
  readonly suffix: string;
  /** 1 for what was merely written, more for what was suggested, taken and kept. */
  readonly weight: number;
}

/** A text by which two models are compared. */
export interface HeldOutText {
  readonly suggestionId: string;
  readonly context: CompletionContext;
  readonly prompt: string;
  /** What stands there in the end, with the line end where the line ends there. */
  readonly text: string;
  /** What was refused there in the same way, where something was. */
  readonly refused: string | null;
}

export interface DatasetReport {
  /** Suggestions read. */
  readonly suggestions: number;
  /** Of them, those of which it is known what stands there in the end. */
  readonly known: number;
  /** Left out since the same text was there before. */
  readonly repeated: number;
  /** Refused suggestions among those to learn from. */
  readonly refused: number;
  readonly rows: number;
  readonly heldOut: number;
  /** Times of the first and the last suggestion that is used, 0 where there is none. */
  readonly fromMs: number;
  readonly untilMs: number;
  readonly examples: Examples;
}

/** Different texts that can be learned from: those there are, and those that a run needs. */
export interface Examples {
  readonly have: number;
  readonly needed: number;
}

export interface Dataset {
  /** Oldest first. */
  readonly rows: readonly LearnedRow[];
  /** Empty below `leastRefused`. */
  readonly preferences: readonly (PreferenceRow & Pick<LearnedRow, 'suffix'>)[];
  /** Places that rows come from, newest first. */
  readonly places: readonly CompletionContext[];
  readonly heldOut: readonly HeldOutText[];
  readonly report: DatasetReport;
}

/** Suggestions that are looked at, the newest; more could not be learned in a day. */
const maxTelling = 6_000;
/** Text before the cursor that decides, with what follows, whether two rows are the same. */
const comparedCharacters = 240;

/** A suggestion of which it is known what stands there in the end. */
interface Known {
  readonly stored: StoredSuggestion;
  readonly text: string;
}

export async function buildDataset(
  suggestions: AsyncIterable<StoredSuggestion>,
  options: DatasetOptions = defaultDatasetOptions,
): Promise<Dataset> {
  let read = 0;
  const telling: StoredSuggestion[] = [];
  for await (const stored of suggestions) {
    read++;
    const unix = unixLines(stored);
    if (sftRows(unix).length > 0 || reading(unix).value < 0) telling.push(unix);
    if (telling.length > 2 * maxTelling) telling.splice(0, maxTelling);
  }
  // Several stores, or a clock that went back, may give them in another order.
  telling.sort((a, b) => a.suggestion.timeMs - b.suggestion.timeMs);
  telling.splice(0, telling.length - maxTelling);
  const known = telling.flatMap(knownOf);
  const distinct = known.filter(repetitionFilter());
  const count = heldOutCount(distinct.length, options);
  const held = distinct.slice(distinct.length - count);
  const splitMs = held[0] === undefined ? Infinity : timeOf(held[0]);
  const learned = distinct.slice(0, distinct.length - count).slice(-options.maxRows);
  const before = telling.filter(({ suggestion }) => suggestion.timeMs < splitMs);
  const refused = before.filter((stored) => reading(stored).value < 0).length;
  const used = [...learned, ...held];
  return {
    rows: learnedRows(learned, options),
    preferences: refused < options.leastRefused ? [] : preferencesOf(before, options),
    places: [...learned].reverse().map(({ stored }) => stored.suggestion.context),
    heldOut: held.map(heldOutText),
    report: {
      suggestions: read,
      known: known.length,
      repeated: known.length - distinct.length,
      refused,
      rows: learned.length,
      heldOut: held.length,
      fromMs: used[0] === undefined ? 0 : timeOf(used[0]),
      untilMs: Math.max(0, ...used.slice(-1).map(timeOf)),
      examples: { have: distinct.length, needed: neededExamples(options) },
    },
  };
}

/** As `buildDataset` counts them, up to what is needed; the rest is not read. */
export async function countExamples(
  suggestions: AsyncIterable<StoredSuggestion>,
  options: DatasetOptions = defaultDatasetOptions,
): Promise<Examples> {
  const needed = neededExamples(options);
  const isNew = repetitionFilter();
  let have = 0;
  for await (const stored of suggestions) {
    have += knownOf(unixLines(stored)).filter(isNew).length;
    if (have >= needed) return { have: needed, needed };
  }
  return { have, needed };
}

export function isEnough({ have, needed }: Examples): boolean {
  return have >= needed;
}

/** Why nothing can be learned yet, as a sentence. */
export function tooFewWords({ have, needed }: Examples): string {
  return `Not enough examples yet: ${have} of ${needed}.`;
}

function neededExamples({ heldOut, leastRows }: DatasetOptions): number {
  return heldOut.least + leastRows;
}

function knownOf(stored: StoredSuggestion): Known[] {
  return sftRows(stored).map(({ completion }) => ({ stored, text: completion }));
}

/** Of two like texts the earlier passes, so that nothing held out was learned before. */
function repetitionFilter(): (known: Known) => boolean {
  const seen = new NearDuplicates();
  const exact = new Set<string>();
  return ({ stored, text }) => {
    const { prefix } = stored.suggestion.context;
    const compared = (prefix.slice(-comparedCharacters) + text).trimEnd();
    // The end decides for two cursors on one line; the words for a file that was copied.
    const end = compared.slice(-comparedCharacters / 2);
    if (exact.has(end)) return false;
    exact.add(end);
    return !seen.addUnlessSeen(compared);
  };
}

function heldOutCount(distinct: number, options: DatasetOptions): number {
  const { heldOut } = options;
  if (distinct < neededExamples(options)) return 0;
  const wanted = Math.round(heldOut.share * distinct);
  return Math.min(heldOut.most, Math.max(heldOut.least, wanted));
}

/** What was written counts; what was suggested, taken and kept, or praised, counts for more. */
function weightOf(stored: StoredSuggestion): number {
  const { value, weight } = reading(stored);
  return value > 0 ? 1 + value * weight : 1;
}

/** Of a row that is this old among those there are, 0 the oldest and 1 the newest. */
function recency(index: number, count: number): number {
  return 0.5 + (0.5 * (index + 1)) / count;
}

function learnedRows(learned: readonly Known[], { maxTail }: DatasetOptions): LearnedRow[] {
  const lines = new LearnedLines();
  return learned.map(({ stored, text }, index) => {
    const { documentUri, context } = stored.suggestion;
    const start = lines.claim(documentUri, context.prefix, text, maxTail);
    return {
      prompt: promptText({ ...context, prefix: context.prefix.slice(0, start) }),
      completion: context.prefix.slice(start) + ended(text, context),
      suffix: context.suffix,
      weight: weightOf(stored) * recency(index, learned.length),
    };
  });
}

/** Remembers which lines of which file a row learns already. */
class LearnedLines {
  readonly #known = new Set<string>();

  /**
   * Where a row for `text` after `prefix` begins to learn: at the first of the whole lines above the
   * cursor that are new and together no longer than `maxTail`. They count as learned from then on.
   */
  claim(uri: string, prefix: string, text: string, maxTail: number): number {
    let start = prefix.length;
    for (;;) {
      const lineStart = start < 2 ? 0 : prefix.lastIndexOf('\n', start - 2) + 1;
      const line = prefix.slice(lineStart, start);
      const isFirst = lineStart === 0;
      if (start === 0 || prefix.length - lineStart > maxTail || secretMark.test(line)) break;
      // A window may begin in the middle of a line, which then is none.
      if (isFirst || this.#known.has(keyOf(uri, prefix, lineStart, line))) break;
      start = lineStart;
    }
    const whole = prefix + text;
    let at = start;
    while (at < whole.length) {
      const next = whole.indexOf('\n', at) + 1 || whole.length;
      this.#known.add(keyOf(uri, whole, at, whole.slice(at, next)));
      at = next;
    }
    return start;
  }
}

/** A line together with the one above it, since many lines are alike. */
function keyOf(uri: string, text: string, lineStart: number, line: string): string {
  const above = text.slice(text.lastIndexOf('\n', lineStart - 2) + 1, lineStart);
  return JSON.stringify([uri, above.trim(), line.trim()]);
}

function preferencesOf(
  before: readonly StoredSuggestion[],
  { maxRows }: DatasetOptions,
): Dataset['preferences'] {
  const pairs = new PreferencePairs();
  return before
    .flatMap((stored) => {
      const { suffix } = stored.suggestion.context;
      return pairs.rowsOf(stored).map((row) => ({ ...row, suffix }));
    })
    .slice(-maxRows);
}

function heldOutText({ stored, text }: Known): HeldOutText {
  const { context, id } = stored.suggestion;
  const { shown, value } = reading(stored);
  const isRefused = value < 0 && shown !== undefined && shown.trim() !== text.trim();
  return {
    ...{ suggestionId: id, context, prompt: promptText(context), text: ended(text, context) },
    refused: isRefused ? ended(shown, context) : null,
  };
}

/** To know where a person's line ends is part of knowing the line: proposals end there too. */
function ended(text: string, { suffix }: CompletionContext): string {
  const isLineEnd = suffix === '' || suffix.startsWith('\n');
  return isLineEnd && !text.endsWith('\n') ? `${text}\n` : text;
}

function timeOf({ stored }: Known): number {
  return stored.suggestion.timeMs;
}

/** Contexts have line ends of one kind, and so must what is said to follow them. */
function unixLines(stored: StoredSuggestion): StoredSuggestion {
  const { settled } = stored;
  if (settled?.text.includes('\r') !== true) return stored;
  return { ...stored, settled: { ...settled, text: settled.text.replaceAll('\r\n', '\n') } };
}
