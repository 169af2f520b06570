/**
 * What gradient rules write with: nodes of the backward graph, whose shapes are known as they are
 * added, and the handful of moves that every rule needs because forward operators broadcast.
 *
 * A gradient may be smaller than the value it belongs to, with axes of size 1 that stand for equal
 * numbers: the gradient of a sum need not be spread out before it is multiplied. `whole` spreads it.
 */
import { type Dim, axisOf } from '../onnx/dims';
import { type Attributes, GraphBuilder, int } from '../onnx/graphBuilder';
import { type OnnxGraph, isExternal } from '../onnx/model';
import { ShapeInference } from '../onnx/shape';

export class Backward {
  readonly #graph: OnnxGraph;
  readonly #shapes: ShapeInference;
  readonly #builder: GraphBuilder;

  /** `graph` with the shapes of all its values; the backward nodes follow its own. */
  constructor(graph: OnnxGraph) {
    this.#graph = graph;
    this.#shapes = new ShapeInference(graph);
    for (const node of graph.nodes) this.#shapes.visit(node);
    this.#builder = GraphBuilder.continuing(graph, 'gradient', this.#shapes);
  }

  /** Forward and backward nodes in one graph. */
  build(): OnnxGraph {
    return this.#builder.build(this.#graph.name);
  }

  op(opType: string, inputs: readonly string[], attributes: Attributes = {}): string {
    return this.#builder.op(opType, inputs, attributes);
  }

  parts(
    opType: string,
    inputs: readonly string[],
    count: number,
    attributes: Attributes = {},
  ): readonly string[] {
    return this.#builder.parts(opType, inputs, count, attributes);
  }

  float32(value: number): string {
    return this.#builder.float32(value);
  }

  int64(...values: number[]): string {
    return this.#builder.int64(...values);
  }

  dims(name: string): readonly Dim[] {
    return this.#shapes.type(name).dims;
  }

  isFloat(name: string): boolean {
    return this.#shapes.types.get(name)?.type === 'float32';
  }

  /** The elements of an integer vector, where all are known before the graph runs. */
  integers(name: string): readonly number[] | undefined {
    const value = this.#shapes.value(name);
    return value?.every((element) => typeof element === 'number') ? value : undefined;
  }

  /** The value of a float constant with one element. */
  scalar(name: string): number | undefined {
    const tensor = this.#graph.initializers.find((initializer) => initializer.name === name);
    if (tensor?.type !== 'float32' || isExternal(tensor.data) || tensor.data.length !== 4) {
      return undefined;
    }
    return new DataView(tensor.data.buffer, tensor.data.byteOffset).getFloat32(0, true);
  }

  /** `dy`, a gradient of `y`, at the full size of `y`. */
  whole(dy: string, y: string): string {
    const [from, to] = [this.dims(dy), this.dims(y)];
    return sameDims(from, to) ? dy : this.op('Expand', [dy, this.shape(y)]);
  }

  /**
   * The gradient of `x` from that of `y`, to whose shape the forward operator broadcast `x`: the sum
   * over the axes along which `x` was repeated. Where two names leave it open whether it was, that is
   * decided when the graph runs.
   */
  sumTo(x: string, dy: string, y: string): string {
    const [from, to] = [this.dims(y), this.dims(x)];
    const missing = from.length - to.length;
    const repeated = [...from.keys()].filter((axis) => to[axis - missing] !== from[axis]);
    if (repeated.length === 0) return dy;
    if (repeated.some((axis) => axis >= missing && to[axis - missing] !== 1)) {
      return this.#sumWhereRepeated(x, this.whole(dy, y), y);
    }
    const given = this.dims(dy);
    const isSpread = repeated.every(
      (axis) => given[axis + given.length - from.length] === from[axis],
    );
    const spread = isSpread ? dy : this.whole(dy, y);
    const onlyMissing = repeated.length === missing;
    const sum = this.op('ReduceSum', [spread, this.int64(...repeated)], {
      keepdims: int(onlyMissing ? 0 : 1),
    });
    return onlyMissing || missing === 0 ? sum : this.reshape(sum, x);
  }

  #sumWhereRepeated(x: string, dy: string, y: string): string {
    const missing = this.dims(y).length - this.dims(x).length;
    const ones = Array.from({ length: missing }, () => 1);
    const aligned = this.op('Concat', [this.int64(...ones), this.op('Shape', [x])], {
      axis: int(0),
    });
    const differs = this.op('Not', [this.op('Equal', [aligned, this.op('Shape', [y])])]);
    const axes = this.op('Reshape', [this.op('NonZero', [differs]), this.int64(-1)]);
    const sum = this.op('ReduceSum', [dy, axes], {
      keepdims: int(1),
      noop_with_empty_axes: int(1),
    });
    return this.op('Reshape', [sum, this.op('Shape', [x])]);
  }

  /** `dy` with the same elements in the shape of `x`. */
  reshape(dy: string, x: string): string {
    const [from, to] = [this.dims(dy), this.dims(x)];
    if (sameDims(from, to)) return dy;
    // 0 copies a size and -1 infers one, so that no shape has to be computed.
    const known = to.map((size, axis) =>
      typeof size === 'number' ? size : size === from[axis] ? 0 : -1,
    );
    const open = known.filter((size) => size === -1).length;
    return this.op('Reshape', [dy, open <= 1 ? this.int64(...known) : this.shape(x)]);
  }

  zeros(x: string): string {
    return this.op('ConstantOfShape', [this.shape(x)]);
  }

  /** The shape of `x` as a vector. */
  shape(x: string): string {
    const sizes = this.dims(x);
    if (sizes.every((size) => typeof size === 'number')) return this.int64(...sizes);
    const parts = sizes.map((_, axis) => this.#inputSize(x, axis));
    return parts.every((part) => part !== undefined)
      ? this.op('Concat', parts, { axis: int(0) })
      : this.op('Shape', [x]);
  }

  /** One size of `x` as a vector of one element. */
  size(x: string, axis: number): string {
    const at = axisOf(axis, this.dims(x).length);
    return this.#inputSize(x, at) ?? this.op('Shape', [x], { start: int(at), end: int(at + 1) });
  }

  /**
   * One size of `x` as a constant, or read from an input of the graph that has it too: asking `x`
   * itself would keep `x` in memory until then.
   */
  #inputSize(x: string, axis: number): string | undefined {
    const size = this.dims(x)[axis];
    if (typeof size === 'number') return this.int64(size);
    for (const { name, dims } of this.#graph.inputs) {
      const at = dims.findIndex((dim) => dim === size);
      if (at >= 0) return this.op('Shape', [name], { start: int(at), end: int(at + 1) });
    }
    return undefined;
  }
}

function sameDims(a: readonly Dim[], b: readonly Dim[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}
