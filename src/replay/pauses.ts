/**
 * Where a person pauses while typing an edit, so that an editor would ask: at the start of a line,
 * after a dot, a bracket, an equals sign, a comma or a space, now and then in the middle of a word.
 * Drawn by a seed; where one kind of place abounds it is drawn no more often than the others.
 */
import type { Random } from '../util/random';

/** Kinds of places, and how often each is drawn where all are to be had. */
const kinds = {
  lineStart: 0.35,
  afterMark: 0.3,
  afterSpace: 0.2,
  inWord: 0.15,
} as const;
type Kind = keyof typeof kinds;

/** What is left of the line must have this many characters that are no blanks, or nobody asks. */
const minLeft = 3;

/**
 * Lengths typed of `inserted`, ascending, at most `count`, on different lines. `head` is the text of
 * the line before it.
 */
export function pausesIn(head: string, inserted: string, count: number, random: Random): number[] {
  const places = placesIn(head, inserted);
  const chosen: number[] = [];
  const lines = new Set<number>();
  while (chosen.length < count) {
    const free = places.filter(({ line }) => !lines.has(line));
    const kind = drawKind(new Set(free.map((place) => place.kind)), random);
    const ofKind = free.filter((place) => place.kind === kind);
    const place = ofKind[Math.floor(random() * ofKind.length)];
    if (place === undefined) break;
    chosen.push(place.at);
    lines.add(place.line);
  }
  return chosen.sort((a, b) => a - b);
}

interface Place {
  readonly at: number;
  readonly line: number;
  readonly kind: Kind;
}

function placesIn(head: string, inserted: string): Place[] {
  const places: Place[] = [];
  let line = 0;
  let lineText = head;
  for (let at = 0; at < inserted.length; at++) {
    const lineEnd = inserted.indexOf('\n', at);
    const rest = inserted.slice(at, lineEnd < 0 ? inserted.length : lineEnd);
    const isLong = rest.replace(/\s/g, '').length >= minLeft;
    const kind = isLong ? kindOf(lineText, rest) : undefined;
    if (kind !== undefined) places.push({ at, line, kind });
    const next = inserted[at] ?? '';
    if (next === '\n') line++;
    lineText = next === '\n' ? '' : lineText + next;
  }
  return places;
}

function kindOf(before: string, rest: string): Kind | undefined {
  if (/^\s/.test(rest)) return undefined;
  if (/^\s*$/.test(before)) return 'lineStart';
  if (/[.(=,[{:]$/.test(before)) return 'afterMark';
  if (/\s$/.test(before)) return 'afterSpace';
  return /\w\w$/.test(before) && /^\w\w/.test(rest) ? 'inWord' : undefined;
}

function drawKind(there: ReadonlySet<Kind>, random: Random): Kind | undefined {
  const entries = (Object.entries(kinds) as [Kind, number][]).filter(([kind]) => there.has(kind));
  const total = entries.reduce((sum, [, weight]) => sum + weight, 0);
  let left = random() * total;
  return (entries.find(([, weight]) => (left -= weight) < 0) ?? entries.at(-1))?.[0];
}
