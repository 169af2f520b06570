/**
 * What the user changed a moment ago, as a diff: hunks of whole lines, the newest last, put
 * together from successive texts of a file. Edits that touch grow into one, one that is taken back
 * goes, and one that grows large is forgotten: that is new code, not a change that may be repeated
 * elsewhere. The idea of telling them is Coeditor's (arXiv 2305.18584).
 */

/** One change: the lines that stood there, and those that stand there now. */
export interface Hunk {
  readonly uri: string;
  /** Line of the newest text at which `after` begins, from 0. */
  readonly line: number;
  readonly before: readonly string[];
  readonly after: readonly string[];
}

/** Hunks kept, over all files. */
const maxHunks = 12;
/** More lines than this on either side are no small change. */
const maxLines = 10;
/** Longer lines are data. */
const maxLineCharacters = 200;

export class RecentEdits {
  /** In the order in which they were changed last. */
  #hunks: readonly Hunk[] = [];

  /** The newest last. */
  get hunks(): readonly Hunk[] {
    return this.#hunks.filter(isSmall);
  }

  /** Takes in that the user turned one text of a file into another. */
  note(uri: string, oldText: string, newText: string): void {
    const old = oldText.split(/\r?\n/);
    const now = newText.split(/\r?\n/);
    let start = 0;
    while (start < old.length && start < now.length && old[start] === now[start]) start++;
    let end = old.length;
    const shift = now.length - old.length;
    while (end > start && end + shift > start && old[end - 1] === now[end + shift - 1]) end--;
    if (start === end && shift === 0) return;

    // Hunks that the change touches become one with it.
    const own = this.#hunks.filter((hunk) => hunk.uri === uri);
    const touched = own.filter((hunk) => hunk.line <= end && endOf(hunk) >= start);
    const from = Math.min(start, ...touched.map(({ line }) => line));
    const to = Math.max(end, ...touched.map(endOf));
    const before: string[] = [];
    for (let line = from; line <= to;) {
      const hunk = touched.find((hunk) => hunk.line === line);
      if (hunk !== undefined) before.push(...hunk.before);
      if (hunk !== undefined && hunk.after.length > 0) line = endOf(hunk);
      else if (line < to) before.push(old[line++] ?? '');
      else break;
    }
    const after = now.slice(from, to + shift);
    const others = this.#hunks
      .filter((hunk) => !touched.includes(hunk))
      .map((hunk) =>
        hunk.uri === uri && hunk.line > end ? { ...hunk, line: hunk.line + shift } : hunk,
      );
    const isUndone = before.join('\n') === after.join('\n');
    const newest = isUndone ? [] : [{ uri, line: from, before, after }];
    this.#hunks = [...others, ...newest].slice(-maxHunks);
  }

  /** A file that is gone, or no longer open to Hone, takes its edits with it. */
  forget(uri: string): void {
    this.#hunks = this.#hunks.filter((hunk) => hunk.uri !== uri);
  }
}

function endOf({ line, after }: Hunk): number {
  return line + after.length;
}

function isSmall({ before, after }: Hunk): boolean {
  const lines = [...before, ...after];
  return (
    before.length <= maxLines &&
    after.length <= maxLines &&
    lines.every((line) => line.length <= maxLineCharacters)
  );
}
