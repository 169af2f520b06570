/**
 * The inference graph of a Llama or Qwen2 decoder, and which weights go where in it. One graph
 * serves prefill, decoding and scoring: all rows of the batch share one prefix cache ("bifurcated"
 * attention, arXiv 2403.08845), each row has its own suffix cache, only new keys and values come
 * out. Masks, positions and caches are the caller's business; nothing is read from disk here.
 *
 * Shapes: B rows, S new tokens a row, P prefix tokens, C suffix tokens, R rows of logits wanted, V
 * vocabulary, D width, F feed-forward width, H query heads, KV key heads, G = H / KV, dh head size.
 */
import { GraphBuilder, int, ints } from '../onnx/graphBuilder';
import type { OnnxModel } from '../onnx/model';
import type { LlamaConfig } from './llamaConfig';
import { type Kernels, type WeightRecipe, fusedKernels, plainKernels } from './llamaKernels';
import { type Precision, fileNames } from './modelFolder';

export interface LlamaGraph {
  readonly model: OnnxModel;
  readonly weights: readonly WeightRecipe[];
  /** Length of the weights file. */
  readonly weightsBytes: number;
}

export function buildLlamaGraph(config: LlamaConfig, precision: Precision): LlamaGraph {
  const b = new GraphBuilder(fileNames.weights);
  const weights: WeightRecipe[] = [];
  const kernels =
    precision === '8bit' ? fusedKernels(b, weights, config) : plainKernels(b, weights, config);
  const { layers, hiddenSize, heads, kvHeads, headSize, feedForwardSize, vocabularySize } = config;
  const keySize = kvHeads * headSize;

  const ids = b.input('input_ids', 'int64', ['B', 'S']);
  const positions = b.input('position_ids', 'int64', ['B', 'S']);
  const bias = b.input('attention_bias', 'float32', ['B', 1, 'S', 'T']); // [B, 1, S, P+C+S]
  const logitRows = b.input('logit_rows', 'int64', ['R']);
  const caches = Array.from({ length: layers }, (_, layer) => ({
    prefixKey: b.input(`prefix.${layer}.key`, 'float32', [1, kvHeads, 'P', headSize]),
    prefixValue: b.input(`prefix.${layer}.value`, 'float32', [1, kvHeads, 'P', headSize]),
    suffixKey: b.input(`suffix.${layer}.key`, 'float32', ['B', kvHeads, 'C', headSize]),
    suffixValue: b.input(`suffix.${layer}.value`, 'float32', ['B', kvHeads, 'C', headSize]),
  }));

  b.setScope('shared');
  const rotary = kernels.rotary(positions);
  const shapes = sharedShapes(b, config, ids, bias, caches[0]?.prefixKey ?? '');
  const embedding = kernels.embedding(ids); // [B, S, D]

  const newKeysAndValues: string[] = [];
  let residual = embedding; // [B, S, D]
  let branch: string | undefined; // what the last block adds to it, [B, S, D]
  for (const [layer, cache] of caches.entries()) {
    const prefix = `model.layers.${layer}`;
    b.setScope(`layers.${layer}`);
    const addNorm = (name: string): string => {
      if (branch === undefined) return kernels.norm(residual, name);
      const [sum, normed] = kernels.addNorm(residual, branch, name);
      residual = sum;
      return normed;
    };

    const attentionIn = addNorm(`${prefix}.input_layernorm.weight`); // [B, S, D]
    const qkv = kernels.linear(attentionIn, {
      name: `${prefix}.self_attn.qkv_proj`,
      parts: [
        { name: `${prefix}.self_attn.q_proj`, rows: heads * headSize },
        { name: `${prefix}.self_attn.k_proj`, rows: keySize },
        { name: `${prefix}.self_attn.v_proj`, rows: keySize },
      ],
      columns: hiddenSize,
      bias: config.qkvBias,
      norm: `${prefix}.input_layernorm.weight`,
      outliers: false,
    }); // [B, S, (H + 2 KV) dh]
    const [q, k, v] = b.split(qkv, b.int64(heads * headSize, keySize, keySize), 3);
    const key = splitHeads(b, config, kernels.rotate(k, kvHeads, rotary)); // [B, KV, S, dh]
    const value = splitHeads(b, config, v); // [B, KV, S, dh]
    newKeysAndValues.push(key, value);
    const attended = attention(b, config, kernels, shapes, {
      query: kernels.rotate(q, heads, rotary), // [B, S, H dh]
      key: b.op('Concat', [cache.suffixKey, key], { axis: int(2) }), // [B, KV, C+S, dh]
      value: b.op('Concat', [cache.suffixValue, value], { axis: int(2) }), // [B, KV, C+S, dh]
      prefixKey: cache.prefixKey, // [1, KV, P, dh]
      prefixValue: cache.prefixValue, // [1, KV, P, dh]
    }); // [B, S, H dh]
    branch = kernels.linear(attended, {
      name: `${prefix}.self_attn.o_proj`,
      parts: [{ name: `${prefix}.self_attn.o_proj`, rows: hiddenSize }],
      columns: heads * headSize,
      bias: false,
      norm: null,
      outliers: false,
    }); // [B, S, D]

    const feedForwardIn = addNorm(`${prefix}.post_attention_layernorm.weight`); // [B, S, D]
    const gateUp = kernels.linear(feedForwardIn, {
      name: `${prefix}.mlp.gate_up_proj`,
      parts: [
        { name: `${prefix}.mlp.gate_proj`, rows: feedForwardSize },
        { name: `${prefix}.mlp.up_proj`, rows: feedForwardSize },
      ],
      columns: hiddenSize,
      bias: false,
      norm: `${prefix}.post_attention_layernorm.weight`,
      outliers: false,
    }); // [B, S, 2 F]
    const [gate, up] = b.split(gateUp, b.int64(feedForwardSize, feedForwardSize), 2);
    const gated = b.op('Mul', [kernels.silu(gate), up]); // [B, S, F]
    branch = kernels.linear(gated, {
      name: `${prefix}.mlp.down_proj`,
      parts: [{ name: `${prefix}.mlp.down_proj`, rows: hiddenSize }],
      columns: feedForwardSize,
      bias: false,
      norm: null,
      outliers: true,
    }); // [B, S, D]
  }

  b.setScope('head');
  const rows = (x: string): string =>
    b.op('Gather', [b.op('Reshape', [x, b.int64(-1, hiddenSize)]), logitRows], { axis: int(0) }); // [R, D]
  const last = branch === undefined ? rows(residual) : b.op('Add', [rows(residual), rows(branch)]); // [R, D]
  const hidden = kernels.lastNorm(last); // [R, D]
  b.output('hidden', hidden, 'float32', ['R', hiddenSize]);
  b.output('logits', kernels.head(hidden), 'float32', ['R', vocabularySize]);
  const stacked = b.op('Concat', newKeysAndValues, { axis: int(0) }); // [2L B, KV, S, dh]
  b.output('new_kv', b.op('Reshape', [stacked, shapes.newKeysAndValues]), 'float32', [
    2 * layers,
    'B',
    kvHeads,
    'S',
    headSize,
  ]);

  return {
    model: {
      irVersion: 10,
      opsets: { '': 18, 'com.microsoft': 1 },
      graph: b.build(config.architecture),
    },
    weights,
    weightsBytes: b.externalBytes,
  };
}

/** Shape vectors and the mask that every layer uses, computed once a run. */
interface SharedShapes {
  /** [KV, B, G S, P] */
  readonly prefixScores: string;
  /** [1, KV, B G S, P] */
  readonly prefixWeights: string;
  /** [KV, B, G S, dh] */
  readonly attended: string;
  /** [P, C+S] */
  readonly scoreParts: string;
  /** [2L, B, KV, S, dh] */
  readonly newKeysAndValues: string;
  /** The attention bias with a copy for each head of a group: [B, G S, P+C+S]. */
  readonly bias: string;
}

function sharedShapes(
  b: GraphBuilder,
  config: LlamaConfig,
  ids: string,
  bias: string,
  prefixKey: string,
): SharedShapes {
  const { heads, kvHeads, headSize, layers } = config;
  const size = (value: string, axis: number): string =>
    b.op('Shape', [value], { start: int(axis), end: int(axis + 1) }); // [1]
  const vector = (...parts: string[]): string => b.op('Concat', parts, { axis: int(0) });
  const [batch, tokens] = [size(ids, 0), size(ids, 1)];
  const [prefix, total] = [size(prefixKey, 2), size(bias, 3)];
  const groupTokens = b.op('Mul', [tokens, b.int64(heads / kvHeads)]); // G S
  const tiled = b.op('Tile', [bias, b.int64(1, heads / kvHeads, 1, 1)]); // [B, G, S, T]
  return {
    prefixScores: vector(b.int64(kvHeads), batch, groupTokens, prefix),
    prefixWeights: vector(b.int64(1, kvHeads, -1), prefix),
    attended: vector(b.int64(kvHeads), batch, groupTokens, b.int64(headSize)),
    scoreParts: vector(prefix, b.op('Sub', [total, prefix])),
    newKeysAndValues: vector(
      b.int64(2 * layers),
      batch,
      b.int64(kvHeads),
      tokens,
      b.int64(headSize),
    ),
    bias: b.op('Reshape', [tiled, vector(batch, groupTokens, total)]),
  };
}

/** `[B, S, KV dh]` to `[B, KV, S, dh]`. */
function splitHeads(b: GraphBuilder, { kvHeads, headSize }: LlamaConfig, x: string): string {
  const split = b.op('Reshape', [x, b.int64(0, 0, kvHeads, headSize)]); // [B, S, KV, dh]
  return b.op('Transpose', [split], { perm: ints(0, 2, 1, 3) });
}

/**
 * softmax(q [prefix; own]ᵀ / √dh + bias) [prefix; own]. The query rows of one key head lie together,
 * so the shared prefix is one matrix product for the whole batch.
 * @returns `[B, S, H dh]`
 */
function attention(
  b: GraphBuilder,
  { heads, kvHeads, headSize }: LlamaConfig,
  kernels: Kernels,
  shapes: SharedShapes,
  x: Record<'query' | 'key' | 'value' | 'prefixKey' | 'prefixValue', string>,
): string {
  const group = heads / kvHeads;
  const headsFirst = ints(1, 0, 2, 3);
  const split = b.op('Reshape', [x.query, b.int64(0, 0, kvHeads, group, headSize)]); // [B, S, KV, G, dh]
  const q = b.op('Transpose', [split], { perm: ints(2, 0, 3, 1, 4) }); // [KV, B, G, S, dh]
  const qAll = b.op('Reshape', [q, b.int64(1, kvHeads, -1, headSize)]); // [1, KV, B G S, dh]
  const qRows = b.op('Reshape', [q, b.int64(0, 0, -1, headSize)]); // [KV, B, G S, dh]
  const key = b.op('Transpose', [x.key], { perm: headsFirst }); // [KV, B, C+S, dh]
  const value = b.op('Transpose', [x.value], { perm: headsFirst }); // [KV, B, C+S, dh]

  const prefixScores = b.op('Reshape', [kernels.scores(qAll, x.prefixKey), shapes.prefixScores]); // [KV, B, G S, P]
  const ownScores = kernels.scores(qRows, key); // [KV, B, G S, C+S]
  const scores = b.op('Concat', [prefixScores, ownScores], { axis: int(-1) }); // [KV, B, G S, T]
  const weights = b.op('Softmax', [b.op('Add', [scores, shapes.bias])], { axis: int(-1) }); // [KV, B, G S, T]
  const [onPrefix, onOwn] = b.split(weights, shapes.scoreParts, 2);

  const fromPrefix = b.op('MatMul', [
    b.op('Reshape', [onPrefix, shapes.prefixWeights]),
    x.prefixValue,
  ]); // [1, KV, B G S, dh]
  const fromOwn = b.op('MatMul', [onOwn, value]); // [KV, B, G S, dh]
  const sum = b.op('Add', [b.op('Reshape', [fromPrefix, shapes.attended]), fromOwn]); // [KV, B, G S, dh]
  const grouped = b.op('Reshape', [sum, b.int64(0, 0, group, -1, headSize)]); // [KV, B, G, S, dh]
  const joined = b.op('Transpose', [grouped], { perm: ints(1, 3, 0, 2, 4) }); // [B, S, KV, G, dh]
  return b.op('Reshape', [joined, b.int64(0, 0, heads * headSize)]);
}
