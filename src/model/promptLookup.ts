/**
 * Prompt lookup (Saxena, "Prompt Lookup Decoding", 2023): code repeats itself, so what followed the
 * last few tokens where they stood before is a free guess at what follows now. Guesses are checked
 * by the model, several in one run, and never change what is chosen.
 */

/** Reading three guesses more costs half of a run; they save a run in three. */
const guessCount = 3;
const longestMatch = 3;
const shortestMatch = 2;

/** Guesses at the tokens after `ids`, from the newest place with the longest match; may be none. */
export function lookUp(ids: readonly number[]): readonly number[] {
  for (let length = longestMatch; length >= shortestMatch; length--) {
    const pattern = ids.length - length;
    for (let at = pattern - 1; at >= 0; at--) {
      let same = 0;
      while (same < length && ids[at + same] === ids[pattern + same]) same += 1;
      if (same === length) return ids.slice(at + length, at + length + guessCount);
    }
  }
  return [];
}
