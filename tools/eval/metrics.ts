/** What one answer is worth. No answers are made here. */
import { editSimilarity } from '../../src/replay/fim';

export interface Marks {
  readonly exact: boolean;
  /** 1 - Levenshtein distance / longer length, 0..1. */
  readonly similarity: number;
  /** Characters of the answer that need not be typed, taking the suggestion word by word. */
  readonly saved: number;
}

/**
 * Marks of `text`, '' for none, where `target` was written; blanks at the end do not count. With closers
 * after the cursor, what accepting it has `left` there is judged.
 */
export function marksOf(text: string, target: string, left = text): Marks {
  const line = lineOf(left);
  return {
    exact: line === target,
    similarity: editSimilarity(line, target),
    saved: wordsInCommon(lineOf(text), target),
  };
}

function lineOf(text: string): string {
  return (text.split('\n')[0] ?? '').trimEnd();
}

/** Length of the beginning that two texts share, back to where a word of `shown` ends. */
function wordsInCommon(shown: string, target: string): number {
  let length = 0;
  while (length < shown.length && shown[length] === target[length]) length++;
  if (length === shown.length) return length;
  const insideWord = /\w/.test(shown.charAt(length)) && /\w/.test(shown.charAt(length - 1));
  return insideWord ? shown.slice(0, length).replace(/\w+$/, '').length : length;
}
