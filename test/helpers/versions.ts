/** Versions for registries of tests, as learning adds them, with adapters that nobody trained. */
import { join } from 'node:path';
import type { ModelFolder } from '../../src/model/modelFolder';
import { writeAdapter } from '../../src/training/adapter';
import { linearModules } from '../../src/training/modules';
import { addVersion, type VersionRecord } from '../../src/training/registry';
import { adapterValues } from './tinyModel';

/** Adds a version with an adapter of its own. */
export async function add(
  { root, base }: { readonly root: string; readonly base: ModelFolder },
  id: string,
  changes: Partial<VersionRecord> = {},
): Promise<void> {
  const adapter = join(root, `adapter of ${id}`);
  const pairs = linearModules(base.manifest).map((module) => ({
    module,
    a: adapterValues(`${id} ${module.name} a`, module.columns),
    b: adapterValues(`${id} ${module.name} b`, module.rows),
  }));
  await writeAdapter(adapter, { rank: 1, alpha: 1, pairs }, base.manifest);
  await addVersion(root, record(id, base, changes), { adapter });
}

export function record(
  id: string,
  base: ModelFolder,
  changes: Partial<VersionRecord>,
): VersionRecord {
  const { version, sourceSha256 } = base.manifest;
  return {
    id,
    createdMs: Number(id.slice(1)),
    base: { version, sourceSha256 },
    policyVersion: `tiny@${id}`,
    trainedRows: 100,
    heldOut: 20,
    untilMs: 0,
    minutes: 1,
    tokensPerSecond: 200,
    verdict: { passed: true, reasons: ['It is better.'], checks: [] },
    ...changes,
  };
}
