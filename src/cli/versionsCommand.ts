/** `hone versions` and `hone rollback`: what was learned, and which of it is in use. */
import { Command } from 'commander';
import { readModelFolder } from '../model/modelFolder';
import { shippedModel } from './model';
import { print } from './terminal';
import { describeVersion, openVersions, originalModel, versionsFolder } from './versions';

export function versionsCommand(): Command {
  return new Command('versions')
    .description('list the versions that learning made; * marks the one in use')
    .option('--versions <dir>', 'folder of versions', versionsFolder)
    .option('--model <dir>', 'imported model that they were made for', shippedModel)
    .option('--json', 'print JSON')
    .action(async (options: VersionsOptions) => {
      const registry = openVersions(options.versions, await readModelFolder(options.model));
      const versions = await registry.versions();
      if (options.json) return print(JSON.stringify(versions));
      for (const version of versions) print(describeVersion(version));
      if (!versions.some(({ state }) => state === 'champion')) print(`* ${originalModel}`);
    });
}

export function rollbackCommand(): Command {
  return new Command('rollback')
    .description('put back the version before the one in use, or the one named')
    .option('--to <id>', 'version to put back, or `base` for the original model')
    .option('--versions <dir>', 'folder of versions', versionsFolder)
    .option('--model <dir>', 'imported model that they were made for', shippedModel)
    .action(async (options: VersionsOptions & { readonly to?: string }) => {
      const registry = openVersions(options.versions, await readModelFolder(options.model));
      const version = await registry.rollBack(options.to);
      print(version === undefined ? `* ${originalModel}` : describeVersion(version));
    });
}

interface VersionsOptions {
  readonly versions: string;
  readonly model: string;
  readonly json?: boolean;
}
