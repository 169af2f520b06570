/**
 * The linear layers of a decoder that an adapter may change, by the names and in the shapes that
 * Hugging Face gives them. What is done to them is `lora.ts`; how they are kept is `adapter.ts`.
 */
import type { LlamaConfig } from '../model/llamaConfig';
import { TrainingError } from './errors';

/** Last parts of the names, in the order of the forward pass. */
export const linearKinds = [
  'q_proj',
  'k_proj',
  'v_proj',
  'o_proj',
  'gate_proj',
  'up_proj',
  'down_proj',
] as const;

export type LinearKind = (typeof linearKinds)[number];

export interface LinearModule {
  /** Such as `model.layers.3.self_attn.q_proj`. */
  readonly name: string;
  readonly layer: number;
  readonly kind: LinearKind;
  /** Width of what comes out. */
  readonly rows: number;
  /** Width of what goes in. */
  readonly columns: number;
}

export interface LoraTargets {
  readonly kinds: readonly LinearKind[];
  /** How many layers, counted from the last; a backward pass ends at the first of them. */
  readonly layers: number;
}

/** Every linear layer of the decoder blocks, layer by layer. */
export function linearModules(config: LlamaConfig): readonly LinearModule[] {
  const { hiddenSize, feedForwardSize, heads, kvHeads, headSize } = config;
  const shapes: Readonly<Record<LinearKind, readonly [string, number, number]>> = {
    q_proj: ['self_attn', heads * headSize, hiddenSize],
    k_proj: ['self_attn', kvHeads * headSize, hiddenSize],
    v_proj: ['self_attn', kvHeads * headSize, hiddenSize],
    o_proj: ['self_attn', hiddenSize, heads * headSize],
    gate_proj: ['mlp', feedForwardSize, hiddenSize],
    up_proj: ['mlp', feedForwardSize, hiddenSize],
    down_proj: ['mlp', hiddenSize, feedForwardSize],
  };
  return Array.from({ length: config.layers }, (_, layer) =>
    linearKinds.map((kind) => {
      const [block, rows, columns] = shapes[kind];
      return { name: `model.layers.${layer}.${block}.${kind}`, layer, kind, rows, columns };
    }),
  ).flat();
}

/** @throws TrainingError `settings` where nothing is left to train. */
export function targetModules(config: LlamaConfig, targets: LoraTargets): readonly LinearModule[] {
  const { kinds, layers } = targets;
  if (layers < 1 || layers > config.layers || kinds.length === 0) {
    throw new TrainingError(
      'settings',
      `The model has ${config.layers} layers: train 1 to ${config.layers} of them, and at least one kind of ${linearKinds.join(', ')}.`,
    );
  }
  return linearModules(config).filter(
    ({ layer, kind }) => layer >= config.layers - layers && kinds.includes(kind),
  );
}
