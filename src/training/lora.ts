/**
 * Low-rank branches beside the linear layers of a graph (LoRA, arXiv 2106.09685): y = x W becomes
 * y = x W + alpha / r (x Aᵀ) Bᵀ, with A and B as inputs, shaped as PEFT keeps them. The graph itself
 * stays frozen; which layers have a branch is `modules.ts`.
 *
 * Shapes: M rows of x, r rank, N width of what comes out of a layer, K width of what goes in; a graph
 * may stack n layers that read the same x into one matrix.
 */
import type { WeightRecipe } from '../model/llamaKernels';
import type { Dim } from '../onnx/dims';
import { GraphBuilder, float, int } from '../onnx/graphBuilder';
import type { OnnxGraph, OnnxNode } from '../onnx/model';
import { inferShapes } from '../onnx/shape';
import { seededRandom } from '../util/random';
import type { LoraPair } from './adapter';
import type { LinearModule } from './modules';

export interface LoraSettings {
  /** r */
  readonly rank: number;
  /** What a branch adds is multiplied by alpha / r. */
  readonly alpha: number;
  /** Share of what a branch reads that is dropped while it learns, 0 to below 1; 0 if not said. */
  readonly dropout?: number;
}

/** Names of the graph's inputs for one module. */
export const loraInputs = ({ name }: LinearModule) =>
  ({ a: `${name}.lora_A`, b: `${name}.lora_B` }) as const;

/** Name of the graph's input that says what is kept of x (`dropout.ts`), by the first of its layers. */
export const keptInput = ({ name }: LinearModule): string => `${name}.kept`;

/**
 * `graph` with a branch for each of `modules`. `weights` says which matrices of the graph are made of
 * which layers.
 * @throws Error when the graph has no product with the weights of a module.
 */
export function injectLora(
  graph: OnnxGraph,
  weights: readonly WeightRecipe[],
  modules: readonly LinearModule[],
  settings: LoraSettings,
): OnnxGraph {
  const b = GraphBuilder.continuing({ ...graph, nodes: [] }, 'lora');
  const byName = new Map(modules.map((module) => [`${module.name}.weight`, module]));
  const layersOf = new Map(weights.map(({ target, parts }) => [target.name, parts]));
  const shapes = (settings.dropout ?? 0) > 0 ? inferShapes(graph) : undefined;
  const nodes: OnnxNode[] = [];
  const renamed = new Map<string, string>();
  let branched = 0;
  for (const original of graph.nodes) {
    const inputs = original.inputs.map((name) => renamed.get(name) ?? name);
    const node = { ...original, inputs };
    nodes.push(node);
    const [x = '', weight = ''] = inputs;
    const parts = node.opType === 'Gemm' ? (layersOf.get(weight) ?? []) : [];
    const stacked = parts.map((part) => ({ ...part, module: byName.get(part.name) }));
    const present = stacked.flatMap(({ module }) => (module === undefined ? [] : [module]));
    const [y] = node.outputs;
    if (present.length === 0 || y === undefined) continue;
    const known = b.build('').nodes.length;
    const widths = stacked.map(({ dims }) => dims[0] ?? 0);
    const wholes = stacked.map(({ module }) => module);
    const xDims = shapes?.get(original.inputs[0] ?? '')?.dims;
    renamed.set(y, addBranches(b, { x, xDims, y, layers: wholes, widths }, settings));
    nodes.push(...b.build('').nodes.slice(known));
    branched += present.length;
  }
  if (branched !== modules.length) {
    throw new Error(`The graph has ${branched} of the ${modules.length} layers to train.`);
  }
  return { ...b.build(graph.name), nodes };
}

/** A fresh adapter, as PEFT begins: A uniform in ±1/√K (Kaiming), B zero, so that nothing changes. */
export function freshPairs(
  modules: readonly LinearModule[],
  { rank }: LoraSettings,
  seed: number,
): readonly LoraPair[] {
  const random = seededRandom(seed);
  return modules.map((module) => {
    const bound = module.columns ** -0.5;
    const uniform = (): number => bound * (2 * random() - 1);
    return {
      module,
      a: Float32Array.from({ length: rank * module.columns }, uniform),
      b: new Float32Array(module.rows * rank),
    };
  });
}

interface StackedProduct {
  /** [M, K] */
  readonly x: string;
  /** Where numbers of x are dropped. */
  readonly xDims: readonly Dim[] | undefined;
  /** [M, sum of widths] */
  readonly y: string;
  /** The layers of the stacked matrix; undefined for those that stay as they are. */
  readonly layers: readonly (LinearModule | undefined)[];
  readonly widths: readonly number[];
}

/** Declares the inputs and returns the value that takes the place of `y`. */
function addBranches(
  b: GraphBuilder,
  { x, xDims, y, layers, widths }: StackedProduct,
  { rank, alpha, dropout = 0 }: LoraSettings,
): string {
  const trained = layers.flatMap((module) => (module === undefined ? [] : [module]));
  const stack = (parts: readonly string[]): string =>
    parts.length === 1 ? (parts[0] ?? '') : b.op('Concat', parts, { axis: int(0) });

  const inputs = trained.map((module) => {
    const names = loraInputs(module);
    b.input(names.a, 'float32', [rank, module.columns]);
    b.input(names.b, 'float32', [module.rows, rank]);
    return names;
  });
  const [first] = trained;
  const isDropped = xDims !== undefined && first !== undefined;
  const read = isDropped
    ? b.op('Where', [b.input(keptInput(first), 'bool', xDims), x, b.float32(0)])
    : x; // [M, K]
  // One product reads x for all layers that share it, and one adds to their outputs: its matrix has
  // each B in the columns of its A and zeros elsewhere, which is cheaper than to take y apart.
  const low = b.op('Gemm', [read, stack(inputs.map(({ a }) => a))], { transB: int(1) }); // [M, n r]
  const all = inputs.length * rank;
  const high = layers.map((module, i) => {
    if (module === undefined) return b.op('ConstantOfShape', [b.int64(widths[i] ?? 0, all)]);
    const [before, { b: own }] = [trained.indexOf(module) * rank, loraInputs(module)];
    return all === rank ? own : b.op('Pad', [own, b.int64(0, before, 0, all - rank - before)]);
  }); // [N, n r] each
  const scale = alpha / rank / (1 - dropout);
  return b.op('Gemm', [low, stack(high), y], { transB: int(1), alpha: float(scale) });
}
