/**
 * The name of what a place in code stands in, by indentation alone: the nearest line above that is
 * less deep and names something. It parses nothing, since it is asked for twenty places a keystroke.
 */
import { indentColumns, isBlank } from './indentation';

/** Lines looked at, and characters of them. */
const maxLines = 60;
const maxCharacters = 4_000;

const declaration =
  /\b(?:function\*?|class|interface|enum|namespace|module|struct|trait|impl|type|def|fn|func|fun|sub|const|let|var|val)\s+([\p{L}_$][\p{L}\p{N}_$]*)/u;
/** A method, a property, a call with a block. */
const named = /(?<![\p{L}\p{N}_$])([\p{L}_$][\p{L}\p{N}_$]*)\s*[(:=<]/u;
const keyword =
  /^(?:if|else|for|while|do|switch|case|try|catch|finally|with|return|match|when|elif)\b/;
/** What may stand before a keyword on its line. */
const closers = /^[\s)\]}]+/;

/** The enclosing name at `offset`; undefined at the top, or where none is found nearby. */
export function enclosingName(text: string, offset: number): string | undefined {
  const from = Math.max(0, offset - maxCharacters);
  let lineStart = text.lastIndexOf('\n', offset - 1) + 1;
  let depth = indentColumns(text.slice(lineStart, offset));
  if (isBlank(text.slice(lineStart, offset))) {
    // The indentation of what is still to be written may be longer than the cursor's column.
    depth = Math.max(depth, indentColumns(lineAt(text, lineStart)));
  }
  for (let lines = 0; lines < maxLines && lineStart > from && depth > 0; lines++) {
    const end = lineStart - 1;
    lineStart = text.lastIndexOf('\n', end - 1) + 1;
    const line = text.slice(lineStart, end);
    if (isBlank(line)) continue;
    const columns = indentColumns(line);
    if (columns >= depth) continue;
    depth = columns;
    const statement = line.replace(closers, '');
    if (keyword.test(statement)) continue;
    const name = (declaration.exec(statement) ?? named.exec(statement))?.[1];
    if (name !== undefined) return name;
  }
  return undefined;
}

function lineAt(text: string, start: number): string {
  const end = text.indexOf('\n', start);
  return text.slice(start, end < 0 ? text.length : end);
}
