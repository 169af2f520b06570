/**
 * Reverse-mode differentiation of an ONNX graph into an ONNX graph (as onnxruntime's own
 * `gradient_builder.cc` does for its training builds). One walk from the loss back to what is wanted,
 * which knows no operator; what each operator does is in `rules.ts`. Nothing here runs a graph.
 */
import type { OnnxGraph, OnnxNode, ValueInfo } from '../onnx/model';
import { Backward } from './backward';
import { type Step, rules } from './rules';

/** The graph uses an operator, or a form of it, that has no rule. */
export class UnsupportedOpError extends Error {
  constructor(node: OnnxNode, shapes: readonly string[], reason: string) {
    const operator = node.domain === '' ? node.opType : `${node.domain}.${node.opType}`;
    super(
      `Node ${node.name} cannot be differentiated: ${reason} (${operator} of ${shapes.join(', ')}).`,
    );
    this.name = 'UnsupportedOpError';
  }
}

/**
 * A graph that computes what `graph` does and the gradient of `loss` besides.
 *
 * @param graph with its nodes in topological order.
 * @param loss the name of a float32 value with one element.
 * @param wrt names of float32 values: inputs, constants or results of nodes. Only what leads from them
 *   to the loss is differentiated, so a frozen weight costs nothing.
 * @returns the graph with the outputs it had, `loss`, and `d_NAME`, shaped as NAME, for each of `wrt`.
 * @throws UnsupportedOpError where an operator has no rule.
 * @throws Error when the loss is no scalar, or one of `wrt` does not lead to it.
 */
export function gradient(graph: OnnxGraph, loss: string, wrt: readonly string[]): OnnxGraph {
  const b = new Backward(graph);
  if (!b.isFloat(loss) || b.dims(loss).some((size) => size !== 1)) {
    throw new Error(`The loss ${loss} is not one float32 number.`);
  }
  const depends = dependents(graph, wrt, b);
  /** For each value, the gradients that its consumers have given it so far. */
  const parts = new Map<string, string[]>([[loss, [b.float32(1)]]]);
  const total = (name: string): string | undefined => {
    const given = parts.get(name);
    if (given === undefined) return undefined;
    const sum = given.reduce((left, right) => b.op('Add', [left, right]));
    parts.set(name, [sum]);
    return sum;
  };

  for (const node of [...graph.nodes].reverse()) {
    const needs = node.inputs.map((name) => depends.has(name));
    if (!needs.includes(true) || !node.outputs.some((name) => parts.has(name))) continue;
    const step = { node, dY: node.outputs.map(total), needs };
    for (const [i, dX] of differentiate(b, step).entries()) {
      const name = node.inputs[i];
      if (name === undefined || dX === undefined || needs[i] !== true) continue;
      parts.set(name, [...(parts.get(name) ?? []), dX]);
    }
  }

  const gradients = wrt.map((name): readonly [string, string] => {
    const sum = total(name);
    if (sum === undefined) throw new Error(`${name} does not lead to the loss ${loss}.`);
    return [name, b.whole(sum, name)];
  });
  return withOutputs(b, loss, gradients);
}

/** The float values that depend on any of `sources`. */
function dependents(graph: OnnxGraph, sources: readonly string[], b: Backward): Set<string> {
  const result = new Set(sources);
  for (const source of sources) {
    if (!b.isFloat(source)) throw new Error(`${source} is not a float32 value of the graph.`);
  }
  for (const { inputs, outputs } of graph.nodes) {
    if (!inputs.some((name) => result.has(name))) continue;
    for (const output of outputs) if (b.isFloat(output)) result.add(output);
  }
  return result;
}

function differentiate(b: Backward, step: Step): readonly (string | undefined)[] {
  const { node } = step;
  const unsupported = (reason: string): UnsupportedOpError => {
    const shapes = node.inputs.map((name) => (name === '' ? '-' : `[${b.dims(name).join(', ')}]`));
    return new UnsupportedOpError(node, shapes, reason);
  };
  const rule = node.domain === '' ? rules[node.opType] : undefined;
  if (rule === undefined) throw unsupported('its operator has no rule');
  const result = rule(b, step);
  if (typeof result === 'string') throw unsupported(result);
  return result;
}

/**
 * Names the gradients, and puts their nodes in an order that frees memory. onnxruntime runs a graph
 * depth first from its last leaf to its first. So the leaf that can run earliest, the loss, then the
 * gradients nearest to it, stand last; in their natural order they would run at the very end, and keep
 * what they are made of until then.
 */
function withOutputs(
  b: Backward,
  loss: string,
  gradients: readonly (readonly [name: string, gradient: string])[],
): OnnxGraph {
  const names = new Map<string, string>();
  for (const [name, value] of gradients) {
    // Two inputs of one sum share a gradient, and an output can have one name only.
    const own =
      names.has(value) || !value.startsWith('gradient/') ? b.op('Identity', [value]) : value;
    names.set(own, `d_${name}`);
  }
  const graph = b.build();
  const renamed = graph.nodes.map((node) => ({
    ...node,
    inputs: node.inputs.map((name) => names.get(name) ?? name),
    outputs: node.outputs.map((name) => names.get(name) ?? name),
  }));
  const consumed = new Set(renamed.flatMap(({ inputs }) => inputs));
  const isLeaf = ({ outputs }: OnnxNode): boolean => !outputs.some((name) => consumed.has(name));
  const lossInfo: ValueInfo = { name: loss, type: 'float32', dims: constantDims(b, loss) };
  const given = graph.outputs.filter(({ name }) => name !== loss);
  return {
    ...graph,
    nodes: [...renamed.filter((node) => !isLeaf(node)), ...renamed.filter(isLeaf).reverse()],
    outputs: [
      ...given,
      lossInfo,
      ...gradients.map(([name]): ValueInfo => ({
        name: `d_${name}`,
        type: 'float32',
        dims: b.dims(name),
      })),
    ],
  };
}

function constantDims(b: Backward, name: string): readonly number[] {
  return b.dims(name).map(() => 1);
}
