/**
 * Holds the word at the cursor to a list of names: which tokens may come next so that the text begins
 * with one of them and ends the name there. A list of names, in byte order, is as good as a trie.
 * What comes after the word is free. Idea: constrained decoding over a prefix tree (De Cao et al.,
 * "Autoregressive Entity Retrieval", 2021, section 3.2), on bytes, since tokens cut names anywhere.
 */
import { type VocabularyIndex, utf8Bytes } from './healing';

export class WordRule {
  readonly #index: VocabularyIndex;
  readonly #endIds: Int32Array;
  /** In byte order. */
  readonly #names: readonly string[];
  readonly #known: ReadonlySet<string>;
  readonly #answers = new Map<string, Int32Array>();

  /** `rests` of the names after the cursor; `endIds` may follow a name that is complete. */
  constructor(index: VocabularyIndex, rests: readonly string[], endIds: Int32Array) {
    this.#index = index;
    this.#endIds = endIds;
    this.#known = new Set(rests.map(utf8Bytes));
    this.#names = [...this.#known].sort((a, b) => (a < b ? -1 : 1));
  }

  /**
   * Ids that may come next when `cutRest` of the bytes before the cursor is still to be emitted and
   * `written` stands after it; null (any id) once the word has ended.
   */
  next(cutRest: string, written: string): Int32Array | null {
    if (this.#hasEnded(written)) return null;
    const key = `${cutRest.length} ${written}`;
    const known = this.#answers.get(key);
    if (known !== undefined) return known;
    const names = this.#names.filter((name) => name.startsWith(written));
    const ids = this.#index.namesFrom(cutRest, names, written.length, (byte) => !isWordByte(byte));
    if (cutRest !== '') ids.push(...this.#index.beginningsOf(cutRest));
    else if (this.#known.has(written)) ids.push(...this.#endIds);
    const answer = Int32Array.from(ids);
    this.#answers.set(key, answer);
    return answer;
  }

  #hasEnded(written: string): boolean {
    for (let at = 0; at < written.length; at++)
      if (!isWordByte(written.charCodeAt(at)) && this.#known.has(written.slice(0, at))) return true;
    return false;
  }
}

/** A byte of an identifier; all bytes of characters beyond ASCII are taken for letters. */
function isWordByte(byte: number): boolean {
  return (
    (byte >= 0x61 && byte <= 0x7a) || // a-z
    (byte >= 0x41 && byte <= 0x5a) || // A-Z
    (byte >= 0x30 && byte <= 0x39) || // 0-9
    byte === 0x5f || // _
    byte === 0x24 || // $
    byte >= 0x80
  );
}
