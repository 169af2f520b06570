/**
 * The gradient of each operator, as nodes: one table, a formula above each rule. `X`, `A`, `B` are
 * inputs, `Y` the output, `dY` the gradient of the loss with respect to it; sums in products of
 * matrices are over the last two axes. Each rule asks first which inputs need a gradient.
 *
 * Formulas follow onnxruntime's `gradient_builder.cc` and the operators' definitions (opset 18, and
 * Gelu of opset 20). The walk that calls the rules is in `gradient.ts`.
 */
import { axisOf, multiplyDims } from '../onnx/dims';
import { type Attributes, float, int, ints } from '../onnx/graphBuilder';
import type { OnnxNode } from '../onnx/model';
import type { Backward } from './backward';

/** One node on the way back. */
export interface Step {
  readonly node: OnnxNode;
  /** The gradient of each output; undefined for one that does not lead to the loss. */
  readonly dY: readonly (string | undefined)[];
  /** Whether the gradient of each input is wanted. */
  readonly needs: readonly boolean[];
}

/** The gradient of each input, or in words why this form of the operator has none. */
export type Rule = (b: Backward, step: Step) => readonly (string | undefined)[] | string;

/** What a rule of a node with one output works with. */
interface Single {
  readonly node: OnnxNode;
  readonly dY: string;
  readonly y: string;
  readonly x: readonly string[];
  readonly needs: readonly boolean[];
}

/** A rule of an operator with one output. */
const single =
  (rule: (b: Backward, s: Single) => readonly (string | undefined)[] | string): Rule =>
  (b, { node, dY: [dY], needs }) => {
    const [y] = node.outputs;
    if (dY === undefined || y === undefined) return 'only its first output has a gradient';
    return rule(b, { node, dY, y, x: node.inputs, needs });
  };

/** A rule of an operator with one input of the same shape as its output. */
const unary = (rule: (b: Backward, dY: string, x: string, y: string, node: OnnxNode) => string) =>
  single((b, { node, dY, y, x: [x = ''] }) => [rule(b, dY, x, y, node)]);

/** A rule of an operator whose two inputs broadcast to its output's shape. */
const binary = (
  left: (b: Backward, dY: string, other: string) => string,
  right: (b: Backward, dY: string, other: string) => string,
): Rule =>
  single((b, { dY, y, x: [A = '', B = ''], needs }) => [
    needs[0] ? b.sumTo(A, left(b, dY, B), y) : undefined,
    needs[1] ? b.sumTo(B, right(b, dY, A), y) : undefined,
  ]);

/** A rule of an operator that only moves elements: they move back. */
const reshaped = single((b, { dY, y, x: [x = ''] }) => [b.reshape(b.whole(dY, y), x)]);

/** dXᵢ = dY where Xᵢ is the one that was chosen, else 0; equal ones share it. */
const chosen: Rule = single((b, { dY, y, x, needs }) => {
  const masks = x.map((each) => b.op('Cast', [b.op('Equal', [each, y])], { to: int(1) }));
  const share = b.op('Div', [dY, masks.reduce((sum, mask) => b.op('Add', [sum, mask]))]);
  return x.map((each, i) =>
    needs[i] ? b.sumTo(each, b.op('Mul', [share, masks[i] ?? '']), y) : undefined,
  );
});

/** dX = dY / n where X is the extreme, of which there are n equal ones, else 0. */
const extreme: Rule = single((b, { node, dY, y, x: [x = ''] }) => {
  const isExtreme = b.op('Equal', [x, unreduced(b, node, y)]);
  const mask = b.op('Cast', [isExtreme], { to: int(1) });
  const count = b.op('ReduceSum', [mask, b.int64(...reducedAxes(b, node))], { keepdims: int(1) });
  return [b.op('Mul', [mask, b.op('Div', [unreduced(b, node, dY), count])])];
});

export const rules: Readonly<Record<string, Rule>> = {
  // dX = dY
  Identity: unary((_b, dY) => dY),
  // dX = dY, where X is of a kind that has gradients
  Cast: unary((_b, dY) => dY),
  // dX = -dY
  Neg: unary((b, dY) => b.op('Neg', [dY])),
  // dX = dY sign X
  Abs: unary((b, dY, x) => b.op('Mul', [dY, b.op('Sign', [x])])),
  // dX = dY Y
  Exp: unary((b, dY, _x, y) => b.op('Mul', [dY, y])),
  // dX = dY / X
  Log: unary((b, dY, x) => b.op('Div', [dY, x])),
  // dX = dY / (2 Y)
  Sqrt: unary((b, dY, _x, y) => b.op('Div', [b.op('Mul', [dY, b.float32(0.5)]), y])),
  // dX = -dY Y²
  Reciprocal: unary((b, dY, _x, y) => b.op('Neg', [b.op('Mul', [dY, b.op('Mul', [y, y])])])),
  // dX = dY cos X
  Sin: unary((b, dY, x) => b.op('Mul', [dY, b.op('Cos', [x])])),
  // dX = -dY sin X
  Cos: unary((b, dY, x) => b.op('Neg', [b.op('Mul', [dY, b.op('Sin', [x])])])),
  // dX = dY 2/√π exp(-X²)
  Erf: unary((b, dY, x) => {
    const bell = b.op('Exp', [b.op('Neg', [b.op('Mul', [x, x])])]);
    return b.op('Mul', [dY, b.op('Mul', [bell, b.float32(2 / Math.sqrt(Math.PI))])]);
  }),
  // dX = dY Y (1 - Y)
  Sigmoid: unary((b, dY, _x, y) =>
    b.op('Mul', [b.op('Mul', [dY, y]), b.op('Sub', [b.float32(1), y])]),
  ),
  // dX = dY (1 - Y²)
  Tanh: unary((b, dY, _x, y) =>
    b.op('Mul', [dY, b.op('Sub', [b.float32(1), b.op('Mul', [y, y])])]),
  ),
  // dX = dY sigmoid X
  Softplus: unary((b, dY, x) => b.op('Mul', [dY, b.op('Sigmoid', [x])])),
  // dX = dY where X > 0, else 0
  Relu: unary((b, dY, _x, y) =>
    b.op('Where', [b.op('Greater', [y, b.float32(0)]), dY, b.float32(0)]),
  ),
  // dX = dY where low < X < high, else 0
  Clip: single((b, { dY, x: [x = '', low = '', high = ''] }) => {
    const above = low === '' ? [] : [b.op('Greater', [x, low])];
    const below = high === '' ? [] : [b.op('Less', [x, high])];
    const inside = [...above, ...below].reduce<string | undefined>(
      (both, one) => (both === undefined ? one : b.op('And', [both, one])),
      undefined,
    );
    return [inside === undefined ? dY : b.op('Where', [inside, dY, b.float32(0)])];
  }),
  // dX = dY (Φ(X) + X φ(X)); with `tanh`, t = tanh(u), u = √(2/π) (X + 0.044715 X³):
  // dX = dY (½ (1 + t) + ½ X (1 - t²) du/dX)
  Gelu: unary((b, dY, x, _y, node) => {
    const times = (value: string, factor: number): string =>
      b.op('Mul', [value, b.float32(factor)]);
    const square = b.op('Mul', [x, x]);
    const one = b.float32(1);
    const kind = node.attributes['approximate'];
    if (kind?.type === 'string' && kind.value === 'tanh') {
      const c = Math.sqrt(2 / Math.PI);
      const u = b.op('Mul', [x, b.op('Add', [times(square, c * 0.044715), b.float32(c)])]);
      const t = b.op('Tanh', [u]);
      const slope = b.op('Add', [times(square, 3 * c * 0.044715), b.float32(c)]);
      const inner = b.op('Mul', [b.op('Sub', [one, b.op('Mul', [t, t])]), slope]);
      const sum = b.op('Add', [b.op('Add', [t, one]), b.op('Mul', [x, inner])]);
      return b.op('Mul', [dY, times(sum, 0.5)]);
    }
    const share = times(b.op('Add', [b.op('Erf', [times(x, Math.SQRT1_2)]), one]), 0.5);
    const bell = times(b.op('Exp', [times(square, -0.5)]), 1 / Math.sqrt(2 * Math.PI));
    return b.op('Mul', [dY, b.op('Add', [share, b.op('Mul', [x, bell])])]);
  }),

  // dA = dY, dB = dY
  Add: binary(
    (_b, dY) => dY,
    (_b, dY) => dY,
  ),
  // dA = dY, dB = -dY
  Sub: binary(
    (_b, dY) => dY,
    (b, dY) => b.op('Neg', [dY]),
  ),
  // dA = dY B, dB = dY A
  Mul: binary(
    (b, dY, B) => b.op('Mul', [dY, B]),
    (b, dY, A) => b.op('Mul', [dY, A]),
  ),
  // dA = dY / B, dB = -Σ(dY Y) / B: B is the same along what is summed
  Div: single((b, { dY, y, x: [A = '', B = ''], needs }) => {
    const sum = (): string => b.sumTo(B, b.op('Mul', [dY, y]), y);
    return [
      needs[0] ? b.sumTo(A, b.op('Div', [dY, B]), y) : undefined,
      needs[1] ? b.op('Neg', [b.op('Div', [sum(), B])]) : undefined,
    ];
  }),
  // dA = dY p A^(p - 1), for a constant p
  Pow: single((b, { dY, y, x: [A = '', exponent = ''], needs }) => {
    const p = b.scalar(exponent);
    if (p === undefined || needs[1]) return 'its exponent is not a constant number';
    const power = p === 2 ? A : b.op('Pow', [A, b.float32(p - 1)]);
    return [b.sumTo(A, b.op('Mul', [dY, b.op('Mul', [power, b.float32(p)])]), y), undefined];
  }),
  Max: chosen,
  Min: chosen,
  // dA = dY where the condition holds, dB = dY where it does not, else 0
  Where: single((b, { dY, y, x: [condition = '', A = '', B = ''], needs }) => {
    const zero = b.float32(0);
    return [
      undefined,
      needs[1] ? b.sumTo(A, b.op('Where', [condition, dY, zero]), y) : undefined,
      needs[2] ? b.sumTo(B, b.op('Where', [condition, zero, dY]), y) : undefined,
    ];
  }),

  // dX = Y (dY - Σ dY Y), the sum over the axis
  Softmax: single((b, { node, dY, y }) => {
    const axis = b.int64(intOf(node, 'axis', -1));
    const sum = b.op('ReduceSum', [b.op('Mul', [dY, y]), axis], { keepdims: int(1) });
    return [b.op('Mul', [b.op('Sub', [dY, sum]), y])];
  }),
  // dX = dY - exp(Y) Σ dY, the sum over the axis
  LogSoftmax: single((b, { node, dY, y }) => {
    const all = b.whole(dY, y);
    const axis = b.int64(intOf(node, 'axis', -1));
    const sum = b.op('ReduceSum', [all, axis], { keepdims: int(1) });
    return [b.op('Sub', [all, b.op('Mul', [b.op('Exp', [y]), sum])])];
  }),
  // dX = dY
  ReduceSum: single((b, { node, dY }) => [unreduced(b, node, dY), undefined]),
  // dX = dY / n, n elements in each mean
  ReduceMean: single((b, { node, dY, x: [x = ''] }) => {
    const axes = reducedAxes(b, node);
    const spread = unreduced(b, node, dY);
    const n = multiplyDims(axes.map((axis) => b.dims(x)[axis] ?? 1));
    if (typeof n === 'number') return [b.op('Mul', [spread, b.float32(1 / n)]), undefined];
    const sizes = axes.map((axis) => b.size(x, axis));
    const product = sizes.reduce((left, right) => b.op('Mul', [left, right]));
    return [b.op('Div', [spread, b.op('Cast', [product], { to: int(1) })]), undefined];
  }),
  // dX = 2 X dY
  ReduceSumSquare: single((b, { node, dY, x: [x = ''] }) => [
    b.op('Mul', [x, b.op('Mul', [unreduced(b, node, dY), b.float32(2)])]),
    undefined,
  ]),
  // dX = exp(X - Y) dY
  ReduceLogSumExp: single((b, { node, dY, y, x: [x = ''] }) => {
    const share = b.op('Exp', [b.op('Sub', [x, unreduced(b, node, y)])]);
    return [b.op('Mul', [share, unreduced(b, node, dY)]), undefined];
  }),
  ReduceMax: extreme,
  ReduceMin: extreme,
  // X̂ = (X - μ) / σ, g = dY scale: dX = (g - mean g - X̂ mean(g X̂)) / σ,
  // dScale = dY X̂, dBias = dY
  LayerNormalization: single((b, { node, dY, y, x: [x = '', scale = '', bias = ''], needs }) => {
    const rank = b.dims(x).length;
    const first = axisOf(intOf(node, 'axis', -1), rank);
    const axes = b.int64(...Array.from({ length: rank - first }, (_, i) => first + i));
    const mean = (value: string): string => b.op('ReduceMean', [value, axes], { keepdims: int(1) });
    const centred = b.op('Sub', [x, mean(x)]);
    const variance = mean(b.op('Mul', [centred, centred]));
    const epsilon = b.float32(floatOf(node, 'epsilon', 1e-5));
    const deviation = b.op('Sqrt', [b.op('Add', [variance, epsilon])]);
    const normed = b.op('Div', [centred, deviation]);
    const g = b.op('Mul', [b.whole(dY, y), scale]);
    const along = b.op('Mul', [normed, mean(b.op('Mul', [g, normed]))]);
    const rest = b.op('Sub', [b.op('Sub', [g, mean(g)]), along]);
    return [
      needs[0] ? b.op('Div', [rest, deviation]) : undefined,
      needs[1] ? b.sumTo(scale, b.op('Mul', [dY, normed]), y) : undefined,
      needs[2] ? b.sumTo(bias, dY, y) : undefined,
    ];
  }),

  // dA = dY Bᵀ, dB = Aᵀ dY, each summed over the batches along which it was repeated
  MatMul: single((b, { dY, y, x: [A = '', B = ''], needs }) => {
    const all = b.whole(dY, y);
    const width = b.dims(A).at(-1);
    const dYWidth = b.dims(all).at(-1);
    const isConstant = typeof width === 'number' && typeof dYWidth === 'number';
    if (b.dims(B).length === 2 && isConstant) {
      // A stack of matrices times one matrix is one tall matrix times it.
      const tall = (value: string, columns: number): string =>
        b.dims(value).length === 2 ? value : b.op('Reshape', [value, b.int64(-1, columns)]);
      const dYTall = tall(all, dYWidth);
      return [
        needs[0] ? b.reshape(b.op('Gemm', [dYTall, B], { transB: int(1) }), A) : undefined,
        needs[1] ? b.op('Gemm', [tall(A, width), dYTall], { transA: int(1) }) : undefined,
      ];
    }
    const dA = needs[0] ? b.op('MatMul', [all, transposed(b, B)]) : undefined;
    const dB = needs[1] ? b.op('MatMul', [transposed(b, A), all]) : undefined;
    return [dA && b.sumTo(A, dA, dA), dB && b.sumTo(B, dB, dB)];
  }),
  // Y = α A B + β C: dA = α dY Bᵀ, dB = α Aᵀ dY, dC = β dY; A and B may each be given transposed
  Gemm: single((b, { node, dY, y, x: [A = '', B = '', C = ''], needs }) => {
    const [transA, transB] = [intOf(node, 'transA', 0), intOf(node, 'transB', 0)];
    const [alpha, beta] = [floatOf(node, 'alpha', 1), floatOf(node, 'beta', 1)];
    const all = b.whole(dY, y);
    const product = (left: string, leftT: number, right: string, rightT: number): string =>
      b.op('Gemm', [left, right], gemmAttributes(alpha, leftT, rightT));
    const dA = (): string =>
      transA === 0 ? product(all, 0, B, 1 - transB) : product(B, transB, all, 1);
    const dB = (): string =>
      transB === 0 ? product(A, 1 - transA, all, 0) : product(all, 1, A, transA);
    const dC = (): string => b.sumTo(C, beta === 1 ? dY : b.op('Mul', [dY, b.float32(beta)]), y);
    return [needs[0] ? dA() : undefined, needs[1] ? dB() : undefined, needs[2] ? dC() : undefined];
  }),

  // dX = dY with its axes put back
  Transpose: single((b, { node, dY, y, x: [x = ''] }) => {
    const rank = b.dims(x).length;
    const order = intsOf(node, 'perm') ?? Array.from({ length: rank }, (_, i) => rank - 1 - i);
    const back = order.map((_, axis) => order.indexOf(axis));
    return [b.op('Transpose', [b.whole(dY, y)], { perm: ints(...back) })];
  }),
  Flatten: reshaped,
  Reshape: reshaped,
  Squeeze: reshaped,
  Unsqueeze: reshaped,
  // dX = dY, summed over the axes along which X was repeated
  Expand: single((b, { dY, y, x: [x = ''] }) => [b.sumTo(x, b.whole(dY, y), y), undefined]),
  // dXᵢ = the part of dY that came from Xᵢ
  Concat: single((b, { node, dY, y, x, needs }) => {
    const axis = axisOf(intOf(node, 'axis', 0), b.dims(y).length);
    const all = b.whole(dY, y);
    const sizes = x.map((each) => b.dims(each)[axis]);
    if (sizes.every((size) => typeof size === 'number')) {
      return b.parts('Split', [all, b.int64(...sizes)], x.length, { axis: int(axis) });
    }
    let start = b.int64(0);
    return x.map((each, i) => {
      const end = b.op('Add', [start, b.size(each, axis)]);
      const part = needs[i] ? b.op('Slice', [all, start, end, b.int64(axis)]) : undefined;
      start = end;
      return part && b.reshape(part, each);
    });
  }),
  // dX = the gradients of the parts, joined
  Split: (b, { node, dY }) => [
    b.op(
      'Concat',
      node.outputs.map((y, i) => {
        const part = dY[i];
        return part === undefined ? b.zeros(y) : b.whole(part, y);
      }),
      { axis: int(intOf(node, 'axis', 0)) },
    ),
  ],
  // dX = dY with zeros around it
  Slice: single((b, { node, dY, y, x: [x = ''] }) => {
    const starts = b.integers(node.inputs[1] ?? '');
    const steps = node.inputs[4] === undefined ? [] : b.integers(node.inputs[4]);
    if (starts === undefined) return 'its starts are not constant';
    if (!(steps?.every((step) => step === 1) ?? false)) return 'its steps are not all 1';
    const given =
      (node.inputs[3] ?? '') === '' ? starts.map((_, i) => i) : b.integers(node.inputs[3] ?? '');
    if (given === undefined) return 'its axes are not constant';
    const rank = b.dims(x).length;
    const before = given.map((axis, i) => {
      const start = starts[i] ?? 0;
      const counted = b.int64(start);
      return start < 0 ? b.op('Add', [b.size(x, axisOf(axis, rank)), counted]) : counted;
    });
    const after = given.map((axis, i) => {
      const at = axisOf(axis, rank);
      const rest = b.op('Sub', [b.size(x, at), before[i] ?? '']);
      return b.op('Sub', [rest, b.op('Shape', [y], { start: int(at), end: int(at + 1) })]);
    });
    const pads = b.op('Concat', [...before, ...after], { axis: int(0) });
    const padded = b.op('Pad', [b.whole(dY, y), pads, b.float32(0), b.int64(...given)]);
    return [b.reshape(padded, x)];
  }),
  // dX = the part of dY that is not padding
  Pad: single((b, { node, dY, y, x: [x = ''] }) => {
    const mode = node.attributes['mode'];
    if (mode?.type === 'string' && mode.value !== 'constant') return 'it repeats its input';
    const pads = b.integers(node.inputs[1] ?? '');
    if (pads === undefined) return 'its widths are not constant';
    const axes = b.integers(node.inputs[3] ?? '') ?? b.dims(x).map((_, axis) => axis);
    const starts = pads.slice(0, axes.length);
    // An end counted from the back; none where nothing was added behind.
    const ends = pads.slice(axes.length).map((pad) => (pad === 0 ? 2 ** 31 - 1 : -pad));
    const part = b.op('Slice', [
      b.whole(dY, y),
      b.int64(...starts),
      b.int64(...ends),
      b.int64(...axes),
    ]);
    return [b.reshape(part, x)];
  }),
  // dX[i] = Σ dY at each place that took i
  Gather: single((b, { node, dY, y, x: [x = '', indices = ''] }) => {
    const rank = b.dims(x).length;
    const indexRank = b.dims(indices).length;
    const axis = axisOf(intOf(node, 'axis', 0), rank);
    const all = b.whole(dY, y);
    const places = b.op('Unsqueeze', [indices, b.int64(-1)]);
    const scattered = (zeros: string, rows: string): string =>
      b.op('ScatterND', [zeros, places, rows], { reduction: { type: 'string', value: 'add' } });
    if (axis === 0) return [scattered(b.zeros(x), all), undefined];
    // Rows are along the first axis: the others step back, and return afterwards.
    const toFront = (count: number, from: number): number[] => [
      ...Array.from({ length: count }, (_, i) => from + i),
      ...Array.from({ length: from }, (_, i) => i),
    ];
    const rest = Array.from({ length: rank - axis - 1 }, (_, i) => i);
    const rowOrder = [...toFront(indexRank, axis), ...rest.map((i) => axis + indexRank + i)];
    const dataOrder = [...toFront(1, axis), ...rest.map((i) => axis + 1 + i)];
    const zeros = b.op('Transpose', [b.zeros(x)], { perm: ints(...dataOrder) });
    const rows = b.op('Transpose', [all], { perm: ints(...rowOrder) });
    const back = dataOrder.map((_, at) => dataOrder.indexOf(at));
    return [b.op('Transpose', [scattered(zeros, rows)], { perm: ints(...back) }), undefined];
  }),
  // dX[indices] = Σ dY
  GatherElements: single((b, { node, dY, y, x: [x = '', indices = ''] }) => [
    b.op('ScatterElements', [b.zeros(x), indices, b.whole(dY, y)], {
      axis: int(intOf(node, 'axis', 0)),
      reduction: { type: 'string', value: 'add' },
    }),
    undefined,
  ]),
};

/** The operators that have a rule; a test holds the list in README.md against it. */
export const differentiableOperators: readonly string[] = Object.keys(rules).sort();

function intOf(node: OnnxNode, name: string, otherwise: number): number {
  const attribute = node.attributes[name];
  return attribute?.type === 'int' ? attribute.value : otherwise;
}

function floatOf(node: OnnxNode, name: string, otherwise: number): number {
  const attribute = node.attributes[name];
  return attribute?.type === 'float' ? attribute.value : otherwise;
}

function intsOf(node: OnnxNode, name: string): readonly number[] | undefined {
  const attribute = node.attributes[name];
  return attribute?.type === 'ints' ? attribute.value : undefined;
}

function gemmAttributes(alpha: number, transA: number, transB: number): Attributes {
  return { alpha: float(alpha), transA: int(transA), transB: int(transB) };
}

/** The value with its last two axes exchanged. */
function transposed(b: Backward, value: string): string {
  const order = b.dims(value).map((_, axis) => axis);
  const rank = order.length;
  return b.op('Transpose', [value], { perm: ints(...order.slice(0, -2), rank - 1, rank - 2) });
}

/** The axes of a reduction, from the front; given as an input, or an attribute in old graphs. */
function reducedAxes(b: Backward, node: OnnxNode): readonly number[] {
  const rank = b.dims(node.inputs[0] ?? '').length;
  const given = node.inputs[1] === undefined ? intsOf(node, 'axes') : b.integers(node.inputs[1]);
  return given === undefined || given.length === 0
    ? Array.from({ length: rank }, (_, axis) => axis)
    : given.map((axis) => axisOf(axis, rank));
}

/** A value of a reduction's shape with the reduced axes at size 1, so that it broadcasts. */
function unreduced(b: Backward, node: OnnxNode, value: string): string {
  if (intOf(node, 'keepdims', 1) === 1) return value;
  // The gradient of the loss itself is a scalar that broadcasts as it is.
  if (b.dims(value).length === 0) return value;
  const axes = [...reducedAxes(b, node)].sort((left, right) => left - right);
  const rank = b.dims(node.inputs[0] ?? '').length - axes.length;
  const aligned = b.dims(value).length === rank ? value : b.whole(value, node.outputs[0] ?? '');
  return b.op('Unsqueeze', [aligned, b.int64(...axes)]);
}
