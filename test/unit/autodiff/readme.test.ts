/** README.md keeps its word: its list is the table, and its example runs. */
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { gradient } from '../../../src/autodiff/gradient';
import { differentiableOperators } from '../../../src/autodiff/rules';
import { GraphBuilder, int } from '../../../src/onnx/graphBuilder';
import type { OnnxGraph } from '../../../src/onnx/model';
import { numbersOf, openGraph } from '../../helpers/runGraph';

const readme = () => readFile(new URL('../../../src/autodiff/README.md', import.meta.url), 'utf8');

test('the list of supported operators is the table', async () => {
  const list = /<!-- operators -->([^]*)<!-- \/operators -->/.exec(await readme())?.[1] ?? '';
  const named = Array.from(list.matchAll(/`(\w+)`/g), ([, name]) => name);
  expect(named).toEqual(differentiableOperators);
});

test('the example finds the line', async () => {
  const text = await readme();
  // The lines of the example that build the graph, as they stand there.
  const lines = text.split('\n');
  const from = lines.findIndex((line) => line.startsWith('const [x, y]'));
  const to = lines.findIndex((line) => line.startsWith('const graph ='));
  const source = lines.slice(from, to + 1).join('\n');
  const code = `export const build = (g, int, gradient) => { ${source}; return graph; };`;
  const { build } = (await import(`data:text/javascript,${encodeURIComponent(code)}`)) as {
    readonly build: (g: GraphBuilder, makeInt: typeof int, derive: typeof gradient) => OnnxGraph;
  };
  const session = await openGraph(build(new GraphBuilder(''), int, gradient));

  const column = (...values: number[]) =>
    ({ type: 'float32', data: Float32Array.from(values), dims: [values.length] }) as const;
  let [a, b] = [0, 0];
  for (let step = 0; step < 500; step++) {
    const feeds = { x: column(0, 1, 2), y: column(1, 3, 5), a: column(a), b: column(b) };
    const { d_a: dA, d_b: dB } = await session.run(feeds, ['d_a', 'd_b']);
    a -= 0.2 * (numbersOf(dA)[0] ?? NaN);
    b -= 0.2 * (numbersOf(dB)[0] ?? NaN);
  }
  expect(a).toBeCloseTo(2, 3);
  expect(b).toBeCloseTo(1, 3);
});
