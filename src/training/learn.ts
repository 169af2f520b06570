/**
 * One learning run: stored suggestions in, a judged version out. It reads, samples, trains, merges,
 * measures both models and asks the gate; it never promotes. Every part's result is kept in a folder
 * of the run until the end, so a run that was cancelled or killed goes on where it stood.
 *
 * It always starts from the base model, on all rows that there is time for, the newest weighing most,
 * and never from the champion's adapter: what was deleted from the store is then forgotten by the next
 * run, no error of an earlier one is inherited, every version can be put back alone, and drift is
 * bounded by one adapter. What keeps it near the base are rehearsed rows, a third of all
 * (`rehearsal.ts`).
 */
import { mkdir, readFile, rename, rm, statfs, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { ModelError, storageError } from '../model/errors';
import { type ModelFolder, readModelFolder } from '../model/modelFolder';
import type { Clock, StoredSuggestion } from '../types';
import { adapterFiles } from './adapter';
import type { Dataset, DatasetOptions, DatasetReport } from './dataset';
import { buildDataset, defaultDatasetOptions, isEnough, tooFewWords } from './dataset';
import { TrainingError } from './errors';
import { evaluate, evaluateGeneral } from './evaluate';
import { judge } from './gate';
import { planMemory, weightCount } from './memory';
import { mergeAdapter } from './merge';
import {
  type VersionRecord,
  addVersion,
  openRegistry,
  runFolder,
  runStaleMs,
  versionId,
} from './registry';
import { type RehearsedRow, rehearse } from './rehearsal';
import { trainingSettings } from './settings';
import { train } from './trainer';

const optionsSchema = z.object({
  /** What the whole run may take. */
  minutes: z
    .number()
    .min(0.1)
    .max(24 * 60)
    .default(10),
  /** Threads of one operator. */
  threads: z.number().int().min(1).max(64).default(2),
  maxMemoryBytes: z.number().positive().default(1_500_000_000),
  seed: z.number().int().nonnegative().default(1),
  /** Texts to learn from and to judge by without which no run begins. */
  leastRows: z.number().int().min(1).default(defaultDatasetOptions.leastRows),
  leastHeldOut: z.number().int().min(1).default(defaultDatasetOptions.heldOut.least),
  rank: z.number().int().min(1).max(256).default(8),
  learningRate: z.number().positive().max(10).default(7e-4),
  /** Times that every row may be seen, where there is time. */
  maxEpochs: z.number().int().min(1).max(20).default(3),
});

export type LearnOptions = z.input<typeof optionsSchema>;
type Settings = z.infer<typeof optionsSchema>;

export interface LearnRequest {
  /** Oldest first within each store. */
  readonly suggestions: () => AsyncIterable<StoredSuggestion>;
  readonly base: ModelFolder;
  /** See `registry.ts`. */
  readonly registryDir: string;
  readonly options: LearnOptions;
  readonly clock: Clock;
  readonly onProgress?: ((progress: LearnProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface LearnProgress {
  readonly stage: 'reading' | 'sampling' | 'training' | 'merging' | 'judging';
  /** Of the whole run, 0..1. */
  readonly share: number;
}

export interface LearnReport {
  /** `notEnough` where nothing could be learned yet; see `dataset.examples`. */
  readonly outcome: 'passed' | 'refused' | 'notEnough';
  /** The version made; null where nothing could be learned yet. */
  readonly version: VersionRecord | null;
  readonly dataset: DatasetReport;
  readonly minutes: number;
  /** What came of it, for a person: why it passed, or was refused, or what is missing. */
  readonly sentences: readonly string[];
}

/** Share of the rows that are rehearsed. */
const rehearsedShare = 1 / 3;
/** Lines that each model proposes for the gate. */
const trials = 24;
/** Window of a text that is judged, in tokens. */
const judgedTokens = 256;
/** Share of the time that judging may take. */
const judgingShare = 0.3;
/** Products of weights and tokens that two cores train on in a second, where no run told better. */
const weightTokensPerSecond = 2.4e10;
/** A forward pass alone is so much quicker than a step of training. */
const forwardSpeed = 2.5;
/** Of the training's time, what preferences take where there are enough. */
const preferenceShare = 0.3;
/** Window of a row that is trained on, in tokens, where the memory allows it. */
const trainedTokens = 288;
/** Seconds that one proposal takes, and the start of training. */
const sampledSeconds = 1;
const startSeconds = 15;
/** Share of the time after which no more rows to rehearse are made. */
const rehearsalTimeShare = 0.15;
/** Rows of one step: few, since a person's rows are few. */
const batchSize = 2;

/**
 * @throws TrainingError saying what to do, ModelError where the model or the disk fails, AbortError
 * when `signal` fires. Whatever happens, the champion is the one it was.
 */
export async function learn(request: LearnRequest): Promise<LearnReport> {
  const { base, clock, signal, onProgress } = request;
  const settings = readOptions(request.options);
  const startedMs = clock.now();
  const minutes = (): number => (clock.now() - startedMs) / 60_000;
  const run = new Run(request.registryDir, base);
  const progress = (stage: LearnProgress['stage'], from: number, to: number) => (share: number) =>
    onProgress?.({ stage, share: from + (to - from) * share });

  progress('reading', 0, 0.02)(0);
  const champion = await run.registry.champion();
  const speed = await knownSpeed(run, base);
  const plan = await run.plan({ base, champion: champion?.id ?? null, nowMs: startedMs }, () =>
    buildDataset(request.suggestions(), datasetOptions(settings, base, speed)),
  );
  const { dataset } = plan;
  if (!isEnough(dataset.report.examples)) {
    await run.remove();
    const { report } = dataset;
    return {
      ...{ outcome: 'notEnough', version: null, dataset: report, minutes: minutes() },
      sentences: [tooFewWords(report.examples)],
    };
  }
  await assertSpace(run.directory, base);
  signal?.throwIfAborted();

  try {
    const rehearsedUntilMs = clock.now() + rehearsalTimeShare * settings.minutes * 60_000;
    const rehearsed = await run.kept('rehearsed', rehearsedSchema, () =>
      rehearse({
        ...{ base, places: dataset.places, count: rehearsedCount(dataset.rows.length) },
        ...{ threads: settings.threads, seed: settings.seed, signal },
        isOver: () => clock.now() > rehearsedUntilMs,
        onProgress: progress('sampling', 0.02, 0.12),
      }),
    );
    const adapter = await trainAdapter(request, settings, {
      ...{ run, dataset, rehearsed, speed, progress: progress('training', 0.12, 0.68) },
    });
    const model = join(run.directory, 'model');
    if (!(await isWhole(model))) {
      await rm(model, { recursive: true, force: true });
      const onShare = progress('merging', 0.68, 0.72);
      await mergeAdapter({ base, adapter, destination: model, onProgress: onShare, signal });
    }
    const challenger = await readModelFolder(model);
    const reigning =
      champion === undefined ? base : await readModelFolder(await run.registry.modelOf(champion));
    const common = {
      ...{ heldOut: dataset.heldOut, maxTokens: judgedTokens, trials, signal },
      ...{ scratch: join(run.directory, 'scratch'), threads: settings.threads },
    };
    const measured = await evaluate({
      ...{ ...common, model: challenger, onProgress: progress('judging', 0.72, 0.85) },
    });
    const before = await evaluate({
      ...{ ...common, model: reigning, onProgress: progress('judging', 0.85, 0.97) },
    });
    const baseGeneral =
      champion === undefined ? before.general : await evaluateGeneral({ ...common, model: base });
    const verdict = judge({ champion: before, challenger: measured, baseGeneral });

    const { version, sourceSha256 } = base.manifest;
    const record: VersionRecord = {
      ...{ id: plan.versionId, createdMs: plan.createdMs, base: { version, sourceSha256 } },
      ...{ policyVersion: challenger.manifest.version, trainedRows: dataset.rows.length },
      ...{ heldOut: dataset.heldOut.length, untilMs: dataset.report.untilMs },
      ...{ minutes: minutes(), tokensPerSecond: run.trainedSpeed(speed), verdict },
    };
    const parts = verdict.passed ? { adapter, model } : {};
    await addVersion(request.registryDir, record, parts);
    await run.remove();
    progress('judging', 0.97, 1)(1);
    return {
      ...{ outcome: verdict.passed ? 'passed' : 'refused', version: record },
      ...{ dataset: dataset.report, minutes: minutes(), sentences: verdict.reasons },
    };
  } catch (error) {
    // The same rows would come to the same end; the next run begins with what is known by then.
    if (error instanceof TrainingError) await run.remove();
    throw error;
  }
}

/** @throws TrainingError `settings`, naming what is out of its range. */
function readOptions(options: LearnOptions): Settings {
  const parsed = optionsSchema.safeParse(options);
  if (parsed.success) return parsed.data;
  throw new TrainingError(
    'settings',
    `The settings of the learning run cannot be used: ${z.prettifyError(parsed.error)}.`,
  );
}

const rehearsedSchema = z.array(
  z.object({
    prompt: z.string(),
    completion: z.string(),
    suffix: z.string().optional(),
    weight: z.number(),
    rehearsed: z.literal(true),
  }),
);

const planSchema = z.object({
  formatVersion: z.literal(1),
  /** What the run is about: another base or champion makes it another run. */
  base: z.string(),
  champion: z.string().nullable(),
  createdMs: z.number(),
  versionId: z.string(),
  dataset: z.custom<Dataset>((value) => typeof value === 'object' && value !== null),
});
type Plan = z.infer<typeof planSchema>;

interface PlanKey {
  readonly base: ModelFolder;
  readonly champion: string | null;
  readonly nowMs: number;
}

/** The folder in which a run keeps its results until it ends. */
class Run {
  readonly directory: string;
  readonly registry: ReturnType<typeof openRegistry>;
  /** Tokens and milliseconds of the training that this process did. */
  readonly #trained = { tokens: 0, ms: 0 };

  constructor(registryDir: string, base: ModelFolder) {
    this.directory = join(resolve(registryDir), runFolder);
    this.registry = openRegistry({
      ...{ directory: registryDir, base: base.manifest },
      merge: (adapter, destination) => mergeAdapter({ base, adapter, destination }),
    });
  }

  /** The plan of the run that was interrupted, or a new one. */
  async plan(key: PlanKey, build: () => Promise<Dataset>): Promise<Plan> {
    const base = key.base.manifest.sourceSha256;
    const found = planSchema.safeParse(await readJson(join(this.directory, 'plan.json')));
    if (found.success) {
      const { createdMs, champion } = found.data;
      const isFresh = Math.abs(key.nowMs - createdMs) < runStaleMs;
      if (isFresh && champion === key.champion && found.data.base === base) return found.data;
    }
    await this.remove();
    const plan: Plan = {
      ...{ formatVersion: 1, base, champion: key.champion, createdMs: key.nowMs },
      ...{ versionId: versionId(key.nowMs), dataset: await build() },
    };
    await this.#write('plan', plan);
    return plan;
  }

  /** What was made and kept under this name before, or is made now. */
  async kept<T>(name: string, schema: z.ZodType<T>, make: () => Promise<T>): Promise<T> {
    const found = schema.safeParse(await readJson(join(this.directory, `${name}.json`)));
    if (found.success) return found.data;
    const made = await make();
    await this.#write(name, made);
    return made;
  }

  addTraining(tokens: number, ms: number): void {
    this.#trained.tokens += tokens;
    this.#trained.ms += ms;
  }

  /** Tokens per second of the training, as far as it was done here. */
  trainedSpeed(assumed: number): number {
    const { tokens, ms } = this.#trained;
    return ms > 0 && tokens > 0 ? (1000 * tokens) / ms : assumed;
  }

  async remove(): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }

  async #write(name: string, value: unknown): Promise<void> {
    const file = join(this.directory, `${name}.json`);
    try {
      await mkdir(this.directory, { recursive: true });
      await writeFile(`${file}.new`, JSON.stringify(value));
      await rename(`${file}.new`, file);
    } catch (error) {
      throw storageError(error, file);
    }
  }
}

/** What fits the time, at the speed that is known. */
function datasetOptions(settings: Settings, base: ModelFolder, speed: number): DatasetOptions {
  const seconds = 60 * settings.minutes;
  const trialSeconds = 2 * trials * sampledSeconds;
  const judging = Math.max(0, judgingShare * seconds - trialSeconds);
  const judged = Math.floor((judging * forwardSpeed * speed) / (2 * judgedTokens));
  const perRow = windowOf(base, settings) / speed + rehearsedShare * sampledSeconds;
  const rows = ((1 - judgingShare) * seconds - startSeconds) / perRow;
  const { leastRows, leastHeldOut } = settings;
  return {
    ...defaultDatasetOptions,
    maxRows: Math.max(leastRows, Math.floor((1 - rehearsedShare) * rows)),
    leastRows,
    heldOut: {
      share: defaultDatasetOptions.heldOut.share,
      least: leastHeldOut,
      most: Math.max(leastHeldOut, Math.min(defaultDatasetOptions.heldOut.most, judged)),
    },
  };
}

/** The window of a row, in tokens: what the memory allows of the default. */
function windowOf(base: ModelFolder, { rank, maxMemoryBytes }: Settings): number {
  const { manifest } = base;
  const wanted = Math.min(trainedTokens, manifest.maxPositions);
  return planMemory({
    ...{ config: manifest, layers: manifest.layers, rank, texts: 1 },
    ...{ maxTokens: wanted, maxMemoryBytes },
  }).maxTokens;
}

/** Tokens per second of the newest run with this base, or what such a model usually does. */
async function knownSpeed({ registry }: Run, { manifest }: ModelFolder): Promise<number> {
  const sameBase = (await registry.versions()).find(({ state }) => state !== 'otherBase');
  return sameBase?.tokensPerSecond ?? weightTokensPerSecond / weightCount(manifest);
}

interface AdapterParts {
  readonly run: Run;
  readonly dataset: Dataset;
  readonly rehearsed: readonly RehearsedRow[];
  /** Tokens per second. */
  readonly speed: number;
  readonly progress: (share: number) => void;
}

/** Likelihood first, then preferences where there are enough of them; resolves to the adapter. */
async function trainAdapter(
  request: LearnRequest,
  settings: Settings,
  { run, dataset, rehearsed, speed, progress }: AdapterParts,
): Promise<string> {
  const { preferences } = dataset;
  const forPreferences = preferences.length === 0 ? 0 : preferenceShare;
  const minutes = (1 - judgingShare) * settings.minutes;
  const window = windowOf(request.base, settings);

  const once = async (
    name: string,
    rows: readonly object[],
    method: 'sft' | 'dpo',
    part: { readonly from: number; readonly to: number; readonly after?: string },
  ): Promise<string> => {
    const out = join(run.directory, name);
    if ((await readJson(join(out, adapterFiles.config))) !== undefined) return out;
    const share = part.to - part.from;
    const texts = method === 'dpo' ? 2 : 1;
    const affordable = share * minutes * 60 * speed;
    const epochs = Math.floor(affordable / (texts * rows.length * window));
    const data = join(run.directory, `${name}.jsonl`);
    await writeFile(data, rows.map((row) => JSON.stringify(row)).join('\n'));
    const { rank, learningRate, seed, threads, maxMemoryBytes, maxEpochs } = settings;
    const trained = stepTimer(request.clock);
    const report = await train({
      ...{ base: request.base, data, out, clock: request.clock, signal: request.signal },
      from: part.after,
      settings: trainingSettings({
        ...{ method, rank, seed, threads, maxMemoryBytes, batchSize, checkpointSteps: 5 },
        ...(method === 'sft' ? { learningRate } : {}),
        epochs: Math.max(1, Math.min(maxEpochs, epochs)),
        ...{ maxTokens: trainedTokens, maxMinutes: share * minutes },
      }),
      onProgress(state) {
        if (state.stage === 'training') trained.step();
        progress(part.from + share * (state.stage === 'training' ? state.share : 0));
      },
    });
    const perStep = (report.examples.tokens * batchSize) / Math.max(1, rows.length);
    run.addTraining(perStep * trained.steps(), trained.ms());
    return out;
  };

  const rows = [...dataset.rows, ...rehearsed];
  const likely = await once('likelihood', rows, 'sft', { from: 0, to: 1 - forPreferences });
  if (preferences.length === 0) return likely;
  return once('preference', preferences, 'dpo', {
    ...{ from: 1 - forPreferences, to: 1, after: likely },
  });
}

/** Times steps from the end of the first to the end of the last. */
function stepTimer(clock: Clock): { step(): void; steps(): number; ms(): number } {
  let firstMs: number | undefined;
  let lastMs = 0;
  let count = -1;
  return {
    step() {
      lastMs = clock.now();
      firstMs ??= lastMs;
      count++;
    },
    steps: () => Math.max(0, count),
    ms: () => (firstMs === undefined ? 0 : lastMs - firstMs),
  };
}

/** The weights as floats while they are trained on, two models, and some air. */
async function assertSpace(directory: string, { manifest }: ModelFolder): Promise<void> {
  const model = Object.values(manifest.files).reduce((sum, { bytes }) => sum + bytes, 0);
  const needed = 4 * weightCount(manifest) + 2 * model + 20e6;
  const { bavail, bsize } = await statfs(directory);
  const free = bavail * bsize;
  if (free >= needed) return;
  const megabytes = (bytes: number): string => `${Math.ceil(bytes / 1e6)} MB`;
  throw new ModelError(
    'storage',
    `Learning needs ${megabytes(needed)} of free disk space in ${directory} while it runs, and there are ${megabytes(free)}. Free some space and try again.`,
  );
}

/** Rows to rehearse beside so many of a person's. */
function rehearsedCount(rows: number): number {
  return Math.round((rows * rehearsedShare) / (1 - rehearsedShare));
}

async function isWhole(model: string): Promise<boolean> {
  return readModelFolder(model).then(
    () => true,
    () => false,
  );
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch {
    // Missing or cut short is one here: then it is made again.
    return undefined;
  }
}
