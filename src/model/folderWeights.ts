/**
 * The weights inside a model folder, by the names and in the shapes that the source gave them: the
 * inverse of what `writeModel.ts` does. Where the folder keeps 8 bits, what is read is what they stand
 * for, and what is added to is rounded to 8 bits again.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExternalTensor } from '../onnx/graphBuilder';
import { bytesOf } from '../onnx/model';
import { type Columns8, fromColumns8 } from './columns8';
import { type ColumnsAdder, type RowsChange, openColumnsAdder } from './columnsAdder';
import { ModelError } from './errors';
import { buildLlamaGraph } from './llamaGraph';
import type { SourceTensor, Turned, WeightRecipe } from './llamaKernels';
import { type ModelFolder, fileNames } from './modelFolder';
import { type Product, addProduct } from './product';
import { blockSize, transpose } from './quantize';
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
        const gamma = await this.#gamma(recipe.turned);
        const range = { firstRow: row, rows };
        return fromColumns8(await this.#columns8(recipe), recipe.turned, gamma, range);
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

  /**
   * Adds bᵀ a to each of the linear layers named, which is for a copy alone. Matrices that are kept
   * stacked are read, rounded and written once. `onProgress` gets the share that is done, 0..1.
   */
  async add(
    products: ReadonlyMap<string, Product>,
    onProgress?: (share: number) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    const recipes = new Set([...products.keys()].map((name) => this.#place(name).recipe));
    const adder = await openColumnsAdder();
    try {
      let done = 0;
      for (const recipe of recipes) {
        signal?.throwIfAborted();
        const changes = recipe.parts.flatMap(({ name }) => {
          const product = products.get(name);
          return product === undefined ? [] : [{ firstRow: this.#place(name).firstRow, product }];
        });
        await this.#addTo(recipe, changes, adder);
        onProgress?.(++done / recipes.size);
      }
    } finally {
      await adder.release();
    }
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  async #addTo(
    recipe: WeightRecipe,
    changes: readonly RowsChange[],
    adder: ColumnsAdder,
  ): Promise<void> {
    switch (recipe.form) {
      case 'transposed': {
        const [columns = 1, rows = 1] = recipe.target.dims;
        const matrix = await this.#floats(recipe.target, 0, columns * rows); // [K, N]
        for (const { firstRow, product } of changes) addProduct(matrix, rows, firstRow, product);
        return this.#write(recipe.target, matrix);
      }
      case 'columns8': {
        const gamma = await this.#gamma(recipe.turned);
        const before = await this.#columns8(recipe);
        const { values, scales } = await adder.add(before, changes, recipe.turned, gamma);
        await this.#write(recipe.target, values);
        return this.#write(recipe.scales, scales);
      }
      case 'plain':
      case 'blocks8':
        throw new RangeError(`${recipe.target.name} is not a linear layer.`);
    }
  }

  async #columns8({ target, scales }: Columns8Recipe): Promise<Columns8> {
    const [columns = 1, rows = 1] = target.dims;
    const values = new Int8Array(rows * columns);
    await this.#fill(bytesOf(values), target.data.offset);
    return { values, scales: await this.#floats(scales, 0, rows) };
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

  async #write({ data }: ExternalTensor, values: ArrayBufferView): Promise<void> {
    const bytes = bytesOf(values);
    for (let done = 0; done < bytes.length;) {
      const position = data.offset + done;
      const { bytesWritten } = await this.#file.write(bytes, done, bytes.length - done, position);
      done += bytesWritten;
    }
  }
}
