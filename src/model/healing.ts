/**
 * Token healing: the tokens before the cursor are cut back to a place where tokens may join, and
 * what is generated must begin with the bytes that were cut. So `foo.getEl` can go on with the one
 * token `getElement`, and an indentation can share its last space with the word after it. Bytes are
 * kept as binary strings (one character, 0 to 255, for each byte), which compare, slice and hash
 * natively. Idea: Lundberg, "The Art of Prompt Design: Prompt Boundaries and Token Healing", 2023.
 */
import type { Tokenizer } from './tokenizer';

/** Most tokens that are cut; a word's end is rarely spread over more. */
const maxCutTokens = 8;

/** The vocabulary in byte order, for questions about prefixes. */
export class VocabularyIndex {
  readonly #bytes: readonly string[];
  readonly #sortedIds: Int32Array;
  readonly #sorted: readonly string[];
  readonly #compatible = new Map<string, Int32Array>();

  /** Ids in `excluded` and ids without bytes are in no answer. */
  constructor(tokenizer: Tokenizer, excluded: ReadonlySet<number>) {
    this.#bytes = Array.from({ length: tokenizer.vocabularySize }, (_, id) =>
      excluded.has(id) ? '' : Buffer.from(tokenizer.decodeBytes(id)).toString('latin1'),
    );
    const entries = [...this.#bytes.entries()].filter(([, bytes]) => bytes !== '');
    entries.sort(([, a], [, b]) => (a < b ? -1 : a > b ? 1 : 0));
    this.#sortedIds = Int32Array.from(entries, ([id]) => id);
    this.#sorted = entries.map(([, bytes]) => bytes);
  }

  /** Bytes of a token; '' for one that may not be emitted. */
  bytes(id: number): string {
    return this.#bytes[id] ?? '';
  }

  joined(ids: readonly number[]): string {
    return ids.map((id) => this.bytes(id)).join('');
  }

  /** Ids whose bytes begin with `prefix`, itself included. A view: do not write to it. */
  startingWith(prefix: string): Int32Array {
    return this.#sortedIds.subarray(this.#lowerBound(prefix), this.#lowerBound(after(prefix)));
  }

  /**
   * Ids that agree with the bytes still to come: those that begin with `rest`, and those that are
   * the beginning of it. Null (any id) when nothing is left.
   */
  compatible(rest: string): Int32Array | null {
    if (rest === '') return null;
    const known = this.#compatible.get(rest);
    if (known !== undefined) return known;
    const ids = Int32Array.from([...this.beginningsOf(rest), ...this.startingWith(rest)]);
    if (this.#compatible.size >= maxRemembered) this.#compatible.clear();
    this.#compatible.set(rest, ids);
    return ids;
  }

  /** Ids whose bytes are a beginning of `text`, shorter than it. */
  beginningsOf(text: string): number[] {
    const ids: number[] = [];
    for (let length = 1; length < text.length; length++) {
      const beginning = text.slice(0, length);
      for (let at = this.#lowerBound(beginning); this.#sorted[at] === beginning; at++) {
        ids.push(this.#sortedIds[at] ?? 0);
      }
    }
    return ids;
  }

  /**
   * Ids whose bytes begin with `prefix` and go on as one of `names` does: to within the name, or to
   * its end and beyond it with a byte for which `endsName` is true. `names` are sorted, distinct and
   * share their first `from` bytes, which are taken to be written already.
   */
  namesFrom(
    prefix: string,
    names: readonly string[],
    from: number,
    endsName: (byte: number) => boolean,
  ): number[] {
    const ids: number[] = [];
    const sorted = this.#sorted;
    // Both lists are in byte order, so one walk over them finds what they have in common.
    const walk = (
      token: number,
      tokenEnd: number,
      name: number,
      nameEnd: number,
      depth: number,
    ) => {
      const tokenDepth = prefix.length + depth;
      const nameDepth = from + depth;
      for (; token < tokenEnd && sorted[token]?.length === tokenDepth; token++)
        if (tokenDepth > 0) ids.push(this.#sortedIds[token] ?? 0);
      const ended = name < nameEnd && names[name]?.length === nameDepth;
      if (ended) {
        name += 1;
        for (let at = token; at < tokenEnd; at++)
          if (endsName(sorted[at]?.charCodeAt(tokenDepth) ?? 0)) ids.push(this.#sortedIds[at] ?? 0);
      }
      while (token < tokenEnd && name < nameEnd) {
        const byte = names[name]?.charCodeAt(nameDepth) ?? 0;
        const nextName = firstAbove(names, name, nameEnd, nameDepth, byte);
        token = firstAbove(sorted, token, tokenEnd, tokenDepth, byte - 1);
        const nextToken = firstAbove(sorted, token, tokenEnd, tokenDepth, byte);
        if (token < nextToken && !(ended && endsName(byte)))
          walk(token, nextToken, name, nextName, depth + 1);
        token = nextToken;
        name = nextName;
      }
    };
    walk(this.#lowerBound(prefix), this.#lowerBound(after(prefix)), 0, names.length, 0);
    return ids;
  }

  /** Whether some token begins with `prefix` and goes on. */
  hasLonger(prefix: string): boolean {
    const ids = this.startingWith(prefix);
    return ids.some((id) => this.bytes(id).length > prefix.length);
  }

  /** Index of the first token whose bytes are not below `key`. */
  #lowerBound(key: string): number {
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#sorted[middle] ?? '') < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Index of the first entry in start..end whose byte at `depth` is above `byte`. */
function firstAbove(
  sorted: readonly string[],
  start: number,
  end: number,
  depth: number,
  byte: number,
): number {
  let low = start;
  let high = end;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle]?.charCodeAt(depth) ?? 0) <= byte) low = middle + 1;
    else high = middle;
  }
  return low;
}

const maxRemembered = 64;

/** The first string after every string that begins with `prefix`. */
function after(prefix: string): string {
  // U+FFFF is above every byte, so it stands behind all continuations.
  return `${prefix}\uffff`;
}

export interface HealedPrompt {
  readonly ids: readonly number[];
  /** Ids that were cut from the end of the text. */
  readonly cutIds: readonly number[];
  /** Bytes that were cut from the end of the prompt and must be generated again. */
  readonly cut: string;
}

/**
 * Cuts as many tokens from the end as one token could stand for with something added, and none
 * where no token could. The cut always begins at the beginning of a character, so that what was
 * cut is text and can be tokenised again together with what follows.
 */
export function cutForHealing(ids: readonly number[], index: VocabularyIndex): HealedPrompt {
  let best: HealedPrompt = { ids, cutIds: [], cut: '' };
  let cut = '';
  for (let count = 1; count <= Math.min(maxCutTokens, ids.length); count++) {
    const bytes = index.bytes(ids[ids.length - count] ?? -1);
    if (bytes === '') break;
    cut = bytes + cut;
    const insideCharacter = (cut.charCodeAt(0) & 0xc0) === 0x80;
    if (!insideCharacter && index.hasLonger(cut)) {
      const kept = ids.length - count;
      best = { ids: ids.slice(0, kept), cutIds: ids.slice(kept), cut };
    }
  }
  return best;
}

/** The text of whole characters at the start of `bytes`, and whether the rest could become one. */
export function decodeUtf8(bytes: string): { readonly text: string; readonly valid: boolean } {
  const buffer = Buffer.from(bytes, 'latin1');
  try {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    return { text: decoder.decode(buffer, { stream: true }), valid: true };
  } catch {
    return { text: '', valid: false };
  }
}

export function utf8Bytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}
