/**
 * An ONNX model as plain data: the part of the format that Hone writes and differentiates. Names
 * follow onnx.proto; what the format allows but Hone never uses (sparse tensors, functions, training
 * info) is left out.
 */

/** `TensorProto.DataType`, by the names used here. */
export const elementTypes = {
  float32: { code: 1, bytes: 4 },
  uint8: { code: 2, bytes: 1 },
  int8: { code: 3, bytes: 1 },
  int32: { code: 6, bytes: 4 },
  int64: { code: 7, bytes: 8 },
  bool: { code: 9, bytes: 1 },
} as const;

export type ElementType = keyof typeof elementTypes;

/** Bytes that lie in a file beside the model. */
export interface ExternalData {
  /** File name, relative to the model's folder. */
  readonly location: string;
  readonly offset: number;
  readonly length: number;
}

export interface OnnxTensor {
  readonly name: string;
  readonly type: ElementType;
  readonly dims: readonly number[];
  /** Little-endian values in row-major order, or where they lie. */
  readonly data: Uint8Array | ExternalData;
}

export type Attribute =
  | { readonly type: 'float'; readonly value: number }
  | { readonly type: 'int'; readonly value: number }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'tensor'; readonly value: OnnxTensor }
  | { readonly type: 'graph'; readonly value: OnnxGraph }
  | { readonly type: 'floats'; readonly value: readonly number[] }
  | { readonly type: 'ints'; readonly value: readonly number[] };

export interface OnnxNode {
  readonly name: string;
  readonly opType: string;
  /** '' for the standard operators. */
  readonly domain: string;
  /** '' stands for an optional input that is not given. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

export interface ValueInfo {
  readonly name: string;
  readonly type: ElementType;
  /** A number, or the name of a size that is only known at run time. */
  readonly dims: readonly (number | string)[];
}

export interface OnnxGraph {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxTensor[];
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
}

export interface OnnxModel {
  readonly irVersion: number;
  /** Operator set version by domain; '' is the standard one. */
  readonly opsets: Readonly<Record<string, number>>;
  readonly graph: OnnxGraph;
}

export function isExternal(data: Uint8Array | ExternalData): data is ExternalData {
  return 'location' in data;
}

/** Number of elements of a tensor with these dimensions; 1 for a scalar. */
export function elementCount(dims: readonly number[]): number {
  return dims.reduce((product, size) => product * size, 1);
}

/** The bytes of a typed array, without a copy. */
export function bytesOf(array: ArrayBufferView): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
