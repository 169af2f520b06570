/**
 * Each gradient rule against central differences, computed by onnxruntime in float32. A case is an
 * operator (or a few) applied to inputs; the loss is its result times fixed weights, summed. Sizes
 * written as letters are unknown to the rules and known only to the run.
 */
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { gradient } from '../../../src/autodiff/gradient';
import { differentiableOperators } from '../../../src/autodiff/rules';
import type { Tensor } from '../../../src/model/session';
import type { Dim } from '../../../src/onnx/dims';
import { GraphBuilder, float, int, ints } from '../../../src/onnx/graphBuilder';
import { bytesOf, elementCount } from '../../../src/onnx/model';
import { seededRandom } from '../../../src/util/random';
import { openGraph } from '../../helpers/runGraph';

/** What the letters stand for when a graph runs. */
const sizes: Readonly<Record<string, number>> = { a: 3, b: 2, c: 2, one: 1, three: 3 };

interface Case {
  /** Inputs to differentiate by, with their declared shapes. */
  readonly inputs: Readonly<Record<string, readonly Dim[]>>;
  readonly f: (b: GraphBuilder) => string;
  /** Whether inputs lie between 0.6 and 1.6 rather than -1 and 1. */
  readonly positive?: boolean;
  readonly opset?: number;
}

const worstRelativeError = 1e-3;

function check(name: string, { inputs, f, positive = false, opset = 18 }: Case): void {
  test(`the gradient of ${name} agrees with central differences`, async () => {
    const b = new GraphBuilder('');
    for (const [input, dims] of Object.entries(inputs)) b.input(input, 'float32', dims);
    const flat = b.op('Reshape', [f(b), b.int64(-1)]);
    const wave = b.op(
      'Cast',
      [b.op('Range', [b.int64Scalar(0), b.op('Size', [flat]), b.int64Scalar(1)])],
      {
        to: int(1),
      },
    );
    // Weights that differ from element to element, whatever the size.
    const cosine = b.op('Cos', [b.op('Mul', [wave, b.float32(1.7)])]);
    const weighted = b.op('Mul', [flat, b.op('Add', [cosine, b.float32(1)])]);
    b.output('loss', b.op('ReduceSum', [weighted], { keepdims: int(0) }), 'float32', []);
    const names = Object.keys(inputs);
    const session = await openGraph(gradient(b.build('case'), 'loss', names), undefined, opset);

    const random = seededRandom(7);
    const feeds: Record<string, Tensor & { type: 'float32' }> = {};
    for (const [place, [input, dims]] of Object.entries(inputs).entries()) {
      const shape = dims.map((size) => (typeof size === 'number' ? size : (sizes[size] ?? 0)));
      const count = elementCount(shape);
      // A grid in random order, so that no two values are so near that a step exchanges them.
      const order = Array.from({ length: count }, (_, i) => ({ i, key: random() }))
        .sort((left, right) => left.key - right.key)
        .map(({ i }) => i);
      const [low, width] = positive ? [0.6, 1] : [-1, 2];
      const data = Float32Array.from(
        order,
        (i) => low + (width * (i + 0.5)) / count + 0.03 * place,
      );
      feeds[input] = { type: 'float32', data, dims: shape };
    }
    const loss = async (): Promise<number> =>
      Number((await session.run(feeds, ['loss']))['loss']?.data[0]);
    const analytic = await session.run(
      feeds,
      names.map((input) => `d_${input}`),
    );

    for (const [input, { data, dims }] of Object.entries(feeds)) {
      const derivative = analytic[`d_${input}`];
      expect(derivative?.dims).toEqual(dims);
      let [error, size] = [0, 1e-6];
      for (const [i, value] of data.entries()) {
        const at = (offset: number): Promise<number> => {
          data[i] = value + offset;
          return loss();
        };
        const h = 5e-3;
        // Fourth order: 8 (f(h) - f(-h)) - (f(2h) - f(-2h)) over 12 h.
        const near = (await at(h)) - (await at(-h));
        const far = (await at(2 * h)) - (await at(-2 * h));
        data[i] = value;
        const expected = (8 * near - far) / (12 * h);
        error += (Number(derivative?.data[i]) - expected) ** 2;
        size += expected ** 2;
      }
      expect(Math.sqrt(error / size), `d_${input}`).toBeLessThan(worstRelativeError);
    }
    expect(names.length).toBeGreaterThan(0);
  });
}

const matrix = { x: ['a', 4] } as const;
const exp = (b: GraphBuilder, value: string): string => b.op('Exp', [value]);
const constantIndices = (b: GraphBuilder, dims: readonly number[], ...values: number[]): string =>
  b.initializer({
    name: `indices${values.join('_')}`,
    type: 'int64',
    dims,
    data: bytesOf(BigInt64Array.from(values, BigInt)),
  });

for (const op of [
  'Abs',
  'Cos',
  'Erf',
  'Exp',
  'Identity',
  'LogSoftmax',
  'Neg',
  'Relu',
  'Sigmoid',
  'Sin',
  'Softmax',
  'Softplus',
  'Tanh',
]) {
  check(op, { inputs: matrix, f: (b) => b.op(op, ['x']) });
}
for (const op of ['Log', 'Reciprocal', 'Sqrt']) {
  check(op, { inputs: matrix, positive: true, f: (b) => b.op(op, ['x']) });
}
for (const op of ['Softmax', 'LogSoftmax']) {
  check(`${op} over the first axis`, {
    inputs: matrix,
    f: (b) => b.op(op, ['x'], { axis: int(0) }),
  });
}
for (const op of ['Add', 'Sub', 'Mul', 'Div', 'Max', 'Min']) {
  const positive = op === 'Div';
  const shapes: readonly [string, readonly Dim[], readonly Dim[]][] = [
    ['of equal shapes', ['a', 4], ['a', 4]],
    ['with a row', ['a', 4], [1, 4]],
    ['with a vector', ['b', 'a', 4], [4]],
    ['with a column', ['a', 4], ['a', 1]],
    ['with a scalar', ['a', 4], []],
    ['that spreads both', ['b', 1, 4], [3, 1]],
    ['of a size that turns out to be 1', ['one', 4], ['a', 4]],
    ['of sizes with two names', ['three', 4], ['a', 4]],
    ['of two names and a missing axis', ['one', 1], ['b', 'a', 4]],
    ['of a named and a constant size', ['one', 4], [3, 4]],
  ];
  for (const [how, x, y] of shapes) {
    check(`${op} ${how}`, { inputs: { x, y }, positive, f: (b) => b.op(op, ['x', 'y']) });
  }
}
check('Mul of a value with itself', { inputs: matrix, f: (b) => b.op('Mul', ['x', 'x']) });
check('Max of three', {
  inputs: { x: ['a', 4], y: [4], z: ['a', 1] },
  f: (b) => b.op('Max', ['x', 'y', 'z']),
});
for (const power of [2, 3, 0.5, -0.5]) {
  check(`Pow ${power}`, {
    inputs: matrix,
    positive: true,
    f: (b) => b.op('Pow', ['x', b.float32(power)]),
  });
}
check('Clip', {
  inputs: matrix,
  f: (b) => b.op('Clip', ['x', b.float32(-0.5), b.float32(0.5)]),
});
check('Clip from below', { inputs: matrix, f: (b) => b.op('Clip', ['x', b.float32(-0.5)]) });
check('Clip from above', { inputs: matrix, f: (b) => b.op('Clip', ['x', '', b.float32(0.5)]) });
check('Gelu', { inputs: matrix, opset: 20, f: (b) => b.op('Gelu', ['x']) });
check('Gelu by tanh', {
  inputs: matrix,
  opset: 20,
  f: (b) => b.op('Gelu', ['x'], { approximate: { type: 'string', value: 'tanh' } }),
});
check('Gelu of plain operators', {
  inputs: matrix,
  f: (b) => {
    const erf = b.op('Erf', [b.op('Div', ['x', b.float32(Math.SQRT2)])]);
    return b.op('Mul', [b.op('Mul', ['x', b.float32(0.5)]), b.op('Add', [erf, b.float32(1)])]);
  },
});
check('Where', {
  inputs: { x: ['a', 4], y: [1, 4] },
  f: (b) => b.op('Where', [b.op('Greater', ['x', b.float32(0.1)]), exp(b, 'x'), 'y']),
});
check('Cast', { inputs: matrix, f: (b) => b.op('Cast', [exp(b, 'x')], { to: int(1) }) });

for (const op of [
  'ReduceSum',
  'ReduceMean',
  'ReduceSumSquare',
  'ReduceLogSumExp',
  'ReduceMax',
  'ReduceMin',
]) {
  for (const keepdims of [0, 1]) {
    for (const axes of [[-1], [0], [0, 2]]) {
      check(`${op} over ${axes.join(' and ')}, keepdims ${keepdims}`, {
        inputs: { x: ['a', 2, 4] },
        f: (b) => exp(b, b.op(op, ['x', b.int64(...axes)], { keepdims: int(keepdims) })),
      });
    }
  }
  check(`${op} over everything`, {
    inputs: { x: ['a', 2, 4] },
    f: (b) => b.op(op, ['x'], { keepdims: int(0) }),
  });
}
check('a sum whose gradient is spread by a later sum', {
  inputs: { x: [1, 4], y: ['a', 4] },
  f: (b) => b.op('ReduceSum', [b.op('Add', ['x', 'y']), b.int64(-1)], { keepdims: int(1) }),
});
check('LayerNormalization', {
  inputs: { x: ['a', 8], y: [8], z: [8] },
  f: (b) => b.op('LayerNormalization', ['x', 'y', 'z'], { axis: int(-1), epsilon: float(1e-5) }),
});
check('LayerNormalization over two axes, no bias', {
  inputs: { x: ['a', 2, 4], y: [2, 4] },
  f: (b) => b.op('LayerNormalization', ['x', 'y'], { axis: int(1) }),
});
check('LayerNormalization of plain operators', {
  inputs: { x: ['a', 8], y: [8], z: [8] },
  f: (b) => {
    const mean = (value: string): string =>
      b.op('ReduceMean', [value, b.int64(-1)], { keepdims: int(1) });
    const centred = b.op('Sub', ['x', mean('x')]);
    const variance = mean(b.op('Pow', [centred, b.float32(2)]));
    const root = b.op('Sqrt', [b.op('Add', [variance, b.float32(1e-5)])]);
    return b.op('Add', [b.op('Mul', [b.op('Div', [centred, root]), 'y']), 'z']);
  },
});

const products: readonly [string, readonly Dim[], readonly Dim[]][] = [
  ['of matrices', ['a', 4], [4, 5]],
  ['of a stack with a matrix', ['b', 'a', 4], [4, 5]],
  ['of a stack with a matrix, along a named size', ['b', 2, 'a'], ['a', 5]],
  ['of stacks of stacks', ['b', 2, 'a', 4], ['b', 2, 4, 'a']],
  ['of a stack with one repeated matrix', ['b', 2, 3, 4], [1, 4, 5]],
  ['of a matrix with a stack', ['a', 4], ['b', 4, 2]],
  ['of stacks that are both repeated', ['b', 1, 3, 4], [2, 4, 5]],
];
for (const [how, x, y] of products) {
  check(`MatMul ${how}`, { inputs: { x, y }, f: (b) => b.op('MatMul', ['x', 'y']) });
}
for (const transA of [0, 1]) {
  for (const transB of [0, 1]) {
    check(`Gemm, transA ${transA}, transB ${transB}`, {
      inputs: { x: transA ? [4, 'a'] : ['a', 4], y: transB ? [5, 4] : [4, 5], z: [5] },
      f: (b) =>
        b.op('Gemm', ['x', 'y', 'z'], {
          transA: int(transA),
          transB: int(transB),
          alpha: float(0.7),
          beta: float(1.3),
        }),
    });
  }
}
check('Gemm onto a matrix', {
  inputs: { x: ['a', 4], y: [4, 5], z: ['a', 5] },
  f: (b) => b.op('Gemm', ['x', 'y', 'z']),
});

check('Transpose', {
  inputs: { x: ['a', 2, 4] },
  f: (b) => b.op('Transpose', ['x'], { perm: ints(2, 0, 1) }),
});
check('Transpose without an order', {
  inputs: { x: ['a', 2, 4] },
  f: (b) => b.op('Transpose', ['x']),
});
check('Reshape that splits', {
  inputs: { x: ['a', 'b', 8] },
  f: (b) => exp(b, b.op('Reshape', ['x', b.int64(0, 0, 2, 4)])),
});
check('Reshape that joins two named sizes', {
  inputs: { x: ['a', 'b', 4] },
  f: (b) => exp(b, b.op('Reshape', ['x', b.int64(-1, 4)])),
});
check('Flatten', { inputs: { x: ['a', 'b', 4] }, f: (b) => exp(b, b.op('Flatten', ['x'])) });
check('Squeeze', { inputs: { x: ['a', 1, 4] }, f: (b) => b.op('Squeeze', ['x', b.int64(1)]) });
check('Unsqueeze', { inputs: matrix, f: (b) => b.op('Unsqueeze', ['x', b.int64(1, -1)]) });
check('Expand', {
  inputs: { x: ['a', 1, 4] },
  f: (b) => exp(b, b.op('Expand', ['x', b.int64(1, 3, 1)])),
});
check('Concat of constant sizes', {
  inputs: { x: ['a', 2], y: ['a', 3] },
  f: (b) => exp(b, b.op('Concat', ['x', 'y'], { axis: int(-1) })),
});
check('Concat of named sizes', {
  inputs: { x: ['a', 4], y: ['c', 4], z: [2, 4] },
  f: (b) => exp(b, b.op('Concat', ['x', 'y', 'z'], { axis: int(0) })),
});
check('Split', {
  inputs: { x: ['a', 6] },
  f: (b) => {
    const [left, right] = b.split('x', b.int64(2, 4), 2);
    return b.op('Concat', [exp(b, right), left], { axis: int(1) });
  },
});
check('Split of which one part is used', {
  inputs: { x: ['a', 6] },
  f: (b) => exp(b, b.split('x', b.int64(2, 4), 2)[1]),
});
check('Slice', {
  inputs: { x: [4, 6] },
  f: (b) => exp(b, b.op('Slice', ['x', b.int64(1, -4), b.int64(3, 2 ** 31 - 1), b.int64(0, 1)])),
});
check('Slice of the last of a named size', {
  inputs: { x: ['b', 'a', 4] },
  f: (b) => exp(b, b.op('Slice', ['x', b.int64(-1), b.int64(2 ** 31 - 1), b.int64(1)])),
});
check('Pad', {
  inputs: { x: ['a', 4] },
  f: (b) => exp(b, b.op('Pad', ['x', b.int64(1, 0, 2, 3)])),
});
check('Pad of some axes', {
  inputs: { x: ['a', 4] },
  f: (b) => exp(b, b.op('Pad', ['x', b.int64(1, 0), b.float32(0), b.int64(1)])),
});
check('Gather that takes a row twice', {
  inputs: { x: [5, 3] },
  f: (b) => exp(b, b.op('Gather', ['x', constantIndices(b, [2, 2], 1, 3, 1, 0)])),
});
check('Gather along the middle axis', {
  inputs: { x: ['a', 5, 2] },
  f: (b) => exp(b, b.op('Gather', ['x', constantIndices(b, [2, 2], 1, 3, 1, 0)], { axis: int(1) })),
});
check('Gather along the last axis', {
  inputs: { x: ['a', 2, 5] },
  f: (b) => exp(b, b.op('Gather', ['x', constantIndices(b, [3], 4, 0, 4)], { axis: int(-1) })),
});
check('GatherElements', {
  inputs: { x: ['a', 5] },
  f: (b) =>
    exp(
      b,
      b.op('GatherElements', ['x', constantIndices(b, [3, 2], 1, 1, 0, 4, 2, 2)], { axis: int(1) }),
    ),
});

test('every rule of the table has a case above', async () => {
  const text = await readFile(new URL(import.meta.url), 'utf8');
  const missing = differentiableOperators.filter((op) => !text.includes(`'${op}'`));
  expect(missing).toEqual([]);
});
