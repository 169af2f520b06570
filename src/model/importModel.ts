/**
 * Turns a model as it is published (a GGUF file or a Hugging Face folder) into Hone's model folder.
 * Tensors stream through a few rows at a time, so memory stays far below the size of the model; the
 * folder is made beside its place and appears there by one rename, when it is whole.
 */
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { removeAbandoned, temporaryBeside } from './abandoned';
import { hashFiles } from './fileHash';
import { ModelError, storageError } from './errors';
import { GgufWeights, readGguf } from './gguf';
import { tokenizerFromGguf } from './ggufTokenizer';
import { huggingFaceFiles, readHuggingFaceFolder } from './huggingFace';
import { configFromGguf } from './llamaConfig';
import {
  fileNames,
  type ModelFolder,
  type Precision,
  modelName,
  readModelFolder,
} from './modelFolder';
import { tryTokenizer } from './tokenizerTrial';
import { type SourceModel, writeModel } from './writeModel';

export interface ImportProgress {
  /** `hashing` reads the source once, `converting` reads it again and writes the folder. */
  readonly stage: 'hashing' | 'converting';
  /** Share of the stage that is done, 0..1. */
  readonly share: number;
}

export interface ImportRequest {
  /** Path of a GGUF file or of a Hugging Face folder. */
  readonly source: string;
  /**
   * Folder to make; its parents are made too. An older model of Hone's there is replaced; a folder
   * that holds anything else is refused.
   */
  readonly destination: string;
  readonly precision: Precision;
  readonly onProgress?: ((progress: ImportProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Imports a model once: when `destination` already holds this very source in this precision, that
 * is returned as it is.
 * @throws ModelError saying what to do; AbortError when `signal` fires. Either way nothing is left
 * behind and an older model at `destination` stays.
 */
export async function importModel(request: ImportRequest): Promise<ModelFolder> {
  const { source, precision, onProgress, signal } = request;
  const destination = resolve(request.destination);
  signal?.throwIfAborted();
  const info = await stat(source).catch((error: unknown) => {
    throw new ModelError('notFound', `There is no model at ${source}. Check the path.`, {
      cause: error,
    });
  });
  const files = info.isDirectory() ? await huggingFaceFiles(source) : [source];
  const model = info.isDirectory() ? await readHuggingFaceFolder(source) : await openGguf(source);
  try {
    tryTokenizer(model.tokenizer, new Set(model.specialTokens.specialIds), source);
    const sourceSha256 = await hashFiles(files, signal, (share) =>
      onProgress?.({ stage: 'hashing', share }),
    );
    const present = await readModelFolder(destination).catch(() => undefined);
    if (
      present?.manifest.sourceSha256 === sourceSha256 &&
      present.manifest.precision === precision
    ) {
      return present;
    }
    await assertReplaceable(destination);
    return await writeAtomically(destination, (directory) =>
      writeModel(directory, {
        ...model,
        sourceSha256,
        precision,
        onProgress: (share) => onProgress?.({ stage: 'converting', share }),
        signal,
      }),
    );
  } finally {
    await model.weights.close();
  }
}

/**
 * @throws ModelError `storage` unless `destination` is free, empty, or holds the files of a model that
 * Hone imported and nothing else: what is there is deleted when the new model takes its place.
 */
async function assertReplaceable(destination: string): Promise<void> {
  const names = await readdir(destination).catch((error: unknown): string[] => {
    if (isMissing(error)) return [];
    throw storageError(error, destination);
  });
  const known = new Set<string>(Object.values(fileNames));
  const isModel = names.includes(fileNames.manifest) && names.every((name) => known.has(name));
  if (names.length === 0 || isModel) return;
  throw new ModelError(
    'storage',
    `${destination} holds files that are not a model of Hone's, and would be replaced. Name a new folder.`,
  );
}

/** Opens a GGUF file for import. */
async function openGguf(path: string): Promise<SourceModel> {
  const gguf = await readGguf(path);
  const config = configFromGguf(gguf);
  const { tokenizer, specialTokens } = tokenizerFromGguf(gguf, config.vocabularySize);
  const text = (key: string): string | undefined => {
    const value = gguf.metadata[key];
    return typeof value === 'string' ? value : undefined;
  };
  const [base, size] = [text('general.basename'), text('general.size_label')];
  const name = base && size ? `${base}-${size}` : (text('general.name') ?? basename(path, '.gguf'));
  const weights = await GgufWeights.open(gguf, config);
  return { name: modelName(name), config: weights.config, tokenizer, specialTokens, weights };
}

/** Lets `write` fill a folder beside `destination`, then puts it there by one rename. */
async function writeAtomically(
  destination: string,
  write: (directory: string) => Promise<unknown>,
): Promise<ModelFolder> {
  const temporary = temporaryBeside(destination, temporaryMark);
  const replaced = `${temporary}-old`;
  try {
    await mkdir(dirname(destination), { recursive: true });
    await removeAbandoned(destination, temporaryMark);
    await mkdir(temporary);
    await write(temporary);
    await rename(destination, replaced).catch((error: unknown) => {
      if (!isMissing(error)) throw error;
    });
    await rename(temporary, destination);
  } catch (error) {
    throw storageError(error, destination);
  } finally {
    // What cannot be removed now is removed by the next import to this place.
    for (const path of [temporary, replaced]) {
      await rm(path, { recursive: true, force: true }).catch(() => undefined);
    }
  }
  return readModelFolder(destination);
}

const temporaryMark = '.importing-';

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
