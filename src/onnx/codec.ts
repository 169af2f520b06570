/**
 * Reads and writes `.onnx` bytes. The wire format is protobufjs's work, driven by the field tables
 * below, which are written after onnx.proto (IR version 10); this file maps messages to the plain
 * records of `model.ts` and refuses what those cannot hold.
 */
import { type IField, Root, type Type } from 'protobufjs/light';
import { z } from 'zod';
import {
  type Attribute,
  type ElementType,
  type OnnxGraph,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  type ValueInfo,
  bytesOf,
  elementTypes,
  isExternal,
} from './model';

/** Field name -> number and type; `[]` marks a repeated field. */
const messages = {
  Model: {
    irVersion: '1 int64',
    producerName: '2 string',
    graph: '7 Graph',
    opsetImport: '8 OperatorSet[]',
  },
  OperatorSet: { domain: '1 string', version: '2 int64' },
  Graph: {
    node: '1 Node[]',
    name: '2 string',
    initializer: '5 Tensor[]',
    input: '11 ValueInfo[]',
    output: '12 ValueInfo[]',
  },
  Node: {
    input: '1 string[]',
    output: '2 string[]',
    name: '3 string',
    opType: '4 string',
    attribute: '5 Attribute[]',
    domain: '7 string',
  },
  Attribute: {
    name: '1 string',
    f: '2 float',
    i: '3 int64',
    s: '4 bytes',
    t: '5 Tensor',
    g: '6 Graph',
    floats: '7 float[]',
    ints: '8 int64[]',
    type: '20 int32',
  },
  Tensor: {
    dims: '1 int64[]',
    dataType: '2 int32',
    floatData: '4 float[]',
    int32Data: '5 int32[]',
    int64Data: '7 int64[]',
    name: '8 string',
    rawData: '9 bytes',
    externalData: '13 Entry[]',
    dataLocation: '14 int32',
  },
  Entry: { key: '1 string', value: '2 string' },
  ValueInfo: { name: '1 string', type: '2 TypeOfValue' },
  TypeOfValue: { tensorType: '1 TensorType' },
  TensorType: { elemType: '1 int32', shape: '2 Shape' },
  Shape: { dim: '1 Dimension[]' },
  Dimension: { dimValue: '1 int64', dimParam: '2 string' },
} as const;

const modelType: Type = Root.fromJSON({
  nested: Object.fromEntries(
    Object.entries(messages).map(([name, fields]) => [
      name,
      { fields: Object.fromEntries(Object.entries(fields).map(parseField)) },
    ]),
  ),
}).lookupType('Model');

function parseField([name, text]: [string, string]): [string, IField] {
  const [id, type = ''] = text.split(' ');
  const field = { id: Number(id), type: type.replace('[]', '') };
  return [name, type.endsWith('[]') ? { ...field, rule: 'repeated' } : field];
}

/** `AttributeProto.AttributeType`, and the field in which each keeps its value. */
const attributeTypes = {
  float: { code: 1, field: 'f' },
  int: { code: 2, field: 'i' },
  string: { code: 3, field: 's' },
  tensor: { code: 4, field: 't' },
  graph: { code: 5, field: 'g' },
  floats: { code: 6, field: 'floats' },
  ints: { code: 7, field: 'ints' },
} as const;

export function encodeModel(model: OnnxModel): Uint8Array {
  return modelType
    .encode({
      irVersion: model.irVersion,
      producerName: 'hone',
      graph: graphMessage(model.graph),
      opsetImport: Object.entries(model.opsets).map(([domain, version]) => ({ domain, version })),
    })
    .finish();
}

function graphMessage(graph: OnnxGraph): object {
  return {
    name: graph.name,
    node: graph.nodes.map((node) => ({
      input: node.inputs,
      output: node.outputs,
      name: node.name,
      opType: node.opType,
      domain: node.domain,
      attribute: Object.entries(node.attributes).map(([name, attribute]) => ({
        name,
        type: attributeTypes[attribute.type].code,
        [attributeTypes[attribute.type].field]: attributeValue(attribute),
      })),
    })),
    initializer: graph.initializers.map(tensorMessage),
    input: graph.inputs.map(valueInfoMessage),
    output: graph.outputs.map(valueInfoMessage),
  };
}

function attributeValue(attribute: Attribute): unknown {
  switch (attribute.type) {
    case 'string':
      return Buffer.from(attribute.value, 'utf8');
    case 'tensor':
      return tensorMessage(attribute.value);
    case 'graph':
      return graphMessage(attribute.value);
    case 'float':
    case 'int':
    case 'floats':
    case 'ints':
      return attribute.value;
  }
}

function tensorMessage({ name, type, dims, data }: OnnxTensor): object {
  const head = { name, dims, dataType: elementTypes[type].code };
  if (!isExternal(data)) return { ...head, rawData: data };
  const entries = { location: data.location, offset: data.offset, length: data.length };
  return {
    ...head,
    dataLocation: 1,
    externalData: Object.entries(entries).map(([key, value]) => ({ key, value: String(value) })),
  };
}

function valueInfoMessage({ name, type, dims }: ValueInfo): object {
  const dim = dims.map((size) =>
    typeof size === 'number' ? { dimValue: size } : { dimParam: size },
  );
  return { name, type: { tensorType: { elemType: elementTypes[type].code, shape: { dim } } } };
}

const numbers = z.array(z.number()).default([]);
const tensorSchema = z.object({
  name: z.string().default(''),
  dims: numbers,
  dataType: z.number(),
  rawData: z.instanceof(Uint8Array).optional(),
  floatData: numbers,
  int32Data: numbers,
  int64Data: numbers,
  externalData: z.array(z.object({ key: z.string(), value: z.string() })).default([]),
});
const valueInfoSchema = z.object({
  name: z.string(),
  type: z.object({
    tensorType: z.object({
      elemType: z.number(),
      shape: z
        .object({
          dim: z
            .array(z.object({ dimValue: z.number().optional(), dimParam: z.string().optional() }))
            .default([]),
        })
        .default({ dim: [] }),
    }),
  }),
});
const graphSchema = z.object({
  name: z.string().default(''),
  initializer: z.array(tensorSchema).default([]),
  input: z.array(valueInfoSchema).default([]),
  output: z.array(valueInfoSchema).default([]),
  get node() {
    return z.array(nodeSchema).default([]);
  },
});
const nodeSchema = z.object({
  name: z.string().default(''),
  opType: z.string(),
  domain: z.string().default(''),
  input: z.array(z.string()).default([]),
  output: z.array(z.string()).default([]),
  get attribute() {
    return z.array(attributeSchema).default([]);
  },
});
const attributeSchema = z.object({
  name: z.string(),
  type: z.number(),
  f: z.number().default(0),
  i: z.number().default(0),
  s: z.instanceof(Uint8Array).default(new Uint8Array(0)),
  t: tensorSchema.optional(),
  floats: numbers,
  ints: numbers,
  get g() {
    return graphSchema.optional();
  },
});
const modelSchema = z.object({
  irVersion: z.number(),
  graph: graphSchema,
  opsetImport: z.array(z.object({ domain: z.string().default(''), version: z.number() })),
});

/** @throws Error naming what is wrong when the bytes are not a model that `model.ts` can hold. */
export function decodeModel(bytes: Uint8Array): OnnxModel {
  const message = modelSchema.parse(modelType.toObject(modelType.decode(bytes), { longs: Number }));
  return {
    irVersion: message.irVersion,
    opsets: Object.fromEntries(message.opsetImport.map((set) => [set.domain, set.version])),
    graph: toGraph(message.graph),
  };
}

function toGraph(message: z.infer<typeof graphSchema>): OnnxGraph {
  return {
    name: message.name,
    nodes: message.node.map(toNode),
    initializers: message.initializer.map(toTensor),
    inputs: message.input.map(toValueInfo),
    outputs: message.output.map(toValueInfo),
  };
}

function toNode(message: z.infer<typeof nodeSchema>): OnnxNode {
  const { name, opType, domain, input, output } = message;
  const attributes = message.attribute.map((attribute) => {
    const value = toAttribute(attribute);
    if (value === undefined) {
      throw new Error(
        `Node ${name} (${opType}): attribute ${attribute.name} is of an unknown type.`,
      );
    }
    return [attribute.name, value] as const;
  });
  return {
    name,
    opType,
    domain,
    inputs: input,
    outputs: output,
    attributes: Object.fromEntries(attributes),
  };
}

function toAttribute(message: z.infer<typeof attributeSchema>): Attribute | undefined {
  switch (message.type) {
    case attributeTypes.float.code:
      return { type: 'float', value: message.f };
    case attributeTypes.int.code:
      return { type: 'int', value: message.i };
    case attributeTypes.string.code:
      return { type: 'string', value: Buffer.from(message.s).toString('utf8') };
    case attributeTypes.tensor.code:
      return message.t && { type: 'tensor', value: toTensor(message.t) };
    case attributeTypes.graph.code:
      return message.g && { type: 'graph', value: toGraph(message.g) };
    case attributeTypes.floats.code:
      return { type: 'floats', value: message.floats };
    case attributeTypes.ints.code:
      return { type: 'ints', value: message.ints };
    default:
      return undefined;
  }
}

function toTensor(message: z.infer<typeof tensorSchema>): OnnxTensor {
  const { name, dims } = message;
  const type = elementType(message.dataType, name);
  const external = Object.fromEntries(message.externalData.map(({ key, value }) => [key, value]));
  if (external['location'] !== undefined) {
    const [offset, length] = [Number(external['offset'] ?? 0), Number(external['length'] ?? 0)];
    return { name, type, dims, data: { location: external['location'], offset, length } };
  }
  return { name, type, dims, data: message.rawData ?? rawBytes(type, message) };
}

/** Other writers keep small tensors in fields by type; here all are raw bytes. */
function rawBytes(type: ElementType, message: z.infer<typeof tensorSchema>): Uint8Array {
  switch (type) {
    case 'float32':
      return bytesOf(Float32Array.from(message.floatData));
    case 'int64':
      return bytesOf(BigInt64Array.from(message.int64Data, BigInt));
    case 'int32':
      return bytesOf(Int32Array.from(message.int32Data));
    case 'int8':
    case 'uint8':
    case 'bool':
      return Uint8Array.from(message.int32Data);
  }
}

function toValueInfo({ name, type }: z.infer<typeof valueInfoSchema>): ValueInfo {
  const { elemType, shape } = type.tensorType;
  const dims = shape.dim.map((size, axis) => size.dimValue ?? size.dimParam ?? `${name}_${axis}`);
  return { name, type: elementType(elemType, name), dims };
}

function elementType(code: number, tensor: string): ElementType {
  for (const [name, type] of Object.entries(elementTypes)) {
    // The keys of a constant table are its key type.
    if (type.code === code) return name as ElementType;
  }
  throw new Error(`Tensor ${tensor} has element type ${code}, which Hone does not use.`);
}
