/**
 * What a replacement really changed. Editors report "these 900 characters became those 905" when a
 * formatter moved one brace; followed literally that would lose every character. The smallest set of
 * edits is looked for by lines, then by common ends, then by words. It never splits a surrogate pair.
 */

/** Replaces `removedLength` characters at `offset` (in the text before) by `insertedText`. */
export interface Edit {
  readonly offset: number;
  readonly removedLength: number;
  readonly insertedText: string;
}

/** Pairs of units compared at most, a few milliseconds' work; beyond it a block counts as replaced. */
const maxComparisons = 100_000;
/** Characters on one side that are split into lines and words; of more only the ends are compared. */
const maxRefined = 100_000;

const linePattern = /[^\n]+\n?|\n/g;
const wordPattern = /[\p{L}\p{N}_$]+|[^\S\n]+|[\s\S]/gu;

/**
 * The edits that turn `removed` into `inserted`, in ascending order, none touching another, with
 * offsets from `at` on. Empty when both are equal.
 */
export function minimalEdits(removed: string, inserted: string, at = 0): Edit[] {
  // Whole lines come first: ends compared by character would take the `);` of one line for another's.
  const whole: Edit = { offset: at, removedLength: removed.length, insertedText: inserted };
  return (isLarge(whole) ? trimEnds(whole, removed, at) : [whole])
    .flatMap((edit) => refine(edit, removed, at, linePattern))
    .flatMap((edit) => refine(edit, removed, at, wordPattern));
}

/** Text after `edits`, which must be in ascending order and refer to `text`. */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  let result = '';
  let position = 0;
  for (const { offset, removedLength, insertedText } of edits) {
    result += text.slice(position, offset) + insertedText;
    position = offset + removedLength;
  }
  return result + text.slice(position);
}

function isLarge({ removedLength, insertedText }: Edit): boolean {
  return Math.max(removedLength, insertedText.length) > maxRefined;
}

/** Takes the characters common to both ends off an edit; nothing remains of an edit without effect. */
function trimEnds(edit: Edit, text: string, at: number): Edit[] {
  const removed = text.slice(edit.offset - at, edit.offset - at + edit.removedLength);
  const inserted = edit.insertedText;
  const shorter = Math.min(removed.length, inserted.length);

  let prefix = 0;
  while (prefix < shorter && removed[prefix] === inserted[prefix]) prefix++;
  if (splitsPair(removed, prefix) || splitsPair(inserted, prefix)) prefix--;

  let suffix = 0;
  while (suffix < shorter - prefix && removed.at(-1 - suffix) === inserted.at(-1 - suffix))
    suffix++;
  if (
    splitsPair(removed, removed.length - suffix) ||
    splitsPair(inserted, inserted.length - suffix)
  ) {
    suffix--;
  }

  const trimmed = {
    offset: edit.offset + prefix,
    removedLength: removed.length - prefix - suffix,
    insertedText: inserted.slice(prefix, inserted.length - suffix),
  };
  return trimmed.removedLength === 0 && trimmed.insertedText === '' ? [] : [trimmed];
}

/** Splits one edit into smaller ones around the units both sides have in common. */
function refine(edit: Edit, text: string, at: number, unit: RegExp): Edit[] {
  if (isLarge(edit)) return [edit];
  const from = edit.offset - at;
  const removed = text.slice(from, from + edit.removedLength);
  const edits: Edit[] = [];
  let offset = edit.offset;
  let removedLength = 0;
  let insertedText = '';
  const flush = () => {
    edits.push(...trimEnds({ offset, removedLength, insertedText }, text, at));
    offset += removedLength;
    removedLength = 0;
    insertedText = '';
  };
  for (const step of alignment(removed.match(unit) ?? [], edit.insertedText.match(unit) ?? [])) {
    if (step.kind === 'removed') removedLength += step.unit.length;
    else if (step.kind === 'inserted') insertedText += step.unit;
    else {
      flush();
      offset += step.unit.length;
    }
  }
  flush();
  return edits;
}

interface Step {
  readonly kind: 'kept' | 'removed' | 'inserted';
  readonly unit: string;
}

/** Both sides as one walk: their common ends, and between them a longest common subsequence. */
function alignment(before: readonly string[], after: readonly string[]): Step[] {
  const shorter = Math.min(before.length, after.length);
  let head = 0;
  while (head < shorter && before[head] === after[head]) head++;
  let tail = 0;
  while (tail < shorter - head && before.at(-1 - tail) === after.at(-1 - tail)) tail++;
  const kept = (unit: string): Step => ({ kind: 'kept', unit });
  return [
    ...before.slice(0, head).map(kept),
    ...subsequence(
      before.slice(head, before.length - tail),
      after.slice(head, after.length - tail),
    ),
    ...before.slice(before.length - tail).map(kept),
  ];
}

/** A longest common subsequence by dynamic programming (Wagner and Fischer, 1974). */
function subsequence(before: readonly string[], after: readonly string[]): Step[] {
  if (before.length * after.length > maxComparisons) {
    return [
      { kind: 'removed', unit: before.join('') },
      { kind: 'inserted', unit: after.join('') },
    ];
  }
  const width = after.length + 1;
  // lengths[i * width + j]: longest common subsequence of before[i..] and after[j..]
  const lengths = new Uint32Array((before.length + 1) * width);
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      lengths[i * width + j] =
        before[i] === after[j]
          ? 1 + at(lengths, (i + 1) * width + j + 1)
          : Math.max(at(lengths, (i + 1) * width + j), at(lengths, i * width + j + 1));
    }
  }

  const steps: Step[] = [];
  let i = 0;
  let j = 0;
  for (;;) {
    const left = before[i];
    const right = after[j];
    if (left === undefined && right === undefined) return steps;
    if (left !== undefined && left === right) {
      steps.push({ kind: 'kept', unit: left });
      i++;
      j++;
    } else if (
      left !== undefined &&
      (right === undefined || at(lengths, (i + 1) * width + j) >= at(lengths, i * width + j + 1))
    ) {
      steps.push({ kind: 'removed', unit: left });
      i++;
    } else if (right !== undefined) {
      steps.push({ kind: 'inserted', unit: right });
      j++;
    }
  }
}

function at(values: Uint32Array, index: number): number {
  return values[index] ?? 0;
}

/** Whether `index` lies between the two halves of a character outside the basic plane. */
function splitsPair(text: string, index: number): boolean {
  return (
    index > 0 &&
    /[\uD800-\uDBFF]/.test(text.charAt(index - 1)) &&
    /[\uDC00-\uDFFF]/.test(text.charAt(index))
  );
}
