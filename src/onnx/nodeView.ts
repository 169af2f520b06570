/**
 * One node as a rule of its shape sees it: inputs by position, with the types and the values that are
 * known so far. What each operator makes of them is `shapeRules.ts`.
 */
import type { Dim } from './dims';
import {
  type ElementType,
  type OnnxNode,
  type OnnxTensor,
  elementTypes,
  isExternal,
} from './model';

export interface TensorType {
  readonly type: ElementType;
  readonly dims: readonly Dim[];
}

/** A node whose outputs' shapes cannot be told. */
export class ShapeError extends Error {
  constructor(node: OnnxNode, reason: string) {
    super(`Node ${node.name} (${node.opType}): ${reason}.`);
    this.name = 'ShapeError';
  }
}

/** Names that are not known are refused with the node's own name. */
export class NodeView {
  readonly node: OnnxNode;
  readonly #types: ReadonlyMap<string, TensorType>;
  readonly #values: ReadonlyMap<string, readonly Dim[]>;

  constructor(
    node: OnnxNode,
    types: ReadonlyMap<string, TensorType>,
    values: ReadonlyMap<string, readonly Dim[]>,
  ) {
    this.node = node;
    this.#types = types;
    this.#values = values;
  }

  type(index: number): TensorType {
    const name = this.node.inputs[index] ?? '';
    const type = this.#types.get(name);
    if (type === undefined) throw this.error(`the shape of its input '${name}' is not known`);
    return type;
  }

  dims(index: number): readonly Dim[] {
    return this.type(index).dims;
  }

  value(index: number): readonly Dim[] | undefined {
    return this.#values.get(this.node.inputs[index] ?? '');
  }

  /** The value of an input that must be known. */
  known(index: number): readonly Dim[] {
    const value = this.value(index);
    if (value === undefined) {
      throw this.error(`its input '${this.node.inputs[index] ?? ''}' is no known shape`);
    }
    return value;
  }

  /** Axes, given as an input or (before opset 13) as an attribute; undefined for none. */
  axes(index: number): readonly number[] | undefined {
    const given = (this.node.inputs[index] ?? '') === '' ? undefined : this.known(index);
    const axes = given ?? this.ints('axes');
    return axes?.map((axis) => {
      if (typeof axis === 'string') throw this.error('its axes are not constant');
      return axis;
    });
  }

  int(name: string, otherwise: number): number {
    const attribute = this.node.attributes[name];
    return attribute?.type === 'int' ? attribute.value : otherwise;
  }

  ints(name: string): readonly number[] | undefined {
    const attribute = this.node.attributes[name];
    return attribute?.type === 'ints' ? attribute.value : undefined;
  }

  /** A size that has no formula, named after the value that has it. */
  unknown(axis: number): string {
    return `${this.node.outputs[0] ?? ''}.${axis}`.replaceAll(/[+*\s]/g, '_');
  }

  error(reason: string): ShapeError {
    return new ShapeError(this.node, reason);
  }
}

/** Longest vector that is followed by value. */
const longestValue = 64;

/** The elements of a small integer vector, as shapes and axes are. */
export function integers({ type, dims, data }: OnnxTensor): readonly number[] | undefined {
  if ((type !== 'int64' && type !== 'int32') || dims.length > 1 || isExternal(data)) {
    return undefined;
  }
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const { bytes } = elementTypes[type];
  const count = data.byteLength / bytes;
  if (count > longestValue) return undefined;
  return Array.from({ length: count }, (_, i) =>
    type === 'int64' ? Number(view.getBigInt64(i * bytes, true)) : view.getInt32(i * bytes, true),
  );
}
