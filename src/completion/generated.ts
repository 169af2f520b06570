/**
 * Whether a text was written by a program: bundled, minified, generated or locked. Such a file is
 * nobody's way of writing, and what resembles it says nothing. Judged by its name and its looks.
 */

const generatedName =
  /(?:^|[/.-])(?:min|bundle|generated|gen|pb|g|designer|lock)\.[\w.]+$|(?:^|\/)(?:package-lock\.json|pnpm-lock\.yaml)$|_pb2?(?:_grpc)?\.\w+$|\.(?:map|snap|lock)$/i;
/** Characters at the end of a path that are looked at. */
const pathCharacters = 260;
/** Told at the top of a file, by the convention of Go, of Meta's tools and of many others. */
const generatedMark = /@generated\b|\bDO NOT (?:EDIT|MODIFY)\b|\bauto-?generated\b/i;
/** Characters at the top that are searched for such a mark. */
const headCharacters = 600;
/** People break their lines earlier than this on average, and nearly always before the second. */
const maxMeanLine = 160;
const maxLine = 5_000;

export function isGenerated(path: string, text: string): boolean {
  if (
    generatedName.test(path.slice(-pathCharacters)) ||
    generatedMark.test(text.slice(0, headCharacters))
  )
    return true;
  let lines = 0;
  let start = 0;
  while (start < text.length) {
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline;
    if (end - start > maxLine) return true;
    start = end + 1;
    lines++;
  }
  return text.length > maxMeanLine * lines && text.length > headCharacters;
}
