/**
 * Makes completion questions of a package's sources: a line of code is cut in its middle, or after
 * the indentation that the editor puts there by itself, and what followed on that line is the
 * answer. The rest of the file stays as it is; the closers that the editor has put after the cursor
 * while the line was typed may stand there or not. Nothing here looks at a model.
 */
import { automaticClosers, standingClosers, textOf } from '../../src/replay/autoClosing';
import { scanSyntax } from '../../src/completion/syntax';
import { seedOf } from '../../src/replay/decisions';
import { languageOf } from '../../src/util/language';
import { type Random, seededRandom, shuffled } from '../../src/util/random';

export interface SourceFile {
  /** Path in the package with '/' separators. */
  readonly path: string;
  readonly text: string;
}

export const cutKinds = ['midLine', 'lineStart'] as const;
export type CutKind = (typeof cutKinds)[number];

/** Cuts whose automatic closers stand after the cursor: none, half of them, or each once without. */
export type ClosedCuts = 'none' | 'half' | 'both';

export interface Cut {
  /** `path:line:column`, from 1, and ` closed` where closers stand after the cursor. */
  readonly id: string;
  readonly kind: CutKind;
  readonly path: string;
  /** Line of the cursor, from 0. */
  readonly line: number;
  /** The file without the answer. */
  readonly text: string;
  /** Cursor in `text`. */
  readonly offset: number;
  /** What was written there, to the end of the line without blanks. */
  readonly target: string;
  /** What the editor puts after the cursor there, '' for nothing. */
  readonly closers: string;
  /** Whether it stands in `text`. */
  readonly isClosed: boolean;
}

/** Shorter lines leave nothing to ask, longer ones are data. */
const minLine = 10;
const maxLine = 200;
/** The cut in the middle of a line leaves at least this much to be answered. */
const minTarget = 4;

/**
 * `count` cuts of each kind, those of the two kinds in turn; fewer where there are too few lines.
 * They are spread over the files, and the first of many are those that fewer would have been.
 */
export function makeCuts(
  files: readonly SourceFile[],
  count: number,
  seed = 1,
  closed: ClosedCuts = 'none',
): Cut[] {
  const [middle = [], start = []] = cutKinds.map((kind, i) =>
    cutsOfKind(kind, files, count, seededRandom(seed + i)),
  );
  return Array.from({ length: count }, (_, i) => [middle[i], start[i]])
    .flat()
    .filter((cut) => cut !== undefined)
    .flatMap((cut) => {
      if (cut.closers === '' || closed === 'none') return [cut];
      if (closed === 'both') return [cut, closedCut(cut)];
      return [seededRandom(seedOf(`${seed} ${cut.id}`))() < 0.5 ? closedCut(cut) : cut];
    });
}

function closedCut(cut: Cut): Cut {
  const text = cut.text.slice(0, cut.offset) + cut.closers + cut.text.slice(cut.offset);
  return { ...cut, id: `${cut.id} closed`, text, isClosed: true };
}

interface OpenFile extends SourceFile {
  /** Lines not yet tried, from 0. */
  readonly left: number[];
  readonly lines: readonly string[];
}

/** One cut in each file in turn, in an order drawn once, until there are enough. */
function cutsOfKind(
  kind: CutKind,
  files: readonly SourceFile[],
  count: number,
  random: Random,
): Cut[] {
  let open = shuffled(files, random).map((file): OpenFile => {
    const lines = file.text.split('\n');
    return { ...file, lines, left: lines.flatMap((line, i) => (mayBeCut(line) ? [i] : [])) };
  });
  const cuts: Cut[] = [];
  while (cuts.length < count && open.length > 0) {
    for (const file of open) {
      if (cuts.length === count) break;
      const cut = cutOne(kind, file, random);
      if (cut !== undefined) cuts.push(cut);
    }
    open = open.filter(({ left }) => left.length > 0);
  }
  return cuts;
}

/** Takes lines of the file away until one of them is cut. */
function cutOne(kind: CutKind, file: OpenFile, random: Random): Cut | undefined {
  const { path, text, lines, left } = file;
  while (left.length > 0) {
    const [number = 0] = left.splice(Math.floor(random() * left.length), 1);
    const line = lines[number] ?? '';
    const end = line.trimEnd().length;
    const column = columnOf(kind, line, end, random);
    const target = line.slice(column, end);
    if (!/\w/.test(target)) continue;
    const before = lines.slice(0, number).reduce((sum, each) => sum + each.length + 1, 0);
    const languageId = languageOf(path);
    // A line inside a comment or a text of several lines is prose.
    if (scanSyntax(text.slice(0, before), languageId).kind !== 'code') continue;
    const below = text.slice(before + end);
    const typed = { text: text.slice(0, before + end), below, start: before, languageId };
    const closers = textOf(standingClosers(typed, automaticClosers(typed), before + column));
    return {
      id: `${path}:${number + 1}:${column + 1}`,
      kind,
      path,
      line: number,
      text: text.slice(0, before + column) + below,
      offset: before + column,
      target,
      closers,
      isClosed: false,
    };
  }
  return undefined;
}

function columnOf(kind: CutKind, line: string, end: number, random: Random): number {
  const indent = line.length - line.trimStart().length;
  if (kind === 'lineStart') return indent;
  const first = indent + 1;
  return first + Math.floor(random() * (end - minTarget - first + 1));
}

function mayBeCut(line: string): boolean {
  const code = line.trim();
  return code.length >= minLine && line.length <= maxLine && !/^(\/\/|\/\*|\*|#)/.test(code);
}
