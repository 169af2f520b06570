/**
 * LoRA weights (arXiv 2106.09685) on disk, in the layout of Hugging Face's PEFT library: what Hone
 * trains can be loaded there and the other way round. PEFT knows a base model by name alone; Hone
 * also keeps its hash, among the free text of the weights file, where PEFT does not look.
 *
 * Shapes: r rank, N width of what comes out of a linear layer, K width of what goes in.
 */
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { ModelError } from '../model/errors';
import { type ModelManifest, fimSchema, modelName } from '../model/modelFolder';
import { SafetensorsWeights } from '../model/safetensors';
import { writeSafetensors } from '../model/writeSafetensors';
import { TrainingError } from './errors';
import { type LinearModule, linearModules } from './modules';
import { writeNewFolder } from './newFolder';

export const adapterFiles = {
  config: 'adapter_config.json',
  weights: 'adapter_model.safetensors',
} as const;

type Marks = NonNullable<ModelManifest['fim']>;

/** y = x Wᵀ + scale (x Aᵀ) Bᵀ */
export interface LoraPair {
  readonly module: LinearModule;
  /** [r, K] */
  readonly a: Float32Array;
  /** [N, r] */
  readonly b: Float32Array;
}

export interface Adapter {
  readonly rank: number;
  /** The scale is alpha / rank. */
  readonly alpha: number;
  /** What it was trained with; nothing is dropped where it is used. */
  readonly dropout?: number;
  /** What the model is called that holds it; as before when left out. */
  readonly modelName?: string | undefined;
  /** Marks that it taught a model which had none of its own. */
  readonly fim?: Marks | undefined;
  readonly pairs: readonly LoraPair[];
}

/** What an adapter needs to know of the model it changes. */
export type AdapterBase = Pick<ModelManifest, 'name' | 'sourceSha256' | 'layers'>;

/** Writes a folder that does not exist yet; it appears whole or not at all. */
export async function writeAdapter(
  directory: string,
  adapter: Adapter,
  base: AdapterBase,
): Promise<void> {
  await writeNewFolder(directory, (folder) => writeAdapterFiles(folder, adapter, base));
}

/** Writes the two files into a folder that is there. */
export async function writeAdapterFiles(
  directory: string,
  { rank, alpha, dropout = 0, modelName: name, fim, pairs }: Adapter,
  base: AdapterBase,
): Promise<void> {
  const tensors = pairs.flatMap(({ module, a, b }) => [
    { name: tensorName(module, 'A'), dims: [rank, module.columns], data: a },
    { name: tensorName(module, 'B'), dims: [module.rows, rank], data: b },
  ]);
  await writeSafetensors(join(directory, adapterFiles.weights), tensors, {
    format: 'pt',
    [baseHashKey]: base.sourceSha256,
    ...(name !== undefined && { [nameKey]: name }),
    ...(fim && { [fimKey]: JSON.stringify(fim) }),
  });
  const layers = [...new Set(pairs.map(({ module }) => module.layer))];
  const config = {
    peft_type: 'LORA',
    task_type: 'CAUSAL_LM',
    base_model_name_or_path: base.name,
    r: rank,
    lora_alpha: alpha,
    lora_dropout: dropout,
    bias: 'none',
    fan_in_fan_out: false,
    inference_mode: true,
    target_modules: [...new Set(pairs.map(({ module }) => module.kind))],
    layers_to_transform: layers.length === base.layers ? null : layers,
    use_dora: false,
    use_rslora: false,
  };
  await writeFile(join(directory, adapterFiles.config), `${JSON.stringify(config, null, 2)}\n`);
}

/**
 * Reads an adapter for this very model, every shape checked.
 * @throws TrainingError `adapter` where it is damaged or of a kind that Hone does not run,
 * `wrongBase` where it was trained for another model.
 */
export async function readAdapter(directory: string, base: ModelManifest): Promise<Adapter> {
  const { r: rank, lora_alpha: alpha } = await readConfig(directory);
  const weights = await openWeights(directory);
  try {
    const trainedFor = weights.metadata[baseHashKey];
    if (trainedFor !== undefined && trainedFor !== base.sourceSha256) {
      throw new TrainingError(
        'wrongBase',
        `The adapter in ${directory} was trained for another model than ${base.version} (hash ${trainedFor.slice(0, 8)}). Choose that model, or train an adapter for this one.`,
      );
    }
    const pairs: LoraPair[] = [];
    const unread = new Set(weights.shapes.keys());
    for (const module of linearModules(base)) {
      const [nameA, nameB] = [tensorName(module, 'A'), tensorName(module, 'B')];
      if (!unread.has(nameA) && !unread.has(nameB)) continue;
      const a = await weights.read({ name: nameA, dims: [rank, module.columns] }, 0, rank);
      const b = await weights.read({ name: nameB, dims: [module.rows, rank] }, 0, module.rows);
      if (![a, b].every((values) => values.every(Number.isFinite))) {
        throw unusable(directory, `${module.name} holds values that are not numbers`);
      }
      pairs.push({ module, a, b });
      unread.delete(nameA);
      unread.delete(nameB);
    }
    const [foreign] = unread;
    if (foreign !== undefined)
      throw unusable(directory, `${base.version} has no place for ${foreign}`);
    if (pairs.length === 0) throw unusable(directory, 'it holds no weights');
    const published = weights.metadata[nameKey];
    // It becomes part of a version, and comes from whoever made the adapter.
    const name = published === undefined ? undefined : modelName(published);
    return { rank, alpha, modelName: name, fim: marksOf(weights, directory), pairs };
  } catch (error) {
    if (error instanceof ModelError) throw unusable(directory, error.message, error);
    throw error;
  } finally {
    await weights.close();
  }
}

/** SHA-256 of the adapter's weights file: what tells two adapters for one model apart. */
export async function adapterHash(directory: string): Promise<string> {
  const bytes = await readFile(join(directory, adapterFiles.weights));
  return createHash('sha256').update(bytes).digest('hex');
}

/** The marks as they stand in the weights file, as JSON. */
function marksOf({ metadata }: SafetensorsWeights, directory: string): Marks | undefined {
  const text = metadata[fimKey];
  if (text === undefined) return undefined;
  try {
    return fimSchema.parse(JSON.parse(text));
  } catch (error) {
    throw unusable(directory, 'its fill-in-the-middle marks cannot be read', error);
  }
}

const baseHashKey = 'base_model_sha256';
const nameKey = 'model_name';
const fimKey = 'fill_in_the_middle';

function tensorName({ name }: LinearModule, side: 'A' | 'B'): string {
  return `base_model.model.${name}.lora_${side}.weight`;
}

const absent = z.union([
  z.null(),
  z.literal(false),
  z.array(z.never()),
  z.record(z.string(), z.never()),
]);

const configSchema = z.object({
  peft_type: z.literal('LORA'),
  r: z.number().int().positive(),
  lora_alpha: z.number().positive(),
  bias: z.literal('none').default('none'),
  // Variants that change what is computed; each must be switched off.
  fan_in_fan_out: absent.optional(),
  lora_bias: absent.optional(),
  target_parameters: absent.optional(),
  trainable_token_indices: absent.optional(),
  layer_replication: absent.optional(),
  use_bdlora: absent.optional(),
  use_qalora: absent.optional(),
  use_dora: absent.optional(),
  use_rslora: absent.optional(),
  rank_pattern: absent.optional(),
  alpha_pattern: absent.optional(),
  modules_to_save: absent.optional(),
});

async function readConfig(directory: string): Promise<z.infer<typeof configSchema>> {
  const path = join(directory, adapterFiles.config);
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new TrainingError(
      'adapter',
      `There is no adapter in ${directory}: ${adapterFiles.config} cannot be read. Check the path.`,
      { cause: error },
    );
  });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw unusable(directory, `${adapterFiles.config} is not JSON`, error);
  }
  const parsed = configSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw unusable(directory, `it is not plain LoRA (${z.prettifyError(parsed.error)})`);
}

async function openWeights(directory: string): Promise<SafetensorsWeights> {
  return SafetensorsWeights.open(directory, [adapterFiles.weights]).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw unusable(directory, reason, error);
  });
}

function unusable(directory: string, reason: string, cause?: unknown): TrainingError {
  return new TrainingError(
    'adapter',
    `The adapter in ${directory} cannot be used: ${reason}. Train it again, or put back a whole copy.`,
    { cause },
  );
}
