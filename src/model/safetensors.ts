/**
 * Weights of a Hugging Face folder: one `.safetensors` file or several with an index. The format is
 * a JSON header and raw values; everything in the header is checked against the file before use, and
 * an index may only name files beside it.
 */
import { access, type FileHandle, open } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { type GgmlType, ggmlTypes } from './dequantize';
import { ModelError } from './errors';
import type { SourceTensor } from './llamaKernels';
import { parseShallow, readSourceJson, sourceBytes } from './sourceFile';
import type { WeightSource } from './writeModel';

const singleFile = 'model.safetensors';
const indexFile = 'model.safetensors.index.json';

/** A tenth of the format's own limit: a header of a hundred thousand tensors. */
const maxHeaderBytes = 10_000_000;

/** Element types, decoded as the GGUF types of the same name. */
const elementTypes: ReadonlyMap<string, GgmlType | undefined> = new Map([
  ['F32', ggmlTypes.get(0)],
  ['F16', ggmlTypes.get(1)],
  ['BF16', ggmlTypes.get(30)],
]);

const place = z.number().int().nonnegative();
const entrySchema = z.object({
  dtype: z.string(),
  shape: z.array(place),
  data_offsets: z.tuple([place, place]),
});
type Entry = z.infer<typeof entrySchema>;

const indexSchema = z.object({ weight_map: z.record(z.string(), z.string()) });

interface Tensor {
  readonly path: string;
  readonly file: FileHandle;
  readonly dims: readonly number[];
  readonly dtype: string;
  /** Absolute, in bytes. */
  readonly offset: number;
}

/** Names of the weight files in `folder`, one or more. */
export async function safetensorsFiles(folder: string): Promise<readonly string[]> {
  const index = join(folder, indexFile);
  const isThere = await access(index).then(
    () => true,
    () => false,
  );
  if (!isThere) return [singleFile];
  const json = await readSourceJson(index);
  let parsed;
  try {
    parsed = indexSchema.parse(json);
  } catch (error) {
    throw damaged(index, 'it is not an index of weight files', error);
  }
  const names = [...new Set(Object.values(parsed.weight_map))].sort();
  for (const name of names) {
    if (name !== basename(name) || name.includes('\\') || !name.endsWith('.safetensors')) {
      throw damaged(index, `it names a file outside its folder (${JSON.stringify(name)})`);
    }
  }
  return names;
}

/** The tensors of a Hugging Face folder. `close` it when done. */
export class SafetensorsWeights implements WeightSource {
  readonly #folder: string;
  readonly #files: readonly FileHandle[];
  readonly #tensors: ReadonlyMap<string, Tensor>;
  readonly #metadata: Readonly<Record<string, string>>;

  private constructor(
    folder: string,
    files: readonly FileHandle[],
    tensors: ReadonlyMap<string, Tensor>,
    metadata: Readonly<Record<string, string>>,
  ) {
    this.#folder = folder;
    this.#files = files;
    this.#tensors = tensors;
    this.#metadata = metadata;
  }

  static async open(folder: string, names: readonly string[]): Promise<SafetensorsWeights> {
    const files: FileHandle[] = [];
    const tensors = new Map<string, Tensor>();
    const metadata: Record<string, string> = {};
    try {
      for (const name of names) {
        const path = join(folder, name);
        await sourceBytes(path);
        const file = await open(path, 'r').catch((error: unknown) => {
          throw new ModelError('notFound', `${path} cannot be read. Download the folder again.`, {
            cause: error,
          });
        });
        files.push(file);
        Object.assign(metadata, await readHeader(path, file, tensors));
      }
    } catch (error) {
      for (const file of files) await file.close();
      throw error;
    }
    return new SafetensorsWeights(folder, files, tensors, metadata);
  }

  has(name: string): boolean {
    return this.#tensors.has(name);
  }

  /** Every tensor's dimensions, by name. */
  get shapes(): ReadonlyMap<string, readonly number[]> {
    return new Map([...this.#tensors].map(([name, { dims }]) => [name, dims]));
  }

  /** The free text of the headers. */
  get metadata(): Readonly<Record<string, string>> {
    return this.#metadata;
  }

  async read({ name, dims }: SourceTensor, firstRow: number, rows: number): Promise<Float32Array> {
    const tensor = this.#tensors.get(name);
    if (tensor === undefined) throw damaged(this.#folder, `tensor ${name} is missing`);
    const { path, dtype, file } = tensor;
    if (tensor.dims.join() !== dims.join()) {
      throw damaged(path, `tensor ${name} is ${tensor.dims.join(' x ')}, not ${dims.join(' x ')}`);
    }
    const type = elementTypes.get(dtype);
    if (type === undefined) {
      throw new ModelError(
        'unsupported',
        `${path} keeps ${name} as ${dtype}, which Hone does not read. Choose a model in F32, F16 or BF16.`,
      );
    }
    const columns = dims.length === 1 ? 1 : (dims.at(-1) ?? 1);
    const bytes = new Uint8Array(rows * columns * type.blockBytes);
    const position = tensor.offset + firstRow * columns * type.blockBytes;
    const { bytesRead } = await file.read(bytes, 0, bytes.length, position);
    if (bytesRead < bytes.length) throw damaged(path, 'it became shorter while it was read');
    const values = new Float32Array(rows * columns);
    type.dequantize(bytes, values);
    return values;
  }

  async close(): Promise<void> {
    for (const file of this.#files) await file.close();
  }
}

interface Header {
  readonly entries: readonly (readonly [string, Entry])[];
  readonly metadata: Readonly<Record<string, string>>;
}

const metadataSchema = z.record(z.string(), z.string());

function parseHeader(json: string): Header {
  const { __metadata__: metadata, ...entries } = z
    .record(z.string(), z.unknown())
    .parse(parseShallow(json));
  return {
    entries: Object.entries(entries).map(([name, value]) => [name, entrySchema.parse(value)]),
    metadata: metadataSchema.parse(metadata ?? {}),
  };
}

/** Adds the file's tensors to `tensors` and returns the free text of its header. */
async function readHeader(
  path: string,
  file: FileHandle,
  tensors: Map<string, Tensor>,
): Promise<Header['metadata']> {
  const { size } = await file.stat();
  const head = Buffer.alloc(8);
  await file.read(head, 0, 8, 0);
  const headerBytes = Number(head.readBigUInt64LE());
  if (headerBytes > maxHeaderBytes || 8 + headerBytes > size) {
    throw damaged(path, 'its header is too long, or longer than the file');
  }
  const text = Buffer.alloc(headerBytes);
  await file.read(text, 0, headerBytes, 8);
  let header: Header;
  try {
    header = parseHeader(text.toString('utf8'));
  } catch (error) {
    throw damaged(path, 'its header cannot be read', error);
  }
  for (const [name, { dtype, shape, data_offsets }] of header.entries) {
    const [begin, end] = data_offsets;
    const count = shape.reduce((product, dim) => product * dim, 1);
    const width = elementTypes.get(dtype)?.blockBytes;
    if (width !== undefined && end - begin !== count * width) {
      throw damaged(path, `tensor ${name} has ${end - begin} bytes for ${count} values`);
    }
    if (begin > end || 8 + headerBytes + end > size) {
      throw damaged(path, `tensor ${name} reaches beyond the end of the file`);
    }
    if (tensors.has(name)) throw damaged(path, `there are two tensors called ${name}`);
    tensors.set(name, { path, file, dims: shape, dtype, offset: 8 + headerBytes + begin });
  }
  return header.metadata;
}

function damaged(path: string, reason: string, cause?: unknown): ModelError {
  return new ModelError(
    'damaged',
    `${path} is damaged or was cut short: ${reason}. Download it again.`,
    { cause },
  );
}
