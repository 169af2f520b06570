/**
 * Where the command line finds models, grammars and the host, and a policy for the length of one piece of work.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import { defaultSettings } from '../contributions';
import { readModelFolder } from '../model/modelFolder';
import { type LoadedPolicy, openPolicy } from '../model/policy';
import { mergeAdapter } from '../training/merge';

/** The model that ships, beside the bundle that holds this file. */
export const shippedModel = path.resolve(__dirname, '../media/models/hone-135m');
export const shippedReward = path.resolve(__dirname, '../media/reward/pretrained.json');
export const grammars = path.join(__dirname, 'grammars');
/** The bundle that is forked for what must not run in this process. */
export const hostScript = path.join(__dirname, 'host.js');

/** Opens a model, with an adapter where one is named, for the length of one piece of work. */
export async function withPolicy<T>(
  { model, adapter }: { readonly model: string; readonly adapter?: string },
  work: (policy: LoadedPolicy) => Promise<T>,
): Promise<T> {
  const base = await readModelFolder(model);
  const scratch = adapter ? await mkdtemp(path.join(os.tmpdir(), 'hone-')) : undefined;
  let policy: LoadedPolicy | undefined;
  try {
    const folder =
      adapter && scratch
        ? await mergeAdapter({ base, adapter, destination: path.join(scratch, 'model') })
        : base;
    policy = await openPolicy(folder, { threads: defaultSettings.threads });
    return await work(policy);
  } finally {
    await policy?.dispose();
    if (scratch) await rm(scratch, { recursive: true, force: true });
  }
}
