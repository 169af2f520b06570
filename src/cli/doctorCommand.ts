/** `hone doctor`: what is installed, what is wrong and how to mend it. */
import { Command } from 'commander';
import * as path from 'node:path';
import { diagnose, formatFindings } from '../doctor';
import { stderrLogger } from '../util/log';
import { grammars, shippedModel } from './model';
import { print } from './terminal';

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('what is installed, where things lie, what is wrong and how to mend it')
    .option('--model <dir>', 'imported model', shippedModel)
    .option('--db <file>', 'a feedback database to check')
    .option('--learned <dir>', 'what was learned (default: `learned` beside the database)')
    .option('--json', 'print JSON')
    .action(async (options: { model: string; db?: string; learned?: string; json?: boolean }) => {
      const findings = await diagnose({
        modelDirectory: options.model,
        grammarDirectory: grammars,
        database: options.db,
        learned: options.learned ?? (options.db && path.join(path.dirname(options.db), 'learned')),
        logger: stderrLogger,
      });
      print(options.json ? JSON.stringify(findings) : formatFindings(findings));
      if (findings.some((finding) => finding.state === 'broken')) process.exitCode = 1;
    });
}
