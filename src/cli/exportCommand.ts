/** `hone export`: feedback leaves the database as files that training programs read. */
import { Command } from 'commander';
import * as path from 'node:path';
import { type ExportFormat, exportFormats, planExport, writeExport } from '../store/export';
import { openExistingStore } from '../store/feedbackStore';
import { stderrLogger } from '../util/log';
import { oneOf } from './arguments';
import { note, print } from './terminal';

export function exportCommand(): Command {
  return new Command('export')
    .description('take the feedback out as training files')
    .requiredOption('--db <file>', 'the feedback database (see `hone doctor`)')
    .requiredOption('--format <format>', exportFormats.join(', '), oneOf(exportFormats))
    .requiredOption('--out <dir>', 'a new folder')
    .option('--dry-run', 'show what would leave and write nothing')
    .option('--overwrite', 'replace the folder if it exists')
    .action(async (options: ExportCommandOptions) => {
      const store = await openExistingStore(options.db, { logger: stderrLogger });
      try {
        const plan = await planExport(store, { format: options.format });
        note(`${plan.rows.train} rows to learn from and ${plan.rows.test} held out by time.`);
        for (const sentence of plan.leaves) note(sentence);
        if (options.dryRun) {
          for (const row of plan.firstRows) print(JSON.stringify(row));
          return;
        }
        const overwrite = options.overwrite ?? false;
        const result = await writeExport(store, plan, path.resolve(options.out), { overwrite });
        for (const { name, rows } of result.files)
          print(`${path.join(options.out, name)}: ${rows}`);
      } finally {
        await store.close();
      }
    });
}

interface ExportCommandOptions {
  readonly db: string;
  readonly format: ExportFormat;
  readonly out: string;
  readonly dryRun?: boolean;
  readonly overwrite?: boolean;
}
