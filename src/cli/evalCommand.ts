/** `hone eval`: suggestions against known answers. */
import { Command, InvalidArgumentError } from 'commander';
import { writeFile } from 'node:fs/promises';
import * as path from 'node:path';
import { defaultSettings } from '../contributions';
import type { LoadedPolicy } from '../model/policy';
import {
  evaluateFim,
  type FimReport,
  parseFimRows,
  type RowCount,
  summarizeFim,
} from '../replay/fim';
import { readWorkspaceFiles } from '../replay/workspaceFiles';
import { systemClock } from '../util/clock';
import { readText, wholeNumber } from './arguments';
import { shippedModel, withPolicy } from './model';
import { print, progressBar } from './terminal';

export function evalCommand(signal: AbortSignal): Command {
  const fim = new Command('fim')
    .description('infilling rows: prompt, suffix, canonical_solution, optional path and repository')
    .argument('<rows>', 'JSON lines file')
    .option('--limit <n>', 'only the first n rows', wholeNumber)
    .option('--left-only', 'hide what stands after the cursor')
    .option('--sources <list>', 'model, copy, or both', sourceList, ['model', 'copy'])
    .option('--workspace <dir>', 'folder whose files may be copied from')
    .option('--model <dir>', 'imported model', shippedModel)
    .option('--adapter <dir>', 'adapter to run the model with')
    .option('--json', 'print one JSON object')
    .option('--rows-out <file>', 'also write each answer as a JSON line')
    .action(async (file: string, options: EvalOptions) => {
      const rows = parseFimRows(await readText(file)).slice(0, options.limit);
      if (rows.length === 0) throw new Error(`${file} holds no rows.`);
      const workspace = options.workspace ? await readWorkspaceFiles(options.workspace, []) : [];
      const bar = progressBar('Evaluating');
      const run = (policy: LoadedPolicy | undefined) =>
        evaluateFim(
          {
            rows,
            policy,
            workspace,
            sources: options.sources,
            leftOnly: options.leftOnly ?? false,
            repository: path.basename(options.workspace ?? path.dirname(file)),
            settings: defaultSettings,
            clock: systemClock,
            onRow: (done) => bar.set(done / rows.length, `row ${done} of ${rows.length}`),
          },
          signal,
        );
      const answers = await (
        options.sources.includes('model') ? withPolicy(options, run) : run(undefined)
      ).finally(() => bar.end());
      if (options.rowsOut)
        await writeFile(
          options.rowsOut,
          answers.map((answer) => JSON.stringify(answer) + '\n').join(''),
        );
      const report = summarizeFim(answers);
      print(options.json ? JSON.stringify(report) : formatReport(report));
    });
  return new Command('eval').description('measure suggestions on known answers').addCommand(fim);
}

interface EvalOptions {
  readonly limit?: number;
  readonly leftOnly?: boolean;
  readonly sources: readonly ('model' | 'copy')[];
  readonly workspace?: string;
  readonly model: string;
  readonly adapter?: string;
  readonly json?: boolean;
  readonly rowsOut?: string;
}

function formatReport(report: FimReport): string {
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  const sources = Object.entries(report.bySource).map(
    ([source, { n, exact }]) => `  ${source.padEnd(8)} chosen ${n}, exact ${exact}`,
  );
  const { plain, closed } = report.byClosers;
  const ofOpen = ({ n, exact }: RowCount) => `${n}, exact ${exact}`;
  return [
    `rows             ${report.n}`,
    `exact match      ${percent(report.exactMatch)}`,
    `edit similarity  ${percent(report.editSimilarity)}`,
    `latency          p50 ${report.latencyMs.p50.toFixed(0)} ms, p95 ${report.latencyMs.p95.toFixed(0)} ms`,
    ...sources,
    `open brackets or quotes at the cursor`,
    `  plain              ${ofOpen(plain)}`,
    `  automatic closers  ${ofOpen(closed)}`,
  ].join('\n');
}

function sourceList(text: string): ('model' | 'copy')[] {
  return text.split(',').map((name) => {
    if (name === 'model' || name === 'copy') return name;
    throw new InvalidArgumentError('It must be model, copy or model,copy.');
  });
}
