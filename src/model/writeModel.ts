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
import { ModelError } from './errors';
import type { LlamaConfig } from './llamaConfig';
import { type SourceTensor, type WeightRecipe, buildLlamaGraph } from './llamaGraph';
import { type ModelFolder, type ModelManifest, type Precision, fileNames } from './modelFolder';
import { quantizeBlocks8, transpose } from './quantize';
import type { SpecialTokens } from './specialTokens';
import type { TokenizerJson } from './tokenizer';

/** Weights by Hugging Face name, row-major, in Hugging Face's order of the rotary halves. */
export interface WeightSource {
  /** @throws ModelError `damaged` when the tensor is missing or has other dimensions. */
  read(tensor: SourceTensor): Promise<Float32Array>;
}

export interface ModelParts {
  readonly name: string;
  readonly sourceSha256: string;
  readonly config: LlamaConfig;
  readonly precision: Precision;
  readonly tokenizer: TokenizerJson;
  readonly specialTokens: SpecialTokens;
  readonly weights: WeightSource;
  /** Called after each tensor with the share of the weights written, 0..1. */
  readonly onProgress?: (share: number) => void;
  readonly signal?: AbortSignal;
}

/** Writes all files into `directory`, which exists, the manifest last. */
export async function writeModel(directory: string, parts: ModelParts): Promise<ModelFolder> {
  const { config, precision, name, sourceSha256 } = parts;
  const graph = buildLlamaGraph(config, precision);
  const files: Record<string, { sha256: string; bytes: number }> = {};
  const writeSmall = async (file: string, bytes: Uint8Array): Promise<void> => {
    await writeFile(join(directory, file), bytes);
    files[file] = { sha256: createHash('sha256').update(bytes).digest('hex'), bytes: bytes.length };
  };

  const weightsFile = await open(join(directory, fileNames.weights), 'wx');
  try {
    const writer = new WeightsWriter(weightsFile);
    for (const recipe of graph.weights) {
      parts.signal?.throwIfAborted();
      await writeRecipe(writer, parts.weights, recipe);
      parts.onProgress?.(writer.position / graph.weightsBytes);
    }
    await weightsFile.sync();
    files[fileNames.weights] = { sha256: writer.digest(), bytes: writer.position };
  } finally {
    await weightsFile.close();
  }
  await writeSmall(fileNames.graph, encodeModel(graph.model));
  await writeSmall(fileNames.tokenizer, Buffer.from(JSON.stringify(parts.tokenizer)));

  const manifest: ModelManifest = {
    formatVersion: 1,
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

async function writeRecipe(
  writer: WeightsWriter,
  source: WeightSource,
  recipe: WeightRecipe,
): Promise<void> {
  const matrix = await readStacked(source, recipe.parts);
  switch (recipe.form) {
    case 'plain':
      return writer.write(recipe.target, bytesOf(matrix));
    case 'transposed': {
      const [columns = 1, rows = 1] = recipe.target.dims;
      return writer.write(recipe.target, bytesOf(transpose(matrix, rows, columns)));
    }
    case 'blocks8': {
      const { values, scales } = quantizeBlocks8(matrix);
      if (!scales.every(Number.isFinite)) throw notFinite(recipe.parts);
      await writer.write(recipe.target, values);
      return writer.write(recipe.scales, bytesOf(scales));
    }
  }
}

async function readStacked(
  source: WeightSource,
  parts: readonly SourceTensor[],
): Promise<Float32Array> {
  const read: Float32Array[] = [];
  for (const part of parts) read.push(await source.read(part));
  const [first, ...rest] = read;
  if (first !== undefined && rest.length === 0) return first;
  const stacked = new Float32Array(read.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of read) {
    stacked.set(part, offset);
    offset += part.length;
  }
  return stacked;
}

function notFinite(parts: readonly SourceTensor[]): ModelError {
  const names = parts.map((part) => part.name).join(', ');
  return new ModelError(
    'damaged',
    `The weights hold values that are not numbers (${names}). The file is damaged: download it again.`,
  );
}

/** Writes tensors one after the other at the places the graph gave them, and hashes what it writes. */
class WeightsWriter {
  readonly #file: FileHandle;
  readonly #hash = createHash('sha256');
  position = 0;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  async write({ name, data }: ExternalTensor, bytes: Uint8Array): Promise<void> {
    if (data.offset < this.position || data.length !== bytes.length) {
      throw new Error(`${name}: ${bytes.length} bytes do not fit its place in the weights file.`);
    }
    await this.#append(new Uint8Array(data.offset - this.position));
    await this.#append(bytes);
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
