/**
 * Lines and their indentation, measured in columns so that tabs and spaces compare, and the indentation
 * of new lines as the text around them has it. It knows nothing of languages.
 */
import type { DocumentSnapshot } from './context';

/** Columns a tab counts for when it is compared with spaces. */
const tabColumns = 4;

/** The blanks a line begins with. */
export function indentOf(line: string): string {
  return /^[ \t]*/.exec(line)?.[0] ?? '';
}

/** Columns of indentation of a line. */
export function indentColumns(line: string, columnsOfTab = tabColumns): number {
  let columns = 0;
  for (const character of line) {
    if (character === ' ') columns++;
    else if (character === '\t') columns += columnsOfTab;
    else break;
  }
  return columns;
}

export function isBlank(line: string): boolean {
  return line.trim() === '';
}

/** The part of the cursor's line before the cursor. */
export function lineHead(prefix: string): string {
  return prefix.slice(prefix.lastIndexOf('\n') + 1);
}

/** The part of the cursor's line after the cursor, without its line end. */
export function lineRest(suffix: string): string {
  const end = suffix.indexOf('\n');
  return end < 0 ? suffix : suffix.slice(0, end);
}

/** The first line below the cursor's own that is not blank; '' if there is none. */
export function nextLine(suffix: string): string {
  const end = suffix.indexOf('\n');
  if (end < 0) return '';
  return (
    suffix
      .slice(end + 1)
      .split('\n')
      .find((line) => !isBlank(line)) ?? ''
  );
}

/** How much of a document shows its unit, in characters on either side of the cursor. */
const charsBeside = 8_000;

/**
 * Indents the blocks of a candidate by the unit that the text around the cursor has. One that was
 * written with another unit shows it where it opens a block; where it opens none, or its unit is seen
 * around the cursor too, or none is, it stays as it is.
 */
export function reindentAt(document: DocumentSnapshot): (candidate: string) => string {
  const head = lineHead(
    document.text.slice(Math.max(0, document.offset - charsBeside), document.offset),
  );
  let steps: readonly string[] | undefined;
  return (candidate) => {
    if (!candidate.includes('\n')) return candidate;
    steps ??= stepsAround(document);
    const [ownStep] = stepsOf((head + candidate).split('\n'));
    const unit = mostFrequent(steps);
    const isOther = ownStep !== undefined && !steps.includes(ownStep);
    return isOther && unit !== undefined ? reindent(candidate, head, ownStep, unit) : candidate;
  };
}

/** By how much a block is indented around the cursor; where none is seen, by a tab below tabs or two spaces. */
export function indentUnitAt(document: DocumentSnapshot): string {
  const line = lineHead(document.text.slice(0, document.offset));
  return mostFrequent(stepsAround(document)) ?? (line.startsWith('\t') ? '\t' : '  ');
}

function stepsAround({ text, offset }: DocumentSnapshot): string[] {
  const prefix = text.slice(Math.max(0, offset - charsBeside), offset);
  const below = text.slice(offset, offset + charsBeside);
  return [...stepsOf(prefix.split('\n')), ...stepsOf(below.split('\n').slice(1))];
}

/** A candidate with `unit` in place of each `ownStep` that it is indented deeper than the cursor's line. */
function reindent(candidate: string, head: string, ownStep: string, unit: string): string {
  const [first = '', ...below] = candidate.split('\n');
  const columnsOfTab = unit === '\t' ? tabColumns : unit.length;
  const base = indentOf(head + first);
  const baseColumns = indentColumns(base, columnsOfTab);
  const stepColumns = indentColumns(ownStep, columnsOfTab);
  const reindented = below.map((line) => {
    const deeper = indentColumns(line, columnsOfTab) - baseColumns;
    // What is indented less belongs to blocks around this one, and is for others to cut.
    if (isBlank(line) || deeper < 0) return line;
    const levels = Math.floor(deeper / stepColumns);
    const indent = base + unit.repeat(levels) + ' '.repeat(deeper % stepColumns);
    return indent + line.slice(indentOf(line).length);
  });
  return [first, ...reindented].join('\n');
}

/** A line below which a block or a list is indented by one unit, and not by as much as looks good. */
const opensUnit = /(?:[{[:]|=>|\b(?:do|then|else))$/;
/** A line that is laid out as it likes. */
const comment = /^[ \t]*(?:\/[/*]|\*|#)/;
/** Less is for the looks of a comment, and more for those of a long line. */
const unitColumns = { min: 2, max: 8 };

/** What blanks are added below each line that opens a block. Tabs below spaces count as tabs alone. */
function stepsOf(lines: readonly string[]): string[] {
  const steps: string[] = [];
  let opening: string | undefined;
  for (const line of lines) {
    if (isBlank(line) || comment.test(line)) continue;
    const step = opening === undefined ? '' : stepBetween(indentOf(opening), indentOf(line));
    if (step !== '') steps.push(step);
    opening = opensUnit.test(line.trimEnd()) ? line : undefined;
  }
  return steps;
}

/** The unit that leads from one indentation to a deeper one; '' where none is seen. */
function stepBetween(from: string, to: string): string {
  const step = to.startsWith(from) ? to.slice(from.length) : '';
  const isUnit = step === '\t' || (/^ +$/.test(step) && isUnitWidth(step.length));
  if (isUnit) return step;
  // Written in spaces below tabs, or the other way round.
  if (/^\t+$/.test(to) && /^ *$/.test(from)) return '\t';
  const columns = indentColumns(to) - indentColumns(from);
  return /^ +$/.test(to) && /^\t+$/.test(from) && isUnitWidth(columns) ? ' '.repeat(columns) : '';
}

function isUnitWidth(columns: number): boolean {
  return columns >= unitColumns.min && columns <= unitColumns.max;
}

/** The first of those that occur most often. */
function mostFrequent(values: readonly string[]): string | undefined {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0];
}
