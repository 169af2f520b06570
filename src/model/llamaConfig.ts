/**
 * The shape of a Llama or Qwen2 decoder, read from a GGUF header or a Hugging Face `config.json`.
 * Every number is checked here once, so that the graph and the import can trust it; what Hone does
 * not compute (rope scaling, sliding windows, experts) is refused by name rather than ignored.
 */
import { z } from 'zod';
import { ModelError } from './errors';
import type { Gguf } from './gguf';
import { blockSize } from './quantize';

export interface LlamaConfig {
  readonly architecture: 'llama' | 'qwen2';
  /** V */
  readonly vocabularySize: number;
  /** L */
  readonly layers: number;
  /** D */
  readonly hiddenSize: number;
  /** F */
  readonly feedForwardSize: number;
  /** H */
  readonly heads: number;
  /** KV */
  readonly kvHeads: number;
  /** dh */
  readonly headSize: number;
  /** Longest sequence the model was trained for, in tokens. */
  readonly maxPositions: number;
  readonly ropeTheta: number;
  readonly rmsEpsilon: number;
  /** Whether the head's matrix is the embedding. */
  readonly tiedEmbedding: boolean;
  /** Whether query, key and value have a bias, as in Qwen2. */
  readonly qkvBias: boolean;
}

/** @throws ModelError `unsupported` or `damaged`. */
export function configFromGguf({ path, metadata, tensors }: Gguf): LlamaConfig {
  const architecture = metadata['general.architecture'];
  if (architecture !== 'llama' && architecture !== 'qwen2') {
    throw unsupported(path, `its architecture is ${shown(architecture)}`);
  }
  if (Number(metadata['split.count'] ?? 0) > 1) {
    throw new ModelError(
      'unsupported',
      `${path} is one part of a split file. Join the parts with llama-gguf-split --merge first.`,
    );
  }
  const own = Object.fromEntries(
    Object.entries(metadata)
      .filter(([key]) => key.startsWith(`${architecture}.`))
      .map(([key, value]) => [key.slice(architecture.length + 1), value]),
  );
  const scaling = own['rope.scaling.type'] ?? 'none';
  if (scaling !== 'none' || tensors.has('rope_freqs.weight')) {
    throw unsupported(path, `it scales its rotary positions (${shown(scaling)})`);
  }
  if (Number(own['expert_count'] ?? 0) > 0) throw unsupported(path, 'it is a mixture of experts');

  const header = parse(ggufSchema, own, path);
  const heads = header['attention.head_count'];
  const headSize = header['attention.key_length'] ?? header.embedding_length / heads;
  const rotated = header['rope.dimension_count'] ?? headSize;
  if (rotated !== headSize)
    throw unsupported(path, `it rotates ${rotated} of ${headSize} dimensions`);
  return checked(path, {
    architecture,
    vocabularySize: tensors.get('token_embd.weight')?.dims[0] ?? 0,
    layers: header.block_count,
    hiddenSize: header.embedding_length,
    feedForwardSize: header.feed_forward_length,
    heads,
    kvHeads: header['attention.head_count_kv'] ?? heads,
    headSize,
    maxPositions: header.context_length,
    ropeTheta: header['rope.freq_base'],
    rmsEpsilon: header['attention.layer_norm_rms_epsilon'],
    tiedEmbedding: !tensors.has('output.weight'),
    qkvBias: tensors.has('blk.0.attn_q.bias'),
  });
}

/** @throws ModelError `unsupported` or `damaged`. `path` is that of the file, for the message. */
export function configFromHuggingFace(json: unknown, path: string): LlamaConfig {
  const config = parse(huggingFaceSchema, json, path);
  const { model_type: architecture } = config;
  if (architecture !== 'llama' && architecture !== 'qwen2') {
    throw unsupported(path, `its architecture is ${shown(architecture)}`);
  }
  // Newer writers keep both in `rope_parameters`.
  const rope = config.rope_parameters ?? config.rope_scaling;
  const scaling = rope?.rope_type ?? rope?.type ?? 'default';
  if (scaling !== 'default') throw unsupported(path, `it scales its rotary positions (${scaling})`);
  if (config.quantization_config !== undefined) throw unsupported(path, 'it is quantised already');
  if (config.use_sliding_window === true) throw unsupported(path, 'it attends in a sliding window');
  if (config.hidden_act !== 'silu')
    throw unsupported(path, `its activation is ${config.hidden_act}`);
  if (config.mlp_bias === true) throw unsupported(path, 'its feed-forward layers have a bias');
  if (architecture === 'llama' && config.attention_bias === true) {
    throw unsupported(path, 'its attention output has a bias');
  }
  return checked(path, {
    architecture,
    vocabularySize: config.vocab_size,
    layers: config.num_hidden_layers,
    hiddenSize: config.hidden_size,
    feedForwardSize: config.intermediate_size,
    heads: config.num_attention_heads,
    kvHeads: config.num_key_value_heads ?? config.num_attention_heads,
    headSize: config.head_dim ?? config.hidden_size / config.num_attention_heads,
    maxPositions: config.max_position_embeddings,
    ropeTheta: rope?.rope_theta ?? config.rope_theta ?? 10_000,
    rmsEpsilon: config.rms_norm_eps,
    tiedEmbedding: config.tie_word_embeddings,
    qkvBias: architecture === 'qwen2',
  });
}

const size = z.preprocess(
  (value) => (typeof value === 'bigint' ? Number(value) : value),
  z.number().int().positive(),
);

const ggufSchema = z.object({
  block_count: size,
  context_length: size,
  embedding_length: size,
  feed_forward_length: size,
  'attention.head_count': size,
  'attention.head_count_kv': size.optional(),
  'attention.key_length': size.optional(),
  'attention.layer_norm_rms_epsilon': z.number().positive(),
  'rope.freq_base': z.number().positive().default(10_000),
  'rope.dimension_count': size.optional(),
});

const ropeSchema = z.object({
  rope_type: z.string().optional(),
  type: z.string().optional(),
  rope_theta: z.number().positive().optional(),
});

const huggingFaceSchema = z.object({
  model_type: z.string(),
  vocab_size: size,
  num_hidden_layers: size,
  hidden_size: size,
  intermediate_size: size,
  num_attention_heads: size,
  num_key_value_heads: size.nullish(),
  head_dim: size.nullish(),
  max_position_embeddings: size,
  rope_theta: z.number().positive().nullish(),
  rope_scaling: ropeSchema.nullish(),
  rope_parameters: ropeSchema.nullish(),
  rms_norm_eps: z.number().positive(),
  hidden_act: z.string().default('silu'),
  tie_word_embeddings: z.boolean().default(false),
  attention_bias: z.boolean().nullish(),
  mlp_bias: z.boolean().nullish(),
  use_sliding_window: z.boolean().nullish(),
  quantization_config: z.unknown().optional(),
});

function parse<T extends z.ZodType>(schema: T, value: unknown, path: string): z.infer<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const reason = z.prettifyError(parsed.error);
  throw new ModelError(
    'damaged',
    `${path} lacks settings of a language model. Download it again.\n${reason}`,
  );
}

/** Relations between the numbers, and bounds far above any model that fits this machine. */
function checked(path: string, config: LlamaConfig): LlamaConfig {
  const { heads, kvHeads, headSize, hiddenSize, feedForwardSize, layers, vocabularySize } = config;
  const sane =
    layers <= 1000 &&
    Math.max(hiddenSize, feedForwardSize, heads * headSize) <= 2 ** 18 &&
    vocabularySize >= 1 &&
    vocabularySize <= 2 ** 22 &&
    Number.isInteger(headSize) &&
    headSize % 2 === 0 &&
    heads % kvHeads === 0;
  if (!sane) {
    throw new ModelError(
      'damaged',
      `${path} has sizes that contradict each other. Download it again.`,
    );
  }
  for (const columns of [hiddenSize, feedForwardSize, heads * headSize]) {
    if (columns % blockSize !== 0) {
      throw unsupported(path, `its width ${columns} is not a multiple of ${blockSize}`);
    }
  }
  return config;
}

function unsupported(path: string, reason: string): ModelError {
  return new ModelError(
    'unsupported',
    `${path} cannot be used: ${reason}. Hone runs plain Llama and Qwen2 models, such as SmolLM2 or Qwen2.5-Coder.`,
  );
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, 40) : 'not named';
}
