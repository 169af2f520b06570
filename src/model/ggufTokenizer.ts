/**
 * The tokenizer inside a GGUF file as a Hugging Face `tokenizer.json`. GGUF keeps vocabulary and
 * merges, but only a name for the way text is cut before merging; the names whose rule is known
 * exactly are listed here, and any other is refused, since a nearly right tokenizer is a silent loss.
 */
import { z } from 'zod';
import { ModelError } from './errors';
import type { Gguf } from './gguf';
import { type SpecialTokens, findSpecialTokens } from './specialTokens';
import { type PreTokenizerStep, type TokenizerJson, looksLikeControlToken } from './tokenizer';

/** `llama_token_type` */
const controlType = 3;
const userDefinedType = 4;

const metadataSchema = z.object({
  'tokenizer.ggml.model': z.string(),
  'tokenizer.ggml.pre': z.string().default('default'),
  'tokenizer.ggml.tokens': z.array(z.string()),
  'tokenizer.ggml.merges': z.array(z.string()).default([]),
  'tokenizer.ggml.token_type': z.array(z.number()).default([]),
  'tokenizer.ggml.bos_token_id': z.number().int().nonnegative().optional(),
  'tokenizer.ggml.eos_token_id': z.number().int().nonnegative().optional(),
  'tokenizer.ggml.add_bos_token': z.boolean().optional(),
});

export interface GgufTokenizer {
  readonly tokenizer: TokenizerJson;
  readonly specialTokens: SpecialTokens;
}

/**
 * @param vocabularySize rows of the embedding; ids beyond the tokens are padding.
 * @throws ModelError `unsupported` for another kind of tokenizer, `damaged` for a broken one.
 */
export function tokenizerFromGguf({ path, metadata }: Gguf, vocabularySize: number): GgufTokenizer {
  const parsed = metadataSchema.safeParse(metadata);
  if (!parsed.success) throw damaged(path, 'its tokenizer is incomplete');
  const header = parsed.data;
  const tokens = header['tokenizer.ggml.tokens'];
  const types = header['tokenizer.ggml.token_type'];
  const kind = header['tokenizer.ggml.model'];
  const pre = header['tokenizer.ggml.pre'];
  const rule = kind === 'gpt2' ? preTokenizers[pre] : undefined;
  if (rule === undefined) {
    throw new ModelError(
      'unsupported',
      `${path} has a tokenizer of the kind ${kind}/${pre}, which Hone does not know. Import the model's Hugging Face folder instead: it brings its own tokenizer.json.`,
    );
  }
  const vocab = Object.fromEntries(tokens.map((token, id) => [token, id]));
  const merges = header['tokenizer.ggml.merges'].map((merge) => merge.split(' '));
  const sound =
    tokens.length <= vocabularySize &&
    merges.every(([left = '', right = '', ...rest]) => {
      return rest.length === 0 && left in vocab && right in vocab && left + right in vocab;
    });
  if (!sound) throw damaged(path, 'its vocabulary and its merges contradict each other');

  const added = tokens
    .map((content, id) => ({ id, content, special: types[id] === controlType }))
    .filter(({ id }) => types[id] === controlType || types[id] === userDefinedType);
  const control = added.filter((token) => token.special || looksLikeControlToken(token.content));
  const inRange = (id: number | undefined): number | null =>
    id !== undefined && id < tokens.length ? id : null;
  return {
    tokenizer: {
      added_tokens: added,
      normalizer: rule.normalizer ?? null,
      pre_tokenizer: { type: 'Sequence', pretokenizers: [...rule.steps] },
      post_processor: null,
      decoder: { type: 'ByteLevel' },
      model: { type: 'BPE', vocab, merges, ignore_merges: rule.ignoreMerges ?? false },
    },
    specialTokens: findSpecialTokens({
      size: vocabularySize,
      tokens,
      controlIds: new Set(control.map(({ id }) => id)),
      bosId: inRange(header['tokenizer.ggml.bos_token_id']),
      addBos: header['tokenizer.ggml.add_bos_token'] ?? rule.addsBos ?? false,
      eosId: inRange(header['tokenizer.ggml.eos_token_id']),
    }),
  };
}

interface PreTokenizer {
  readonly steps: readonly PreTokenizerStep[];
  readonly normalizer?: { type: string };
  /** Whether a word that is a token is taken whole, without merging (Llama 3). */
  readonly ignoreMerges?: boolean;
  /** Where the file does not say. */
  readonly addsBos?: boolean;
}

/** GPT-2's way of cutting, as the byte-level step has it built in. */
const gpt2Step = { type: 'ByteLevel', add_prefix_space: false, use_regex: true };
const bytesStep = { type: 'ByteLevel', add_prefix_space: false, use_regex: false };
const digitsStep = { type: 'Digits', individual_digits: true };
const splitStep = (regex: string): PreTokenizerStep => ({
  type: 'Split',
  pattern: { Regex: regex },
  behavior: 'Isolated',
  invert: false,
});

/** GPT-4's way of cutting, with runs of digits of at most the given length. */
const gpt4Regex = (digits: string): string =>
  `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`;

/** By `tokenizer.ggml.pre`, after the published tokenizer.json of each family. */
const preTokenizers: Readonly<Record<string, PreTokenizer | undefined>> = {
  'gpt-2': { steps: [gpt2Step] },
  smollm: { steps: [digitsStep, gpt2Step] },
  starcoder: { steps: [digitsStep, gpt2Step] },
  qwen2: { steps: [splitStep(gpt4Regex('\\p{N}')), bytesStep], normalizer: { type: 'NFC' } },
  'llama-bpe': {
    steps: [splitStep(gpt4Regex('\\p{N}{1,3}')), bytesStep],
    ignoreMerges: true,
    addsBos: true,
  },
  'deepseek-coder': {
    steps: [
      splitStep('[\\r\\n]'),
      splitStep('\\s?\\p{L}+'),
      splitStep('\\s?\\p{P}+'),
      splitStep('[一-龥ࠀ-一가-퟿]+'),
      digitsStep,
      bytesStep,
    ],
    addsBos: true,
  },
};

function damaged(path: string, reason: string): ModelError {
  return new ModelError(
    'damaged',
    `${path} is damaged or was cut short: ${reason}. Download it again.`,
  );
}
