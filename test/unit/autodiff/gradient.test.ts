/** The walk: what it differentiates, what it refuses and how, in which order it leaves the nodes. */
import { expect, test } from 'vitest';
import { UnsupportedOpError, gradient } from '../../../src/autodiff/gradient';
import { GraphBuilder, int } from '../../../src/onnx/graphBuilder';
import type { OnnxGraph } from '../../../src/onnx/model';
import { numbersOf, openGraph } from '../../helpers/runGraph';

const feed = (...values: number[]) =>
  ({ type: 'float32', data: Float32Array.from(values), dims: [values.length] }) as const;

/** loss = Σ (x w)², with `w` frozen. */
function frozenWeight(): OnnxGraph {
  const b = new GraphBuilder('');
  const x = b.input('x', 'float32', ['N']);
  const w = b.float32Vector('w', Float32Array.of(1, 2, 3));
  const product = b.op('Mul', [x, w]);
  const square = b.op('Mul', [product, product]);
  b.output('loss', b.op('ReduceSum', [square], { keepdims: int(0) }), 'float32', []);
  return b.build('frozen');
}

test('the loss and its gradient come out of one graph', async () => {
  const session = await openGraph(gradient(frozenWeight(), 'loss', ['x']));
  const { loss, d_x: dX } = await session.run({ x: feed(1, -1, 2) }, ['loss', 'd_x']);
  expect(loss?.data[0]).toBe(1 + 4 + 36);
  expect(numbersOf(dX)).toEqual([2, -8, 36]); // 2 x w²
});

test('a constant can be differentiated by as well', async () => {
  const session = await openGraph(gradient(frozenWeight(), 'loss', ['w', 'x']));
  const { d_w: dW } = await session.run({ x: feed(1, -1, 2) }, ['d_w']);
  expect(numbersOf(dW)).toEqual([2, 4, 24]); // 2 w x²
});

test('only what leads from the wanted values to the loss is differentiated', () => {
  const added = (wrt: string[]) =>
    gradient(frozenWeight(), 'loss', wrt).nodes.length - frozenWeight().nodes.length;
  expect(added(['x'])).toBeLessThan(added(['x', 'w']));
});

test('two inputs of a sum get a gradient each', async () => {
  const b = new GraphBuilder('');
  const sum = b.op('Add', [b.input('x', 'float32', ['N']), b.input('y', 'float32', ['N'])]);
  b.output('loss', b.op('ReduceSum', [b.op('Exp', [sum])], { keepdims: int(0) }), 'float32', []);
  const session = await openGraph(gradient(b.build('sum'), 'loss', ['x', 'y']));
  const { d_x: dX, d_y: dY } = await session.run({ x: feed(0, 1), y: feed(0, -1) }, ['d_x', 'd_y']);
  expect([...numbersOf(dX), ...numbersOf(dY)]).toEqual([1, 1, 1, 1]);
});

test('the gradient of a value inside the graph can be asked for', async () => {
  const b = new GraphBuilder('');
  const inner = b.op('Exp', [b.input('x', 'float32', ['N'])]);
  b.output('loss', b.op('ReduceSum', [inner], { keepdims: int(0) }), 'float32', []);
  const session = await openGraph(gradient(b.build('inner'), 'loss', [inner]));
  const result = await session.run({ x: feed(3, 4) }, [`d_${inner}`]);
  expect(numbersOf(result[`d_${inner}`])).toEqual([1, 1]);
});

test('an operator without a rule is named, with its node and the shapes of its inputs', () => {
  const b = new GraphBuilder('');
  b.setScope('layers.0');
  const rounded = b.op('Round', [b.input('x', 'float32', ['N', 3])]);
  b.output('loss', b.op('ReduceSum', [rounded], { keepdims: int(0) }), 'float32', []);
  const attempt = () => gradient(b.build('round'), 'loss', ['x']);
  expect(attempt).toThrow(UnsupportedOpError);
  expect(attempt).toThrow(
    'Node layers.0/Round:0 cannot be differentiated: its operator has no rule (Round of [N, 3]).',
  );
});

test('a form of an operator that has no rule says what is amiss', () => {
  const b = new GraphBuilder('');
  const x = b.input('x', 'float32', ['N']);
  const power = b.op('Pow', [x, b.input('p', 'float32', [])]);
  b.output('loss', b.op('ReduceSum', [power], { keepdims: int(0) }), 'float32', []);
  expect(() => gradient(b.build('power'), 'loss', ['x'])).toThrow(
    'its exponent is not a constant number (Pow of [N], [])',
  );
});

test('a loss that is no number, or that does not depend on a value, is refused', () => {
  const graph = frozenWeight();
  const [product = ''] = graph.nodes[0]?.outputs ?? [];
  expect(() => gradient(graph, product, ['x'])).toThrow('is not one float32 number');
  const b = GraphBuilder.continuing(graph, 'more');
  b.input('unused', 'float32', ['N']);
  expect(() => gradient(b.build('more'), 'loss', ['unused'])).toThrow('does not lead to the loss');
  expect(() => gradient(graph, 'loss', ['nowhere'])).toThrow('nowhere is not a float32 value');
});

test('the gradients nearest to the loss stand last, the loss after them', () => {
  const b = new GraphBuilder('');
  let value = b.input('x', 'float32', ['N']);
  for (const name of ['first', 'second', 'third']) {
    value = b.op('Mul', [b.op('Tanh', [value]), b.input(name, 'float32', ['N'])]);
  }
  b.output('loss', b.op('ReduceSum', [value], { keepdims: int(0) }), 'float32', []);
  const graph = gradient(b.build('chain'), 'loss', ['first', 'second', 'third']);
  expect(graph.nodes.slice(-4).flatMap(({ outputs }) => outputs)).toEqual([
    'd_first',
    'd_second',
    'd_third',
    'loss',
  ]);
});
