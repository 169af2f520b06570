/** `hone merge`: an adapter becomes part of a model. */
import { Command } from 'commander';
import * as path from 'node:path';
import { readModelFolder } from '../model/modelFolder';
import { mergeAdapter } from '../training/merge';
import { shippedModel } from './model';
import { print, progressBar } from './terminal';

export function mergeCommand(signal: AbortSignal): Command {
  return new Command('merge')
    .description('merge an adapter into a model, which then runs as fast as before')
    .argument('<adapter>', 'folder with adapter_config.json and adapter_model.safetensors')
    .requiredOption('--out <dir>', 'a new folder for the model')
    .option('--base <dir>', 'imported model that the adapter was trained for', shippedModel)
    .action(async (adapter: string, options: { out: string; base: string }) => {
      const bar = progressBar('Merging');
      const folder = await mergeAdapter({
        base: await readModelFolder(options.base),
        adapter: path.resolve(adapter),
        destination: path.resolve(options.out),
        onProgress: (share) => bar.set(share, ''),
        signal,
      }).finally(() => bar.end());
      print(`${folder.manifest.version} is ready in ${folder.directory}`);
    });
}
