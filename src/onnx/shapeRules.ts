/**
 * The shape of what each operator gives, from the shapes of what it is given: one table, in the terms
 * of https://onnx.ai/onnx/operators (opset 18). Who asks, and keeps the answers, is `shape.ts`.
 */
import {
  type Dim,
  addDims,
  axisOf,
  broadcastDims,
  divideDims,
  multiplyDims,
  subtractDims,
} from './dims';
import { type ElementType, elementTypes } from './model';
import { type NodeView, integers } from './nodeView';

interface Result {
  readonly dims: readonly Dim[];
  /** That of the first input if not said. */
  readonly type?: ElementType | undefined;
  readonly value?: readonly Dim[] | undefined;
}

/** What comes out of a node: one value, or several in their order. */
export type ShapeRule = (v: NodeView) => Result | Result[];

const same: ShapeRule = (v) => ({ dims: v.dims(0), value: v.value(0) });
const elementwise: ShapeRule = (v) => ({ dims: v.dims(0) });
const broadcast: ShapeRule = (v) => ({
  dims: v.node.inputs.map((_, i) => v.dims(i)).reduce(broadcastDims),
});
const comparison: ShapeRule = (v) => ({ dims: broadcastDims(v.dims(0), v.dims(1)), type: 'bool' });

/** Elementwise over two inputs, whose values are followed where both are known. */
const arithmetic =
  (combine: (a: Dim, b: Dim) => Dim | undefined): ShapeRule =>
  (v) => {
    const dims = broadcastDims(v.dims(0), v.dims(1));
    const [a, b] = [v.value(0), v.value(1)];
    if (a === undefined || b === undefined) return { dims };
    const value = Array.from({ length: Math.max(a.length, b.length) }, (_, i) => {
      const [x, y] = [a[a.length === 1 ? 0 : i], b[b.length === 1 ? 0 : i]];
      return x === undefined || y === undefined ? undefined : combine(x, y);
    });
    return { dims, value: value.every((x) => x !== undefined) ? value : undefined };
  };

const reduce: ShapeRule = (v) => {
  const dims = v.dims(0);
  const given = (v.node.inputs[1] ?? '') !== '';
  // Axes chosen at run time leave every size open.
  if (given && v.value(1) === undefined && v.int('keepdims', 1) === 1) {
    return { dims: dims.map((_, axis) => v.unknown(axis)) };
  }
  const axes = v.axes(1) ?? [];
  if (axes.length === 0 && v.int('noop_with_empty_axes', 0) === 1) return { dims };
  const all = axes.length === 0;
  const reduced = new Set(axes.map((axis) => axisOf(axis, dims.length)));
  const isReduced = (axis: number): boolean => all || reduced.has(axis);
  return v.int('keepdims', 1) === 1
    ? { dims: dims.map((size, axis) => (isReduced(axis) ? 1 : size)) }
    : { dims: dims.filter((_, axis) => !isReduced(axis)) };
};

/** The shape of operator(s) by name; a missing name is an operator that cannot be followed. */
export const shapeRules: Readonly<Record<string, ShapeRule>> = {
  Identity: same,
  Abs: elementwise,
  Ceil: elementwise,
  Clip: elementwise,
  Cos: elementwise,
  Elu: elementwise,
  Erf: elementwise,
  Exp: elementwise,
  Floor: elementwise,
  Gelu: elementwise,
  LeakyRelu: elementwise,
  Log: elementwise,
  LogSoftmax: elementwise,
  Neg: elementwise,
  Not: elementwise,
  Reciprocal: elementwise,
  Relu: elementwise,
  Round: elementwise,
  Sigmoid: elementwise,
  Sign: elementwise,
  Sin: elementwise,
  Softmax: elementwise,
  Softplus: elementwise,
  Sqrt: elementwise,
  Tanh: elementwise,
  Trilu: elementwise,

  Add: arithmetic(addDims),
  Sub: arithmetic(subtractDims),
  Mul: arithmetic((a, b) => multiplyDims([a, b])),
  Div: arithmetic(divideDims),
  Max: broadcast,
  Min: broadcast,
  Mod: broadcast,
  Pow: broadcast,
  Sum: broadcast,

  And: comparison,
  Equal: comparison,
  Greater: comparison,
  GreaterOrEqual: comparison,
  Less: comparison,
  LessOrEqual: comparison,
  Or: comparison,
  Xor: comparison,

  Where: (v) => ({
    dims: broadcastDims(broadcastDims(v.dims(0), v.dims(1)), v.dims(2)),
    type: v.type(1).type,
  }),
  Cast(v) {
    const code = v.int('to', 0);
    for (const [type, { code: known }] of Object.entries(elementTypes)) {
      // The keys of a constant table are its key type.
      if (known === code) return { dims: v.dims(0), type: type as ElementType, value: v.value(0) };
    }
    throw v.error(`element type ${code} is not used by Hone`);
  },

  ReduceLogSumExp: reduce,
  ReduceMax: reduce,
  ReduceMean: reduce,
  ReduceMin: reduce,
  ReduceProd: reduce,
  ReduceSum: reduce,
  ReduceSumSquare: reduce,

  LayerNormalization(v) {
    const dims = v.dims(0);
    const axis = axisOf(v.int('axis', -1), dims.length);
    const statistics = dims.map((size, i) => (i < axis ? size : 1));
    return [{ dims }, { dims: statistics }, { dims: statistics }];
  },

  MatMul(v) {
    const [a, b] = [v.dims(0), v.dims(1)];
    if (a.length < 2 || b.length < 2) throw v.error('vectors are not supported, only matrices');
    const batch = broadcastDims(a.slice(0, -2), b.slice(0, -2));
    return { dims: [...batch, ...a.slice(-2, -1), ...b.slice(-1)] };
  },
  Gemm(v) {
    const rows = v.dims(0)[v.int('transA', 0)];
    const columns = v.dims(1)[1 - v.int('transB', 0)];
    if (rows === undefined || columns === undefined) throw v.error('its inputs are not matrices');
    return { dims: [rows, columns] };
  },

  Transpose(v) {
    const dims = v.dims(0);
    const order = v.ints('perm') ?? dims.map((_, i) => dims.length - 1 - i);
    return { dims: order.map((axis) => sizeOf(v, dims, axis)) };
  },
  Unsqueeze(v) {
    const dims = v.dims(0);
    const axes = v.axes(1) ?? [];
    const rank = dims.length + axes.length;
    const added = new Set(axes.map((axis) => axisOf(axis, rank)));
    const rest = [...dims];
    const result = Array.from({ length: rank }, (_, axis) =>
      added.has(axis) ? 1 : (rest.shift() ?? 1),
    );
    return { dims: result, value: v.value(0) };
  },
  Squeeze(v) {
    const dims = v.dims(0);
    const axes = v.axes(1)?.map((axis) => axisOf(axis, dims.length));
    const dropped = (axis: number): boolean => axes?.includes(axis) ?? dims[axis] === 1;
    return { dims: dims.filter((_, axis) => !dropped(axis)), value: v.value(0) };
  },
  Flatten(v) {
    const dims = v.dims(0);
    const axis = axisOf(v.int('axis', 1), dims.length);
    return { dims: [multiplyDims(dims.slice(0, axis)), multiplyDims(dims.slice(axis))] };
  },
  Reshape(v) {
    const dims = v.dims(0);
    const wanted = v.known(1).map((size, i) => (size === 0 ? sizeOf(v, dims, i) : size));
    const inferred = wanted.indexOf(-1);
    if (inferred >= 0) {
      const others = multiplyDims(wanted.filter((_, i) => i !== inferred));
      wanted[inferred] = divideDims(multiplyDims(dims), others) ?? v.unknown(inferred);
    }
    return { dims: wanted, value: v.value(0) };
  },
  Expand: (v) => ({ dims: broadcastDims(v.dims(0), v.known(1)) }),
  Tile: (v) => {
    const repeats = v.known(1);
    return { dims: v.dims(0).map((size, axis) => multiplyDims([size, repeats[axis] ?? 1])) };
  },
  Pad(v) {
    const dims = v.dims(0);
    const axes = v.axes(3) ?? dims.map((_, axis) => axis);
    const pads = v.value(1);
    return {
      dims: dims.map((size, axis) => {
        const at = axes.findIndex((a) => axisOf(a, dims.length) === axis);
        if (at < 0) return size;
        const [before, after] = [pads?.[at], pads?.[at + axes.length]];
        return before === undefined || after === undefined
          ? v.unknown(axis)
          : addDims(addDims(before, size), after);
      }),
    };
  },

  Concat(v) {
    const all = v.node.inputs.map((_, i) => v.dims(i));
    const [first = []] = all;
    const axis = axisOf(v.int('axis', 0), first.length);
    const joined = all.map((dims) => sizeOf(v, dims, axis)).reduce(addDims);
    const values = v.node.inputs.map((_, i) => v.value(i));
    const known = first.length === 1 && values.every((value) => value !== undefined);
    return {
      dims: first.map((size, i) => (i === axis ? joined : size)),
      value: known ? values.flat() : undefined,
    };
  },
  Split(v) {
    const dims = v.dims(0);
    const axis = axisOf(v.int('axis', 0), dims.length);
    const sizes = (v.node.inputs[1] ?? '') === '' ? undefined : v.value(1);
    const equal = divideDims(sizeOf(v, dims, axis), v.node.outputs.length);
    return v.node.outputs.map((name, part) => {
      const size = (v.node.inputs[1] ?? '') === '' ? equal : sizes?.[part];
      return { dims: dims.map((d, i) => (i === axis ? (size ?? `${name}.${axis}`) : d)) };
    });
  },
  Slice(v) {
    const dims = [...v.dims(0)];
    const [starts, ends, steps] = [v.value(1), v.value(2), v.value(4)];
    const count = v.dims(1)[0];
    const axes = v.axes(3) ?? Array.from({ length: Number(count) }, (_, i) => i);
    for (const [i, given] of axes.entries()) {
      const axis = axisOf(given, dims.length);
      const step = (v.node.inputs[4] ?? '') === '' ? 1 : steps?.[i];
      dims[axis] = sliced(sizeOf(v, dims, axis), starts?.[i], ends?.[i], step) ?? v.unknown(axis);
    }
    const value = v.value(0);
    const [start, end] = [starts?.[0], ends?.[0]];
    const known = value !== undefined && typeof start === 'number' && typeof end === 'number';
    return { dims, value: known && steps === undefined ? value.slice(start, end) : undefined };
  },
  Gather(v) {
    const [data, indices] = [v.dims(0), v.dims(1)];
    const axis = axisOf(v.int('axis', 0), data.length);
    const [value, picks] = [v.value(0), v.value(1)];
    const picked = picks?.map((i) => (typeof i === 'number' ? value?.at(i) : undefined));
    return {
      dims: [...data.slice(0, axis), ...indices, ...data.slice(axis + 1)],
      value: picked?.every((size) => size !== undefined) ? picked : undefined,
    };
  },
  GatherElements: (v) => ({ dims: v.dims(1) }),
  ScatterElements: elementwise,
  ScatterND: elementwise,

  Shape(v) {
    const dims = v.dims(0);
    const value = dims.slice(v.int('start', 0), v.int('end', dims.length));
    return { dims: [value.length], type: 'int64', value };
  },
  Size: (v) => ({ dims: [], type: 'int64', value: [multiplyDims(v.dims(0))] }),
  Constant(v) {
    const attribute = v.node.attributes['value'];
    if (attribute?.type !== 'tensor') throw v.error('only constants given as a tensor are read');
    const { type, dims } = attribute.value;
    return { dims, type, value: integers(attribute.value) };
  },
  ConstantOfShape(v) {
    const attribute = v.node.attributes['value'];
    const type = attribute?.type === 'tensor' ? attribute.value.type : 'float32';
    return { dims: v.known(0), type };
  },
  Range(v) {
    const [start, limit, step] = [v.value(0)?.[0], v.value(1)?.[0], v.value(2)?.[0]];
    const known = start !== undefined && limit !== undefined && step === 1;
    return { dims: [(known ? subtractDims(limit, start) : undefined) ?? v.unknown(0)] };
  },
  NonZero: (v) => ({ dims: [v.dims(0).length, v.unknown(1)], type: 'int64' }),
};

/** The operators whose shapes can be followed. */
export const shapedOperators: readonly string[] = Object.keys(shapeRules);

function sizeOf(v: NodeView, dims: readonly Dim[], axis: number): Dim {
  const size = dims[axis];
  if (size === undefined) throw v.error(`there is no axis ${axis} in [${dims.join(', ')}]`);
  return size;
}

/** Ends from here on mean "to the end", as exporters write it. */
const farEnd = 2 ** 31 - 1;

/** Length of `[start, end)` of an axis, negative numbers counted from its end; undefined if unknown. */
function sliced(
  size: Dim,
  start: Dim | undefined,
  end: Dim | undefined,
  step: Dim | undefined,
): Dim | undefined {
  if (typeof start !== 'number' || typeof end !== 'number' || step !== 1) return undefined;
  if (typeof size === 'number') {
    const clamp = (at: number): number => Math.max(0, Math.min(size, at < 0 ? at + size : at));
    return Math.max(0, clamp(end) - clamp(start));
  }
  // The axis is assumed to be as long as the slice asks.
  if (end >= farEnd) return start < 0 ? -start : subtractDims(size, start);
  return start < 0 === end < 0 ? Math.max(0, end - start) : undefined;
}
