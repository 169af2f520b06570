/**
 * One run of the graph: makes its inputs from token ids and cached keys and values, and gives back
 * logits and what to cache. The attention bias, made here, decides what each token sees; causality,
 * padding and token trees are all said through it. What to do with the logits is for others.
 * B rows, S tokens a row, D width, P prefix slots, C suffix slots, R rows of logits, V vocabulary.
 */
import type { KvBuffer, NewKv } from './kvBuffer';
import type { ModelManifest } from './modelFolder';
import type { Session, Tensor } from './session';

const unseen = -1e9;

export interface ForwardInput {
  /** S tokens for each of B rows, row after row. */
  readonly ids: readonly number[]; // [B * S]
  /** Place of each token in its sequence, from 0. */
  readonly positions: readonly number[]; // [B * S]
  readonly rows: number; // B
  /** Shared by all rows; its first `length` slots are seen. */
  readonly prefix: { readonly kv: KvBuffer; readonly length: number };
  /** Each row's own; of row b the first `lengths[b]` slots are seen. */
  readonly suffix: { readonly kv: KvBuffer; readonly lengths: readonly number[] } | null;
  /** Whether token `from` of a row sees token `to` of the same row and run, `to` <= `from`. */
  readonly sees: (from: number, to: number) => boolean;
  /** Places in `ids` whose logits are wanted. */
  readonly logitRows: readonly number[]; // [R]
}

export interface ForwardOutput {
  /** One view [V] for each wanted place, in the order asked. */
  readonly logits: readonly Float32Array[];
  /** What the logits are made of: one view [D] for each. */
  readonly hidden: readonly Float32Array[];
  readonly newKv: NewKv;
}

export async function forward(
  session: Session,
  { layers, kvHeads, headSize, hiddenSize, vocabularySize }: ModelManifest,
  input: ForwardInput,
): Promise<ForwardOutput> {
  const { ids, rows, prefix, suffix, logitRows } = input;
  const tokens = ids.length / rows;
  const feeds: Record<string, Tensor> = {
    input_ids: integers(ids, [rows, tokens]),
    position_ids: integers(input.positions, [rows, tokens]),
    attention_bias: attentionBias(input),
    logit_rows: integers(logitRows, [logitRows.length]),
  };
  for (let layer = 0; layer < layers; layer++) {
    for (const [offset, name] of ['key', 'value'].entries()) {
      feeds[`prefix.${layer}.${name}`] = prefix.kv.tensor(2 * layer + offset, 1);
      feeds[`suffix.${layer}.${name}`] = suffix?.kv.tensor(2 * layer + offset, rows) ?? {
        type: 'float32',
        data: new Float32Array(0),
        dims: [rows, kvHeads, 0, headSize],
      };
    }
  }
  const outputs = await session.run(feeds, ['logits', 'hidden', 'new_kv']);
  const { logits, hidden, new_kv: newKv } = outputs;
  return {
    logits: rowsOf(floats(logits), logitRows.length, vocabularySize), // [R, V]
    hidden: rowsOf(floats(hidden), logitRows.length, hiddenSize), // [R, D]
    newKv: { data: floats(newKv), rows, tokens }, // [2L, B, KV, S, dh]
  };
}

function attentionBias({ ids, rows, prefix, suffix, sees }: ForwardInput): Tensor {
  const tokens = ids.length / rows;
  const prefixSlots = prefix.kv.capacity;
  const suffixSlots = suffix?.kv.capacity ?? 0;
  const width = prefixSlots + suffixSlots + tokens;
  const bias = new Float32Array(rows * tokens * width); // [B, 1, S, P + C + S]
  for (let row = 0; row < rows; row++) {
    for (let from = 0; from < tokens; from++) {
      const start = (row * tokens + from) * width;
      const own = start + prefixSlots + suffixSlots;
      bias.fill(unseen, start + prefix.length, start + prefixSlots);
      bias.fill(unseen, start + prefixSlots + (suffix?.lengths[row] ?? 0), own);
      for (let to = 0; to < tokens; to++) {
        if (to > from || !sees(from, to)) bias[own + to] = unseen;
      }
    }
  }
  return { type: 'float32', data: bias, dims: [rows, 1, tokens, width] };
}

function rowsOf(data: Float32Array, rows: number, width: number): Float32Array[] {
  return Array.from({ length: rows }, (_, row) => data.subarray(row * width, (row + 1) * width));
}

function integers(values: readonly number[], dims: readonly number[]): Tensor {
  return { type: 'int64', data: BigInt64Array.from(values, BigInt), dims };
}

function floats(tensor: Tensor | undefined): Float32Array {
  if (tensor?.type !== 'float32') throw new TypeError('The graph gave no floats.');
  return tensor.data;
}
