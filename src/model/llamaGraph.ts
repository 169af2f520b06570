/**
 * The inference graph of a Llama or Qwen2 decoder, and which weights go where in it. One graph
 * serves prefill, decoding and scoring: all rows of the batch share one prefix cache ("bifurcated"
 * attention, arXiv 2403.08845), each row has its own suffix cache, only new keys and values come
 * out. Masks, positions and caches are the caller's business; nothing is read from disk here.
 *
 * `8bit` uses onnxruntime's fused operators over 8-bit weights; `fp32` uses standard operators alone,
 * so that it can be differentiated.
 *
 * Shapes: B rows, S new tokens a row, P prefix tokens, C suffix tokens, R rows of logits wanted, V
 * vocabulary, D width, F feed-forward width, H query heads, KV key heads, G = H / KV, dh head size.
 */
import {
  type Attributes,
  type ExternalTensor,
  GraphBuilder,
  float,
  int,
  ints,
} from '../onnx/graphBuilder';
import type { OnnxModel } from '../onnx/model';
import type { LlamaConfig } from './llamaConfig';
import { type Precision, fileNames } from './modelFolder';
import { blockSize } from './quantize';

/** A tensor of the source, by its Hugging Face name. */
export interface SourceTensor {
  readonly name: string;
  readonly dims: readonly number[];
}

/**
 * One step of filling the weights file: the parts, stacked along their first axis, are written to
 * `target` as they are (`plain`), transposed to `[K, N]` (`transposed`), or as 8-bit blocks with
 * their scales.
 */
export type WeightRecipe = { readonly parts: readonly SourceTensor[] } & (
  | { readonly form: 'plain' | 'transposed'; readonly target: ExternalTensor }
  | { readonly form: 'blocks8'; readonly target: ExternalTensor; readonly scales: ExternalTensor }
);

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

  const gamma = (name: string): string => {
    const target = b.external(name, 'float32', [hiddenSize]);
    weights.push({ form: 'plain', parts: [{ name, dims: [hiddenSize] }], target });
    return target.name;
  };

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
      if (branch === undefined) return kernels.norm(residual, gamma(name));
      const [sum, normed] = kernels.addNorm(residual, branch, gamma(name));
      residual = sum;
      return normed;
    };

    const attentionIn = addNorm(`${prefix}.input_layernorm.weight`); // [B, S, D]
    const qkv = kernels.linear(
      attentionIn,
      `${prefix}.self_attn.qkv_proj`,
      ['q', 'k', 'v'].map((part) => ({
        name: `${prefix}.self_attn.${part}_proj`,
        rows: part === 'q' ? heads * headSize : keySize,
      })),
      hiddenSize,
      config.qkvBias,
    ); // [B, S, (H + 2 KV) dh]
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
    branch = kernels.linear(
      attended,
      `${prefix}.self_attn.o_proj`,
      [{ name: `${prefix}.self_attn.o_proj`, rows: hiddenSize }],
      heads * headSize,
      false,
    ); // [B, S, D]

    const feedForwardIn = addNorm(`${prefix}.post_attention_layernorm.weight`); // [B, S, D]
    const gateUp = kernels.linear(
      feedForwardIn,
      `${prefix}.mlp.gate_up_proj`,
      ['gate', 'up'].map((part) => ({ name: `${prefix}.mlp.${part}_proj`, rows: feedForwardSize })),
      hiddenSize,
      false,
    ); // [B, S, 2 F]
    const [gate, up] = b.split(gateUp, b.int64(feedForwardSize, feedForwardSize), 2);
    branch = kernels.linear(
      b.op('Mul', [kernels.silu(gate), up]), // [B, S, F]
      `${prefix}.mlp.down_proj`,
      [{ name: `${prefix}.mlp.down_proj`, rows: hiddenSize }],
      feedForwardSize,
      false,
    ); // [B, S, D]
  }

  b.setScope('head');
  const rows = (x: string): string =>
    b.op('Gather', [b.op('Reshape', [x, b.int64(-1, hiddenSize)]), logitRows], { axis: int(0) }); // [R, D]
  const last = branch === undefined ? rows(residual) : b.op('Add', [rows(residual), rows(branch)]); // [R, D]
  const hidden = kernels.norm(last, gamma('model.norm.weight')); // [R, D]
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

/** Rows of one source matrix inside a fused one; `name` is without `.weight`. */
interface LinearPart {
  readonly name: string;
  readonly rows: number;
}

/** The operations whose form depends on the precision. */
interface Kernels {
  embedding(ids: string): string;
  /** `[..., columns]` to `[..., sum of rows]`: x Wᵀ (+ bias). */
  linear(
    x: string,
    name: string,
    parts: readonly LinearPart[],
    columns: number,
    bias: boolean,
  ): string;
  /** `[R, D]` to `[R, V]`. */
  head(hidden: string): string;
  norm(x: string, gamma: string): string;
  /** `[x + y, norm(x + y)]` */
  addNorm(x: string, y: string, gamma: string): readonly [string, string];
  /** What `rotate` needs of the positions. */
  rotary(positions: string): Rotary;
  /** Rotary embedding (arXiv 2104.09864), first half against second half: `[B, S, n dh]`. */
  rotate(x: string, heads: number, rotary: Rotary): string;
  silu(x: string): string;
  /** q kᵀ / √dh over the last two axes. */
  scores(q: string, k: string): string;
}

interface Rotary {
  readonly cos: string;
  readonly sin: string;
  readonly positions: string;
}

const embeddingName = 'model.embed_tokens.weight';
const headName = 'lm_head.weight';

function sourceParts(parts: readonly LinearPart[], columns: number): readonly SourceTensor[] {
  return parts.map(({ name, rows }) => ({ name: `${name}.weight`, dims: [rows, columns] }));
}

function biasOf(
  b: GraphBuilder,
  weights: WeightRecipe[],
  name: string,
  parts: readonly LinearPart[],
): string {
  const target = b.external(`${name}.bias`, 'float32', [
    parts.reduce((sum, part) => sum + part.rows, 0),
  ]);
  weights.push({
    form: 'plain',
    parts: parts.map((part) => ({ name: `${part.name}.bias`, dims: [part.rows] })),
    target,
  });
  return target.name;
}

/** `position / theta^(2 i / dh)`, `[B, S, dh / 2]`. */
function rotaryAngles(b: GraphBuilder, config: LlamaConfig, positions: string): string {
  const half = config.headSize / 2;
  const frequencies = Float32Array.from(
    { length: half },
    (_, i) => config.ropeTheta ** (-i / half),
  );
  const column = b.op('Unsqueeze', [b.op('Cast', [positions], { to: int(1) }), b.int64(2)]); // [B, S, 1]
  return b.op('Mul', [column, b.float32Vector('rotary.frequencies', frequencies)]);
}

function plainKernels(b: GraphBuilder, weights: WeightRecipe[], config: LlamaConfig): Kernels {
  const { vocabularySize, hiddenSize, headSize, rmsEpsilon, tiedEmbedding } = config;
  const table = { name: embeddingName, dims: [vocabularySize, hiddenSize] };
  const transposed = (
    name: string,
    parts: readonly SourceTensor[],
    rows: number,
    columns: number,
  ): string => {
    const target = b.external(name, 'float32', [columns, rows]);
    weights.push({ form: 'transposed', parts, target });
    return target.name;
  };
  const norm = (x: string, gamma: string): string => {
    const square = b.op('ReduceMean', [b.op('Mul', [x, x]), b.int64(-1)], { keepdims: int(1) }); // [..., 1]
    const root = b.op('Sqrt', [b.op('Add', [square, b.float32(rmsEpsilon)])]); // [..., 1]
    return b.op('Mul', [b.op('Div', [x, root]), gamma]);
  };
  return {
    embedding(ids) {
      const target = b.external(table.name, 'float32', table.dims);
      weights.push({ form: 'plain', parts: [table], target });
      return b.op('Gather', [target.name, ids], { axis: int(0) });
    },
    linear(x, name, parts, columns, bias) {
      const rows = parts.reduce((sum, part) => sum + part.rows, 0);
      const weight = transposed(`${name}.weight`, sourceParts(parts, columns), rows, columns);
      const product = b.op('MatMul', [x, weight]);
      return bias ? b.op('Add', [product, biasOf(b, weights, name, parts)]) : product;
    },
    head: (hidden) =>
      b.op('MatMul', [
        hidden,
        tiedEmbedding
          ? b.op('Transpose', [embeddingName], { perm: ints(1, 0) })
          : transposed(headName, [{ ...table, name: headName }], vocabularySize, hiddenSize),
      ]),
    norm,
    addNorm(x, y, gamma) {
      const sum = b.op('Add', [x, y]);
      return [sum, norm(sum, gamma)];
    },
    rotary(positions) {
      const angles = b.op('Unsqueeze', [rotaryAngles(b, config, positions), b.int64(2)]); // [B, S, 1, dh/2]
      return { cos: b.op('Cos', [angles]), sin: b.op('Sin', [angles]), positions };
    },
    rotate(x, heads, { cos, sin }) {
      const split = b.op('Reshape', [x, b.int64(0, 0, heads, headSize)]); // [B, S, n, dh]
      const [first, second] = b.split(split, b.int64(headSize / 2, headSize / 2), 2); // [B, S, n, dh/2]
      const left = b.op('Sub', [b.op('Mul', [first, cos]), b.op('Mul', [second, sin])]);
      const right = b.op('Add', [b.op('Mul', [second, cos]), b.op('Mul', [first, sin])]);
      const turned = b.op('Concat', [left, right], { axis: int(-1) }); // [B, S, n, dh]
      return b.op('Reshape', [turned, b.int64(0, 0, heads * headSize)]);
    },
    silu: (x) => b.op('Mul', [x, b.op('Sigmoid', [x])]),
    scores(q, k) {
      const transposedKey = b.op('Transpose', [k], { perm: ints(0, 1, 3, 2) });
      return b.op('Mul', [b.op('MatMul', [q, transposedKey]), b.float32(headSize ** -0.5)]);
    },
  };
}

function fusedKernels(b: GraphBuilder, weights: WeightRecipe[], config: LlamaConfig): Kernels {
  const { vocabularySize, hiddenSize, headSize, rmsEpsilon, tiedEmbedding } = config;
  const blocks = (
    name: string,
    parts: readonly SourceTensor[],
    rows: number,
    columns: number,
  ): QuantisedMatrix => {
    const target = b.external(`${name}.q8`, 'uint8', [rows, columns / blockSize, blockSize]);
    const scales = b.external(`${name}.scales`, 'float32', [rows, columns / blockSize]);
    weights.push({ form: 'blocks8', parts, target, scales });
    return { values: target.name, scales: scales.name, rows, columns };
  };
  const product = (x: string, matrix: QuantisedMatrix, bias?: string): string =>
    b.contrib(
      'MatMulNBits',
      [x, matrix.values, matrix.scales, ...(bias === undefined ? [] : ['', '', bias])],
      matMulNBits(matrix),
    );
  const table = (name: string): QuantisedMatrix =>
    blocks(name, [{ name, dims: [vocabularySize, hiddenSize] }], vocabularySize, hiddenSize);
  const tokenTable = table(embeddingName);
  const norm = (x: string, gamma: string): string =>
    b.op('SimplifiedLayerNormalization', [x, gamma], { axis: int(-1), epsilon: float(rmsEpsilon) });
  return {
    embedding(ids) {
      const values = b.op('Gather', [tokenTable.values, ids], { axis: int(0) }); // [B, S, D/32, 32]
      const scales = b.op('Gather', [tokenTable.scales, ids], { axis: int(0) }); // [B, S, D/32]
      const centred = b.op('Sub', [b.op('Cast', [values], { to: int(1) }), b.float32(128)]);
      const scaled = b.op('Mul', [centred, b.op('Unsqueeze', [scales, b.int64(3)])]);
      return b.op('Reshape', [scaled, b.int64(0, 0, hiddenSize)]);
    },
    linear(x, name, parts, columns, bias) {
      const rows = parts.reduce((sum, part) => sum + part.rows, 0);
      const matrix = blocks(name, sourceParts(parts, columns), rows, columns);
      return product(x, matrix, bias ? biasOf(b, weights, name, parts) : undefined);
    },
    head: (hidden) => product(hidden, tiedEmbedding ? tokenTable : table(headName)),
    norm,
    addNorm: (x, y, gamma) => b.skipRmsNorm(x, y, gamma, rmsEpsilon),
    rotary(positions) {
      // The operator looks positions up in a table; the table is made for this run's tokens alone,
      // so it is small and knows no longest sequence.
      const flat = b.op('Reshape', [rotaryAngles(b, config, positions), b.int64(-1, headSize / 2)]); // [B S, dh/2]
      const count = b.op('Size', [positions]);
      const rows = b.op('Range', [b.int64Scalar(0), count, b.int64Scalar(1)]); // [B S]
      return {
        cos: b.op('Cos', [flat]),
        sin: b.op('Sin', [flat]),
        positions: b.op('Reshape', [rows, b.op('Shape', [positions])]), // [B, S]
      };
    },
    rotate: (x, heads, { cos, sin, positions }) =>
      b.contrib('RotaryEmbedding', [x, positions, cos, sin], { num_heads: int(heads) }),
    silu: (x) => b.contrib('QuickGelu', [x], { alpha: float(1) }),
    scores: (q, k) =>
      b.contrib('FusedMatMul', [q, k], { transB: int(1), alpha: float(headSize ** -0.5) }),
  };
}

interface QuantisedMatrix {
  readonly values: string;
  readonly scales: string;
  readonly rows: number;
  readonly columns: number;
}

/** Activations are quantised to 8 bits by block as well (accuracy_level 4): exact enough, measured. */
function matMulNBits({ rows, columns }: QuantisedMatrix): Attributes {
  return {
    K: int(columns),
    N: int(rows),
    bits: int(8),
    block_size: int(blockSize),
    accuracy_level: int(4),
  };
}
