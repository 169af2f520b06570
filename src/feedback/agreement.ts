/**
 * Does what was typed agree with what was suggested? Line ends are equal whatever their kind, and the
 * indentation that an editor puts after a line break need not be the suggestion's. Pure comparison:
 * what an agreement or its lack means is the tracker's business.
 */

export interface Agreement {
  /** Characters of the suggestion that stand there, 0..its length. */
  readonly takenLength: number;
  /** Characters of what was typed that stand for them; the rest of it disagrees. */
  readonly typedLength: number;
}

/** How far `typed` and `suggested` agree from their beginnings on. */
export function agreement(typed: string, suggested: string): Agreement {
  let typedLength = 0;
  let takenLength = 0;
  while (typedLength < typed.length && takenLength < suggested.length) {
    const typedBreak = lineBreakLength(typed, typedLength);
    const suggestedBreak = lineBreakLength(suggested, takenLength);
    if (typedBreak > 0 && suggestedBreak > 0) {
      const typedBlanks = blanksLength(typed, typedLength + typedBreak);
      const suggestedBlanks = blanksLength(suggested, takenLength + suggestedBreak);
      // At the end of either side the indentation may not be finished: only what both have counts.
      const typedEnds = typedLength + typedBreak + typedBlanks === typed.length;
      const suggestedEnds = takenLength + suggestedBreak + suggestedBlanks === suggested.length;
      const common = Math.min(typedBlanks, suggestedBlanks);
      typedLength += typedBreak + (suggestedEnds && !typedEnds ? common : typedBlanks);
      takenLength += suggestedBreak + (typedEnds && !suggestedEnds ? common : suggestedBlanks);
    } else if (typed[typedLength] === suggested[takenLength]) {
      typedLength++;
      takenLength++;
    } else {
      break;
    }
  }
  // Half of a character outside the basic plane is no agreement.
  const half = takenLength > 0 && /[\uD800-\uDBFF]/.test(suggested.charAt(takenLength - 1));
  return half && typedLength < typed.length
    ? { takenLength: takenLength - 1, typedLength: typedLength - 1 }
    : { takenLength, typedLength };
}

/**
 * Whether an editor inserts `text` in answer to a single key: one character, a line break with its
 * indentation, an indentation, or a pair of brackets or quotes.
 */
export function isOneKeystroke(text: string): boolean {
  return (
    [...text].length === 1 ||
    /^(\r?\n)?[ \t]*(\r?\n[ \t]*)?$/.test(text) ||
    /^(\(\)|\[\]|\{\}|<>|""|''|``|\/\*\*? ?\*\/)$/.test(text)
  );
}

/** Characters of what a single key inserted that an editor leaves behind the cursor; else 0. */
export function behindCursor(text: string): number {
  const line = /^\r?\n[ \t]*(\r?\n[ \t]*)$/.exec(text)?.[1];
  if (line !== undefined) return line.length;
  return isOneKeystroke(text) && text.trim() !== '' ? text.length - [...text][0]!.length : 0;
}

/** Whether `text` may be what an editor put behind the cursor by itself: closers, blanks, an end tag. */
export function isAutoClosed(text: string): boolean {
  return /^([)\]}>"'`\s]|\*\/|<\/[\w.:-]*>)+$/.test(text);
}

function lineBreakLength(text: string, index: number): number {
  if (text[index] === '\n') return 1;
  return text[index] === '\r' && text[index + 1] === '\n' ? 2 : 0;
}

function blanksLength(text: string, index: number): number {
  let end = index;
  while (text[end] === ' ' || text[end] === '\t') end++;
  return end - index;
}
