/** `hone doctor`: what is installed, what is wrong and how to mend it. */
import { Command } from 'commander';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import * as path from 'node:path';
import { diagnose, formatFindings } from '../doctor';
import { formatKept, keptFiles } from '../privacy';
import { stderrLogger } from '../util/log';
import { grammars, shippedModel } from './model';
import { note, print } from './terminal';
import { usualDatabases } from './usualDatabases';

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('what is installed, where things lie, what is wrong and how to mend it')
    .option('--model <dir>', 'imported model', shippedModel)
    .option(
      '--db <file>',
      'a feedback database to check (default: those of the editors found here)',
    )
    .option('--learned <dir>', 'what was learned (default: `learned` beside the database)')
    .option('--privacy', 'only list the files that hold something of yours, their size and rights')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExit codes: 0 all is well, 1 something is wrong.')
    .action(async (options: DoctorCommandOptions) => {
      const found = options.db === undefined ? usual().filter((file) => existsSync(file)) : [];
      if (options.privacy) {
        const databases = options.db === undefined ? found : [options.db];
        const folders = databases.map((file) => keptFiles(path.dirname(path.resolve(file))));
        const files = (await Promise.all(folders)).flat();
        print(options.json ? JSON.stringify(files) : formatKept(files));
        return;
      }
      const findings = await diagnose({
        modelDirectory: options.model,
        grammarDirectory: grammars,
        database: options.db,
        learned: options.learned ?? (options.db && path.join(path.dirname(options.db), 'learned')),
        found,
        logger: stderrLogger,
      });
      if (options.db === undefined && found.length === 0)
        note(
          'No feedback database was found. Name one with --db; the log of the editor says where it lies.',
        );
      print(options.json ? JSON.stringify(findings) : formatFindings(findings));
      if (findings.some((finding) => finding.state === 'broken')) process.exitCode = 1;
    });
}

interface DoctorCommandOptions {
  readonly model: string;
  readonly db?: string;
  readonly learned?: string;
  readonly privacy?: boolean;
  readonly json?: boolean;
}

function usual(): readonly string[] {
  const { platform, env: environment } = process;
  return usualDatabases({
    platform,
    home: homedir(),
    environment,
    clone: path.resolve(__dirname, '..'),
  });
}
