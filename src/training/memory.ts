/**
 * How much memory a run will take, told before it begins, and the longest texts that fit. The
 * coefficients are measured (`npm run bench -- training` shows estimate beside fact); micro-batches
 * hold one row, so the batch size does not matter.
 */
import type { LlamaConfig } from '../model/llamaConfig';
import { TrainingError } from './errors';

export interface MemoryRequest {
  readonly config: LlamaConfig;
  /** How many layers are trained, counted from the last. */
  readonly layers: number;
  readonly rank: number;
  /** Share of what the adapter reads that is dropped; 0 if not said. */
  readonly dropout?: number;
  /** Texts of one row: 2 for preference pairs. */
  readonly texts: number;
  /** Longest text that is wanted, in tokens. */
  readonly maxTokens: number;
  readonly maxMemoryBytes: number;
}

export interface MemoryPlan {
  /** Longest text that fits, at most what was wanted. */
  readonly maxTokens: number;
  readonly wantedTokens: number;
  /** Peak of the whole process. */
  readonly bytes: number;
}

/** Shorter texts than this teach little. */
const fewestTokens = 64;

/** @throws TrainingError `memory`, saying how much it would take. */
export function planMemory(request: MemoryRequest): MemoryPlan {
  const { maxTokens, maxMemoryBytes } = request;
  const step = 16;
  for (let tokens = maxTokens; tokens >= Math.min(fewestTokens, maxTokens); tokens -= step) {
    const bytes = peakBytes(request, tokens);
    if (bytes <= maxMemoryBytes) return { maxTokens: tokens, wantedTokens: maxTokens, bytes };
  }
  const megabytes = (bytes: number): string => `${Math.ceil(bytes / 1e6)} MB`;
  const least = peakBytes(request, Math.min(fewestTokens, maxTokens));
  throw new TrainingError(
    'memory',
    `Training this model takes at least ${megabytes(least)}, and ${megabytes(maxMemoryBytes)} are allowed. Allow more, train fewer layers, or take a smaller model.`,
  );
}

/** Node, onnxruntime and their buffers before any weight is read. */
const processBytes = 235e6;

/** Numbers in the matrices of a model. */
export function weightCount(config: LlamaConfig): number {
  const { hiddenSize: D, feedForwardSize: F, vocabularySize: V, heads, kvHeads, headSize } = config;
  const layer = D * ((2 * heads + 2 * kvHeads) * headSize + 3 * F);
  return config.layers * layer + V * D * (config.tiedEmbedding ? 1 : 2);
}

/** The whole process at its highest, for texts of `tokens`. */
export function peakBytes(request: MemoryRequest, tokens: number): number {
  const { config, layers, rank, texts, dropout = 0 } = request;
  const { hiddenSize: D, feedForwardSize: F, vocabularySize: V, heads, kvHeads, headSize } = config;
  const qkv = (heads + 2 * kvHeads) * headSize;
  const weights = weightCount(config);
  // A, B, their gradients, sums of gradients, and the optimiser's two means before and after a step.
  const adapter = 8 * layers * rank * (5 * D + 2 * qkv + 4 * F);
  const rows = texts * tokens;
  // What the backward pass of a layer needs of its forward pass: D-, F- and qkv-wide rows. Dropout adds
  // a byte for each number that the adapter reads.
  const perRow = 8 * D + 4 * F + 2 * qkv + (dropout > 0 ? 0.3 * (3 * D + F) : 0);
  const attention = texts * heads * tokens * tokens;
  const activations = layers * (rows * perRow + attention);
  // A completion takes up to three quarters of the window; the loss holds its logits four times.
  const head = 4 * V * rows * 0.75;
  return processBytes + 4 * (weights + adapter + activations + head);
}
