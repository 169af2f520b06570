/**
 * `hone`: the same core without an editor, the second composition root. Reads its arguments, builds
 * what a command needs, prints results to standard output and everything else to standard error.
 */
import { Command, InvalidArgumentError } from 'commander';
import { SingleBar } from 'cli-progress';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
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
import { mergeAdapter } from './training/merge';
import { type Method, methods } from './training/rows';
import { type TrainingOptions, trainingSettings } from './training/settings';
import { type TrainingProgress, type TrainingReport, train } from './training/trainer';
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
  .option('--adapter <dir>', 'adapter to run the model with')
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
    await withPolicy(options, async (policy) => {
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

program
  .command('train')
  .description('train an adapter for a model on rows with the columns of TRL')
  .requiredOption('--data <file>', 'JSON lines: prompt and completion; chosen, rejected; label')
  .requiredOption('--method <name>', methods.join(', '), trainingMethod)
  .requiredOption('--out <dir>', 'a new folder for the adapter')
  .option('--base <dir>', 'imported model', shippedModel)
  .option('--rank <n>', 'rank of the adapter', wholeNumber)
  .option('--alpha <n>', 'what the adapter adds is multiplied by alpha / rank', number)
  .option('--layers <n>', 'train only the last n layers', wholeNumber)
  .option('--lr <n>', 'learning rate at its highest', number)
  .option('--epochs <n>', 'times that every row is seen', wholeNumber)
  .option('--batch <n>', 'rows of one step', wholeNumber)
  .option('--beta <n>', 'dpo, kto: what going away from the frozen model costs', number)
  .option('--max-tokens <n>', 'longest text; the front of a prompt is cut', wholeNumber)
  .option('--max-minutes <n>', 'end with what was learned by then', number)
  .option('--max-memory <megabytes>', 'memory that the run may take', wholeNumber)
  .option('--seed <n>', 'order of the rows and start of the adapter', wholeNumber)
  .option('--threads <n>', 'processor threads', wholeNumber, Math.min(4, os.availableParallelism()))
  .option('--json', 'print one JSON object')
  .action(async (options: TrainOptions) => {
    // Whatever else the machine is used for comes first.
    os.setPriority(os.constants.priority.PRIORITY_LOW);
    const base = await readModelFolder(options.base);
    const bar = progressBar('Training');
    const report = await train({
      base,
      data: path.resolve(options.data),
      out: path.resolve(options.out),
      settings: trainingSettings(trainingOptions(options)),
      clock: systemClock,
      onProgress: (progress) => bar.set(progress.share, describeProgress(progress)),
      signal: interrupted.signal,
    }).finally(() => bar.end());
    if (options.json) print(JSON.stringify(report));
    else for (const line of describeTraining(report)) print(line);
  });

program
  .command('merge')
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
      signal: interrupted.signal,
    }).finally(() => bar.end());
    print(`${folder.manifest.version} is ready in ${folder.directory}`);
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
          settings,
          clock: systemClock,
          onRow: (done) => bar.set(done / rows.length, `row ${done} of ${rows.length}`),
        },
        interrupted.signal,
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
      grammarDirectory: grammars,
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
  readonly adapter?: string;
  readonly json?: boolean;
}

interface TrainOptions {
  readonly data: string;
  readonly method: Method;
  readonly out: string;
  readonly base: string;
  readonly rank?: number;
  readonly alpha?: number;
  readonly layers?: number;
  readonly lr?: number;
  readonly epochs?: number;
  readonly batch?: number;
  readonly beta?: number;
  readonly maxTokens?: number;
  readonly maxMinutes?: number;
  readonly maxMemory?: number;
  readonly seed?: number;
  readonly threads: number;
  readonly json?: boolean;
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

interface ExportCommandOptions {
  readonly db: string;
  readonly format: ExportFormat;
  readonly out: string;
  readonly dryRun?: boolean;
  readonly overwrite?: boolean;
}

/** Opens a model, with an adapter where one is named, for the length of one piece of work. */
async function withPolicy<T>(
  { model, adapter }: { readonly model: string; readonly adapter?: string },
  work: (policy: LoadedPolicy) => Promise<T>,
): Promise<T> {
  const base = await readModelFolder(model);
  const scratch = adapter ? await mkdtemp(path.join(os.tmpdir(), 'hone-')) : undefined;
  let policy: LoadedPolicy | undefined;
  try {
    const folder =
      adapter && scratch
        ? await mergeAdapter({ base, adapter, destination: path.join(scratch, 'model') })
        : base;
    policy = await openPolicy(folder, { threads: settings.threads });
    return await work(policy);
  } finally {
    await policy?.dispose();
    if (scratch) await rm(scratch, { recursive: true, force: true });
  }
}

/** Only what was said; the rest is the trainer's to choose. */
function trainingOptions(options: TrainOptions): TrainingOptions {
  const { maxMemory, ...rest } = options;
  const said = {
    rank: rest.rank,
    alpha: rest.alpha,
    layers: rest.layers,
    learningRate: rest.lr,
    epochs: rest.epochs,
    batchSize: rest.batch,
    beta: rest.beta,
    maxTokens: rest.maxTokens,
    maxMinutes: rest.maxMinutes,
    maxMemoryBytes: maxMemory === undefined ? undefined : maxMemory * 1e6,
    seed: rest.seed,
    threads: rest.threads,
  };
  return { ...said, method: options.method };
}

function describeProgress({ stage, loss, leftMs }: TrainingProgress): string {
  const lost = loss === null ? '' : `, loss ${loss.toFixed(3)}`;
  const minutes = leftMs === null ? '' : `, ${(leftMs / 60_000).toFixed(1)} min left`;
  return `${stage}${lost}${minutes}`;
}

function describeTraining(report: TrainingReport): string[] {
  const { steps, plannedSteps, resumedFrom, losses, rows, examples, memory } = report;
  const unknown = Object.entries(rows.unknownColumns).map(([name, n]) => `${name} (${n})`);
  const mean = (part: readonly number[]): string =>
    (part.reduce((sum, loss) => sum + loss, 0) / part.length).toFixed(3);
  const tenth = Math.max(1, Math.floor(losses.length / 10));
  return [
    `rows     ${rows.read} read, ${rows.empty} without a completion, ${rows.equal} with two equal texts`,
    ...(unknown.length === 0 ? [] : [`ignored  columns ${unknown.join(', ')}`]),
    `texts    ${examples.tokens} tokens, at most ${examples.longest} of ${memory.maxTokens}; cut: ${examples.cutPrompts} prompts, ${examples.cutCompletions} completions`,
    `steps    ${steps} of ${plannedSteps}${resumedFrom > 0 ? `, gone on from ${resumedFrom}` : ''}`,
    `loss     ${mean(losses.slice(0, tenth))} at first, ${mean(losses.slice(-tenth))} at last`,
  ];
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

function number(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0)) throw new InvalidArgumentError('It must be a number.');
  return value;
}

function trainingMethod(text: string): Method {
  const method = methods.find((each) => each === text);
  if (method) return method;
  throw new InvalidArgumentError(`It must be one of ${methods.join(', ')}.`);
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
