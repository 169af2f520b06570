/**
 * Ghost text as the editor draws it, and what is proposed by it: all its parts, those behind closers
 * that stay where they are, and the lines below.
 */
/** A piece of a drawn line. */
export interface Piece {
  readonly text: string;
  readonly isGhost: boolean;
}

/** What is drawn where ghost text is. */
export interface Drawn {
  /** The line of the cursor, or of the first part. */
  readonly line: readonly Piece[];
  readonly below: readonly (readonly Piece[])[];
}

export interface Proposal {
  /** What would stand from the cursor to the end of the last part. */
  readonly text: string;
  /** Characters of it that are not there yet. */
  readonly ghostLength: number;
}

/**
 * What is proposed behind `before`, the text of the line up to the cursor. A drawn tab is as many
 * blanks, which `tabSize` turns back; undefined where the file is indented by blanks.
 */
export function proposalOf(
  { line, below }: Drawn,
  before: string,
  tabSize: number | undefined,
): Proposal {
  const first = line.findIndex(({ isGhost }) => isGhost);
  const drawnBefore = textOf(first < 0 ? line : line.slice(0, first)).trimStart();
  const isAtEnd = first < 0;
  const passed = isAtEnd ? '' : drawnBefore.slice(before.trimStart().length);
  const rows = [isAtEnd ? [] : line.slice(first), ...below];
  const last = rows.findLastIndex((row) => row.some(({ isGhost }) => isGhost));
  const texts = rows.slice(0, last + 1).map((row, i) => {
    const end = i === last ? row.findLastIndex(({ isGhost }) => isGhost) + 1 : row.length;
    const text = textOf(row.slice(0, end));
    return i === 0 || tabSize === undefined ? text : withTabs(text, tabSize);
  });
  const ghost = rows.flat().filter(({ isGhost }) => isGhost);
  return {
    text: passed + texts.join('\n'),
    ghostLength: textOf(ghost).length + Math.max(0, last),
  };
}

function textOf(pieces: readonly Piece[]): string {
  return pieces.map(({ text }) => text).join('');
}

function withTabs(text: string, tabSize: number): string {
  const blanks = /^ */.exec(text)?.[0].length ?? 0;
  const tabs = Math.floor(blanks / tabSize);
  return '\t'.repeat(tabs) + text.slice(tabs * tabSize);
}
