/**
 * A complete model folder with random weights, small enough to be made in a test: a few kilobytes,
 * byte-level BPE, every kind of special token. It says nothing sensible, but it says the same thing
 * every time.
 */
import { mkdir } from 'node:fs/promises';
import type { LlamaConfig } from '../../src/model/llamaConfig';
import type { ModelFolder, Precision } from '../../src/model/modelFolder';
import { findSpecialTokens } from '../../src/model/specialTokens';
import { type TokenizerJson, byteLevelAlphabet } from '../../src/model/tokenizer';
import { type WeightSource, writeModel } from '../../src/model/writeModel';
import { seededRandom } from '../../src/util/random';

export interface TinyModelOptions {
  readonly architecture?: 'llama' | 'qwen2';
  readonly precision?: Precision;
  /** Whether the vocabulary has StarCoder's fill-in-the-middle tokens; true if not said. */
  readonly fim?: boolean;
  readonly seed?: number;
  /** Drawn from the seed if not said. */
  readonly weights?: WeightSource;
}

const controlTokens = ['<|endoftext|>', '<repo_name>', '<file_sep>'];
const fimTokens = ['<fim_prefix>', '<fim_suffix>', '<fim_middle>'];

/** Merges as BPE training would find them in code; each side is a byte or an earlier merge. */
const merges = [
  ['Ġ', 'Ġ'],
  ['ĠĠ', 'ĠĠ'],
  ['c', 'o'],
  ['co', 'n'],
  ['s', 't'],
  ['con', 'st'],
  ['r', 'e'],
  ['re', 't'],
  ['u', 'r'],
  ['ret', 'ur'],
  ['retur', 'n'],
  ['i', 'n'],
  ['o', 'r'],
  ['Ġ', '='],
  ['(', ')'],
  ['()', ';'],
  [')', ';'],
  ['Ċ', 'Ġ'],
] as const;

/** Makes a tiny model in `directory`, which is created. */
export async function makeTinyModel(
  directory: string,
  options: TinyModelOptions = {},
): Promise<ModelFolder> {
  const { architecture = 'llama', precision = '8bit', fim = true, seed = 1 } = options;
  await mkdir(directory, { recursive: true });
  const { tokens, control } = tinyTokenizerParts(fim);
  const config = tinyConfig(architecture, tokens.length);
  return writeModel(directory, {
    name: 'tiny',
    sourceSha256: seed.toString(16).padStart(64, '0'),
    config,
    precision,
    tokenizer: tinyTokenizer(tokens, control),
    specialTokens: findSpecialTokens({
      size: config.vocabularySize,
      tokens,
      controlIds: new Set(control.keys()),
      bosId: 0,
      addBos: false,
      eosId: 0,
    }),
    weights: options.weights ?? randomWeights(seed),
  });
}

/** Control tokens, then bytes, then merged tokens, by id. */
export function tinyTokenizerParts(fim = true): {
  readonly tokens: readonly string[];
  readonly control: readonly string[];
  readonly merges: readonly (readonly [string, string])[];
} {
  const control = fim ? [...controlTokens, ...fimTokens] : controlTokens;
  const merged = merges.map(([left, right]) => left + right);
  return { tokens: [...control, ...byteLevelAlphabet, ...merged], control, merges };
}

/** The shape of the tiny models: grouped heads, tied embedding for Llama, untied for Qwen2. */
export function tinyConfig(architecture: 'llama' | 'qwen2', vocabularySize: number): LlamaConfig {
  return {
    architecture,
    vocabularySize,
    layers: 2,
    hiddenSize: 64,
    feedForwardSize: 96,
    heads: 4,
    kvHeads: 2,
    headSize: 16,
    maxPositions: 512,
    ropeTheta: 10_000,
    rmsEpsilon: 1e-5,
    tiedEmbedding: architecture === 'llama',
    qkvBias: architecture === 'qwen2',
  };
}

export function tinyTokenizer(
  tokens: readonly string[],
  control: readonly string[],
): TokenizerJson {
  return {
    added_tokens: control.map((content, id) => ({ id, content, special: true })),
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, use_regex: true },
    decoder: { type: 'ByteLevel' },
    model: {
      type: 'BPE',
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges,
    },
  };
}

/** Weights drawn from the tensor's name and the seed, so that every part can be made on its own. */
export function randomWeights(seed: number): WeightSource {
  return {
    close: () => Promise.resolve(),
    read({ name, dims }, firstRow, rows) {
      const size = dims.reduce((product, dim) => product * dim, 1);
      const columns = dims.at(-1) ?? 1;
      const rowSize = dims.length === 1 ? 1 : columns;
      const random = seededRandom(seed ^ hash(name));
      const isNorm = name.endsWith('norm.weight');
      // Norms lie around one; matrices keep the variance of what goes through them.
      const [centre, spread] = isNorm
        ? [1, 0.2]
        : [0, dims.length === 1 ? 0.2 : (3 / columns) ** 0.5];
      const values = Float32Array.from(
        { length: size },
        () => centre + spread * (2 * random() - 1),
      );
      return Promise.resolve(values.slice(firstRow * rowSize, (firstRow + rows) * rowSize));
    },
  };
}

/** FNV-1a. */
function hash(text: string): number {
  let state = 0x811c9dc5;
  for (const character of text) state = Math.imul(state ^ character.charCodeAt(0), 0x01000193);
  return state >>> 0;
}

/** Adapter weights drawn from the tensor's name, as test/fixtures/training/tiny.py draws them. */
export function adapterValues(name: string, count: number): Float32Array {
  const random = seededRandom(5 ^ hash(name));
  return Float32Array.from({ length: count }, () => 0.1 * (2 * random() - 1));
}
