/**
 * Makes completion questions of a package's sources: a line of code is cut in its middle, or after
 * the indentation that the editor puts there by itself, and what followed on that line is the
 * answer. The rest of the file stays as it is. Nothing here looks at a model.
 */
import { scanSyntax } from '../../src/completion/syntax';
import { languageOf } from '../../src/util/language';
import { type Random, seededRandom, shuffled } from '../../src/util/random';

export interface SourceFile {
  /** Path in the package with '/' separators. */
  readonly path: string;
  readonly text: string;
}

export const cutKinds = ['midLine', 'lineStart'] as const;
export type CutKind = (typeof cutKinds)[number];

export interface Cut {
  /** `path:line:column`, from 1. */
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
export function makeCuts(files: readonly SourceFile[], count: number, seed = 1): Cut[] {
  const [middle = [], start = []] = cutKinds.map((kind, i) =>
    cutsOfKind(kind, files, count, seededRandom(seed + i)),
  );
  return Array.from({ length: count }, (_, i) => [middle[i], start[i]])
    .flat()
    .filter((cut) => cut !== undefined);
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
    // A line inside a comment or a text of several lines is prose.
    if (scanSyntax(text.slice(0, before), languageOf(path)).kind !== 'code') continue;
    return {
      id: `${path}:${number + 1}:${column + 1}`,
      kind,
      path,
      line: number,
      text: text.slice(0, before + column) + text.slice(before + end),
      offset: before + column,
      target,
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
