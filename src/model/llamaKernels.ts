/**
 * The operations of the decoder whose form depends on the precision: `8bit` uses onnxruntime's fused
 * operators over 8-bit weights, `fp32` standard operators alone, so that it can be differentiated.
 * Each declares the weights it needs and says how they are made from the source's.
 */
import {
  type Attributes,
  type ExternalTensor,
  type GraphBuilder,
  float,
  int,
  ints,
} from '../onnx/graphBuilder';
import type { LlamaConfig } from './llamaConfig';
import { blockSize } from './quantize';
import { blockOf, cosines, hadamard } from './rotation';

/** A tensor of the source, by its Hugging Face name. */
export interface SourceTensor {
  readonly name: string;
  readonly dims: readonly number[];
}

/**
 * One step of filling the weights file: the parts, stacked along their first axis, are written to
 * `target` as they are (`plain`), transposed to `[K, N]` (`transposed`), as 8-bit blocks with their
 * scales and zero points, or transposed as 8-bit columns with their scales, in the basis `turned`.
 */
export type WeightRecipe = { readonly parts: readonly SourceTensor[] } & (
  | { readonly form: 'plain' | 'transposed'; readonly target: ExternalTensor }
  | {
      readonly form: 'blocks8';
      readonly target: ExternalTensor;
      readonly scales: ExternalTensor;
      readonly zeros: ExternalTensor;
    }
  | {
      readonly form: 'columns8';
      readonly target: ExternalTensor;
      readonly scales: ExternalTensor;
      readonly turned: Turned;
    }
);

/**
 * How a matrix `[N, K]` is kept where the residual stream is in a turned basis (see `rotation.ts`).
 * One that reads the normed stream has its columns turned, and the norm's gains multiplied in; one
 * that adds to the stream has its rows turned, and its columns mixed in blocks of `inputBlock`.
 */
export type Turned =
  | { readonly side: 'input'; readonly gamma: SourceTensor }
  | { readonly side: 'output'; readonly inputBlock: number };

/** A matrix of one product, `[sum of rows, columns]`, made of one or more of the source's. */
export interface LinearWeight {
  readonly name: string;
  /** The source's matrices, one below the other; names are without `.weight`. */
  readonly parts: readonly { readonly name: string; readonly rows: number }[];
  readonly columns: number;
  /** Whether each part has a bias. */
  readonly bias: boolean;
  /** The norm whose output it reads; null when what it gives is added to the residual stream. */
  readonly norm: string | null;
  /** Whether some of its inputs are far larger than the rest. */
  readonly outliers: boolean;
}

/** The operations whose form depends on the precision. */
export interface Kernels {
  /** The beginning of the residual stream: `[B, S, D]`. */
  embedding(ids: string): string;
  /** `[..., columns]` to `[..., sum of rows]`: x Wᵀ (+ bias). */
  linear(x: string, weight: LinearWeight): string;
  /** `[R, D]` to `[R, V]`. */
  head(hidden: string): string;
  /** Norm of the residual stream by the gains of that name, for `linear` to read. */
  norm(x: string, name: string): string;
  /** `[x + y, norm(x + y)]` */
  addNorm(x: string, y: string, name: string): readonly [string, string];
  /** The norm of the stream before the head, for others to read: `[R, D]`. */
  lastNorm(x: string): string;
  /** What `rotate` needs of the positions. */
  rotary(positions: string): Rotary;
  /** Rotary embedding (arXiv 2104.09864), first half against second half: `[B, S, n dh]`. */
  rotate(x: string, heads: number, rotary: Rotary): string;
  silu(x: string): string;
  /** q kᵀ / √dh over the last two axes. */
  scores(q: string, k: string): string;
}

export interface Rotary {
  readonly cos: string;
  readonly sin: string;
  readonly positions: string;
}

const embeddingName = 'model.embed_tokens.weight';
const headName = 'lm_head.weight';
const lastNormName = 'model.norm.weight';

/** A weight matrix as the source has it: its parts by name, and its shape. */
interface SourceMatrix {
  readonly parts: readonly SourceTensor[];
  readonly rows: number;
  readonly columns: number;
}

function sourceMatrix({ parts, columns }: LinearWeight): SourceMatrix {
  return {
    parts: parts.map(({ name, rows }) => ({ name: `${name}.weight`, dims: [rows, columns] })),
    rows: parts.reduce((sum, part) => sum + part.rows, 0),
    columns,
  };
}

/** The embedding or the head, `[V, D]`. */
function tokenMatrix(name: string, { vocabularySize, hiddenSize }: LlamaConfig): SourceMatrix {
  const dims = [vocabularySize, hiddenSize];
  return { parts: [{ name, dims }], rows: vocabularySize, columns: hiddenSize };
}

function addBias(b: GraphBuilder, weights: WeightRecipe[], { name, parts }: LinearWeight): string {
  const rows = parts.reduce((sum, part) => sum + part.rows, 0);
  const target = b.external(`${name}.bias`, 'float32', [rows]);
  const biases = parts.map((part) => ({ name: `${part.name}.bias`, dims: [part.rows] }));
  weights.push({ form: 'plain', parts: biases, target });
  return target.name;
}

/** The gains of a norm, `[D]`. */
function addGamma(
  b: GraphBuilder,
  weights: WeightRecipe[],
  config: LlamaConfig,
  name: string,
): string {
  const tensor = { name, dims: [config.hiddenSize] };
  const target = b.external(name, 'float32', tensor.dims);
  weights.push({ form: 'plain', parts: [tensor], target });
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

export function plainKernels(
  b: GraphBuilder,
  weights: WeightRecipe[],
  config: LlamaConfig,
): Kernels {
  const { headSize, rmsEpsilon, tiedEmbedding } = config;
  const transposed = (name: string, { parts, rows, columns }: SourceMatrix): string => {
    const target = b.external(name, 'float32', [columns, rows]);
    weights.push({ form: 'transposed', parts, target });
    return target.name;
  };
  const norm = (x: string, name: string): string => {
    const gamma = addGamma(b, weights, config, name);
    const square = b.op('ReduceMean', [b.op('Mul', [x, x]), b.int64(-1)], { keepdims: int(1) }); // [..., 1]
    const root = b.op('Sqrt', [b.op('Add', [square, b.float32(rmsEpsilon)])]); // [..., 1]
    return b.op('Mul', [b.op('Div', [x, root]), gamma]);
  };
  return {
    embedding(ids) {
      const { parts, rows, columns } = tokenMatrix(embeddingName, config);
      const target = b.external(embeddingName, 'float32', [rows, columns]);
      weights.push({ form: 'plain', parts, target });
      return b.op('Gather', [target.name, ids], { axis: int(0) });
    },
    linear(x, weight) {
      const matrix = transposed(`${weight.name}.weight`, sourceMatrix(weight));
      const product = b.op('MatMul', [x, matrix]);
      return weight.bias ? b.op('Add', [product, addBias(b, weights, weight)]) : product;
    },
    head(hidden) {
      const matrix = tiedEmbedding
        ? b.op('Transpose', [embeddingName], { perm: ints(1, 0) })
        : transposed(headName, tokenMatrix(headName, config));
      return b.op('MatMul', [hidden, matrix]);
    },
    norm,
    addNorm(x, y, name) {
      const sum = b.op('Add', [x, y]);
      return [sum, norm(sum, name)];
    },
    lastNorm: (x) => norm(x, lastNormName),
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

export function fusedKernels(
  b: GraphBuilder,
  weights: WeightRecipe[],
  config: LlamaConfig,
): Kernels {
  const { hiddenSize, headSize, rmsEpsilon, tiedEmbedding } = config;
  const blocks = (name: string, { parts, rows, columns }: SourceMatrix): QuantisedMatrix => {
    const target = b.external(`${name}.q8`, 'uint8', [rows, columns / blockSize, blockSize]);
    const scales = b.external(`${name}.scales`, 'float32', [rows, columns / blockSize]);
    const zeros = b.external(`${name}.zeros`, 'uint8', [rows, columns / blockSize]);
    weights.push({ form: 'blocks8', parts, target, scales, zeros });
    return { values: target.name, scales: scales.name, zeros: zeros.name, rows, columns };
  };
  const product = (x: string, matrix: QuantisedMatrix): string =>
    b.contrib('MatMulNBits', [x, matrix.values, matrix.scales, matrix.zeros], matMulNBits(matrix));
  const table = (name: string): QuantisedMatrix => blocks(name, tokenMatrix(name, config));
  const tokenTable = table(embeddingName);
  const streamBlock = blockOf(hiddenSize);
  const blockMatrix = (size: number): string => b.float32Square(`hadamard.${size}`, hadamard(size));
  const mixAcross = b.float32Square('cosines', cosines(hiddenSize / streamBlock));
  // The gains are folded into the weights, so a norm only divides by the length.
  const ones = b.float32Vector('ones', new Float32Array(hiddenSize).fill(1));
  const norm = (x: string): string =>
    b.op('SimplifiedLayerNormalization', [x, ones], { axis: int(-1), epsilon: float(rmsEpsilon) });
  /** `[..., D]` in the turned basis, or back from it. */
  const turned = (x: string, inverse: boolean): string => {
    const blocks = b.op('Reshape', [x, b.int64(-1, hiddenSize / streamBlock, streamBlock)]);
    const mixed = b.op('MatMul', [blocks, blockMatrix(streamBlock)]);
    const waves = inverse ? b.op('Transpose', [mixAcross], { perm: ints(1, 0) }) : mixAcross;
    return b.op('Reshape', [b.op('MatMul', [waves, mixed]), b.op('Shape', [x])]);
  };
  // Made where they are first needed, and shared by all layers.
  let batchShape = ''; // [B, S]
  let middles: string | undefined; // [B S]
  /** x Wᵀ in whole numbers: each row of x is rounded by a scale of its own, `[B, S, N]`. */
  const integerProduct = (x: string, weight: LinearWeight): string => {
    const { parts, rows, columns } = sourceMatrix(weight);
    const target = b.external(`${weight.name}.s8`, 'int8', [columns, rows]);
    const scales = b.external(`${weight.name}.scales`, 'float32', [rows]);
    const inputBlock = weight.outliers ? blockOf(columns) : 1;
    const turned: Turned =
      weight.norm === null
        ? { side: 'output', inputBlock }
        : { side: 'input', gamma: { name: weight.norm, dims: [hiddenSize] } };
    weights.push({ form: 'columns8', parts, target, scales, turned });
    const spread =
      inputBlock === 1
        ? x
        : b.op('MatMul', [
            b.op('Reshape', [x, b.int64(-1, columns / inputBlock, inputBlock)]),
            blockMatrix(inputBlock),
          ]);
    const flat = b.op('Reshape', [spread, b.int64(-1, columns)]); // [B S, K]
    const largest = b.op('ReduceMax', [b.op('Abs', [flat]), b.int64(-1)], { keepdims: int(0) }); // [B S]
    const steps = b.op('Mul', [largest, b.float32(1 / 127)]); // [B S]
    middles ??= b.op('Expand', [b.uint8(128), b.op('Shape', [steps])]); // [B S]
    const rounded = b.op('QuantizeLinear', [flat, steps, middles], { axis: int(0) }); // [B S, K]
    const sums = b.contrib('MatMulIntegerToFloat', [
      ...[rounded, target.name, b.float32(1), scales.name, b.uint8(128)],
    ]); // [B S, N]
    const product = b.op('Mul', [sums, b.op('Unsqueeze', [steps, b.int64(1)])]); // [B S, N]
    const shape = b.op('Concat', [batchShape, b.int64(rows)], { axis: int(0) });
    return b.op('Reshape', [product, shape]);
  };
  return {
    embedding(ids) {
      batchShape = b.op('Shape', [ids]);
      const rows = (table: string): string => b.op('Gather', [table, ids], { axis: int(0) });
      const whole = (x: string): string => b.op('Cast', [x], { to: int(1) });
      const each = (x: string): string => b.op('Unsqueeze', [x, b.int64(3)]); // [B, S, D/32, 1]
      const values = whole(rows(tokenTable.values)); // [B, S, D/32, 32]
      const centred = b.op('Sub', [values, each(whole(rows(tokenTable.zeros)))]);
      const scaled = b.op('Mul', [centred, each(rows(tokenTable.scales))]);
      return turned(b.op('Reshape', [scaled, b.int64(0, 0, hiddenSize)]), false);
    },
    linear(x, weight) {
      const product = integerProduct(x, weight);
      return weight.bias ? b.op('Add', [product, addBias(b, weights, weight)]) : product;
    },
    head: (hidden) => product(hidden, tiedEmbedding ? tokenTable : table(headName)),
    norm(x, name) {
      addGamma(b, weights, config, name);
      return norm(x);
    },
    addNorm(x, y, name) {
      addGamma(b, weights, config, name);
      return b.skipRmsNorm(x, y, ones, rmsEpsilon);
    },
    lastNorm: (x) =>
      b.op('Mul', [turned(norm(x), true), addGamma(b, weights, config, lastNormName)]),
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
  readonly zeros: string;
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
