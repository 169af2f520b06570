/**
 * Fills a folder with a model in Hone's form from weights that are handed over one tensor at a time.
 * It neither knows where they come from nor makes the folder appear atomically: see `importModel.ts`.
 */
import { createHash } from 'node:crypto';
import { type FileHandle, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeModel } from '../onnx/codec';
import type { ExternalTensor } from '../onnx/graphBuilder';
import { bytesOf } from '../onnx/model';
import { toColumns8 } from './columns8';
import { ModelError } from './errors';
import type { LlamaConfig } from './llamaConfig';
import { type LlamaGraph, buildLlamaGraph } from './llamaGraph';
import type { SourceTensor, WeightRecipe } from './llamaKernels';
import { type ModelFolder, type ModelManifest, type Precision, fileNames } from './modelFolder';
import { type Blocks8, quantizeBlocks8, transpose } from './quantize';
import type { SpecialTokens } from './specialTokens';
import type { TokenizerJson } from './tokenizer';

/** Weights by Hugging Face name, row-major, in Hugging Face's order of the rotary halves. */
export interface WeightSource {
  /**
   * Reads `rows` rows (of the first axis) from `firstRow` on; both are multiples of the head size, or
   * reach the end.
   * @throws ModelError `damaged` when the tensor is missing or has other dimensions.
   */
  read(tensor: SourceTensor, firstRow: number, rows: number): Promise<Float32Array>;
  close(): Promise<void>;
}

/** What a published model says of itself, with its weights still to be read. */
export interface SourceModel {
  readonly name: string;
  readonly config: LlamaConfig;
  readonly tokenizer: TokenizerJson;
  readonly specialTokens: SpecialTokens;
  readonly weights: WeightSource;
}

export interface WeightParts extends Pick<SourceModel, 'config' | 'weights'> {
  /** Called after each tensor with the share of the weights written, 0..1. */
  readonly onProgress?: ((share: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ModelParts extends SourceModel, WeightParts {
  readonly sourceSha256: string;
  readonly precision: Precision;
}

/** Writes all files into `directory`, which exists, the manifest last. */
export async function writeModel(directory: string, parts: ModelParts): Promise<ModelFolder> {
  const { config, precision, name, sourceSha256 } = parts;
  const graph = buildLlamaGraph(config, precision);
  const writeSmall = async (file: string, bytes: Uint8Array) => {
    await writeFile(join(directory, file), bytes);
    return { sha256: createHash('sha256').update(bytes).digest('hex'), bytes: bytes.length };
  };

  const files = {
    [fileNames.weights]: await writeWeights(join(directory, fileNames.weights), graph, parts),
    [fileNames.graph]: await writeSmall(fileNames.graph, encodeModel(graph.model)),
    [fileNames.tokenizer]: await writeSmall(
      fileNames.tokenizer,
      Buffer.from(JSON.stringify(parts.tokenizer)),
    ),
  };

  const manifest: ModelManifest = {
    formatVersion: 2,
    name,
    version: `${name}@${sourceSha256.slice(0, 8)}`,
    sourceSha256,
    precision,
    ...config,
    ...parts.specialTokens,
    files,
  };
  await writeFile(join(directory, fileNames.manifest), `${JSON.stringify(manifest, null, 2)}\n`);
  return {
    directory,
    manifest,
    graphPath: join(directory, fileNames.graph),
    tokenizerPath: join(directory, fileNames.tokenizer),
  };
}

/** Writes the weights of `graph` into a new file, and returns its hash and length. */
export async function writeWeights(
  path: string,
  graph: Pick<LlamaGraph, 'weights' | 'weightsBytes'>,
  parts: WeightParts,
): Promise<{ readonly sha256: string; readonly bytes: number }> {
  const file = await open(path, 'wx');
  try {
    const writer = new WeightsWriter(file);
    for (const recipe of graph.weights) {
      parts.signal?.throwIfAborted();
      await writeRecipe(writer, recipe, (tensors = recipe.parts) => readRows(parts, tensors));
      parts.onProgress?.(writer.position / graph.weightsBytes);
    }
    await file.sync();
    return { sha256: writer.digest(), bytes: writer.position };
  } finally {
    await file.close();
  }
}

/** Values read at a time; bounds the memory of an import. */
const chunkValues = 4_000_000;

/** The parts of a weight one after the other, some rows at a time. */
async function* readRows(
  { weights, config, signal }: WeightParts,
  parts: readonly SourceTensor[],
): AsyncGenerator<Float32Array> {
  for (const part of parts) {
    const [allRows = 0, columns = 1] = part.dims;
    const heads = Math.max(1, Math.floor(chunkValues / (columns * config.headSize)));
    const rows = heads * config.headSize;
    for (let row = 0; row < allRows; row += rows) {
      signal?.throwIfAborted();
      yield await weights.read(part, row, Math.min(rows, allRows - row));
    }
  }
}

async function writeRecipe(
  writer: WeightsWriter,
  recipe: WeightRecipe,
  read: (tensors?: readonly SourceTensor[]) => AsyncIterable<Float32Array>,
): Promise<void> {
  switch (recipe.form) {
    case 'plain':
      return writer.write(recipe.target, read());
    case 'transposed': {
      const [columns = 1, rows = 1] = recipe.target.dims;
      const matrix = await whole(read(), rows * columns);
      return writer.write(recipe.target, [transpose(matrix, rows, columns)]);
    }
    case 'columns8': {
      const [columns = 1, rows = 1] = recipe.target.dims;
      const { turned } = recipe;
      const gamma =
        turned.side === 'input' ? await whole(read([turned.gamma]), columns) : new Float32Array(0);
      const matrix = await whole(read(), rows * columns);
      const { values, scales } = toColumns8(matrix, columns, turned, gamma);
      throwUnlessFinite(scales, recipe.target.name);
      await writer.write(recipe.target, [values]);
      return writer.write(recipe.scales, [scales]);
    }
    case 'blocks8': {
      const grids: Omit<Blocks8, 'values'>[] = [];
      await writer.write(recipe.target, quantized(read(), grids, recipe.target.name));
      await writer.write(
        recipe.scales,
        grids.map(({ scales }) => scales),
      );
      return writer.write(
        recipe.zeros,
        grids.map(({ zeros }) => zeros),
      );
    }
  }
}

/** All chunks in one array of `length` values. */
async function whole(chunks: AsyncIterable<Float32Array>, length: number): Promise<Float32Array> {
  const values = new Float32Array(length);
  let filled = 0;
  for await (const chunk of chunks) {
    values.set(chunk, filled);
    filled += chunk.length;
  }
  return values;
}

function throwUnlessFinite(scales: Float32Array, name: string): void {
  if (scales.every(Number.isFinite)) return;
  throw new ModelError(
    'damaged',
    `The weights ${name} hold values that are not numbers. The file is damaged: download it again.`,
  );
}

/** Quantises chunk by chunk, and leaves scales and zero points in `grids`. */
async function* quantized(
  chunks: AsyncIterable<Float32Array>,
  grids: Omit<Blocks8, 'values'>[],
  name: string,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    const { values, scales, zeros } = quantizeBlocks8(chunk);
    throwUnlessFinite(scales, name);
    grids.push({ scales, zeros });
    yield values;
  }
}

/** Writes tensors one after the other at the places the graph gave them, and hashes what it writes. */
class WeightsWriter {
  readonly #file: FileHandle;
  readonly #hash = createHash('sha256');
  position = 0;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  async write(
    { name, data }: ExternalTensor,
    chunks: AsyncIterable<ArrayBufferView> | Iterable<ArrayBufferView>,
  ): Promise<void> {
    await this.#append(new Uint8Array(data.offset - this.position));
    for await (const chunk of chunks) await this.#append(bytesOf(chunk));
    if (this.position !== data.offset + data.length) {
      throw new Error(`${name} does not fill its place in the weights file.`);
    }
  }

  digest(): string {
    return this.#hash.digest('hex');
  }

  async #append(bytes: Uint8Array): Promise<void> {
    this.#hash.update(bytes);
    for (let done = 0; done < bytes.length;) {
      const { bytesWritten } = await this.#file.write(bytes, done);
      done += bytesWritten;
    }
    this.position += bytes.length;
  }
}
