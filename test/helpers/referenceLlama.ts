/**
 * The forward pass of a Llama or Qwen2 decoder in plain loops, straight from the papers and with
 * nothing shared with the product: what the graph is held against. Slow; for tiny models only.
 */
import type { LlamaConfig } from '../../src/model/llamaConfig';
import type { WeightSource } from '../../src/model/writeModel';

/** Logits of every position of one sequence, `[T][V]`, with full causal attention. */
export async function referenceLogits(
  config: LlamaConfig,
  weights: WeightSource,
  ids: readonly number[],
): Promise<number[][]> {
  const { hiddenSize, feedForwardSize, heads, kvHeads, headSize, vocabularySize } = config;
  const vector = async (name: string, size: number): Promise<number[]> =>
    Array.from(await weights.read({ name, dims: [size] }, 0, size));
  const matrix = async (name: string, rows: number, columns: number): Promise<number[][]> => {
    const flat = Array.from(await weights.read({ name, dims: [rows, columns] }, 0, rows));
    return Array.from({ length: rows }, (_, row) => flat.slice(row * columns, (row + 1) * columns));
  };

  const embedding = await matrix('model.embed_tokens.weight', vocabularySize, hiddenSize);
  let x = ids.map((id) => [...at(embedding, id)]);
  for (let layer = 0; layer < config.layers; layer++) {
    const prefix = `model.layers.${layer}`;
    const attentionNorm = await vector(`${prefix}.input_layernorm.weight`, hiddenSize);
    const normed = x.map((row) => rmsNorm(row, attentionNorm, config.rmsEpsilon));
    const project = async (part: string, count: number): Promise<number[][]> => {
      const weight = await matrix(
        `${prefix}.self_attn.${part}_proj.weight`,
        count * headSize,
        hiddenSize,
      );
      const bias = config.qkvBias
        ? await vector(`${prefix}.self_attn.${part}_proj.bias`, count * headSize)
        : new Array<number>(count * headSize).fill(0);
      return normed.map((row) => add(multiply(weight, row), bias));
    };
    const rotated = (rows: number[][], count: number): number[][] =>
      rows.map((row, position) =>
        Array.from({ length: count }, (_, head) =>
          rotate(row.slice(head * headSize, (head + 1) * headSize), position, config.ropeTheta),
        ).flat(),
      );
    const queries = rotated(await project('q', heads), heads);
    const keys = rotated(await project('k', kvHeads), kvHeads);
    const values = await project('v', kvHeads);
    const output = await matrix(`${prefix}.self_attn.o_proj.weight`, hiddenSize, heads * headSize);
    x = x.map((row, t) => {
      const attended = Array.from({ length: heads }, (_, head) => {
        const kv = Math.floor(head / (heads / kvHeads)) * headSize;
        const query = at(queries, t).slice(head * headSize, (head + 1) * headSize);
        const scores = keys
          .slice(0, t + 1)
          .map((key) => dot(query, key.slice(kv, kv + headSize)) / Math.sqrt(headSize));
        const attentionWeights = softmax(scores);
        return Array.from({ length: headSize }, (_, i) =>
          attentionWeights.reduce((sum, weight, s) => sum + weight * at(at(values, s), kv + i), 0),
        );
      }).flat();
      return add(row, multiply(output, attended));
    });

    const mlpNorm = await vector(`${prefix}.post_attention_layernorm.weight`, hiddenSize);
    const gate = await matrix(`${prefix}.mlp.gate_proj.weight`, feedForwardSize, hiddenSize);
    const up = await matrix(`${prefix}.mlp.up_proj.weight`, feedForwardSize, hiddenSize);
    const down = await matrix(`${prefix}.mlp.down_proj.weight`, hiddenSize, feedForwardSize);
    x = x.map((row) => {
      const h = rmsNorm(row, mlpNorm, config.rmsEpsilon);
      const ups = multiply(up, h);
      const inner = multiply(gate, h).map((g, i) => (g / (1 + Math.exp(-g))) * at(ups, i));
      return add(row, multiply(down, inner));
    });
  }
  const finalNorm = await vector('model.norm.weight', hiddenSize);
  const head = config.tiedEmbedding
    ? embedding
    : await matrix('lm_head.weight', vocabularySize, hiddenSize);
  return x.map((row) => multiply(head, rmsNorm(row, finalNorm, config.rmsEpsilon)));
}

/** arXiv 1910.07467 */
function rmsNorm(x: readonly number[], gamma: readonly number[], epsilon: number): number[] {
  const root = Math.sqrt(dot(x, x) / x.length + epsilon);
  return x.map((value, i) => (value / root) * at(gamma, i));
}

/** arXiv 2104.09864, pairing dimension i with i + dh / 2. */
function rotate(x: readonly number[], position: number, theta: number): number[] {
  const half = x.length / 2;
  return x.map((value, i) => {
    const angle = position * theta ** (-(i % half) / half);
    const partner = i < half ? -at(x, i + half) : at(x, i - half);
    return value * Math.cos(angle) + partner * Math.sin(angle);
  });
}

function softmax(x: readonly number[]): number[] {
  const largest = Math.max(...x);
  const powers = x.map((value) => Math.exp(value - largest));
  const sum = powers.reduce((total, value) => total + value, 0);
  return powers.map((value) => value / sum);
}

function multiply(matrix: readonly (readonly number[])[], x: readonly number[]): number[] {
  return matrix.map((row) => dot(row, x));
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * at(b, i), 0);
}

function add(a: readonly number[], b: readonly number[]): number[] {
  return a.map((value, i) => value + at(b, i));
}

function at<T>(list: readonly T[], index: number): T {
  const value = list[index];
  if (value === undefined) throw new RangeError(`no element ${index} of ${list.length}`);
  return value;
}
