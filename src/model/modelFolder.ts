/**
 * Hone's own form of a model on disk: `manifest.json`, `tokenizer.json`, `policy.onnx` and the
 * weights beside it. This file defines the manifest and reads it back with every field checked; it
 * neither makes a folder (see `importModel.ts`) nor loads what is inside.
 */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { ModelError } from './errors';

export const fileNames = {
  manifest: 'manifest.json',
  tokenizer: 'tokenizer.json',
  graph: 'policy.onnx',
  weights: 'policy.weights',
} as const;

const id = z.number().int().nonnegative();
const count = z.number().int().positive();

export const fimSchema = z.object({
  prefix: id,
  suffix: id,
  middle: id,
  first: z.enum(['prefix', 'suffix']).default('prefix'),
});

const fileRecord = z.object({ sha256: z.string(), bytes: z.number().int().nonnegative() });

const manifestSchema = z.object({
  formatVersion: z.literal(2),
  /** Short name, e.g. `smollm2-135m-instruct`. */
  name: z.string().min(1),
  /** `name@` and the first eight digits of the source's hash. */
  version: z.string().min(1),
  /** SHA-256 of the GGUF file, or of the hashes of a folder's files, in hexadecimal. */
  sourceSha256: z.string().regex(/^[0-9a-f]{64}$/),
  architecture: z.enum(['llama', 'qwen2']),
  precision: z.enum(['8bit', 'fp32']),
  /** V: rows of the logits. */
  vocabularySize: count,
  /** L */
  layers: count,
  /** D */
  hiddenSize: count,
  /** F */
  feedForwardSize: count,
  /** H: query heads. */
  heads: count,
  /** KV: key and value heads; H is a multiple of it. */
  kvHeads: count,
  /** dh */
  headSize: count,
  /** Longest sequence the model was trained for, in tokens. */
  maxPositions: count,
  ropeTheta: z.number().positive(),
  rmsEpsilon: z.number().positive(),
  /** Whether the head's matrix is the embedding. */
  tiedEmbedding: z.boolean(),
  /** Whether query, key and value have a bias. */
  qkvBias: z.boolean(),
  bosId: id.nullable(),
  /** Whether a prompt begins with `bosId`. */
  addBos: z.boolean(),
  eosIds: z.array(id),
  /** Every id that must never be emitted in code, ascending; holds the eos and FIM ids too. */
  specialIds: z.array(id),
  /** Fill-in-the-middle tokens of a known set with the order to tell their parts in, or null. */
  fim: fimSchema.nullable(),
  /** Tokens that introduce the repository's name and a file's path, where the vocabulary has them. */
  prompt: z.object({ repository: id.nullable(), file: id.nullable() }),
  /** SHA-256 and size in bytes of the folder's other files, which are these and no others. */
  files: z.strictObject({
    [fileNames.tokenizer]: fileRecord,
    [fileNames.graph]: fileRecord,
    [fileNames.weights]: fileRecord,
  }),
});

export type Precision = '8bit' | 'fp32';
export type ModelManifest = Readonly<z.infer<typeof manifestSchema>>;

export interface ModelFolder {
  readonly directory: string;
  readonly manifest: ModelManifest;
  readonly graphPath: string;
  readonly tokenizerPath: string;
}

/** A published name as a short one that is safe in file names: `SmolLM2 135M` to `smollm2-135m`. */
export function modelName(published: string): string {
  const short = published
    .toLowerCase()
    .replace(/[^a-z0-9.]+/g, '-')
    .replace(/^[-.]+|(?<![-.])[-.]+$/g, '');
  return short.slice(0, 64) || 'model';
}

/**
 * Reads and checks a model folder: the manifest's every field, and that each file is there with its
 * length. Hashes are for `hone doctor`; checking them on every start would cost seconds.
 * @throws ModelError `notFound` where there is no manifest, `staleFolder` where something is amiss.
 */
export async function readModelFolder(directory: string): Promise<ModelFolder> {
  const text = await readFile(join(directory, fileNames.manifest), 'utf8').catch(
    (error: unknown) => {
      throw new ModelError(
        'notFound',
        `There is no imported model in ${directory}. Import it first.`,
        {
          cause: error,
        },
      );
    },
  );
  const manifest = parseManifest(text, directory);
  for (const [name, { bytes }] of Object.entries(manifest.files)) {
    const found = await stat(join(directory, name)).catch(() => undefined);
    if (found?.size !== bytes) throw stale(directory, `${name} is missing or has another length`);
  }
  return {
    directory,
    manifest,
    graphPath: join(directory, fileNames.graph),
    tokenizerPath: join(directory, fileNames.tokenizer),
  };
}

function parseManifest(text: string, directory: string): ModelManifest {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw stale(directory, 'its manifest is not JSON');
  }
  const parsed = manifestSchema.safeParse(json);
  if (!parsed.success) throw stale(directory, z.prettifyError(parsed.error));
  return parsed.data;
}

function stale(directory: string, reason: string): ModelError {
  return new ModelError(
    'staleFolder',
    `The imported model in ${directory} cannot be used: ${reason}. Delete that folder and import the model again.`,
  );
}
