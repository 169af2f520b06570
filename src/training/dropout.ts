/**
 * Dropout on what an adapter reads, as PEFT has it: while it learns, each number of x is zero with
 * probability p in the branch (x Aᵀ) Bᵀ and nowhere else, and the rest counts 1 / (1 - p) times
 * (arXiv 2106.09685; `lora.ts` adds the nodes). Scores, evaluation and inference know none of it.
 *
 * What is kept is an input of the graph, drawn here from a seed: the same run drops the same numbers,
 * also one that is taken up again. Layers that read the same x share what is dropped, where PEFT draws
 * for each: so they still share one product.
 */
import type { Tensor } from '../model/session';
import type { OnnxGraph } from '../onnx/model';
import type { Random } from '../util/random';

/** Says what is kept of `rows` x `columns` numbers: 1 kept, 0 dropped, row by row. */
export type DrawKept = (name: string, rows: number, columns: number) => Uint8Array;

/** Draws each number by itself; `dropout` is the share that is dropped, above 0 and below 1. */
export function drawKept(dropout: number, random: Random): DrawKept {
  // From one that is dropped it jumps to the next: there are far fewer of them than numbers.
  const scale = 1 / Math.log1p(-dropout);
  const gap = (): number => Math.floor(Math.log1p(-random()) * scale);
  return (_, rows, columns) => {
    const kept = new Uint8Array(rows * columns).fill(1);
    for (let i = gap(); i < kept.length; i += 1 + gap()) kept[i] = 0;
    return kept;
  };
}

/**
 * The masks that `graph` wants besides `feeds`.
 * @param feeds inputs whose shapes say how long the texts are.
 */
export function keptFeeds(
  { inputs }: Pick<OnnxGraph, 'inputs'>,
  feeds: Readonly<Record<string, Tensor>>,
  draw: DrawKept,
): Record<string, Tensor> {
  const masks = inputs.filter(({ type }) => type === 'bool');
  const sizes = new Map<number | string, number>();
  for (const { name, dims } of inputs) {
    const given = feeds[name]?.dims ?? [];
    for (const [axis, size] of given.entries()) sizes.set(dims[axis] ?? '', size);
  }
  const value = (dim: number | string): number =>
    typeof dim === 'number'
      ? dim
      : dim.split('*').reduce((product, name) => product * (sizes.get(name) ?? NaN), 1);
  return Object.fromEntries(
    masks.map(({ name, dims }): [string, Tensor] => {
      const [rows = NaN, columns = NaN] = dims.map(value);
      return [name, { type: 'bool', dims: [rows, columns], data: draw(name, rows, columns) }];
    }),
  );
}
