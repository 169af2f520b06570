/** The codec against itself and, through the graph tests, against onnxruntime. */
import { expect, test } from 'vitest';
import { decodeModel, encodeModel } from '../../../src/onnx/codec';
import { GraphBuilder, float, int, ints } from '../../../src/onnx/graphBuilder';
import { type OnnxModel, bytesOf } from '../../../src/onnx/model';

function sample(): OnnxModel {
  const b = new GraphBuilder('sample.weights');
  const x = b.input('x', 'float32', ['B', 4]);
  const weight = b.external('w', 'float32', [4, 4]);
  b.external('q', 'uint8', [3]);
  b.setScope('body');
  const product = b.op('MatMul', [x, weight.name]);
  const turned = b.op('Transpose', [product], { perm: ints(1, 0) });
  const scaled = b.op('Mul', [turned, b.float32(0.5)]);
  const normed = b.op('LpNormalization', [scaled], { axis: int(-1), p: int(2) });
  b.output('y', b.contrib('QuickGelu', [normed], { alpha: float(1.5) }), 'float32', [4, 'B']);
  const graph = b.build('sample');
  return {
    irVersion: 10,
    opsets: { '': 18, 'com.microsoft': 1 },
    graph: {
      ...graph,
      nodes: graph.nodes.map((node) => ({
        ...node,
        attributes: {
          ...node.attributes,
          text: { type: 'string', value: 'ünï' },
          list: { type: 'floats', value: [0.5, -1.25] },
          tensor: {
            type: 'tensor',
            value: {
              name: 't',
              type: 'int64',
              dims: [2],
              data: bytesOf(BigInt64Array.of(-1n, 2n ** 40n)),
            },
          },
          body: { type: 'graph', value: b.build('inner') },
        },
      })),
    },
  };
}

test('a model survives encoding and decoding', () => {
  expect(normalised(decodeModel(encodeModel(sample())))).toEqual(normalised(sample()));
});

test('external weights lie on page boundaries, one after the other', () => {
  const offsets = sample().graph.initializers.flatMap(({ data }) =>
    'location' in data ? [[data.location, data.offset, data.length]] : [],
  );
  expect(offsets).toEqual([
    ['sample.weights', 0, 64],
    ['sample.weights', 4096, 3],
  ]);
});

test('bytes that are no model are refused', () => {
  expect(() => decodeModel(Buffer.from('not a model'))).toThrow();
  expect(() => decodeModel(encodeModel(sample()).subarray(0, 100))).toThrow();
});

/** Byte arrays compare by content, whatever their class. */
function normalised(value: unknown): unknown {
  if (value instanceof Uint8Array) return Array.from(value);
  if (Array.isArray(value)) return value.map(normalised);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, normalised(item)]));
}
