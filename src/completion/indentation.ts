/**
 * Lines and their indentation, measured in columns so that tabs and spaces compare. It knows nothing
 * of languages.
 */

/** Columns a tab counts for when it is compared with spaces. */
const tabColumns = 4;

/** The blanks a line begins with. */
export function indentOf(line: string): string {
  return /^[ \t]*/.exec(line)?.[0] ?? '';
}

/** Columns of indentation of a line. */
export function indentColumns(line: string): number {
  let columns = 0;
  for (const character of line) {
    if (character === ' ') columns++;
    else if (character === '\t') columns += tabColumns;
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
