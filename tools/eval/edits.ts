/**
 * What the user has just changed, as far as two releases of a package can tell: the hunks between
 * them, those near the cursor standing for recent edits. Hunks beside the cut line are left out,
 * since they may hold the answer.
 */

/** One run of lines that became another, as `git diff --unified=0` prints it. */
export interface Hunk {
  readonly path: string;
  /** First line after the change, from 0. */
  readonly line: number;
  readonly removed: readonly string[];
  readonly added: readonly string[];
}

/** Lines around the cut line in which a hunk would be too near the answer. */
const keptAwayLines = 5;
/** A hunk of more lines was not one edit. */
const maxHunkLines = 12;
const maxSameFile = 3;
const maxOtherFiles = 2;

/** Reads a diff of two folders; files that are new or gone are no edits. */
export function parseHunks(diff: string): Hunk[] {
  const hunks: Hunk[] = [];
  let path = '';
  let hunk: { path: string; line: number; removed: string[]; added: string[] } | undefined;
  let inHeader = true;
  for (const line of diff.split('\n')) {
    const at = /^@@ -\d+(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/.exec(line);
    if (line.startsWith('diff --git ')) {
      [inHeader, path, hunk] = [true, '', undefined];
    } else if (inHeader && line.startsWith('--- /dev/null')) {
      path = '/dev/null';
    } else if (inHeader && line.startsWith('+++ b/')) {
      // The first part is the folder of the release.
      if (path === '') path = line.slice('+++ b/'.length).split('/').slice(1).join('/');
    } else if (at !== null) {
      inHeader = false;
      const isEmpty = at[3] === '0';
      hunk = { path, line: Number(at[2]) - (isEmpty ? 0 : 1), removed: [], added: [] };
      if (path !== '/dev/null' && path !== '') hunks.push(hunk);
    } else if (line.startsWith('-')) {
      hunk?.removed.push(line.slice(1));
    } else if (line.startsWith('+')) {
      hunk?.added.push(line.slice(1));
    }
  }
  return hunks;
}

/**
 * Hunks that stand for what was edited before the cursor came to `line` (from 0) of `path`, the one
 * to be noted last, the nearest, at the end: some of the same file, and some of its folder.
 */
export function recentEdits(hunks: readonly Hunk[], path: string, line: number): Hunk[] {
  const small = hunks.filter(
    ({ removed, added }) =>
      removed.length + added.length <= maxHunkLines &&
      [...removed, ...added].some((each) => /\w/.test(each)),
  );
  const distance = (hunk: Hunk) =>
    Math.max(hunk.line - line, line - (hunk.line + Math.max(0, hunk.added.length - 1)));
  const own = small
    .filter((hunk) => hunk.path === path && distance(hunk) > keptAwayLines)
    .sort((a, b) => distance(a) - distance(b));
  const folder = folderOf(path);
  const others = small.filter((hunk) => hunk.path !== path && folderOf(hunk.path) === folder);
  return [...own.slice(0, maxSameFile), ...others.slice(0, maxOtherFiles)].reverse();
}

/**
 * The texts that a file went through: the text before any of its `hunks`, then the text after each of
 * them in turn. The last is `text` itself.
 */
export function textsBetween(text: string, hunks: readonly Hunk[]): string[] {
  return [...hunks.keys(), hunks.length].map((done) => without(text, hunks.slice(done)));
}

/** The text before these hunks. */
function without(text: string, hunks: readonly Hunk[]): string {
  const lines = text.split('\n');
  // From the last line on, so that the lines of those above stay what they are.
  for (const { line, removed, added } of [...hunks].sort((a, b) => b.line - a.line))
    lines.splice(line, added.length, ...removed);
  return lines.join('\n');
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/') + 1);
}
