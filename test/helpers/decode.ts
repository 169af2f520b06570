/**
 * Runs the inference graph the plain way: one call gives the masks, positions and caches for a batch
 * of rows. For tests of the graph only; the product's caches are in `model/policy.ts`.
 */
import type { ModelManifest } from '../../src/model/modelFolder';
import type { Session, Tensor } from '../../src/model/session';

/** Keys and values, `[2 L][KV][tokens][dh]`, one array for each of the 2 L. */
export interface Cache {
  readonly tokens: number;
  readonly layers: readonly Float32Array[];
}

export const emptyCache = (manifest: ModelManifest): Cache => ({
  tokens: 0,
  layers: Array.from({ length: 2 * manifest.layers }, () => new Float32Array(0)),
});

export interface Step {
  /** Rows of new ids, all of one length, `[B][S]`. */
  readonly ids: readonly (readonly number[])[];
  readonly prefix: Cache;
  /** One cache a row, all of one length. */
  readonly suffixes?: readonly Cache[];
}

export interface StepResult {
  /** Logits of every new token, `[B][S][V]`. */
  readonly logits: readonly (readonly Float32Array[])[];
  readonly hidden: Float32Array;
  /** New keys and values, one cache a row. */
  readonly added: readonly Cache[];
}

export async function runStep(
  session: Session,
  manifest: ModelManifest,
  step: Step,
): Promise<StepResult> {
  const { layers, kvHeads, headSize, vocabularySize } = manifest;
  const rows = step.ids.length;
  const length = step.ids[0]?.length ?? 0;
  const suffixes = step.suffixes ?? step.ids.map(() => emptyCache(manifest));
  const own = suffixes[0]?.tokens ?? 0;
  // The graph wants at least one prefix token, so an empty prefix is one that is hidden.
  const prefixTokens = Math.max(1, step.prefix.tokens);
  const hiddenPrefix = prefixTokens - step.prefix.tokens;
  const start = step.prefix.tokens + own;

  const total = prefixTokens + own + length;
  const bias = new Float32Array(rows * length * total);
  for (let row = 0; row < rows; row++) {
    for (let s = 0; s < length; s++) {
      const at = (row * length + s) * total;
      bias.fill(-1e9, at, at + hiddenPrefix);
      bias.fill(-1e9, at + prefixTokens + own + s + 1, at + total);
    }
  }
  const feeds: Record<string, Tensor> = {
    input_ids: int64([rows, length], step.ids.flat()),
    position_ids: int64(
      [rows, length],
      step.ids.flatMap((row) => row.map((_, s) => start + s)),
    ),
    attention_bias: float32([rows, 1, length, total], bias),
    logit_rows: int64(
      [rows * length],
      Array.from({ length: rows * length }, (_, i) => i),
    ),
  };
  for (let layer = 0; layer < layers; layer++) {
    for (const [offset, part] of ['key', 'value'].entries()) {
      const at = 2 * layer + offset;
      const prefix = hiddenPrefix ? new Float32Array(kvHeads * headSize) : step.prefix.layers[at];
      feeds[`prefix.${layer}.${part}`] = float32([1, kvHeads, prefixTokens, headSize], prefix);
      const suffix = concat(suffixes.map((cache) => cache.layers[at] ?? new Float32Array(0)));
      feeds[`suffix.${layer}.${part}`] = float32([rows, kvHeads, own, headSize], suffix);
    }
  }
  const result = await session.run(feeds, ['logits', 'hidden', 'new_kv']);
  const logits = floats(result['logits']);
  const added = floats(result['new_kv']);
  const rowSize = kvHeads * length * headSize;
  return {
    logits: step.ids.map((row, r) =>
      row.map((_, s) => {
        const at = (r * length + s) * vocabularySize;
        return logits.subarray(at, at + vocabularySize);
      }),
    ),
    hidden: floats(result['hidden']),
    added: step.ids.map((_, r) => ({
      tokens: length,
      layers: Array.from({ length: 2 * layers }, (_, l) =>
        added.slice((l * rows + r) * rowSize, (l * rows + r + 1) * rowSize),
      ),
    })),
  };
}

/** The cache of `a` followed by `b`. */
export function joinCaches(manifest: ModelManifest, a: Cache, b: Cache): Cache {
  const { kvHeads, headSize } = manifest;
  const head = (cache: Cache, values: Float32Array, h: number): Float32Array =>
    values.subarray(h * cache.tokens * headSize, (h + 1) * cache.tokens * headSize);
  return {
    tokens: a.tokens + b.tokens,
    layers: a.layers.map((values, l) =>
      concat(
        Array.from({ length: kvHeads }, (_, h) => [
          head(a, values, h),
          head(b, b.layers[l] ?? new Float32Array(0), h),
        ]).flat(),
      ),
    ),
  };
}

function concat(parts: readonly Float32Array[]): Float32Array {
  const joined = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

function int64(dims: readonly number[], values: readonly number[]): Tensor {
  return { type: 'int64', dims, data: BigInt64Array.from(values, BigInt) };
}

function float32(dims: readonly number[], data: Float32Array = new Float32Array(0)): Tensor {
  return { type: 'float32', dims, data };
}

function floats(tensor: Tensor | undefined): Float32Array {
  if (tensor?.type !== 'float32') throw new TypeError('not a float32 tensor');
  return tensor.data;
}
