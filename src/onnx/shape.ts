/**
 * Shapes and element types of every value of a graph, with sizes that are only known at run time kept
 * as names (`dims.ts`). Small integer vectors, as shapes and axes are, are followed by value too, so
 * that `Reshape(x, Concat(Shape(y), 4))` has a shape. It checks no types: onnxruntime does. What it
 * knows of operators is a table (`shapeRules.ts`).
 */
import type { Dim } from './dims';
import type { OnnxGraph, OnnxNode, OnnxTensor } from './model';
import { NodeView, ShapeError, type TensorType, integers } from './nodeView';
import { shapeRules } from './shapeRules';

/**
 * The type of every value of `graph`, whose nodes are in topological order.
 * @param inputs shapes that replace those the graph declares for its inputs.
 * @throws ShapeError at the first node that cannot be followed.
 */
export function inferShapes(
  graph: OnnxGraph,
  inputs: Readonly<Record<string, readonly Dim[]>> = {},
): ReadonlyMap<string, TensorType> {
  const inference = new ShapeInference(graph, inputs);
  for (const node of graph.nodes) inference.visit(node);
  return inference.types;
}

/** `inferShapes` a node at a time, for those who add nodes while they look at shapes. */
export class ShapeInference {
  readonly #types = new Map<string, TensorType>();
  readonly #values = new Map<string, readonly Dim[]>();

  constructor(
    graph: Pick<OnnxGraph, 'inputs' | 'initializers'>,
    inputs: Readonly<Record<string, readonly Dim[]>> = {},
  ) {
    for (const { name, type, dims } of graph.inputs) {
      this.#types.set(name, { type, dims: inputs[name] ?? dims });
    }
    for (const tensor of graph.initializers) this.addInitializer(tensor);
  }

  get types(): ReadonlyMap<string, TensorType> {
    return this.#types;
  }

  addInitializer(tensor: OnnxTensor): void {
    const { name, type, dims } = tensor;
    this.#types.set(name, { type, dims });
    const value = integers(tensor);
    if (value !== undefined) this.#values.set(name, value);
  }

  /** @throws ShapeError when an input's type is unknown, or the operator is. */
  visit(node: OnnxNode): void {
    const rule = node.domain === '' ? shapeRules[node.opType] : undefined;
    if (rule === undefined)
      throw new ShapeError(node, 'its operator is not in the table of shapes');
    const results = rule(new NodeView(node, this.#types, this.#values));
    const [first] = node.inputs;
    for (const [index, result] of (Array.isArray(results) ? results : [results]).entries()) {
      const name = node.outputs[index] ?? '';
      if (name === '') continue;
      const type = result.type ?? (first === undefined ? undefined : this.#types.get(first)?.type);
      if (type === undefined) throw new ShapeError(node, 'the type of its output is unknown');
      this.#types.set(name, { type, dims: result.dims });
      if (result.value !== undefined) this.#values.set(name, result.value);
    }
  }

  /** @throws Error when `name` has not been visited. */
  type(name: string): TensorType {
    const type = this.#types.get(name);
    if (type === undefined) throw new Error(`The shape of ${name} is not known.`);
    return type;
  }

  /** The elements of a small integer vector, where they are known. */
  value(name: string): readonly Dim[] | undefined {
    return this.#values.get(name);
  }
}
