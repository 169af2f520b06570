/** `hone import`: a model from elsewhere becomes a folder that Hone runs. */
import { Command } from 'commander';
import * as os from 'node:os';
import * as path from 'node:path';
import { importInChild } from '../host/modelHost';
import type { Precision } from '../model/modelFolder';
import { systemClock } from '../util/clock';
import { stderrLogger } from '../util/log';
import { oneOf } from './arguments';
import { hostScript } from './model';
import { print, progressBar } from './terminal';

/** Where the model of `source` is put unless the user says otherwise: a folder of its own. */
export function destinationOf(source: string): string {
  // Resolved first: the base name of '.' is the folder of all models, that of '..' its parent.
  const name = path.basename(path.resolve(source)).replace(/\.gguf$/i, '');
  return path.join(os.homedir(), '.hone', 'models', name || 'model');
}

export function importCommand(signal: AbortSignal): Command {
  return new Command('import')
    .description('turn a GGUF file or a Hugging Face folder into a model that Hone runs')
    .argument('<source>', 'GGUF file, or folder with config.json, *.safetensors, tokenizer.json')
    .option('--out <dir>', 'where to put the model', '')
    .option(
      '--precision <kind>',
      '8bit (what suggestions use) or fp32 (reference)',
      oneOf<Precision>(['8bit', 'fp32']),
      '8bit',
    )
    .action(async (source: string, options: { out: string; precision: Precision }) => {
      const destination = path.resolve(options.out || destinationOf(source));
      const bar = progressBar('Importing');
      const folder = await importInChild({
        ...{ hostScript, logger: stderrLogger, clock: systemClock },
        source: path.resolve(source),
        destination,
        precision: options.precision,
        onProgress: (progress) => bar.set(progress.share, progress.stage),
        signal,
      }).finally(() => bar.end());
      print(`${folder.manifest.version} is ready in ${destination}`);
    });
}
