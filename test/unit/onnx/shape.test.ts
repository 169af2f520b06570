/** Shapes with named sizes, in the terms of single operators; whole graphs are tried by `autodiff`. */
import { expect, test } from 'vitest';
import { type Dim, addDims, divideDims, multiplyDims, subtractDims } from '../../../src/onnx/dims';
import { GraphBuilder, int, ints } from '../../../src/onnx/graphBuilder';
import { ShapeError } from '../../../src/onnx/nodeView';
import { inferShapes } from '../../../src/onnx/shape';

function check(
  name: string,
  inputs: Readonly<Record<string, readonly Dim[]>>,
  f: (b: GraphBuilder) => string,
  expected: readonly Dim[],
): void {
  test(`the shape of ${name}`, () => {
    const b = new GraphBuilder('');
    for (const [input, dims] of Object.entries(inputs)) b.input(input, 'float32', dims);
    const value = f(b);
    expect(inferShapes(b.build('case')).get(value)?.dims).toEqual(expected);
  });
}

const size = (b: GraphBuilder, value: string, axis: number): string =>
  b.op('Shape', [value], { start: int(axis), end: int(axis + 1) });
const vector = (b: GraphBuilder, ...parts: string[]): string =>
  b.op('Concat', parts, { axis: int(0) });

check('a sum that broadcasts', { x: ['B', 1, 4], y: ['T', 1] }, (b) => b.op('Add', ['x', 'y']), [
  'B',
  'T',
  4,
]);
check(
  'a sum of a named and a constant size',
  { x: ['B', 4], y: [3, 4] },
  (b) => b.op('Add', ['x', 'y']),
  [3, 4],
);
check('a sum of two named sizes', { x: ['B'], y: ['A'] }, (b) => b.op('Add', ['x', 'y']), ['A|B']);
check(
  'a product of stacks',
  { x: ['B', 1, 'T', 4], y: [3, 4, 'P'] },
  (b) => b.op('MatMul', ['x', 'y']),
  ['B', 3, 'T', 'P'],
);
check(
  'Gemm of transposed matrices',
  { x: [4, 'T'], y: [5, 4] },
  (b) => b.op('Gemm', ['x', 'y'], { transA: int(1), transB: int(1) }),
  ['T', 5],
);
check(
  'a mean',
  { x: ['B', 'T', 4] },
  (b) => b.op('ReduceMean', ['x', b.int64(-1)], { keepdims: int(1) }),
  ['B', 'T', 1],
);
check(
  'a sum over everything',
  { x: ['B', 4] },
  (b) => b.op('ReduceSum', ['x'], { keepdims: int(0) }),
  [],
);
check('Transpose', { x: ['B', 'T', 4] }, (b) => b.op('Transpose', ['x'], { perm: ints(2, 0, 1) }), [
  4,
  'B',
  'T',
]);
check('Reshape that joins', { x: ['B', 'T', 4] }, (b) => b.op('Reshape', ['x', b.int64(-1, 4)]), [
  'B*T',
  4,
]);
check('Reshape that splits', { x: ['B*T', 12] }, (b) => b.op('Reshape', ['x', b.int64(0, 3, -1)]), [
  'B*T',
  3,
  4,
]);
check(
  'Reshape that moves sizes',
  { x: ['T', 'B', 6] },
  (b) => b.op('Reshape', ['x', vector(b, b.int64(3, -1), size(b, 'x', 1))]),
  [3, '2*T', 'B'],
);
check(
  'Reshape to a size that is computed',
  { x: ['B', 'T', 4] },
  (b) => b.op('Reshape', ['x', vector(b, b.op('Mul', [size(b, 'x', 0), b.int64(2)]), b.int64(-1))]),
  ['2*B', '2*T'],
);
check(
  'Expand',
  { x: [1, 4], y: ['B'] },
  (b) => b.op('Expand', ['x', vector(b, b.op('Shape', ['y']), b.int64(1))]),
  ['B', 4],
);
check(
  'Concat',
  { x: ['P', 4], y: ['T', 4], z: [2, 4] },
  (b) => b.op('Concat', ['x', 'y', 'z'], { axis: int(0) }),
  ['P+T+2', 4],
);
check('a part of a split', { x: ['B', 6] }, (b) => b.split('x', b.int64(2, 4), 2)[1], ['B', 4]);
check(
  'an equal part',
  { x: ['B', 6] },
  (b) => b.parts('Split', ['x'], 3, { axis: int(1) })[0] ?? '',
  ['B', 2],
);
check(
  'the last of an axis',
  { x: ['B', 'T'] },
  (b) => b.op('Slice', ['x', b.int64(-1), b.int64(2 ** 31 - 1), b.int64(1)]),
  ['B', 1],
);
check(
  'a slice of a constant axis',
  { x: ['B', 6] },
  (b) => b.op('Slice', ['x', b.int64(1), b.int64(-1), b.int64(1)]),
  ['B', 4],
);
check(
  'a slice with steps',
  { x: [6] },
  (b) => b.op('Slice', ['x', b.int64(0), b.int64(6), b.int64(0), b.int64(2)]),
  ['/Slice_0.0'],
);
check('padding', { x: ['B', 6] }, (b) => b.op('Pad', ['x', b.int64(1, 0, 2, 1)]), ['B+3', 7]);
check(
  'rows that are picked',
  { x: [50, 8], y: ['B', 'T'] },
  (b) => b.op('Gather', ['x', b.op('Cast', ['y'], { to: int(7) })]),
  ['B', 'T', 8],
);
check(
  'a range',
  { x: ['T', 1] },
  (b) => b.op('Range', [b.int64Scalar(0), b.op('Squeeze', [size(b, 'x', 0)]), b.int64Scalar(1)]),
  ['T'],
);
check(
  'a mean and its spread',
  { x: ['B', 8], y: [8] },
  (b) => b.parts('LayerNormalization', ['x', 'y'], 2)[1] ?? '',
  ['B', 1],
);

test('comparisons are boolean, shapes are integers', () => {
  const b = new GraphBuilder('');
  b.input('x', 'float32', ['N']);
  const [less, shape] = [b.op('Less', ['x', b.float32(0)]), b.op('Shape', ['x'])];
  const types = inferShapes(b.build('types'));
  expect(types.get(less)).toEqual({ type: 'bool', dims: ['N'] });
  expect(types.get(shape)).toEqual({ type: 'int64', dims: [1] });
});

test('declared shapes of inputs can be replaced', () => {
  const b = new GraphBuilder('');
  const y = b.op('Neg', [b.input('x', 'float32', ['N'])]);
  expect(inferShapes(b.build('given'), { x: [5] }).get(y)?.dims).toEqual([5]);
});

test('an operator that cannot be followed is named', () => {
  const b = new GraphBuilder('');
  b.op('NonMaxSuppression', [b.input('x', 'float32', ['N'])]);
  expect(() => inferShapes(b.build('unknown'))).toThrow(ShapeError);
  expect(() => inferShapes(b.build('unknown'))).toThrow('/NonMaxSuppression:0 (NonMaxSuppression)');
});

test('sizes are computed in one normal form', () => {
  expect(multiplyDims(['T', 2, 'B'])).toBe('2*B*T');
  expect(addDims('B*T', addDims(1, 'B*T'))).toBe('2*B*T+1');
  expect(subtractDims('P+T', 'P')).toBe('T');
  expect(subtractDims('P', 'T')).toBeUndefined();
  expect(divideDims('6*B*T', '2*T')).toBe('3*B');
  expect(divideDims('B+T', 'T')).toBeUndefined();
  expect(divideDims(7, 2)).toBeUndefined();
  expect(multiplyDims(['past + now', 2])).toBe('2*now+2*past');
});
