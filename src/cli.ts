/**
 * `hone`: the same core without an editor, the second composition root. Reads its arguments, builds
 * what a command needs, prints results to standard output and everything else to standard error.
 */
import { Command, InvalidArgumentError } from 'commander';
import { SingleBar } from 'cli-progress';
import { readFile, writeFile } from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import packageJson from '../package.json';
import { CopyIndex } from './completion/copyIndex';
import { NeighbourIndex } from './completion/neighbours';
import { createParser } from './completion/parser';
import { suggest } from './completion/suggest';
import { defaultSettings as settings } from './contributions';
import { diagnose, formatFindings } from './doctor';
import { importModel } from './model/importModel';
import { type Precision, readModelFolder } from './model/modelFolder';
import { type LoadedPolicy, openPolicy } from './model/policy';
import { evaluateFim, type FimReport, parseFimRows, summarizeFim } from './replay/fim';
import { isScript, loadTypeScript, typeScriptServer } from './replay/typescriptServer';
import { readWorkspaceFiles } from './replay/workspaceFiles';
import { exportFormats, planExport, writeExport, type ExportFormat } from './store/export';
import { openExistingStore } from './store/feedbackStore';
import type { Logger, ScoredCandidate } from './types';
import { systemClock } from './util/clock';
import { languageOf } from './util/language';
import { seededRandom } from './util/random';

/** The model that ships, beside the bundle this file becomes. */
const shippedModel = path.resolve(__dirname, '../media/models/smollm2-135m');
const grammars = path.join(__dirname, 'grammars');
const importedModels = path.join(os.homedir(), '.hone', 'models');

const stderrLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: (topic, message) => note(`${topic}: ${message}`),
  error: (topic, message) => note(`${topic}: ${message}`),
};

const interrupted = new AbortController();
process.once('SIGINT', () => interrupted.abort());

const program = new Command('hone')
  .description('Code suggestions that learn from you, on your machine: the core without an editor.')
  .version(packageJson.version);

program
  .command('import')
  .description('turn a GGUF file or a Hugging Face folder into a model that Hone runs')
  .argument('<source>', 'GGUF file, or folder with config.json, *.safetensors, tokenizer.json')
  .option('--out <dir>', 'where to put the model', '')
  .option(
    '--precision <kind>',
    '8bit (what suggestions use) or fp32 (reference)',
    precision,
    '8bit',
  )
  .action(async (source: string, options: { out: string; precision: '8bit' | 'fp32' }) => {
    const name = path.basename(source).replace(/\.gguf$/i, '');
    const destination = path.resolve(options.out || path.join(importedModels, name));
    const bar = progressBar('Importing');
    const folder = await importModel({
      source: path.resolve(source),
      destination,
      precision: options.precision,
      onProgress: (progress) => bar.set(progress.share, progress.stage),
      signal: interrupted.signal,
    }).finally(() => bar.end());
    print(`${folder.manifest.version} is ready in ${destination}`);
  });

program
  .command('complete')
  .description('print what would be suggested at a place in a file')
  .requiredOption('--file <file>', 'the file')
  .option('--offset <n>', 'cursor as characters from the start', wholeNumber)
  .option('--line <n>', 'cursor line, from 1', wholeNumber)
  .option('--column <n>', 'cursor column, from 1', wholeNumber)
  .option('--workspace <dir>', 'folder whose files may be looked at (default: the file alone)')
  .option('--model <dir>', 'imported model', shippedModel)
  .option('--json', 'print the whole suggestion as JSON')
  .action(async (options: CompleteOptions) => {
    const root = options.workspace ?? path.dirname(options.file);
    const file = path.relative(root, options.file).replaceAll('\\', '/');
    const text = await readText(options.file);
    const files = options.workspace ? await readWorkspaceFiles(root, []) : [];
    const repository = path.basename(path.resolve(root));
    const copyIndex = new CopyIndex();
    const neighbours = new NeighbourIndex();
    for (const other of files) {
      if (other.path === file) continue;
      const uri = `file://${path.resolve(root, other.path)}`;
      copyIndex.update(uri, other.languageId, other.text);
      neighbours.update({ ...other, uri, repository });
    }
    const parser = createParser((name) => readFile(path.join(grammars, name)), stderrLogger);
    await parser.load(languageOf(file));
    const typescript = isScript(file) ? await loadTypeScript() : undefined;
    const languageServer = typescript && typeScriptServer(typescript, { files, directory: root });
    await withPolicy(options.model, async (policy) => {
      const suggestion = await suggest(
        {
          document: {
            uri: `file://${path.resolve(options.file)}`,
            path: file,
            repository,
            languageId: languageOf(file),
            text,
            offset: cursorOffset(text, options),
          },
          trigger: 'invoked',
          settings,
          policy,
          copyIndex,
          neighbours,
          parser,
          languageServer,
          clock: systemClock,
          random: seededRandom(1),
        },
        interrupted.signal,
      );
      if (options.json) print(JSON.stringify(suggestion));
      else for (const candidate of suggestion.candidates) print(formatCandidate(candidate));
    });
  });

const evaluate = program.command('eval').description('measure suggestions on known answers');
evaluate
  .command('fim')
  .description('infilling rows: prompt, suffix, canonical_solution, optional path')
  .argument('<rows>', 'JSON lines file')
  .option('--limit <n>', 'only the first n rows', wholeNumber)
  .option('--left-only', 'hide what stands after the cursor')
  .option('--sources <list>', 'model, copy, or both', sourceList, ['model', 'copy'])
  .option('--workspace <dir>', 'folder whose files may be copied from')
  .option('--model <dir>', 'imported model', shippedModel)
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
          settings,
          clock: systemClock,
          onRow: (done) => bar.set(done / rows.length, `row ${done} of ${rows.length}`),
        },
        interrupted.signal,
      );
    const answers = await (
      options.sources.includes('model') ? withPolicy(options.model, run) : run(undefined)
    ).finally(() => bar.end());
    if (options.rowsOut)
      await writeFile(
        options.rowsOut,
        answers.map((answer) => JSON.stringify(answer) + '\n').join(''),
      );
    const report = summarizeFim(answers);
    print(options.json ? JSON.stringify(report) : formatReport(report));
  });

program
  .command('export')
  .description('take the feedback out as training files')
  .requiredOption('--db <file>', 'the feedback database (see `hone doctor`)')
  .requiredOption('--format <format>', exportFormats.join(', '), exportFormat)
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
      for (const { name, rows } of result.files) print(`${path.join(options.out, name)}: ${rows}`);
    } finally {
      await store.close();
    }
  });

program
  .command('doctor')
  .description('what is installed, where things lie, what is wrong and how to mend it')
  .option('--model <dir>', 'imported model', shippedModel)
  .option('--db <file>', 'a feedback database to check')
  .option('--json', 'print JSON')
  .action(async (options: { model: string; db?: string; json?: boolean }) => {
    const findings = await diagnose({
      modelDirectory: options.model,
      database: options.db,
      logger: stderrLogger,
    });
    print(options.json ? JSON.stringify(findings) : formatFindings(findings));
    if (findings.some((finding) => finding.state === 'broken')) process.exitCode = 1;
  });

program.parseAsync().catch((error: unknown) => {
  if (interrupted.signal.aborted) {
    note('Cancelled.');
    process.exitCode = 130;
    return;
  }
  note(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});

interface CompleteOptions {
  readonly file: string;
  readonly offset?: number;
  readonly line?: number;
  readonly column?: number;
  readonly workspace?: string;
  readonly model: string;
  readonly json?: boolean;
}

interface EvalOptions {
  readonly limit?: number;
  readonly leftOnly?: boolean;
  readonly sources: readonly ('model' | 'copy')[];
  readonly workspace?: string;
  readonly model: string;
  readonly json?: boolean;
  readonly rowsOut?: string;
}

interface ExportCommandOptions {
  readonly db: string;
  readonly format: ExportFormat;
  readonly out: string;
  readonly dryRun?: boolean;
  readonly overwrite?: boolean;
}

/** Opens a model for the length of one piece of work. */
async function withPolicy<T>(
  directory: string,
  work: (policy: LoadedPolicy) => Promise<T>,
): Promise<T> {
  const policy = await openPolicy(await readModelFolder(directory), {
    threads: settings.threads,
  });
  try {
    return await work(policy);
  } finally {
    await policy.dispose();
  }
}

/** The offset of `--offset`, or of `--line` and `--column`, both from 1; the end where none is given. */
function cursorOffset(text: string, { offset, line, column }: CompleteOptions): number {
  if (offset !== undefined) return checkedOffset(offset, text.length);
  if (line === undefined) return text.length;
  const lines = text.split('\n');
  if (line < 1 || line > lines.length)
    throw new Error(`There is no line ${line}: the file has ${lines.length}.`);
  const before = lines.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0);
  const length = lines[line - 1]?.length ?? 0;
  return before + Math.min((column ?? length + 1) - 1, length);
}

function checkedOffset(offset: number, length: number): number {
  if (offset > length) throw new Error(`There is no offset ${offset}: the file has ${length}.`);
  return offset;
}

function formatCandidate(candidate: ScoredCandidate): string {
  const score = candidate.score.toFixed(3).padStart(6);
  return `${score}  ${candidate.source.padEnd(7)}  ${JSON.stringify(candidate.text)}`;
}

function formatReport(report: FimReport): string {
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  const sources = Object.entries(report.bySource).map(
    ([source, { n, exact }]) => `  ${source.padEnd(8)} chosen ${n}, exact ${exact}`,
  );
  return [
    `rows             ${report.n}`,
    `exact match      ${percent(report.exactMatch)}`,
    `edit similarity  ${percent(report.editSimilarity)}`,
    `latency          p50 ${report.latencyMs.p50.toFixed(0)} ms, p95 ${report.latencyMs.p95.toFixed(0)} ms`,
    ...sources,
  ].join('\n');
}

/** A progress bar on a terminal, a line every tenth elsewhere, nothing on standard output. */
function progressBar(title: string): { set(share: number, step: string): void; end(): void } {
  if (!process.stderr.isTTY) {
    let tenth = -1;
    return {
      set(share, step) {
        if (Math.floor(share * 10) === tenth) return;
        tenth = Math.floor(share * 10);
        note(`${title}: ${tenth * 10} % (${step})`);
      },
      end: () => undefined,
    };
  }
  const bar = new SingleBar({ format: `${title} [{bar}] {percentage} % {step}`, etaBuffer: 20 });
  bar.start(1, 0, { step: '' });
  return { set: (share, step) => bar.update(share, { step }), end: () => bar.stop() };
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new Error(`${file} cannot be read (${reason}). Check the path and its permissions.`, {
      cause: error,
    });
  }
}

function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

function precision(text: string): Precision {
  if (text === '8bit' || text === 'fp32') return text;
  throw new InvalidArgumentError('It must be 8bit or fp32.');
}

function sourceList(text: string): ('model' | 'copy')[] {
  return text.split(',').map((name) => {
    if (name === 'model' || name === 'copy') return name;
    throw new InvalidArgumentError('It must be model, copy or model,copy.');
  });
}

function exportFormat(text: string): ExportFormat {
  const format = exportFormats.find((each) => each === text);
  if (format) return format;
  throw new InvalidArgumentError(`It must be one of ${exportFormats.join(', ')}.`);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function note(text: string): void {
  process.stderr.write(`${text}\n`);
}
