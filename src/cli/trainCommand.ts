/**
 * `hone train`: an adapter from a file of rows, without a store and without a gate. The training runs
 * in a child of its own, so that the terminal answers while it does.
 */
import { Command } from 'commander';
import * as os from 'node:os';
import * as path from 'node:path';
import { trainInChild } from '../host/ownChild';
import { HostError } from '../host/protocol';
import { type Method, methods } from '../training/rows';
import type { TrainingOptions } from '../training/settings';
import type { TrainingProgress, TrainingReport } from '../training/trainer';
import { systemClock } from '../util/clock';
import { stderrLogger } from '../util/log';
import { mean } from '../util/statistics';
import { number, oneOf, wholeNumber } from './arguments';
import { hostScript, shippedModel } from './model';
import { leftWords, print, progressBar } from './terminal';

export function trainCommand(signal: AbortSignal): Command {
  return new Command('train')
    .description('train an adapter for a model on rows with the columns of TRL')
    .requiredOption('--data <file>', 'JSON lines: prompt and completion; chosen, rejected; label')
    .requiredOption('--method <name>', methods.join(', '), oneOf(methods))
    .requiredOption('--out <dir>', 'a new folder for the adapter')
    .option('--base <dir>', 'imported model', shippedModel)
    .option('--rank <n>', 'rank of the adapter', wholeNumber)
    .option('--alpha <n>', 'what the adapter adds is multiplied by alpha / rank', number)
    .option(
      '--dropout <share>',
      'share of what the adapter reads that is dropped meanwhile',
      number,
    )
    .option('--layers <n>', 'train only the last n layers', wholeNumber)
    .option('--lr <n>', 'learning rate at its highest', number)
    .option('--epochs <n>', 'times that every row is seen', wholeNumber)
    .option('--batch <n>', 'rows of one step', wholeNumber)
    .option('--beta <n>', 'dpo, kto: what going away from the frozen model costs', number)
    .option('--max-tokens <n>', 'longest text; the front of a prompt is cut', wholeNumber)
    .option('--max-minutes <n>', 'end with what was learned by then', number)
    .option('--max-memory <megabytes>', 'memory that the run may take', wholeNumber)
    .option('--seed <n>', 'order of the rows, start of the adapter and what it drops', wholeNumber)
    .option(
      '--threads <n>',
      'processor threads',
      wholeNumber,
      Math.min(4, os.availableParallelism()),
    )
    .option('--json', 'print one JSON object')
    .action(async (options: TrainOptions) => {
      const bar = progressBar('Training');
      const report = await trainInChild(
        {
          modelDir: path.resolve(options.base),
          data: path.resolve(options.data),
          out: path.resolve(options.out),
          options: trainingOptions(options),
        },
        {
          hostScript,
          logger: stderrLogger,
          clock: systemClock,
          onProgress: (progress) => bar.set(progress.share, describeProgress(progress)),
          signal,
        },
      )
        .catch((error: unknown) => {
          throw error instanceof HostError && error.code === 'crashed' ? stopped(error) : error;
        })
        .finally(() => bar.end());
      if (options.json) print(JSON.stringify(report));
      else for (const line of describeTraining(report)) print(line);
    });
}

interface TrainOptions {
  readonly data: string;
  readonly method: Method;
  readonly out: string;
  readonly base: string;
  readonly rank?: number;
  readonly alpha?: number;
  readonly dropout?: number;
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

function stopped(cause: HostError): Error {
  return new Error(
    `${cause.message} Nothing was left half done: the same command goes on from its last checkpoint.`,
    { cause },
  );
}

/** Only what was said; the rest is the trainer's to choose. */
function trainingOptions(options: TrainOptions): TrainingOptions {
  const { maxMemory, ...rest } = options;
  const said = {
    rank: rest.rank,
    alpha: rest.alpha,
    dropout: rest.dropout,
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
  const minutes = leftWords(leftMs);
  return `${stage}${lost}${minutes}`;
}

function describeTraining(report: TrainingReport): string[] {
  const { steps, plannedSteps, resumedFrom, losses, rows, examples, memory } = report;
  const unknown = Object.entries(rows.unknownColumns).map(([name, n]) => `${name} (${n})`);
  const tenth = Math.max(1, Math.floor(losses.length / 10));
  return [
    `rows     ${rows.read} read, ${rows.empty} without a completion, ${rows.equal} with two equal texts`,
    ...(unknown.length === 0 ? [] : [`ignored  columns ${unknown.join(', ')}`]),
    `texts    ${examples.tokens} tokens, at most ${examples.longest} of ${memory.maxTokens}; cut: ${examples.cutPrompts} prompts, ${examples.cutCompletions} completions`,
    `memory   ${Math.ceil(memory.bytes / 1e6)} MB planned${memory.maxTokens < memory.wantedTokens ? `, for which texts were cut to ${memory.maxTokens} tokens instead of ${memory.wantedTokens}` : ''}`,
    `steps    ${steps} of ${plannedSteps}${resumedFrom > 0 ? `, gone on from ${resumedFrom}` : ''}`,
    `loss     ${mean(losses.slice(0, tenth)).toFixed(3)} at first, ${mean(losses.slice(-tenth)).toFixed(3)} at last`,
  ];
}
