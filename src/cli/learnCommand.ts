/**
 * `hone learn`: what the editor does in idle time, at once. The run is a child's; a version that
 * passes the gate is promoted here, unless that is not wanted.
 */
import { Command } from 'commander';
import * as os from 'node:os';
import * as path from 'node:path';
import { learnInChild } from '../host/ownChild';
import { readModelFolder } from '../model/modelFolder';
import { systemClock } from '../util/clock';
import { stderrLogger } from '../util/log';
import { number, wholeNumber } from './arguments';
import { hostScript, shippedModel } from './model';
import { print, progressBar } from './terminal';
import { openVersions, versionsFolder } from './versions';

/** Exit code for scripts, which must tell this from a failure. */
const nothingLearned = 2;

export function learnCommand(signal: AbortSignal): Command {
  return new Command('learn')
    .description('learn from feedback: train a version, judge it, and use it if it is better')
    .requiredOption('--db <file...>', 'feedback databases (see `hone doctor`); only read')
    .option('--versions <dir>', 'folder of versions', versionsFolder)
    .option('--model <dir>', 'imported model to learn for', shippedModel)
    .option('--minutes <n>', 'time that it may take', number, 10)
    .option(
      '--threads <n>',
      'processor threads',
      wholeNumber,
      Math.min(4, os.availableParallelism()),
    )
    .option('--max-memory <megabytes>', 'memory that it may take', wholeNumber)
    .option('--seed <n>', 'order of the rows and start of the adapter', wholeNumber)
    .option('--no-promote', 'leave the version in use as it is')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      `\nExit codes: 0 a version was trained and judged, 1 it failed, ${nothingLearned} there is not enough feedback to learn from, 130 it was interrupted.`,
    )
    .action(async (options: LearnCommandOptions) => {
      const { minutes, threads, maxMemory, seed } = options;
      const modelDir = path.resolve(options.model);
      const registryDir = path.resolve(options.versions);
      const bar = progressBar('Learning');
      const report = await learnInChild(
        {
          ...{ storeFiles: options.db.map((file) => path.resolve(file)), modelDir, registryDir },
          options: {
            ...{ minutes, threads },
            ...(maxMemory === undefined ? {} : { maxMemoryBytes: maxMemory * 1e6 }),
            ...(seed === undefined ? {} : { seed }),
          },
        },
        {
          ...{ hostScript, logger: stderrLogger, clock: systemClock, signal },
          onProgress: ({ share, stage }) => bar.set(share, stage),
        },
      ).finally(() => bar.end());
      if (report.outcome === 'passed' && report.version !== null && options.promote) {
        const registry = openVersions(registryDir, await readModelFolder(modelDir));
        await registry.promote(report.version.id);
      }
      if (report.version === null) process.exitCode = nothingLearned;
      if (options.json) return print(JSON.stringify(report));
      const { suggestions, known, rows, heldOut } = report.dataset;
      print(
        `${suggestions} suggestions, ${known} with a known end; ${rows} rows, ${heldOut} held out`,
      );
      for (const sentence of report.sentences) print(sentence);
      if (report.version !== null) print(`${report.version.id}: ${report.outcome}`);
    });
}

interface LearnCommandOptions {
  readonly db: readonly string[];
  readonly versions: string;
  readonly model: string;
  readonly minutes: number;
  readonly threads: number;
  readonly maxMemory?: number;
  readonly seed?: number;
  readonly promote: boolean;
  readonly json?: boolean;
}
