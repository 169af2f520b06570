/**
 * A text as overlapping windows of lines, each with the set of names that stand in it, so that the
 * windows that resemble some other code are found by counting what they have in common. Names are
 * hashed to 16 bits: two that fall together make a window seem a little more alike, no more.
 */

/** Lines of a window. */
export const windowLines = 10;
/** Lines from one window to the next. */
export const windowStride = 5;
/** Values that a hashed name can have. */
export const nameBuckets = 65_536;

/** The names of every window of one text. */
export interface WindowSets {
  /** Offset at which each window begins, and after the last one the end of the text. */
  readonly starts: Uint32Array;
  /** Offset at which each window ends. */
  readonly ends: Uint32Array;
  /** Where in `names` those of each window begin; one more entry than there are windows. */
  readonly offsets: Uint32Array;
  /** Hashed names, distinct within a window. */
  readonly names: Uint16Array;
}

const newline = 10;

/** Cuts `text` into windows, in time linear in its length. */
export function indexWindows(text: string): WindowSets {
  const lines = lineStarts(text);
  const lineAt = (line: number): number => lines[line] ?? text.length;
  const count = Math.max(1, Math.ceil((lines.length - windowLines) / windowStride) + 1);
  const starts = Uint32Array.from({ length: count }, (_, i) => lineAt(i * windowStride));
  const ends = Uint32Array.from({ length: count }, (_, i) =>
    lineAt(i * windowStride + windowLines),
  );
  const offsets = new Uint32Array(count + 1);
  const names: number[] = [];
  // What a window shares with the one before it is read once and counts for both.
  const seen = new Uint32Array(nameBuckets);
  const pieces = Array.from({ length: count + windowLines / windowStride }, (_, i) => {
    const piece: number[] = [];
    addNames(text, lineAt(i * windowStride), lineAt((i + 1) * windowStride), piece, seen, i + 1);
    return piece;
  });
  seen.fill(0);
  for (let window = 0; window < count; window++) {
    for (let i = window; i < window + windowLines / windowStride; i++) {
      for (const name of pieces[i] ?? []) {
        if (seen[name] === window + 1) continue;
        seen[name] = window + 1;
        names.push(name);
      }
    }
    offsets[window + 1] = names.length;
  }
  return { starts, ends, offsets, names: Uint16Array.from(names) };
}

/** The hashed names in text[from, to), each once; single letters do not count. */
export function distinctNames(text: string, from: number, to: number): readonly number[] {
  const names: number[] = [];
  addNames(text, from, to, names, new Uint32Array(nameBuckets), 1);
  return names;
}

/** What a single name is hashed to. */
export function hashedName(name: string): number {
  let hash = 0;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x0100_0193);
  return folded(hash);
}

/** Adds the names in text[from, to) that `seen` does not mark with `stamp`, and marks them. */
function addNames(
  text: string,
  from: number,
  to: number,
  names: number[],
  seen: Uint32Array,
  stamp: number,
): void {
  let hash = 0;
  let length = 0;
  for (let i = from; i <= to; i++) {
    const code = i < to ? text.charCodeAt(i) : newline;
    if (code > 127 || isNameCode[code] === 1) {
      hash = Math.imul(hash ^ code, 0x0100_0193);
      length++;
      continue;
    }
    const name = folded(hash);
    if (length > 1 && seen[name] !== stamp) {
      seen[name] = stamp;
      names.push(name);
    }
    hash = 0;
    length = 0;
  }
}

function folded(hash: number): number {
  return (hash ^ (hash >>> 16)) & (nameBuckets - 1);
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

/** Letters, digits, `_` and `$`; whatever is not ASCII is taken for a letter. */
const isNameCode = Uint8Array.from({ length: 128 }, (_, code) =>
  Number(/[\w$]/.test(String.fromCharCode(code))),
);
