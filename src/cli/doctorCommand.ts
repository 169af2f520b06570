/** `hone doctor`: what is installed, what is wrong and how to mend it. */
import { Command } from 'commander';
import { diagnose, formatFindings } from '../doctor';
import { grammars, shippedModel } from './model';
import { print, stderrLogger } from './terminal';

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('what is installed, where things lie, what is wrong and how to mend it')
    .option('--model <dir>', 'imported model', shippedModel)
    .option('--db <file>', 'a feedback database to check')
    .option('--json', 'print JSON')
    .action(async (options: { model: string; db?: string; json?: boolean }) => {
      const findings = await diagnose({
        modelDirectory: options.model,
        grammarDirectory: grammars,
        database: options.db,
        logger: stderrLogger,
      });
      print(options.json ? JSON.stringify(findings) : formatFindings(findings));
      if (findings.some((finding) => finding.state === 'broken')) process.exitCode = 1;
    });
}
