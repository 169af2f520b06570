/**
 * Which versions a window trains and uses: those of its base model, and where the workspace is to have
 * versions of its own, those of the workspace. It says where they lie; the registry knows the rest.
 */
import { createHash } from 'node:crypto';
import * as path from 'node:path';
import { mergeInChild } from '../host/ownChild';
import type { ModelFolder } from '../model/modelFolder';
import { openRegistry, pointerName, type Registry } from '../training/registry';
import type { Clock, LearningSettings, Logger } from '../types';

export interface VersionLine {
  /** Tells lines apart in what windows remember. */
  readonly name: string;
  /** Where its versions lie; those of other bases lie there too. */
  readonly directory: string;
  /** Replaced whenever another version becomes the one in use. */
  readonly pointer: string;
  /** Start of the addresses of the documents it learns from; undefined for all. */
  readonly workspace: string | undefined;
  readonly registry: Registry;
}

export interface VersionLineParams {
  /** Where all that is learned is kept. */
  readonly directory: string;
  readonly base: ModelFolder;
  /** Address of the folder that has versions of its own; undefined for those that all share. */
  readonly workspace: string | undefined;
  /** Bundled `host/main.ts`. */
  readonly hostScript: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

export function versionLine(params: VersionLineParams): VersionLine {
  const { base, workspace, hostScript, clock, logger } = params;
  const scope =
    workspace === undefined
      ? 'everywhere'
      : createHash('sha256').update(workspace).digest('hex').slice(0, 12);
  const directory = path.join(params.directory, scope);
  return {
    name: `${scope} ${base.manifest.version}`,
    directory,
    pointer: path.join(directory, pointerName),
    workspace,
    registry: openRegistry({
      directory,
      base: base.manifest,
      merge: (adapterDir, destination) =>
        mergeInChild(
          { modelDir: base.directory, adapterDir, destination },
          { hostScript, clock, logger },
        ),
    }),
  };
}

/** The folder that is to have versions of its own: the only one of the window, if the settings say so. */
export function ownWorkspace(
  { perWorkspace }: Pick<LearningSettings, 'perWorkspace'>,
  folders: readonly { readonly uri: { toString(): string } }[] | undefined,
): string | undefined {
  const [folder, ...others] = folders ?? [];
  return perWorkspace && folder && others.length === 0 ? `${folder.uri.toString()}/` : undefined;
}

/** The model folder of the version in use, merged anew where it is missing; undefined for the base. */
export async function championFolder({ registry }: VersionLine): Promise<string | undefined> {
  const champion = await registry.champion();
  return champion && registry.modelOf(champion);
}
