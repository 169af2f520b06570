/**
 * Writes a graph node by node. A builder only collects: it names values, shares equal constants and
 * lays external weights out in their file; shapes and types are the caller's business, and
 * onnxruntime checks them when the model is opened.
 */
import {
  type Attribute,
  type ElementType,
  type ExternalData,
  type OnnxGraph,
  type OnnxNode,
  type OnnxTensor,
  type ValueInfo,
  bytesOf,
  elementCount,
  elementTypes,
} from './model';

export const int = (value: number): Attribute => ({ type: 'int', value });
export const float = (value: number): Attribute => ({ type: 'float', value });
export const ints = (...value: number[]): Attribute => ({ type: 'ints', value });

export type Attributes = Readonly<Record<string, Attribute>>;

/** Told of everything that is added; `ShapeInference` is one. */
export interface BuilderWatch {
  visit(node: OnnxNode): void;
  addInitializer(tensor: OnnxTensor): void;
}
export type ExternalTensor = OnnxTensor & { readonly data: ExternalData };

/** Page size, so that the weights can be mapped into memory. */
const externalAlignment = 4096;

export class GraphBuilder {
  readonly #nodes: OnnxNode[] = [];
  readonly #initializers = new Map<string, OnnxTensor>();
  readonly #inputs: ValueInfo[] = [];
  readonly #outputs: ValueInfo[] = [];
  readonly #weightsFile: string;
  #watch: BuilderWatch | undefined;
  #externalBytes = 0;
  #scope = '';
  #values = 0;

  /** `weightsFile` is the name of the file beside the model that will hold external tensors. */
  constructor(weightsFile: string) {
    this.#weightsFile = weightsFile;
  }

  /**
   * A builder whose graph begins with all of `graph`. Values that it names begin with `scope/`, which
   * no value of the graph may; nothing new can be laid out in a weights file.
   */
  static continuing(graph: OnnxGraph, scope: string, watch?: BuilderWatch): GraphBuilder {
    const b = new GraphBuilder('');
    b.#nodes.push(...graph.nodes);
    for (const tensor of graph.initializers) b.#initializers.set(tensor.name, tensor);
    b.#inputs.push(...graph.inputs);
    b.#outputs.push(...graph.outputs);
    b.#scope = scope;
    b.#watch = watch;
    return b;
  }

  /** Length of the weights file, in bytes. */
  get externalBytes(): number {
    return this.#externalBytes;
  }

  /** Prefix of the names of the nodes that follow, such as `layers.3`. */
  setScope(scope: string): void {
    this.#scope = scope;
  }

  input(name: string, type: ElementType, dims: ValueInfo['dims']): string {
    this.#inputs.push({ name, type, dims });
    return name;
  }

  /** Makes `value` an output called `name`. */
  output(name: string, value: string, type: ElementType, dims: ValueInfo['dims']): void {
    this.#add('Identity', '', [value], [name], {});
    this.#outputs.push({ name, type, dims });
  }

  /** A tensor that exists already, such as one of another graph over the same weights file. */
  initializer(tensor: OnnxTensor): string {
    this.#initializers.set(tensor.name, tensor);
    this.#watch?.addInitializer(tensor);
    return tensor.name;
  }

  /** A tensor whose bytes lie in the weights file. */
  external(name: string, type: ElementType, dims: readonly number[]): ExternalTensor {
    const length = elementCount(dims) * elementTypes[type].bytes;
    const offset = Math.ceil(this.#externalBytes / externalAlignment) * externalAlignment;
    const data = { location: this.#weightsFile, offset, length };
    const tensor = { name, type, dims, data };
    this.#initializers.set(name, tensor);
    this.#externalBytes = offset + length;
    return tensor;
  }

  /** A constant vector of integers, as shapes and axes are; equal ones are shared. */
  int64(...values: number[]): string {
    const data = bytesOf(BigInt64Array.from(values, BigInt));
    return this.#constant(`int64[${values.join(',')}]`, 'int64', [values.length], data);
  }

  /** A constant scalar; equal ones are shared. */
  int64Scalar(value: number): string {
    return this.#constant(`int64(${value})`, 'int64', [], bytesOf(BigInt64Array.of(BigInt(value))));
  }

  /** A constant scalar; equal ones are shared. */
  float32(value: number): string {
    return this.#constant(`float32(${value})`, 'float32', [], bytesOf(Float32Array.of(value)));
  }

  /** A constant vector under a name of its own. */
  float32Vector(name: string, values: Float32Array): string {
    return this.#constant(name, 'float32', [values.length], bytesOf(values));
  }

  /** A constant square matrix, row by row, under a name of its own. */
  float32Square(name: string, values: Float32Array): string {
    const size = Math.sqrt(values.length);
    return this.#constant(name, 'float32', [size, size], bytesOf(values));
  }

  /** A constant square matrix, row by row, under a name of its own. */
  int8Square(name: string, values: Int8Array): string {
    const size = Math.sqrt(values.length);
    return this.#constant(name, 'int8', [size, size], bytesOf(values));
  }

  /** A constant scalar; equal ones are shared. */
  uint8(value: number): string {
    return this.#constant(`uint8(${value})`, 'uint8', [], Uint8Array.of(value));
  }

  /** Adds a node of the standard operators and returns its only output. */
  op(opType: string, inputs: readonly string[], attributes: Attributes = {}): string {
    const output = this.#fresh(opType);
    this.#add(opType, '', inputs, [output], attributes);
    return output;
  }

  /** Adds a node of the standard operators with `count` outputs. */
  parts(
    opType: string,
    inputs: readonly string[],
    count: number,
    attributes: Attributes = {},
  ): readonly string[] {
    const outputs = Array.from({ length: count }, () => this.#fresh(opType));
    this.#add(opType, '', inputs, outputs, attributes);
    return outputs;
  }

  /** Adds onnxruntime's own operator and returns its only output. */
  contrib(opType: string, inputs: readonly string[], attributes: Attributes = {}): string {
    const output = this.#fresh(opType);
    this.#add(opType, 'com.microsoft', inputs, [output], attributes);
    return output;
  }

  /** Splits the last axis at run-time or constant sizes, given as an int64 vector. */
  split(value: string, sizes: string, parts: 2): readonly [string, string];
  split(value: string, sizes: string, parts: 3): readonly [string, string, string];
  split(value: string, sizes: string, parts: number): readonly string[] {
    return this.parts('Split', [value, sizes], parts, { axis: int(-1) });
  }

  /**
   * SkipSimplifiedLayerNormalization: `[a + b, rmsNorm(a + b) * gamma]`. It has two optional outputs
   * in between, which are left out by empty names.
   */
  skipRmsNorm(a: string, b: string, gamma: string, epsilon: number): readonly [string, string] {
    const [normed, sum] = [this.#fresh('SkipNorm'), this.#fresh('SkipSum')];
    this.#add(
      'SkipSimplifiedLayerNormalization',
      'com.microsoft',
      [a, b, gamma],
      [normed, '', '', sum],
      {
        epsilon: float(epsilon),
      },
    );
    return [sum, normed];
  }

  build(name: string): OnnxGraph {
    return {
      name,
      nodes: this.#nodes,
      initializers: [...this.#initializers.values()],
      inputs: this.#inputs,
      outputs: this.#outputs,
    };
  }

  #fresh(opType: string): string {
    return `${this.#scope}/${opType}_${this.#values++}`;
  }

  #constant(name: string, type: ElementType, dims: readonly number[], data: Uint8Array): string {
    return this.#initializers.has(name) ? name : this.initializer({ name, type, dims, data });
  }

  #add(
    opType: string,
    domain: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: Attributes,
  ): void {
    const name = `${this.#scope}/${opType}:${this.#nodes.length}`;
    const node = { name, opType, domain, inputs, outputs, attributes };
    this.#nodes.push(node);
    this.#watch?.visit(node);
  }
}
