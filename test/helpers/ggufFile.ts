/**
 * GGUF files (version 3, little-endian) written from data, sound or broken on purpose, and the tiny
 * models as such files. Tensors are F32.
 */
import type { LlamaConfig } from '../../src/model/llamaConfig';
import { bytesOf } from '../../src/onnx/model';
import { randomWeights, tinyTokenizerParts } from './tinyModel';

export type GgufValue =
  | { readonly u32: number }
  | { readonly f32: number }
  | { readonly bool: boolean }
  | { readonly text: string }
  | { readonly texts: readonly string[] }
  | { readonly ints: readonly number[] };

export interface GgufTensorData {
  readonly name: string;
  /** Row-major, outermost first. */
  readonly dims: readonly number[];
  readonly data: Float32Array;
  /** What the header says, where it should differ from the truth. */
  readonly claims?: {
    readonly dims?: readonly number[];
    readonly type?: number;
    readonly offset?: bigint;
  };
}

export interface GgufContents {
  readonly metadata: Readonly<Record<string, GgufValue>>;
  readonly tensors: readonly GgufTensorData[];
  readonly claims?: {
    readonly version?: number;
    readonly tensors?: bigint;
    readonly metadata?: bigint;
  };
}

const alignment = 32;

export function ggufBytes({ metadata, tensors, claims = {} }: GgufContents): Buffer {
  const entries = Object.entries(metadata);
  const head = [
    Buffer.from('GGUF'),
    u32(claims.version ?? 3),
    u64(claims.tensors ?? BigInt(tensors.length)),
    u64(claims.metadata ?? BigInt(entries.length)),
    ...entries.flatMap(([key, value]) => [text(key), ...encodeValue(value)]),
  ];
  let offset = 0;
  const data: Buffer[] = [];
  for (const tensor of tensors) {
    const dims = tensor.claims?.dims ?? tensor.dims;
    head.push(
      text(tensor.name),
      u32(dims.length),
      ...[...dims].reverse().map((size) => u64(BigInt(size))),
      u32(tensor.claims?.type ?? 0),
      u64(tensor.claims?.offset ?? BigInt(offset)),
    );
    const bytes = padded(Buffer.from(bytesOf(tensor.data)));
    data.push(bytes);
    offset += bytes.length;
  }
  return Buffer.concat([padded(Buffer.concat(head)), ...data]);
}

/** A tiny model as a GGUF file has it: query and key rows of Llama in rotary pairs. */
export async function tinyGguf(config: LlamaConfig, seed = 1): Promise<GgufContents> {
  const weights = randomWeights(seed);
  const { hiddenSize: D, feedForwardSize: F, heads, kvHeads, headSize, vocabularySize: V } = config;
  const tensors: GgufTensorData[] = [];
  const add = async (name: string, source: string, ...dims: number[]): Promise<void> => {
    const data = await weights.read({ name: source, dims }, 0, dims[0] ?? 0);
    const isPaired = config.architecture === 'llama' && /attn_(q|k)\.weight$/.test(name);
    tensors.push({ name, dims, data: isPaired ? pairs(data, dims[1] ?? 1, headSize) : data });
  };
  await add('token_embd.weight', 'model.embed_tokens.weight', V, D);
  for (let layer = 0; layer < config.layers; layer++) {
    const [to, from] = [`blk.${layer}`, `model.layers.${layer}`];
    await add(`${to}.attn_norm.weight`, `${from}.input_layernorm.weight`, D);
    await add(`${to}.ffn_norm.weight`, `${from}.post_attention_layernorm.weight`, D);
    for (const [part, rows] of [
      ['q', heads],
      ['k', kvHeads],
      ['v', kvHeads],
    ] as const) {
      // prettier-ignore
      await add(`${to}.attn_${part}.weight`, `${from}.self_attn.${part}_proj.weight`, rows * headSize, D);
      if (config.qkvBias)
        await add(
          `${to}.attn_${part}.bias`,
          `${from}.self_attn.${part}_proj.bias`,
          rows * headSize,
        );
    }
    await add(`${to}.attn_output.weight`, `${from}.self_attn.o_proj.weight`, D, heads * headSize);
    await add(`${to}.ffn_gate.weight`, `${from}.mlp.gate_proj.weight`, F, D);
    await add(`${to}.ffn_up.weight`, `${from}.mlp.up_proj.weight`, F, D);
    await add(`${to}.ffn_down.weight`, `${from}.mlp.down_proj.weight`, D, F);
  }
  await add('output_norm.weight', 'model.norm.weight', D);
  if (!config.tiedEmbedding) await add('output.weight', 'lm_head.weight', V, D);

  const { tokens, control, merges } = tinyTokenizerParts();
  const own = config.architecture;
  return {
    tensors,
    metadata: {
      'general.architecture': { text: own },
      'general.name': { text: 'Tiny Model' },
      [`${own}.block_count`]: { u32: config.layers },
      [`${own}.context_length`]: { u32: config.maxPositions },
      [`${own}.embedding_length`]: { u32: D },
      [`${own}.feed_forward_length`]: { u32: F },
      [`${own}.attention.head_count`]: { u32: heads },
      [`${own}.attention.head_count_kv`]: { u32: kvHeads },
      [`${own}.attention.layer_norm_rms_epsilon`]: { f32: config.rmsEpsilon },
      [`${own}.rope.freq_base`]: { f32: config.ropeTheta },
      'tokenizer.ggml.model': { text: 'gpt2' },
      'tokenizer.ggml.pre': { text: 'gpt-2' },
      'tokenizer.ggml.tokens': { texts: tokens },
      'tokenizer.ggml.merges': { texts: merges.map((pair) => pair.join(' ')) },
      'tokenizer.ggml.token_type': { ints: tokens.map((_, id) => (id < control.length ? 3 : 1)) },
      'tokenizer.ggml.bos_token_id': { u32: 0 },
      'tokenizer.ggml.eos_token_id': { u32: 0 },
    },
  };
}

/** Rows of each head from halves to pairs: what llama.cpp's converter does to Llama models. */
function pairs(matrix: Float32Array, columns: number, headSize: number): Float32Array {
  const result = new Float32Array(matrix.length);
  for (let row = 0; row < matrix.length / columns; row++) {
    const within = row % headSize;
    const from = row - within + (within % 2) * (headSize / 2) + Math.floor(within / 2);
    result.set(matrix.subarray(from * columns, (from + 1) * columns), row * columns);
  }
  return result;
}

function encodeValue(value: GgufValue): Buffer[] {
  if ('u32' in value) return [u32(4), u32(value.u32)];
  if ('f32' in value) return [u32(6), Buffer.from(bytesOf(Float32Array.of(value.f32)))];
  if ('bool' in value) return [u32(7), Buffer.from([value.bool ? 1 : 0])];
  if ('text' in value) return [u32(8), text(value.text)];
  if ('texts' in value) {
    return [u32(9), u32(8), u64(BigInt(value.texts.length)), ...value.texts.map(text)];
  }
  return [
    u32(9),
    u32(5),
    u64(BigInt(value.ints.length)),
    Buffer.from(bytesOf(Int32Array.from(value.ints))),
  ];
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'utf8');
  return Buffer.concat([u64(BigInt(bytes.length)), bytes]);
}

function u32(value: number): Buffer {
  return Buffer.from(bytesOf(Uint32Array.of(value)));
}

function u64(value: bigint): Buffer {
  return Buffer.from(bytesOf(BigUint64Array.of(value)));
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & (alignment - 1))]);
}
