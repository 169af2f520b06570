/**
 * Keeps what a user wrote apart from the marks that an export spells: text that looks like a mark, or
 * like another special token that a trainer's tokenizer would take for one, gets a backslash behind its
 * first character, and loses it when it is read back. All other text stays as it is.
 */

/** Tokens of the StarCoder format, and those written between bars, with any escapes. */
const marks = /<(\\*)(?=(?:repo_name|file_sep|fim_(?:prefix|middle|suffix|pad)|\|\w+\|)>)/g;

export function escapeMarks(text: string): string {
  return text.replace(marks, '<\\$1');
}

/** The text that `escapeMarks` was given. */
export function unescapeMarks(text: string): string {
  return text.replace(marks, (_, escapes: string) => `<${escapes.slice(1)}`);
}
