/**
 * The graphs of one training run, open in onnxruntime: forward alone for scores, forward and backward
 * for gradients. Both are made from the same frozen weights, which lie in a file of the run's own
 * (`frozenWeights.ts`); A and B of the adapter come in with every call. It keeps no state.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gradient } from '../autodiff/gradient';
import type { LlamaConfig } from '../model/llamaConfig';
import { type Session, type Tensor, openSession } from '../model/session';
import { encodeModel } from '../onnx/codec';
import type { OnnxGraph, OnnxModel } from '../onnx/model';
import type { LoraPair } from './adapter';
import { type DrawKept, keptFeeds } from './dropout';
import type { Example } from './examples';
import { type LossInputs, lossFeeds, scoreFeeds } from './feeds';
import { type LoraSettings, injectLora, loraInputs } from './lora';
import { type LossSettings, addLoss, addScores, lossNames } from './losses';
import type { LinearModule } from './modules';
import { buildTrainingGraph } from './trainingGraph';

export interface GraphOptions {
  readonly config: LlamaConfig;
  readonly modules: readonly LinearModule[];
  readonly lora: LoraSettings;
}

export interface EngineOptions extends GraphOptions {
  /** Folder with the frozen weights, where the graphs are put too. */
  readonly directory: string;
  /** Threads of one operator, 1 or more. */
  readonly threads: number;
}

export interface Gradients {
  readonly loss: number;
  /** In the order of `parametersOf`. */
  readonly gradients: readonly Float32Array[];
}

/** Gives the gradient of a loss. `release` it when done. */
export interface GradientEngine {
  run(
    examples: readonly Example[],
    inputs: LossInputs,
    parameters: readonly Float32Array[],
    /** Asked where the adapter drops some of what it reads. */
    draw?: DrawKept,
  ): Promise<Gradients>;
  release(): Promise<void>;
}

/** Gives what `addScores` says of each example. `release` it when done. */
export interface ScoreEngine {
  run(
    examples: readonly Example[],
    parameters: readonly Float32Array[],
  ): Promise<readonly number[]>;
  release(): Promise<void>;
}

/** Gives the logits [R, V] that predict the completion of an example. `release` it when done. */
export interface LogitEngine {
  run(example: Example): Promise<Float32Array>;
  release(): Promise<void>;
}

/** A and B of every pair, one after the other: what the optimiser sees. */
export function parametersOf(pairs: readonly LoraPair[]): readonly Float32Array[] {
  return pairs.flatMap(({ a, b }) => [a, b]);
}

/** The pairs with other values: the inverse of `parametersOf`. */
export function pairsOf(
  modules: readonly LinearModule[],
  parameters: readonly Float32Array[],
): readonly LoraPair[] {
  return modules.map((module, i) => {
    const [a, b] = [parameters[2 * i], parameters[2 * i + 1]];
    if (a === undefined || b === undefined) throw new RangeError(`${module.name} has no values.`);
    return { module, a, b };
  });
}

export async function openGradients(
  options: EngineOptions,
  loss: LossSettings,
): Promise<GradientEngine> {
  const { modules } = options;
  const names = parameterNames(modules);
  const model = gradientModel(options, loss);
  const session = await openModel(options, 'gradients.onnx', model);
  const fetches = [lossNames.loss, ...names.map((name) => `d_${name}`)];
  return {
    async run(examples, inputs, parameters, draw) {
      const feeds = chosen(session, lossFeeds(examples, inputs), options, parameters);
      const kept = draw === undefined ? {} : keptFeeds(model.graph, feeds, draw);
      const results = await session.run({ ...feeds, ...kept }, fetches);
      const [value, ...gradients] = fetches.map((name) => floats(results[name]));
      return { loss: value?.[0] ?? NaN, gradients };
    },
    release: () => session.release(),
  };
}

export async function openScores(options: EngineOptions): Promise<ScoreEngine> {
  const lora = { ...options.lora, dropout: 0 };
  const session = await openModel(
    options,
    'scores.onnx',
    adaptedModel({ ...options, lora }, addScores),
  );
  return {
    async run(examples, parameters) {
      const feeds = chosen(session, scoreFeeds(examples), options, parameters);
      const results = await session.run(feeds, [lossNames.scores]);
      return [...floats(results[lossNames.scores])];
    },
    release: () => session.release(),
  };
}

/** Of the frozen model. */
export async function openLogits(options: EngineOptions): Promise<LogitEngine> {
  const frozen = { ...options, modules: [] };
  const session = await openModel(frozen, 'logits.onnx', buildTrainingGraph(options.config).model);
  return {
    async run(example) {
      const { logits } = await session.run(chosen(session, scoreFeeds([example]), frozen, []), [
        'logits',
      ]);
      return floats(logits);
    },
    release: () => session.release(),
  };
}

/** Forward and backward: the loss and its gradient by every A and B. */
export function gradientModel(options: GraphOptions, loss: LossSettings): OnnxModel {
  const names = parameterNames(options.modules);
  return adaptedModel(options, (graph) => gradient(addLoss(graph, loss), lossNames.loss, names));
}

function adaptedModel(
  { config, modules, lora }: GraphOptions,
  finish: (graph: OnnxGraph) => OnnxGraph,
): OnnxModel {
  const { model, weights } = buildTrainingGraph(config);
  return { ...model, graph: finish(injectLora(model.graph, weights, modules, lora)) };
}

async function openModel(
  { directory, threads }: EngineOptions,
  file: string,
  model: OnnxModel,
): Promise<Session> {
  const path = join(directory, file);
  await writeFile(path, encodeModel(model));
  return openSession(path, { threads, prepack: false });
}

/** A graph takes the inputs that its loss reads, of all that there are. */
function chosen(
  { inputNames }: Session,
  feeds: Readonly<Record<string, Tensor>>,
  { modules, lora }: EngineOptions,
  parameters: readonly Float32Array[],
): Record<string, Tensor> {
  const names = parameterNames(modules);
  const dims = modules.flatMap(({ rows, columns }) => [
    [lora.rank, columns],
    [rows, lora.rank],
  ]);
  const all = { ...feeds };
  for (const [i, name] of names.entries()) {
    const data = parameters[i];
    if (data === undefined) throw new RangeError(`There are no values for ${name}.`);
    all[name] = { type: 'float32', dims: dims[i] ?? [], data };
  }
  return Object.fromEntries(Object.entries(all).filter(([name]) => inputNames.includes(name)));
}

function parameterNames(modules: readonly LinearModule[]): readonly string[] {
  return modules.flatMap((module) => Object.values(loraInputs(module)));
}

function floats(tensor: Tensor | undefined): Float32Array {
  if (tensor?.type !== 'float32') throw new TypeError('The graph gave no float32 output.');
  return tensor.data;
}
