/**
 * Where a run stands, on disk, so that it can go on after it was ended at any instant: the adapter as
 * PEFT keeps it, the optimiser's state, and what tells this run from others. Each checkpoint is a new
 * folder that appears whole; the one before is removed only then.
 */
import { readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { ModelManifest } from '../model/modelFolder';
import { SafetensorsWeights } from '../model/safetensors';
import { writeSafetensors } from '../model/writeSafetensors';
import type { AdamwState } from './adamw';
import { type Adapter, readAdapter, writeAdapterFiles } from './adapter';
import { writeNewFolder } from './newFolder';

export interface Checkpoint {
  readonly adapter: Adapter;
  readonly state: AdamwState;
  /** Losses of the steps done. */
  readonly losses: readonly number[];
}

const files = { state: 'state.json', optimizer: 'optimizer.safetensors' } as const;
const stateSchema = z.object({ run: z.string(), losses: z.array(z.number()) });
const prefix = 'step-';
const stepDigits = 6;
const runMark = (run: string): string => run.slice(0, 8);

/** Writes a checkpoint into `directory` and removes those before it. `run` tells runs apart. */
export async function writeCheckpoint(
  directory: string,
  run: string,
  { adapter, state, losses }: Checkpoint,
  base: ModelManifest,
): Promise<string> {
  const earlier = await checkpointNames(directory);
  const name = `${prefix}${String(state.step).padStart(stepDigits, '0')}-${runMark(run)}`;
  if (earlier.includes(name)) return join(directory, name);
  await writeNewFolder(join(directory, name), async (folder) => {
    await writeAdapterFiles(folder, adapter, base);
    const tensors = [state.first, state.second].flatMap((means, which) =>
      means.map((data, i) => ({ name: `${which}.${i}`, dims: [data.length], data })),
    );
    await writeSafetensors(join(folder, files.optimizer), tensors, {});
    await writeFile(join(folder, files.state), JSON.stringify({ run, losses }));
  });
  for (const old of earlier) await rm(join(directory, old), { recursive: true, force: true });
  return join(directory, name);
}

/** The latest checkpoint of this very run, where there is one that can be read. */
export async function readCheckpoint(
  directory: string,
  run: string,
  base: ModelManifest,
): Promise<Checkpoint | undefined> {
  for (const name of (await checkpointNames(directory)).reverse()) {
    const found = await readOne(join(directory, name), run, base).catch(() => undefined);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** How many steps of this run are kept in `directory`; 0 for none. */
export async function keptSteps(directory: string, run: string): Promise<number> {
  const own = (await checkpointNames(directory)).filter((name) =>
    name.endsWith(`-${runMark(run)}`),
  );
  return Number(own.at(-1)?.slice(prefix.length, prefix.length + stepDigits) ?? 0);
}

async function readOne(
  folder: string,
  run: string,
  base: ModelManifest,
): Promise<Checkpoint | undefined> {
  const json: unknown = JSON.parse(await readFile(join(folder, files.state), 'utf8'));
  const saved = stateSchema.parse(json);
  if (saved.run !== run) return undefined;
  const adapter = await readAdapter(folder, base);
  const sizes = adapter.pairs.flatMap(({ a, b }) => [a.length, b.length]);
  const weights = await SafetensorsWeights.open(folder, [files.optimizer]);
  try {
    const means = (which: number): Promise<Float32Array[]> =>
      Promise.all(
        sizes.map((size, i) => weights.read({ name: `${which}.${i}`, dims: [size] }, 0, size)),
      );
    const { losses } = saved;
    const state = { step: losses.length, first: await means(0), second: await means(1) };
    return { adapter, state, losses };
  } finally {
    await weights.close();
  }
}

async function checkpointNames(directory: string): Promise<string[]> {
  const names = await readdir(directory).catch(() => []);
  return names.filter((name) => name.startsWith(prefix) && !name.includes('.')).sort();
}
