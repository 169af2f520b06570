/**
 * The identity of a model: the SHA-256 of the files it is made of, read in a stream, so that memory
 * stays small. It says nothing of what is in them.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { sourceBytes } from './sourceFile';

/**
 * SHA-256 of one file, or of the names and hashes of several. `onShare` gets 0..1.
 * @throws ModelError for what is no ordinary file, or too large for a model
 */
export async function hashFiles(
  paths: readonly string[],
  signal?: AbortSignal,
  onShare?: (share: number) => void,
): Promise<string> {
  const sizes = await Promise.all(paths.map((path) => sourceBytes(path)));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  let done = 0;
  const hashes: string[] = [];
  for (const path of paths) {
    const hash = createHash('sha256');
    const stream = createReadStream(path, { highWaterMark: 1 << 20, ...(signal && { signal }) });
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      hash.update(chunk);
      done += chunk.length;
      onShare?.(done / total);
    }
    hashes.push(hash.digest('hex'));
  }
  const [only = ''] = hashes;
  if (paths.length === 1) return only;
  const lines = paths.map((path, i) => `${basename(path)} ${hashes[i] ?? ''}\n`);
  return createHash('sha256').update(lines.join('')).digest('hex');
}
