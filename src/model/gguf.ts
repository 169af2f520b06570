/**
 * GGUF files: the header is read by @huggingface/gguf, then everything in it that is used to address
 * the file or to allocate memory is checked against the file itself, since such files come from
 * strangers. Tensors are decoded a few rows at a time. Other architectures and types are refused.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { gguf } from '@huggingface/gguf';
import { type GgmlType, ggmlTypes } from './dequantize';
import { ModelError } from './errors';
import type { LlamaConfig } from './llamaConfig';
import type { SourceTensor } from './llamaKernels';
import { sourceBytes } from './sourceFile';
import type { WeightSource } from './writeModel';

export interface GgufTensor {
  /** Row-major, outermost first (the file stores them the other way round). */
  readonly dims: readonly number[];
  readonly type: GgmlType;
  /** Absolute, in bytes. */
  readonly offset: number;
  readonly bytes: number;
}

export interface Gguf {
  readonly path: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly tensors: ReadonlyMap<string, GgufTensor>;
}

/** Far above any real model; they only keep a hostile header from costing time or memory. */
const maxTensors = 100_000;
const maxMetadata = 10_000;
const minTensorHeaderBytes = 24;
const minMetadataBytes = 13;

/** @throws ModelError `damaged` or `unsupported`, saying what to do. */
export async function readGguf(path: string): Promise<Gguf> {
  const fileBytes = await checkHead(path);
  const parsed = await gguf(path, { allowLocalFile: true }).catch((error: unknown) => {
    throw damaged(path, 'its header cannot be read', error);
  });
  const dataOffset = Number(parsed.tensorDataOffset);
  const tensors = new Map<string, GgufTensor>();
  for (const { name, shape, dtype, offset } of parsed.tensorInfos) {
    if (name === '') throw damaged(path, 'it ends before its list of tensors does');
    if (tensors.has(name)) throw damaged(path, `it has two tensors called ${name}`);
    const type = ggmlTypes.get(dtype);
    if (type === undefined) throw unsupportedType(path, name, dtype);
    const dims = shape.map(Number).reverse();
    const count = dims.reduce((product, size) => product * size, 1);
    const columns = dims.at(-1) ?? 0;
    if (dims.some((size) => size < 1) || !Number.isSafeInteger(count) || columns % type.blockSize) {
      throw damaged(path, `tensor ${name} has the impossible shape ${dims.join(' x ')}`);
    }
    const start = dataOffset + Number(offset);
    const bytes = (count / type.blockSize) * type.blockBytes;
    if (!Number.isSafeInteger(start) || start + bytes > fileBytes) {
      throw damaged(path, `tensor ${name} reaches beyond the end of the file`);
    }
    tensors.set(name, { dims, type, offset: start, bytes });
  }
  return { path, metadata: { ...parsed.metadata }, tensors };
}

/** Magic, version and counts, before anything is allocated for them. Returns the file's length. */
async function checkHead(path: string): Promise<number> {
  await sourceBytes(path);
  const file = await open(path, 'r').catch((error: unknown) => {
    throw new ModelError('notFound', `${path} cannot be read. Check the path and its rights.`, {
      cause: error,
    });
  });
  try {
    const { size } = await file.stat();
    const head = Buffer.alloc(24);
    const { bytesRead } = await file.read(head, 0, head.length, 0);
    if (head.toString('latin1', 0, 4) !== 'GGUF') {
      throw new ModelError(
        'unsupported',
        `${path} is damaged or not a GGUF model. Download it again, or choose another file or a Hugging Face folder.`,
      );
    }
    if (bytesRead < head.length) throw damaged(path, 'it ends within its header');
    const version = head.readUInt32LE(4);
    if (version !== 2 && version !== 3) {
      throw new ModelError(
        'unsupported',
        `${path} is GGUF version ${version}; Hone reads 2 and 3. Convert it again with a current llama.cpp.`,
      );
    }
    const tensors = head.readBigUInt64LE(8);
    const metadata = head.readBigUInt64LE(16);
    const least = tensors * BigInt(minTensorHeaderBytes) + metadata * BigInt(minMetadataBytes);
    if (tensors > maxTensors || metadata > maxMetadata || least > size) {
      throw damaged(path, `it claims ${tensors} tensors and ${metadata} settings`);
    }
    return size;
  } finally {
    await file.close();
  }
}

/** The tensors of a GGUF file by their Hugging Face names. `close` it when done. */
export class GgufWeights implements WeightSource {
  /** As given, or with the head tied to the embedding where the file has one matrix for both, twice. */
  readonly config: LlamaConfig;
  readonly #gguf: Gguf;
  readonly #file: FileHandle;

  private constructor(source: Gguf, config: LlamaConfig, file: FileHandle) {
    this.#gguf = source;
    this.config = config;
    this.#file = file;
  }

  static async open(source: Gguf, config: LlamaConfig): Promise<GgufWeights> {
    const weights = new GgufWeights(source, config, await open(source.path, 'r'));
    try {
      return config.tiedEmbedding ? weights : await weights.#tiedIfOne();
    } catch (error) {
      await weights.close();
      throw error;
    }
  }

  /** Converters store a matrix that is embedding and head twice, rounded twice: the finer serves both. */
  async #tiedIfOne(): Promise<GgufWeights> {
    const { vocabularySize, hiddenSize } = this.config;
    const dims = [vocabularySize, hiddenSize];
    const rows = Math.min(comparedRows, vocabularySize);
    for (const share of [0, 1 / 2, 1]) {
      const first = Math.floor(share * (vocabularySize - rows));
      const embedding = await this.read({ name: 'model.embed_tokens.weight', dims }, first, rows);
      const head = await this.read({ name: 'lm_head.weight', dims }, first, rows);
      const difference = head.map((value, i) => value - (embedding[i] ?? 0));
      if (!(length(difference) <= roundingShare * length(embedding))) return this;
    }
    const [embedding, head] = ['token_embd.weight', 'output.weight'].map((name) =>
      this.#gguf.tensors.get(name),
    );
    if (embedding === undefined || head === undefined) return this;
    const finer = head.bytes > embedding.bytes ? head : embedding;
    const tensors = new Map([...this.#gguf.tensors, ['token_embd.weight', finer]]);
    return new GgufWeights(
      { ...this.#gguf, tensors },
      { ...this.config, tiedEmbedding: true },
      this.#file,
    );
  }

  async read({ name, dims }: SourceTensor, firstRow: number, rows: number): Promise<Float32Array> {
    const { path } = this.#gguf;
    const ggufName = toGgufName(name);
    const tensor = this.#gguf.tensors.get(ggufName);
    if (tensor === undefined) throw damaged(path, `tensor ${ggufName} is missing`);
    if (tensor.dims.join() !== dims.join()) {
      throw damaged(
        path,
        `tensor ${ggufName} is ${tensor.dims.join(' x ')}, not ${dims.join(' x ')}`,
      );
    }
    const columns = dims.length === 1 ? 1 : (dims.at(-1) ?? 1);
    const { blockSize, blockBytes } = tensor.type;
    const bytes = new Uint8Array(((rows * columns) / blockSize) * blockBytes);
    const position = tensor.offset + ((firstRow * columns) / blockSize) * blockBytes;
    const { bytesRead } = await this.#file.read(bytes, 0, bytes.length, position);
    if (bytesRead < bytes.length) throw damaged(path, 'it became shorter while it was read');
    const values = new Float32Array(rows * columns);
    tensor.type.dequantize(bytes, values);
    return this.config.architecture === 'llama' && /\.(q|k)_proj\.weight$/.test(name)
      ? halvesFirst(values, columns, this.config.headSize)
      : values;
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

/** Rows that say whether two matrices are one, from three places. */
const comparedRows = 32;
/** Of a matrix's length, what rounding to 4 bits or more may take; unlike matrices are 1 and more apart. */
const roundingShare = 0.2;

function length(vector: Float32Array): number {
  return Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
}

/**
 * GGUF files of the Llama architecture have the rows of query and key heads in rotary pairs (0, dh/2,
 * 1, dh/2 + 1, ...), as Meta published them; this puts them back into halves. Qwen2's were left alone.
 */
function halvesFirst(matrix: Float32Array, columns: number, headSize: number): Float32Array {
  const result = new Float32Array(matrix.length);
  const rows = matrix.length / columns;
  const half = headSize / 2;
  for (let row = 0; row < rows; row++) {
    const within = row % headSize;
    const source = row - within + (within < half ? 2 * within : 2 * (within - half) + 1);
    result.set(matrix.subarray(source * columns, (source + 1) * columns), row * columns);
  }
  return result;
}

const ggufNames: Readonly<Record<string, string>> = {
  'model.embed_tokens.weight': 'token_embd.weight',
  'model.norm.weight': 'output_norm.weight',
  'lm_head.weight': 'output.weight',
};

const ggufLayerNames: Readonly<Record<string, string>> = {
  input_layernorm: 'attn_norm',
  'self_attn.q_proj': 'attn_q',
  'self_attn.k_proj': 'attn_k',
  'self_attn.v_proj': 'attn_v',
  'self_attn.o_proj': 'attn_output',
  post_attention_layernorm: 'ffn_norm',
  'mlp.gate_proj': 'ffn_gate',
  'mlp.up_proj': 'ffn_up',
  'mlp.down_proj': 'ffn_down',
};

/** `model.layers.3.mlp.up_proj.weight` to `blk.3.ffn_up.weight`. */
function toGgufName(name: string): string {
  const [, layer, part = '', kind] = /^model\.layers\.(\d+)\.(.+)\.(\w+)$/.exec(name) ?? [];
  const found = layer === undefined ? ggufNames[name] : ggufLayerNames[part];
  if (found === undefined) throw new Error(`No GGUF name is known for ${name}.`);
  return layer === undefined ? found : `blk.${layer}.${found}.${kind}`;
}

function damaged(path: string, reason: string, cause?: unknown): ModelError {
  return new ModelError(
    'damaged',
    `${path} is damaged or was cut short: ${reason}. Download it again.`,
    { cause },
  );
}

function unsupportedType(path: string, tensor: string, type: number): ModelError {
  const known = [...ggmlTypes.values()].map(({ name }) => name).join(', ');
  return new ModelError(
    'unsupported',
    `${path} keeps ${tensor} in GGUF type ${type}, which Hone does not read. Choose a file in one of ${known}.`,
  );
}
