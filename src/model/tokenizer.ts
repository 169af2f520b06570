/**
 * Text to token ids and back, for the byte-level and the SentencePiece-like BPE vocabularies of
 * `tokenizer.json`. Encoding is the work of @huggingface/tokenizers; this file adds what a code
 * model needs: user text never turns into control tokens, and every id is known as bytes, because a
 * token may end in the middle of a character.
 */
import { readFile } from 'node:fs/promises';
import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import { z } from 'zod';
import { ModelError } from './errors';
import type { ModelFolder } from './modelFolder';

export interface Tokenizer {
  /** Number of ids with a token, which may be less than the rows of the logits. */
  readonly vocabularySize: number;
  /**
   * Ids of `text`, without a BOS. Control tokens spelled out in the text are encoded as plain
   * characters; a lone surrogate is read as U+FFFD.
   */
  encode(text: string): number[];
  /** Bytes that a token stands for; empty for control tokens and for ids without a token. */
  decodeBytes(id: number): Uint8Array;
  /** Text of `ids`; bytes that are no UTF-8 become U+FFFD. */
  decode(ids: readonly number[]): string;
}

const stepSchema = z.looseObject({
  type: z.string(),
  individual_digits: z.boolean().optional(),
  use_regex: z.boolean().optional(),
  add_prefix_space: z.boolean().optional(),
  get pretokenizers() {
    return z.array(stepSchema).optional();
  },
});

export type PreTokenizerStep = z.infer<typeof stepSchema>;

export const tokenizerSchema = z.looseObject({
  added_tokens: z
    .array(
      z.looseObject({
        id: z.number().int().nonnegative(),
        content: z.string(),
        special: z.boolean().optional(),
      }),
    )
    .default([]),
  normalizer: z.looseObject({ type: z.string() }).nullish(),
  pre_tokenizer: stepSchema.nullish(),
  decoder: z.looseObject({ type: z.string() }).nullish(),
  model: z.looseObject({
    type: z.literal('BPE'),
    vocab: z.record(z.string(), z.number().int().nonnegative()),
    byte_fallback: z.boolean().nullish(),
  }),
});

export type TokenizerJson = z.infer<typeof tokenizerSchema>;

/** Whether an added token is spelled as a mark for the model rather than as text, e.g. `<tool_call>`. */
export function looksLikeControlToken(content: string): boolean {
  return /^<\S+>$/u.test(content);
}

/** @throws ModelError `staleFolder` when the folder's tokenizer is not one that Hone wrote. */
export async function loadTokenizer(folder: ModelFolder): Promise<Tokenizer> {
  const json: unknown = JSON.parse(await readFile(folder.tokenizerPath, 'utf8'));
  const parsed = tokenizerSchema.safeParse(json);
  if (!parsed.success) {
    throw new ModelError(
      'staleFolder',
      `${folder.tokenizerPath} is not a BPE tokenizer. Delete ${folder.directory} and import the model again.`,
      { cause: parsed.error },
    );
  }
  return createTokenizer(parsed.data, new Set(folder.manifest.specialIds));
}

/** Builds a tokenizer whose `specialIds` can be neither encoded from text nor decoded to any. */
export function createTokenizer(json: TokenizerJson, specialIds: ReadonlySet<number>): Tokenizer {
  const added = json.added_tokens.filter((token) => !specialIds.has(token.id));
  const inner = new HuggingFaceTokenizer(
    {
      ...json,
      added_tokens: added,
      post_processor: null,
      normalizer: json.normalizer ?? null,
      pre_tokenizer: json.pre_tokenizer ? exactStep(json.pre_tokenizer) : null,
      decoder: json.decoder ?? null,
    },
    { clean_up_tokenization_spaces: false },
  );
  const bytes = tokenBytes(json, specialIds);
  const none = new Uint8Array(0);
  const decodeBytes = (id: number): Uint8Array => bytes[id] ?? none;
  return {
    vocabularySize: bytes.length,
    encode(text) {
      if (text === '') return [];
      return inner.encode(text.replace(/\p{Surrogate}/gu, '\ufffd'), { add_special_tokens: false })
        .ids;
    },
    decodeBytes,
    decode: (ids) => Buffer.concat(ids.map(decodeBytes)).toString('utf8'),
  };
}

const gpt2Pattern =
  "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

/**
 * The same step in a form that @huggingface/tokenizers 0.2.0 cuts like the original: its own digits
 * are ASCII alone, and its own GPT-2 pattern reads `\s` as JavaScript does (U+FEFF, not U+0085), while
 * patterns that come from the file are translated faithfully.
 */
function exactStep(step: PreTokenizerStep): PreTokenizerStep {
  const split = (pattern: string): PreTokenizerStep => ({
    type: 'Split',
    pattern: { Regex: pattern },
    behavior: 'Isolated',
    invert: false,
  });
  switch (step.type) {
    case 'Sequence':
      return { ...step, pretokenizers: step.pretokenizers?.map(exactStep) };
    case 'Digits':
      return split(step.individual_digits === true ? '\\p{N}' : '\\p{N}+');
    case 'ByteLevel':
      if (step.use_regex === false || step.add_prefix_space === true) return step;
      return {
        type: 'Sequence',
        pretokenizers: [split(gpt2Pattern), { ...step, use_regex: false }],
      };
    default:
      return step;
  }
}

/** Bytes of every id. Holes in the vocabulary and special ids are left undefined. */
function tokenBytes(
  json: TokenizerJson,
  specialIds: ReadonlySet<number>,
): readonly (Uint8Array | undefined)[] {
  const result: (Uint8Array | undefined)[] = [];
  const toBytes = json.model.byte_fallback === true ? sentencePieceBytes : byteLevelBytes;
  for (const [token, id] of Object.entries(json.model.vocab)) {
    result[id] = specialIds.has(id) ? undefined : toBytes(token);
  }
  for (const { id, content } of json.added_tokens) {
    result[id] = specialIds.has(id) ? undefined : Buffer.from(content, 'utf8');
  }
  return result;
}

/** SentencePiece writes a space as U+2581 and a byte without a token of its own as `<0x0A>`. */
function sentencePieceBytes(token: string): Uint8Array {
  const byte = /^<0x([0-9A-F]{2})>$/.exec(token)?.[1];
  if (byte !== undefined) return Uint8Array.of(parseInt(byte, 16));
  return Buffer.from(token.replaceAll('\u2581', ' '), 'utf8');
}

/**
 * GPT-2's spelling of bytes as printable characters: the printable ones of Latin-1 stand for
 * themselves, the other 68 are written as U+0100 and on, in ascending order.
 */
export const byteLevelAlphabet: readonly string[] = (() => {
  const printable = (byte: number): boolean =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte !== 0xad);
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) =>
    String.fromCharCode(printable(byte) ? byte : next++),
  );
})();

const byteOfCharacter: ReadonlyMap<string, number> = new Map(
  byteLevelAlphabet.map((character, byte) => [character, byte]),
);

function byteLevelBytes(token: string): Uint8Array {
  const bytes = Array.from(token, (character) => byteOfCharacter.get(character));
  // A token outside the alphabet is an added one, spelled as plain text.
  return bytes.every((byte) => byte !== undefined) ? Uint8Array.from(bytes) : Buffer.from(token);
}
