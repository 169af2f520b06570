/**
 * An adapter merged into its model: W + scale B A in place of W, rounded to the folder's own
 * precision again, so that tuned weights cost nothing at inference. The result is a model folder like
 * any other; only the matrices that changed are computed, the rest is copied as it stands.
 *
 * Shapes: r rank, N rows.
 */
import { createHash } from 'node:crypto';
import { constants, copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hashFiles } from '../model/fileHash';
import { FolderWeights } from '../model/folderWeights';
import {
  type ModelFolder,
  type ModelManifest,
  fileNames,
  readModelFolder,
} from '../model/modelFolder';
import { transpose } from '../model/quantize';
import { type Adapter, adapterHash, readAdapter } from './adapter';
import { writeNewFolder } from './newFolder';

export interface MergeRequest {
  readonly base: ModelFolder;
  /** An adapter's folder. */
  readonly adapter: string;
  /** A folder that does not exist yet. */
  readonly destination: string;
  /** Called with the share of the matrices that are merged, 0..1. */
  readonly onProgress?: ((share: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * @throws TrainingError where the adapter cannot be used or the destination is taken, ModelError
 * `storage`, AbortError. Either way nothing is left behind.
 */
export async function mergeAdapter(request: MergeRequest): Promise<ModelFolder> {
  const { base, destination, onProgress, signal } = request;
  const adapter = await readAdapter(request.adapter, base.manifest);
  const { rank, alpha, pairs } = adapter;
  const hash = await adapterHash(request.adapter);
  await writeNewFolder(destination, async (directory) => {
    // Where the file system can share blocks between files, the copy costs nothing.
    const how = constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL;
    for (const name of Object.keys(base.manifest.files)) {
      await copyFile(join(base.directory, name), join(directory, name), how);
    }
    const weights = await FolderWeights.open({ ...base, directory }, 'r+');
    try {
      const scale = alpha / rank;
      const products = new Map(
        pairs.map(({ module, a, b }) => {
          const scaled = transpose(b, module.rows, rank).map((value) => scale * value); // [r, N]
          return [`${module.name}.weight`, { rank, a, b: scaled }];
        }),
      );
      await weights.add(products, onProgress, signal);
    } finally {
      await weights.close();
    }
    const manifest = await mergedManifest(taught(base.manifest, adapter), directory, hash);
    await writeFile(join(directory, fileNames.manifest), `${JSON.stringify(manifest, null, 2)}\n`);
  });
  return readModelFolder(destination);
}

/** The model as the adapter calls it, with the marks that it was taught; a mark is never emitted. */
function taught(base: ModelManifest, { modelName = base.name, fim }: Adapter): ModelManifest {
  if (!fim) return { ...base, name: modelName };
  const ids = new Set([...base.specialIds, fim.prefix, fim.suffix, fim.middle]);
  return { ...base, name: modelName, fim, specialIds: [...ids].sort((a, b) => a - b) };
}

/** A merged model is one of its own: what is trained on top of it fits no other. */
async function mergedManifest(
  base: ModelManifest,
  directory: string,
  adapterSha256: string,
): Promise<ModelManifest> {
  const sourceSha256 = createHash('sha256')
    .update(`${base.sourceSha256} ${adapterSha256}\n`)
    .digest('hex');
  const sha256 = await hashFiles([join(directory, fileNames.weights)]);
  const weights = { ...base.files[fileNames.weights], sha256 };
  const version = `${base.name}@${sourceSha256.slice(0, 8)}`;
  return { ...base, sourceSha256, version, files: { ...base.files, [fileNames.weights]: weights } };
}
