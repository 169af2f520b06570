/**
 * The forward pass of a Llama or Qwen2 decoder as training wants it: standard operators only, so that
 * it can be differentiated, over the same weights file as the fp32 inference graph. There is no cache
 * of keys and values; texts are padded on the right, where causal attention never looks. It is the
 * graph of `model/llamaGraph.ts` written anew for a fast backward pass; a test holds the two together.
 *
 * What makes it fast: all tokens of the batch are rows of one matrix, so that each linear layer is a
 * `Gemm`, whose gradients are again `Gemm`s of the same weights (no matrix is stored twice); biases and
 * residuals ride along as the third input; queries and keys are rotated together; and what comes after
 * the last attention is computed only for the rows that the loss asks for.
 *
 * Inputs: `input_ids` [B, T], `logit_rows` [R] (row b T + t predicts what follows token t of text b).
 * Output: `logits` [R, V].
 *
 * Shapes: B texts, T tokens of the longest, N = B T, R rows of logits, V vocabulary, D width, F
 * feed-forward width, H query heads, KV key heads, G = H / KV, dh head size.
 */
import type { LlamaConfig } from '../model/llamaConfig';
import { buildLlamaGraph } from '../model/llamaGraph';
import type { WeightRecipe } from '../model/llamaKernels';
import { fileNames } from '../model/modelFolder';
import { GraphBuilder, int, ints } from '../onnx/graphBuilder';
import type { OnnxModel } from '../onnx/model';

export interface TrainingGraph {
  readonly model: OnnxModel;
  /** Which tensors of the weights file are made of which of the source's. */
  readonly weights: readonly WeightRecipe[];
}

export function buildTrainingGraph(config: LlamaConfig): TrainingGraph {
  const { weights } = buildLlamaGraph(config, 'fp32');
  const stored = new Map(weights.map(({ target }) => [target.name, target]));
  const b = new GraphBuilder(fileNames.weights);
  const weight = (name: string): string => {
    const tensor = stored.get(name);
    if (tensor === undefined) throw new Error(`The fp32 graph has no weight ${name}.`);
    return b.initializer(tensor);
  };
  const { layers, hiddenSize, feedForwardSize, vocabularySize } = config;

  const ids = b.input('input_ids', 'int64', ['B', 'T']);
  const logitRows = b.input('logit_rows', 'int64', ['R']);
  b.setScope('shared');
  const positions = sharedByLayers(b, config, ids);
  const embedding = weight('model.embed_tokens.weight'); // [V, D]
  const flatIds = b.op('Reshape', [ids, b.int64(-1)]); // [N]

  const norm = (x: string, name: string): string => {
    const square = b.op('ReduceSumSquare', [x, b.int64(-1)], { keepdims: int(1) }); // [N, 1]
    const mean = b.op('Mul', [square, b.float32(1 / hiddenSize)]); // [N, 1]
    const root = b.op('Sqrt', [b.op('Add', [mean, b.float32(config.rmsEpsilon)])]); // [N, 1]
    return b.op('Mul', [b.op('Mul', [x, b.op('Reciprocal', [root])]), weight(name)]);
  };
  /** x W, plus `more` where it is given. */
  const linear = (x: string, name: string, more?: string): string =>
    b.op('Gemm', [x, weight(`${name}.weight`), ...(more === undefined ? [] : [more])]);
  const rows = (x: string): string => b.op('Gather', [x, logitRows], { axis: int(0) });

  let residual = b.op('Gather', [embedding, flatIds], { axis: int(0) }); // [N, D]
  for (let layer = 0; layer < layers; layer++) {
    const prefix = `model.layers.${layer}`;
    b.setScope(`layers.${layer}`);
    const attentionIn = norm(residual, `${prefix}.input_layernorm.weight`); // [N, D]
    const projection = `${prefix}.self_attn.qkv_proj`;
    const bias = config.qkvBias ? weight(`${projection}.bias`) : undefined;
    const qkv = linear(attentionIn, projection, bias); // [N, (H + 2 KV) dh]
    let attended = attention(b, config, positions, qkv); // [N, H dh]
    if (layer === layers - 1) {
      // Tokens see each other in attention alone: from the last one on, only the rows asked for count.
      attended = rows(attended); // [R, H dh]
      residual = rows(residual); // [R, D]
    }
    residual = linear(attended, `${prefix}.self_attn.o_proj`, residual); // [N, D]

    const feedForwardIn = norm(residual, `${prefix}.post_attention_layernorm.weight`); // [N, D]
    const gateUp = linear(feedForwardIn, `${prefix}.mlp.gate_up_proj`); // [N, 2 F]
    const [gate, up] = b.split(gateUp, b.int64(feedForwardSize, feedForwardSize), 2); // [N, F]
    const activated = b.op('Mul', [gate, b.op('Sigmoid', [gate])]); // [N, F]
    const gated = b.op('Mul', [activated, up]); // [N, F]
    residual = linear(gated, `${prefix}.mlp.down_proj`, residual); // [N, D]
  }

  b.setScope('head');
  const hidden = norm(residual, 'model.norm.weight'); // [R, D]
  const logits = config.tiedEmbedding
    ? b.op('Gemm', [hidden, embedding], { transB: int(1) })
    : linear(hidden, 'lm_head');
  b.output('logits', logits, 'float32', ['R', vocabularySize]);
  return {
    model: {
      irVersion: 10,
      opsets: { '': 18 },
      graph: b.build(`${config.architecture}-training`),
    },
    weights,
  };
}

/** What depends on positions alone, computed once a run. */
interface SharedByLayers {
  /** Factors of the rotation, and of the halves exchanged: [N, 1, dh]. */
  readonly cos: string;
  readonly sin: string;
  /** 0 where a token may be seen, far below 0 where it comes later: [T, T]. */
  readonly mask: string;
  /** [B, T, KV, G, dh] */
  readonly queries: string;
  /** [B, T, KV, dh] */
  readonly keys: string;
  /** [B, KV, G, T, T] */
  readonly scores: string;
  /** [B, KV, G T, T] */
  readonly stackedScores: string;
}

function sharedByLayers(b: GraphBuilder, config: LlamaConfig, ids: string): SharedByLayers {
  const { heads, kvHeads, headSize, ropeTheta } = config;
  const group = heads / kvHeads;
  const vector = (...parts: string[]): string => b.op('Concat', parts, { axis: int(0) });
  const size = (axis: number): string =>
    b.op('Shape', [ids], { start: int(axis), end: int(axis + 1) }); // [1]
  const [texts, tokens] = [size(0), size(1)];
  const range = b.op('Range', [b.int64Scalar(0), b.op('Squeeze', [tokens]), b.int64Scalar(1)]); // [T]
  const column = b.op('Unsqueeze', [range, b.int64(1)]); // [T, 1]
  const isLater = b.op('Less', [column, b.op('Unsqueeze', [range, b.int64(0)])]); // [T, T]

  const half = headSize / 2;
  const frequencies = Float32Array.from({ length: half }, (_, i) => ropeTheta ** (-i / half));
  const angles = b.op('Mul', [
    b.op('Cast', [column], { to: int(1) }),
    b.float32Vector('rotary.frequencies', frequencies),
  ]); // [T, dh/2]
  // The scores' factor 1/√dh is half in the queries and half in the keys, both rotated by these.
  const scaled = (x: string): string => b.op('Mul', [x, b.float32(headSize ** -0.25)]);
  const [cos, sin] = [scaled(b.op('Cos', [angles])), scaled(b.op('Sin', [angles]))]; // [T, dh/2]
  const everyText = (left: string, right: string): string => {
    const both = b.op('Concat', [left, right], { axis: int(-1) }); // [T, dh]
    const repeated = b.op('Tile', [both, vector(texts, b.int64(1))]); // [N, dh]
    return b.op('Reshape', [repeated, b.int64(-1, 1, headSize)]); // [N, 1, dh]
  };
  return {
    cos: everyText(cos, cos),
    sin: everyText(b.op('Neg', [sin]), sin),
    mask: b.op('Where', [isLater, b.float32(-1e9), b.float32(0)]),
    queries: vector(texts, tokens, b.int64(kvHeads, group, headSize)),
    keys: vector(texts, tokens, b.int64(kvHeads, headSize)),
    scores: vector(texts, b.int64(kvHeads, group), tokens, tokens),
    stackedScores: vector(texts, b.int64(kvHeads, -1), tokens),
  };
}

/**
 * softmax(q kᵀ / √dh + mask) v with rotary positions (arXiv 2104.09864), first half against second
 * half. The queries that share a key head lie together, so that no key is copied.
 * @param qkv `[N, (H + 2 KV) dh]`
 * @returns `[N, H dh]`
 */
function attention(
  b: GraphBuilder,
  { heads, kvHeads, headSize }: LlamaConfig,
  shared: SharedByLayers,
  qkv: string,
): string {
  const half = headSize / 2;
  const group = heads / kvHeads;
  const [qk, v] = b.split(qkv, b.int64((heads + kvHeads) * headSize, kvHeads * headSize), 2);
  const x = b.op('Reshape', [qk, b.int64(0, heads + kvHeads, headSize)]); // [N, H + KV, dh]
  const [first, second] = b.split(x, b.int64(half, half), 2); // [N, H + KV, dh/2]
  const exchanged = b.op('Concat', [second, first], { axis: int(-1) }); // [N, H + KV, dh]
  const rotated = b.op('Add', [b.op('Mul', [x, shared.cos]), b.op('Mul', [exchanged, shared.sin])]); // [N, H + KV, dh]
  const [q = '', k = ''] = b.parts('Split', [rotated, b.int64(heads, kvHeads)], 2, {
    axis: int(1),
  });

  const queries = b.op('Transpose', [b.op('Reshape', [q, shared.queries])], {
    perm: ints(0, 2, 3, 1, 4),
  }); // [B, KV, G, T, dh]
  const stacked = b.op('Reshape', [queries, b.int64(0, 0, -1, headSize)]); // [B, KV, G T, dh]
  const keys = b.op('Transpose', [b.op('Reshape', [k, shared.keys])], { perm: ints(0, 2, 3, 1) }); // [B, KV, dh, T]
  const values = b.op('Transpose', [b.op('Reshape', [v, shared.keys])], {
    perm: ints(0, 2, 1, 3),
  }); // [B, KV, T, dh]

  const scores = b.op('Reshape', [b.op('MatMul', [stacked, keys]), shared.scores]); // [B, KV, G, T, T]
  const weights = b.op('Softmax', [b.op('Add', [scores, shared.mask])], { axis: int(-1) }); // [B, KV, G, T, T]
  const sums = b.op('MatMul', [b.op('Reshape', [weights, shared.stackedScores]), values]); // [B, KV, G T, dh]
  const grouped = b.op('Reshape', [sums, b.int64(0, 0, group, -1, headSize)]); // [B, KV, G, T, dh]
  const joined = b.op('Transpose', [grouped], { perm: ints(0, 3, 1, 2, 4) }); // [B, T, KV, G, dh]
  return b.op('Reshape', [joined, b.int64(-1, heads * headSize)]);
}
