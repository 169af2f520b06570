/**
 * The weights inside a model folder, by the names and in the shapes that the source gave them: the
 * inverse of what `writeModel.ts` does. Where the folder keeps 8 bits, what is read is what they stand
 * for, and what is written is rounded to 8 bits again.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExternalTensor } from '../onnx/graphBuilder';
import { bytesOf, elementCount } from '../onnx/model';
import { type Columns8, fromColumns8, toColumns8 } from './columns8';
import { ModelError } from './errors';
import { buildLlamaGraph } from './llamaGraph';
import type { SourceTensor, Turned, WeightRecipe } from './llamaKernels';
import { type ModelFolder, fileNames } from './modelFolder';
import { blockSize, quantizeBlocks8, transpose } from './quantize';
import type { WeightSource } from './writeModel';

type Columns8Recipe = Extract<WeightRecipe, { form: 'columns8' }>;

/** Where a tensor of the source lies. */
interface Place {
  readonly recipe: WeightRecipe;
  /** Its first row in the recipe's stacked matrix. */
  readonly firstRow: number;
}

/** The weights of one folder. `close` it when done. */
export class FolderWeights implements WeightSource {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #places: ReadonlyMap<string, Place>;

  private constructor(path: string, file: FileHandle, places: ReadonlyMap<string, Place>) {
    this.#path = path;
    this.#file = file;
    this.#places = places;
  }

  /** Opens the weights of `folder`; with `r+` they can be changed, which is for a copy alone. */
  static async open(folder: ModelFolder, flags: 'r' | 'r+' = 'r'): Promise<FolderWeights> {
    const path = join(folder.directory, fileNames.weights);
    const places = new Map<string, Place>();
    for (const recipe of buildLlamaGraph(folder.manifest, folder.manifest.precision).weights) {
      let firstRow = 0;
      for (const part of recipe.parts) {
        places.set(part.name, { recipe, firstRow });
        firstRow += part.dims[0] ?? 0;
      }
    }
    return new FolderWeights(path, await open(path, flags), places);
  }

  async read({ name, dims }: SourceTensor, firstRow: number, rows: number): Promise<Float32Array> {
    const place = this.#place(name);
    const columns = dims.length === 1 ? 1 : (dims[1] ?? 1);
    const row = place.firstRow + firstRow;
    const { recipe } = place;
    switch (recipe.form) {
      case 'plain':
        return this.#floats(recipe.target, row * columns, rows * columns);
      case 'transposed': {
        const [, allRows = 0] = recipe.target.dims;
        const whole = await this.#floats(recipe.target, 0, columns * allRows); // [K, N]
        return transpose(whole, columns, allRows).slice(row * columns, (row + rows) * columns);
      }
      case 'columns8': {
        const whole = fromColumns8(
          await this.#columns8(recipe),
          recipe.turned,
          await this.#gamma(recipe.turned),
        );
        return whole.slice(row * columns, (row + rows) * columns);
      }
      case 'blocks8': {
        const [at, count] = [(row * columns) / blockSize, (rows * columns) / blockSize];
        const values = await this.#bytes(recipe.target, at * blockSize, count * blockSize);
        const scales = await this.#floats(recipe.scales, at, count);
        const zeros = await this.#bytes(recipe.zeros, at, count);
        const result = new Float32Array(rows * columns);
        for (let block = 0; block < count; block++) {
          const [scale, zero] = [scales[block] ?? NaN, zeros[block] ?? 0];
          const start = block * blockSize;
          for (let i = start; i < start + blockSize; i++) {
            result[i] = scale * ((values[i] ?? 0) - zero);
          }
        }
        return result;
      }
    }
  }

  /** Puts a whole matrix, `[N, K]`, in the place of the one that is there. */
  async write({ name, dims }: SourceTensor, matrix: Float32Array): Promise<void> {
    const { recipe, firstRow } = this.#place(name);
    const [rows = 0, columns = 1] = dims;
    const at = firstRow * columns;
    switch (recipe.form) {
      case 'plain':
        return this.#write(recipe.target, at * 4, matrix);
      case 'transposed': {
        const [, allRows = 0] = recipe.target.dims;
        const whole = await this.#floats(recipe.target, 0, columns * allRows); // [K, N]
        const turned = transpose(matrix, rows, columns); // [K, rows]
        for (let k = 0; k < columns; k++) {
          whole.set(turned.subarray(k * rows, (k + 1) * rows), k * allRows + firstRow);
        }
        return this.#write(recipe.target, 0, whole);
      }
      case 'columns8': {
        const [, allRows = 0] = recipe.target.dims;
        const gamma = await this.#gamma(recipe.turned);
        const rounded = toColumns8(matrix, columns, recipe.turned, gamma);
        const { values } = await this.#columns8(recipe);
        values.set(rounded.values, at);
        await this.#write(recipe.target, 0, transpose(values, allRows, columns));
        return this.#write(recipe.scales, firstRow * 4, rounded.scales);
      }
      case 'blocks8': {
        const { values, scales, zeros } = quantizeBlocks8(matrix);
        await this.#write(recipe.target, at, values);
        await this.#write(recipe.scales, (at / blockSize) * 4, scales);
        return this.#write(recipe.zeros, at / blockSize, zeros);
      }
    }
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  async #columns8({ target, scales }: Columns8Recipe): Promise<Columns8> {
    const [columns = 1, rows = 1] = target.dims;
    const values = new Int8Array(rows * columns);
    await this.#fill(bytesOf(values), target.data.offset);
    return {
      values: transpose(values, columns, rows),
      scales: await this.#floats(scales, 0, rows),
    };
  }

  /** The gains that are multiplied into a matrix; none where there is no norm before it. */
  async #gamma(turned: Turned): Promise<Float32Array> {
    if (turned.side === 'output') return new Float32Array(0);
    return this.read(turned.gamma, 0, turned.gamma.dims[0] ?? 0);
  }

  #place(name: string): Place {
    const place = this.#places.get(name);
    if (place === undefined) throw new RangeError(`The model has no weights ${name}.`);
    return place;
  }

  async #floats(tensor: ExternalTensor, first: number, count: number): Promise<Float32Array> {
    const values = new Float32Array(count);
    await this.#fill(bytesOf(values), tensor.data.offset + first * 4);
    return values;
  }

  async #bytes(tensor: ExternalTensor, first: number, count: number): Promise<Uint8Array> {
    const values = new Uint8Array(count);
    await this.#fill(values, tensor.data.offset + first);
    return values;
  }

  async #fill(bytes: Uint8Array, position: number): Promise<void> {
    const { bytesRead } = await this.#file.read(bytes, 0, bytes.length, position);
    if (bytesRead < bytes.length) {
      throw new ModelError(
        'staleFolder',
        `${this.#path} was cut short. Delete its folder and import the model again.`,
      );
    }
  }

  async #write({ name, dims, data }: ExternalTensor, first: number, part: ArrayBufferView) {
    if (first + part.byteLength > data.length) {
      throw new RangeError(`${name} has ${elementCount(dims)} values; more were given.`);
    }
    const bytes = bytesOf(part);
    for (let done = 0; done < bytes.length;) {
      const position = data.offset + first + done;
      const { bytesWritten } = await this.#file.write(bytes, done, bytes.length - done, position);
      done += bytesWritten;
    }
  }
}
