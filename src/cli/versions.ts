/** The versions that learning made, opened for the command line. */
import * as os from 'node:os';
import * as path from 'node:path';
import type { ModelFolder } from '../model/modelFolder';
import { mergeAdapter } from '../training/merge';
import { type Registry, type Version, openRegistry } from '../training/registry';

/** Where the command line keeps versions; the editor has a folder of its own. */
export const versionsFolder = path.join(os.homedir(), '.hone', 'learned');

/** The model without anything learned; the editor says the same. */
export const originalModel = 'original model';

export function openVersions(directory: string, base: ModelFolder): Registry {
  return openRegistry({
    ...{ directory: path.resolve(directory), base: base.manifest },
    merge: (adapter, destination) => mergeAdapter({ base, adapter, destination }),
  });
}

/** A line for a person: state, when and from what it came, and why it is what it is. */
export function describeVersion(version: Version): string {
  const { id, state, trainedRows, heldOut, verdict } = version;
  const mark = { champion: '*', passed: ' ', refused: 'x', otherBase: '-', gone: '!' }[state];
  const [reason = ''] = verdict.reasons;
  const where = state === 'otherBase' ? ` for ${version.base.version}` : '';
  return `${mark} ${id}  ${state}${where}, ${trainedRows} rows, judged by ${heldOut}. ${reason}`;
}
