/**
 * The frozen weights of a training run as one float32 file, made from the model folder that the user
 * runs. They are what its 8 bits stand for, not what the source once said: the adapter then learns
 * beside the very numbers it will be used with, and neither a source that is long gone nor a second
 * import is needed.
 */
import { copyFile, link } from 'node:fs/promises';
import { join } from 'node:path';
import { FolderWeights } from '../model/folderWeights';
import { buildLlamaGraph } from '../model/llamaGraph';
import { type ModelFolder, fileNames } from '../model/modelFolder';
import { writeWeights } from '../model/writeModel';

/** Puts the weights of `base` into `directory`, which exists. Bytes: four for each parameter. */
export async function writeFrozenWeights(
  base: ModelFolder,
  directory: string,
  signal?: AbortSignal,
): Promise<void> {
  const { manifest } = base;
  const target = join(directory, fileNames.weights);
  if (manifest.precision === 'fp32') {
    const source = join(base.directory, fileNames.weights);
    // Two names for one file cost nothing; not every file system has them.
    await link(source, target).catch(() => copyFile(source, target));
    return;
  }
  const weights = await FolderWeights.open(base);
  try {
    await writeWeights(target, buildLlamaGraph(manifest, 'fp32'), {
      config: manifest,
      weights,
      signal,
    });
  } finally {
    await weights.close();
  }
}
