/**
 * Tells texts that are nearly the same as one seen before, whatever is indented or named differently
 * in a few places: MinHash over runs of words (Broder, "On the resemblance and containment of
 * documents", 1997), in bands, so that each text is compared with few others. It keeps signatures
 * and no text.
 */

/** Words of one shingle. */
const shingleWords = 4;
/** Signature length, and how much of it lies in one band. */
const hashes = 64;
const bandHashes = 4;

export class NearDuplicates {
  readonly #threshold: number;
  readonly #bands = new Map<string, Uint32Array[]>();

  /** @param threshold share of shingles, 0..1, from which two texts count as the same */
  constructor(threshold = 0.8) {
    this.#threshold = threshold;
  }

  /** Whether the text is like one added before; if not, it is added. */
  addUnlessSeen(text: string): boolean {
    const signature = signatureOf(text);
    const keys = Array.from({ length: hashes / bandHashes }, (_, band) => {
      const part = signature.subarray(band * bandHashes, (band + 1) * bandHashes);
      return `${band}:${part.join(',')}`;
    });
    const rivals = new Set(keys.flatMap((key) => this.#bands.get(key) ?? []));
    for (const rival of rivals) if (likeness(signature, rival) >= this.#threshold) return true;
    for (const key of keys) {
      const band = this.#bands.get(key);
      if (band === undefined) this.#bands.set(key, [signature]);
      else band.push(signature);
    }
    return false;
  }
}

function signatureOf(text: string): Uint32Array {
  const words = text.match(/\w+|[^\w\s]/g) ?? [];
  const signature = new Uint32Array(hashes).fill(0xffff_ffff);
  for (let i = 0; i === 0 || i + shingleWords <= words.length; i++) {
    const shingle = hashOf(words.slice(i, i + shingleWords).join(' '));
    for (let h = 0; h < hashes; h++) {
      const value = mixed(shingle, h);
      if (value < (signature[h] ?? 0)) signature[h] = value;
    }
  }
  return signature;
}

function likeness(a: Uint32Array, b: Uint32Array): number {
  return a.reduce((same, value, i) => same + Number(value === b[i]), 0) / hashes;
}

/** FNV-1a. */
function hashOf(text: string): number {
  let state = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    state = Math.imul(state ^ text.charCodeAt(i), 0x01000193);
  }
  return state >>> 0;
}

/** One of many hashes of a hash: the finaliser of MurmurHash3, keyed. */
function mixed(value: number, key: number): number {
  let state = value ^ Math.imul(key + 1, 0x9e3779b1);
  state = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35);
  return (state ^ (state >>> 16)) >>> 0;
}
