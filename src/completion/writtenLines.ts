/**
 * The lines that the user wrote, took or changed of late, by their text alone: a copy of one is the
 * user's own and recent wherever it stands, and no offsets need be carried through later edits. It
 * remembers this session only, and only so many lines.
 */

/** Lines remembered; those written longest ago go first. */
const maxLines = 2_000;
/** A change of more lines than this was pasted, formatted or moved, and says nothing of the user. */
const maxChangedLines = 40;
/** Shorter lines say too little, longer ones are data. */
const minCharacters = 4;
const maxCharacters = 300;
/** The recency of a line is halved when as many were written after it. */
const halfLife = 20;
/** Characters compared at once. */
const blockCharacters = 4_096;

export class WrittenLines {
  /** Line to the number of lines written before it; the newest last. */
  readonly #writtenAt = new Map<string, number>();
  #count = 0;

  /** Takes in that the user turned one text of a file into another. */
  note(oldText: string, newText: string): void {
    for (const line of changedLines(oldText, newText)) {
      this.#writtenAt.delete(line);
      this.#writtenAt.set(line, this.#count++);
    }
    for (const oldest of this.#writtenAt.keys()) {
      if (this.#writtenAt.size <= maxLines) break;
      this.#writtenAt.delete(oldest);
    }
  }

  /** 1 for the line written last, less for one before it, 0 for one that nobody is known to have written. */
  recencyOf(line: string): number {
    const at = this.#writtenAt.get(line.trim());
    return at === undefined ? 0 : 1 / (1 + (this.#count - 1 - at) / halfLife);
  }

  forgetAll(): void {
    this.#writtenAt.clear();
  }
}

/** The lines of `newText` that a change touched, without the blanks around them. */
export function changedLines(oldText: string, newText: string): string[] {
  if (oldText === newText) return [];
  const shorter = Math.min(oldText.length, newText.length);
  const start = commonStart(oldText, newText, shorter);
  const end = newText.length - commonEnd(oldText, newText, shorter - start);
  const from = newText.lastIndexOf('\n', start - 1) + 1;
  const lineEnd = newText.indexOf('\n', end);
  const to = lineEnd < 0 ? newText.length : lineEnd;
  if (to - from > maxChangedLines * maxCharacters) return [];
  const lines = newText.slice(from, to).split('\n');
  if (lines.length > maxChangedLines) return [];
  return lines.map((line) => line.trim()).filter(isTelling);
}

function isTelling(line: string): boolean {
  return line.length >= minCharacters && line.length <= maxCharacters && /\w/.test(line);
}

function commonStart(a: string, b: string, limit: number): number {
  let at = 0;
  while (
    at + blockCharacters <= limit &&
    a.slice(at, at + blockCharacters) === b.slice(at, at + blockCharacters)
  )
    at += blockCharacters;
  while (at < limit && a.charCodeAt(at) === b.charCodeAt(at)) at++;
  return at;
}

function commonEnd(a: string, b: string, limit: number): number {
  let length = 0;
  const block = (text: string) =>
    text.slice(text.length - length - blockCharacters, text.length - length);
  while (length + blockCharacters <= limit && block(a) === block(b)) length += blockCharacters;
  while (
    length < limit &&
    a.charCodeAt(a.length - 1 - length) === b.charCodeAt(b.length - 1 - length)
  )
    length++;
  return length;
}
