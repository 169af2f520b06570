/**
 * Writes float32 tensors as one `.safetensors` file: the length of a JSON header, the header, the raw
 * values in the order given. Reading is `safetensors.ts`; the file is on the disk when this returns.
 */
import { open } from 'node:fs/promises';
import { bytesOf } from '../onnx/model';

export interface NamedTensor {
  readonly name: string;
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/** `path` must not exist. Values are aligned to eight bytes, as other readers expect. */
export async function writeSafetensors(
  path: string,
  tensors: readonly NamedTensor[],
  metadata: Readonly<Record<string, string>>,
): Promise<void> {
  let offset = 0;
  const entries = tensors.map(({ name, dims, data }) => {
    const begin = offset;
    offset += data.byteLength;
    return [name, { dtype: 'F32', shape: dims, data_offsets: [begin, offset] }] as const;
  });
  const json = JSON.stringify({ __metadata__: metadata, ...Object.fromEntries(entries) });
  const header = Buffer.from(json);
  const padded = Buffer.alloc(Math.ceil(header.length / 8) * 8, ' ');
  header.copy(padded);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  const file = await open(path, 'wx');
  try {
    for (const part of [length, padded, ...tensors.map(({ data }) => bytesOf(data))]) {
      await file.writeFile(part);
    }
    await file.sync();
  } finally {
    await file.close();
  }
}
