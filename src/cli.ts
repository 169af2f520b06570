/**
 * `hone`: the same core without an editor, the second composition root. It only declares the
 * commands; each reads its arguments, builds what it needs, prints results to standard output and
 * everything else to standard error.
 */
import { Command } from 'commander';
import packageJson from '../package.json';
import { completeCommand } from './cli/completeCommand';
import { doctorCommand } from './cli/doctorCommand';
import { evalCommand } from './cli/evalCommand';
import { exportCommand } from './cli/exportCommand';
import { importCommand } from './cli/importCommand';
import { learnCommand } from './cli/learnCommand';
import { mergeCommand } from './cli/mergeCommand';
import { replayCommand } from './cli/replayCommand';
import { note } from './cli/terminal';
import { trainCommand } from './cli/trainCommand';
import { rollbackCommand, versionsCommand } from './cli/versionsCommand';

const interrupted = new AbortController();
const { signal } = interrupted;
process.once('SIGINT', () => interrupted.abort());

const program = new Command('hone')
  .description('Code suggestions that learn from you, on your machine: the core without an editor.')
  .version(packageJson.version)
  .addHelpText(
    'after',
    '\nExit codes: 0 it is done, 1 it failed, 130 it was interrupted; others stand in the help of a command.',
  )
  .addCommand(importCommand(signal))
  .addCommand(completeCommand(signal))
  .addCommand(trainCommand(signal))
  .addCommand(mergeCommand(signal))
  .addCommand(learnCommand(signal))
  .addCommand(versionsCommand())
  .addCommand(rollbackCommand())
  .addCommand(evalCommand(signal))
  .addCommand(replayCommand(signal))
  .addCommand(exportCommand())
  .addCommand(doctorCommand());

program.parseAsync().catch((error: unknown) => {
  if (signal.aborted) {
    note('Cancelled.');
    process.exitCode = 130;
    return;
  }
  note(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
