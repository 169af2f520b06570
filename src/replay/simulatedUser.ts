/**
 * What a person who wrote `truth` would have done with a text shown at its beginning: taken what agrees
 * with it, whole or by words, sent away or typed over the rest, or not even looked. It knows the truth
 * and nothing of who proposed; how often people do what is drawn from seeded shares.
 */
import { distance } from 'fastest-levenshtein';
import type { Random } from '../util/random';

export type Reaction =
  /** Taken whole, and right. */
  | { readonly kind: 'accept' }
  /** Taken whole, then turned into the first `mendedLength` characters of the truth. */
  | { readonly kind: 'mend'; readonly mendedLength: number }
  /** The first words taken one by one; their lengths. */
  | { readonly kind: 'partial'; readonly words: readonly number[] }
  | { readonly kind: 'dismiss' }
  | { readonly kind: 'typeAgainst' }
  /** Typed on before it could be read. */
  | { readonly kind: 'ignore' };

/** How a person is disposed at one decision; the same for all arms, so that they can be compared. */
export interface Mood {
  readonly looks: boolean;
  readonly mends: boolean;
  readonly takesWords: boolean;
  readonly dismisses: boolean;
  /** How long a text is looked at before anything is done, in milliseconds. */
  readonly readMs: number;
}

/**
 * Shares of people's decisions, by guess but for the order: most rejections are typing on (Mozannar
 * et al., arXiv 2210.14306), and partial accepts are rare keys.
 */
const shares = { looks: 0.95, mends: 0.7, takesWords: 0.6, dismisses: 0.35 } as const;
/** A text this much like the truth, and this long, is worth mending. */
const minSimilarity = 0.9;
const minMendedLength = 24;
/** Fewer words, or characters, are typed more quickly than taken by words. */
const minWords = 2;
const minWordsLength = 6;

export function drawMood(random: Random): Mood {
  const is = (share: number): boolean => random() < share;
  return {
    looks: is(shares.looks),
    mends: is(shares.mends),
    takesWords: is(shares.takesWords),
    dismisses: is(shares.dismisses),
    readMs: 800 + Math.floor(random() * 1_400),
  };
}

/** What the person does with `text` who is about to write `truth`. */
export function reactTo(text: string, truth: string, mood: Mood): Reaction {
  if (!mood.looks) return { kind: 'ignore' };
  const wanted = text.trimEnd();
  if (wanted !== '' && truth.startsWith(wanted) && !splitsWord(truth, wanted.length)) {
    return { kind: 'accept' };
  }
  const nearly = nearlyTrue(wanted, truth);
  if (nearly !== undefined && mood.mends) return { kind: 'mend', mendedLength: nearly };
  const words = agreeingWords(text, truth);
  const length = words.reduce((sum, word) => sum + word, 0);
  if (words.length >= minWords && length >= minWordsLength && mood.takesWords)
    return { kind: 'partial', words };
  return { kind: mood.dismisses ? 'dismiss' : 'typeAgainst' };
}

/** How many characters of the truth a near miss stands for: as many lines as it has. */
function nearlyTrue(text: string, truth: string): number | undefined {
  if (text.length < minMendedLength) return undefined;
  const lines = text.split('\n').length;
  const meant = truth.split('\n').slice(0, lines).join('\n').trimEnd();
  const longer = Math.max(text.length, meant.length);
  const similarity = 1 - distance(text, meant) / longer;
  return similarity >= minSimilarity ? meant.length : undefined;
}

/** Lengths of the words, as an editor takes them, up to the first that disagrees. */
function agreeingWords(text: string, truth: string): number[] {
  const words: number[] = [];
  let at = 0;
  for (const [word] of text.matchAll(/(?<!\s)\s*(?:[\p{L}\p{N}_$]+|[^\p{L}\p{N}_$\s]+)/gu)) {
    const end = at + word.length;
    if (!truth.startsWith(word, at) || splitsWord(truth, end)) break;
    words.push(word.length);
    at = end;
  }
  return words;
}

function splitsWord(text: string, offset: number): boolean {
  return /^[\p{L}\p{N}_$]{2}$/u.test(text.slice(offset - 1, offset + 1));
}
