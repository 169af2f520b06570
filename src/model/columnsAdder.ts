/**
 * Products added to 8-bit columns, which are then rounded anew. The engine does it, matrix by matrix:
 * that is several times as fast as a loop here.
 *
 * Shapes: N rows of the source's matrix (outputs), K its columns (inputs), r sum of the ranks.
 */
import { encodeModel } from '../onnx/codec';
import { GraphBuilder, int } from '../onnx/graphBuilder';
import { elementTypes } from '../onnx/model';
import { type Columns8, turnInputs } from './columns8';
import type { Turned } from './llamaKernels';
import type { Product } from './product';
import { turn } from './rotation';
import { type Tensor, openSession } from './session';

/** What is added to some rows of the source's matrix, from `firstRow` on: bᵀ a. */
export interface RowsChange {
  readonly firstRow: number;
  readonly product: Product;
}

export interface ColumnsAdder {
  /** `gamma` as in `toColumns8`; what is added must be finite. */
  add(
    columns8: Columns8,
    changes: readonly RowsChange[],
    turned: Turned,
    gamma: Float32Array,
  ): Promise<Columns8>;
  release(): Promise<void>;
}

export async function openColumnsAdder(): Promise<ColumnsAdder> {
  const session = await openSession(adderModel(), { threads: 2 });
  return {
    async add({ values, scales }, changes, turned, gamma) {
      const rows = scales.length;
      const columns = values.length / rows;
      const { a, b } = stack(changes, columns, rows);
      // Only the factors are turned: the sum is made in the turned basis.
      turnInputs(a, columns, turned, gamma);
      if (turned.side === 'output') turn(b, rows);
      const rank = a.length / columns;
      const feeds: Record<string, Tensor> = {
        values: { type: 'int8', data: values, dims: [columns, rows] },
        scales: { type: 'float32', data: scales, dims: [rows] },
        a: { type: 'float32', data: a, dims: [rank, columns] },
        b: { type: 'float32', data: b, dims: [rank, rows] },
      };
      const sum = await session.run(feeds, ['sum', 'sumScales']);
      const [rounded, roundedScales] = [sum['sum']?.data, sum['sumScales']?.data];
      if (!(rounded instanceof Int8Array) || !(roundedScales instanceof Float32Array))
        throw new TypeError('The engine gave no columns of 8 bits.');
      return { values: rounded, scales: roundedScales };
    },
    release: () => session.release(),
  };
}

/** All products as one: `[r, K]` and `[r, N]`, with zeros where a product does not reach. */
function stack(
  changes: readonly RowsChange[],
  columns: number,
  rows: number,
): { readonly a: Float32Array; readonly b: Float32Array } {
  const rank = changes.reduce((sum, { product }) => sum + product.rank, 0);
  const a = new Float32Array(rank * columns);
  const b = new Float32Array(rank * rows);
  let row = 0;
  for (const { firstRow, product } of changes) {
    a.set(product.a, row * columns);
    const width = product.b.length / product.rank;
    for (let r = 0; r < product.rank; r++, row++) {
      b.set(product.b.subarray(r * width, (r + 1) * width), row * rows + firstRow);
    }
  }
  return { a, b };
}

/** sum = round((values scales + aᵀ b) / sumScales), sumScales = the largest of each column / 127 */
function adderModel(): Uint8Array {
  const g = new GraphBuilder('');
  const values = g.input('values', 'int8', ['K', 'N']);
  const scales = g.input('scales', 'float32', ['N']);
  const a = g.input('a', 'float32', ['r', 'K']);
  const b = g.input('b', 'float32', ['r', 'N']);
  const to = (type: keyof typeof elementTypes) => ({ to: int(elementTypes[type].code) });
  const before = g.op('Mul', [g.op('Cast', [values], to('float32')), scales]); // [K, N]
  const sum = g.op('Gemm', [a, b, before], { transA: int(1) }); // [K, N]
  const largest = g.op('ReduceMax', [g.op('Abs', [sum]), g.int64(0)], { keepdims: int(0) }); // [N]
  const sumScales = g.op('Div', [largest, g.float32(127)]); // [N]
  // A column of zeros has a scale of zero; what it is divided by must be none.
  const steps = g.op('Div', [g.float32(1), g.op('Max', [sumScales, g.float32(1e-30)])]); // [N]
  const rounded = g.op('Round', [g.op('Mul', [sum, steps])]); // [K, N]
  g.output('sum', g.op('Cast', [rounded], to('int8')), 'int8', ['K', 'N']);
  g.output('sumScales', sumScales, 'float32', ['N']);
  return encodeModel({ irVersion: 10, opsets: { '': 18 }, graph: g.build('add to columns') });
}
