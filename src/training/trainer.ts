/**
 * One training run: rows and a model in, an adapter out. Gradients come from the loss graphs
 * (`engine.ts`) one row at a time and are added up here; the order of the rows, the start of the
 * adapter and what it drops come from a seed, so the same run gives the same adapter bit for bit on one
 * machine.
 *
 * It writes a folder that does not exist yet, by one rename at the end, and beside it its frozen
 * weights, which the next run removes should this one be killed, and checkpoints, from which the same
 * run goes on. It blocks its process for a second at a time: see `host/`, which gives it one.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { removeAbandoned, temporaryBeside } from '../model/abandoned';
import { ModelError, storageError } from '../model/errors';
import type { ModelFolder } from '../model/modelFolder';
import { loadTokenizer } from '../model/tokenizer';
import type { Clock } from '../types';
import { seededRandom } from '../util/random';
import { type AdamwState, adamw, adamwDefaults, adamwStart } from './adamw';
import { clipGradients, globalNorm } from './adamw';
import { type LoraPair, adapterHash, readAdapter, writeAdapterFiles } from './adapter';
import { type Checkpoint, keptSteps, readCheckpoint, writeCheckpoint } from './checkpoint';
import { type DrawKept, drawKept } from './dropout';
import {
  type EngineOptions,
  openGradients,
  openLogits,
  openScores,
  pairsOf,
  parametersOf,
} from './engine';
import type { GradientEngine, ScoreEngine } from './engine';
import { TrainingError } from './errors';
import { type Example, type ExamplesReport, encodeRows } from './examples';
import { stepTotals } from './feeds';
import { writeFrozenWeights } from './frozenWeights';
import { expectedIds } from './rehearsal';
import { freshPairs } from './lora';
import { type MemoryPlan, planMemory } from './memory';
import { type LinearModule, targetModules } from './modules';
import { assertFree, writeNewFolder } from './newFolder';
import { type RowsReport, parseRows } from './rows';
import { dropoutSeed, plannedStep, stepCount } from './schedule';
import { type TrainingSettings, decisiveSettings, lossSettings } from './settings';

export interface TrainRequest {
  readonly base: ModelFolder;
  /** JSON lines with the columns of the method (`rows.ts`). */
  readonly data: string;
  /** Folder for the adapter, which does not exist yet. */
  readonly out: string;
  readonly settings: TrainingSettings;
  /** An adapter of the same rank to go on from; a fresh one where none is named. */
  readonly from?: string | undefined;
  readonly clock: Clock;
  readonly onProgress?: ((progress: TrainingProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface TrainingProgress {
  /** `scoring` asks the frozen model about each text, for DPO and KTO. */
  readonly stage: 'preparing' | 'scoring' | 'training';
  /** Share of the stage, 0..1. */
  readonly share: number;
  /** Of the last step, null before there is one. */
  readonly loss: number | null;
  /** Milliseconds to the end of the stage, null where nothing is known yet. */
  readonly leftMs: number | null;
}

export interface TrainingReport {
  /** Steps taken, those before a resumption included. */
  readonly steps: number;
  /** Steps that were planned: more than were taken where the time was up. */
  readonly plannedSteps: number;
  /** The step that the run went on from; 0 for one from the start. */
  readonly resumedFrom: number;
  /** Loss of each step. */
  readonly losses: readonly number[];
  readonly rows: RowsReport;
  readonly examples: ExamplesReport;
  readonly memory: MemoryPlan;
}

function isTimeUp({ maxMinutes }: TrainingSettings, spentMs: number): boolean {
  return maxMinutes > 0 && spentMs >= maxMinutes * 60_000;
}

function noTimeLeft(read: number, rows: number): TrainingError {
  return new TrainingError(
    'settings',
    `The time was up when ${read} of ${rows} rows had been read, before anything was learned. Give more minutes or fewer rows.`,
  );
}

/** Names of what a run keeps beside its destination. */
const workMark = '.training-';
const checkpointSuffix = '.checkpoint';

/**
 * @throws TrainingError saying what to do, ModelError where the model or the disk fails, AbortError
 * when `signal` fires. Nothing is left at `out` then; the same run goes on from its last checkpoint.
 */
export async function train(request: TrainRequest): Promise<TrainingReport> {
  const { base, settings, signal } = request;
  const { manifest } = base;
  const out = resolve(request.out);
  const startedMs = request.clock.now();
  signal?.throwIfAborted();
  await assertFree(out);
  const text = await readRows(request.data);
  const { rows, report: rowsReport } = parseRows(text, settings.method);
  const layers = settings.layers || manifest.layers;
  const modules = targetModules(manifest, { kinds: settings.kinds, layers });
  const memory = planMemory({
    config: manifest,
    layers,
    rank: settings.rank,
    dropout: settings.dropout,
    texts: settings.method === 'dpo' ? 2 : 1,
    maxTokens: Math.min(settings.maxTokens, manifest.maxPositions),
    maxMemoryBytes: settings.maxMemoryBytes,
  });
  const tokenizer = await loadTokenizer(base);
  const encoded = encodeRows(rows, { tokenizer, manifest }, memory.maxTokens, (index) => {
    if (isTimeUp(settings, request.clock.now() - startedMs)) throw noTimeLeft(index, rows.length);
  });

  const workName = join(dirname(out), 'hone');
  const work = temporaryBeside(workName, workMark);
  const checkpoints = `${out}${checkpointSuffix}`;
  const run = createHash('sha256')
    .update(
      `${manifest.sourceSha256}\n${request.from === undefined ? '' : await adapterHash(request.from)}\n`,
    )
    .update(`${decisiveSettings(settings)}\n${memory.maxTokens}\n${text}`)
    .digest('hex');
  try {
    await mkdir(dirname(out), { recursive: true });
    await removeAbandoned(workName, workMark);
    await mkdir(work);
    request.onProgress?.({ stage: 'preparing', share: 0, loss: null, leftMs: null });
    await writeFrozenWeights(base, work, signal);
    const { rank, alpha, dropout, threads } = settings;
    const lora = { rank, alpha, dropout };
    const engine = { config: manifest, modules, lora, directory: work, threads };
    const resumed = await readCheckpoint(checkpoints, run, manifest);
    const { adapter, losses } = await learn({
      ...{ request, engine, examples: encoded.examples },
      initial: await initialPairs(request, modules),
      start: resumed,
      keep: (checkpoint) => writeCheckpoint(checkpoints, run, checkpoint, manifest),
    });
    const report: TrainingReport = {
      steps: losses.length,
      plannedSteps: stepCount(encoded.examples.length, settings),
      resumedFrom: resumed?.losses.length ?? 0,
      losses,
      rows: rowsReport,
      examples: encoded.report,
      memory,
    };
    await writeNewFolder(out, async (folder) => {
      await writeAdapterFiles(folder, adapter, manifest);
      const record = { settings, ...report };
      await writeFile(join(folder, 'training.json'), `${JSON.stringify(record, null, 2)}\n`);
    });
    await rm(checkpoints, { recursive: true, force: true });
    return report;
  } catch (error) {
    throw await withKeptSteps(storageError(error, out), checkpoints, run);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Where the disk fails, the message says what was saved from it. */
async function withKeptSteps(error: unknown, checkpoints: string, run: string): Promise<unknown> {
  if (!(error instanceof ModelError) || error.code !== 'storage') return error;
  const steps = await keptSteps(checkpoints, run);
  if (steps === 0) return error;
  return new ModelError(
    'storage',
    `${error.message} What was learned in ${steps} steps is kept: the same run goes on from there.`,
    { cause: error },
  );
}

interface Learning {
  readonly request: TrainRequest;
  readonly engine: EngineOptions;
  readonly examples: readonly Example[];
  /** Where the run begins; for DPO and KTO also what it is held against. */
  readonly initial: readonly LoraPair[];
  /** Where an earlier part of the same run ended. */
  readonly start: Checkpoint | undefined;
  /** Keeps a checkpoint and says where it is. */
  readonly keep: (checkpoint: Checkpoint) => Promise<string>;
}

/** What stays the same during all steps. */
interface Frozen {
  readonly examples: readonly Example[];
  /** Scores of the frozen model, one for each example; zeros for SFT. */
  readonly scores: readonly number[];
  /** KTO alone: each prompt with the completion of the next, and the frozen model's scores. */
  readonly mismatched: readonly Example[];
  readonly mismatchedScores: readonly number[];
}

/** Opens the graphs, takes the steps and closes them again. */
async function learn(learning: Learning): Promise<Checkpoint> {
  const { request, engine, initial, start } = learning;
  const { frozen, scoring } = await prepare(learning, parametersOf(initial));
  const gradients = await openGradients(engine, lossSettings(request.settings));
  try {
    const pairs = start?.adapter.pairs ?? initial;
    return await takeSteps(learning, { frozen, scoring, gradients }, parametersOf(pairs));
  } finally {
    await gradients.release();
    await scoring?.release();
  }
}

async function initialPairs(
  { base, from, settings }: TrainRequest,
  modules: readonly LinearModule[],
): Promise<readonly LoraPair[]> {
  if (from === undefined) return freshPairs(modules, settings, settings.seed);
  const { rank, alpha, pairs } = await readAdapter(from, base.manifest);
  if (rank === settings.rank && alpha === settings.alpha && pairs.length === modules.length) {
    return pairs;
  }
  throw new TrainingError(
    'adapter',
    `The adapter in ${from} has another shape (rank ${rank}, alpha ${alpha}, ${pairs.length} layers). Train with the same settings as it was.`,
  );
}

/** Balances KTO's rows and asks the frozen model what the losses need. */
async function prepare(
  { request, engine, examples }: Learning,
  initial: readonly Float32Array[],
): Promise<{ frozen: Frozen; scoring: ScoreEngine | undefined }> {
  const { method } = request.settings;
  const none = { mismatched: [], mismatchedScores: [] };
  if (method === 'sft') {
    const scores = examples.map(() => 0);
    const rehearsed = await withExpected(examples, engine, request);
    return { frozen: { examples: rehearsed, scores, ...none }, scoring: undefined };
  }
  const scoring = await openScores(engine);
  const mismatched = method === 'kto' ? shiftCompletions(examples) : [];
  const texts = [...examples, ...mismatched];
  const all: number[] = [];
  const clock = stopwatch(request.clock);
  for (const [index, example] of texts.entries()) {
    await breathe(request.signal);
    // B is zero in a fresh adapter: then this is the frozen model.
    all.push(...(await scoring.run([example], initial)));
    const share = (index + 1) / texts.length;
    request.onProgress?.({ stage: 'scoring', share, loss: null, leftMs: clock(share) });
  }
  const [scores, mismatchedScores] = [all.slice(0, examples.length), all.slice(examples.length)];
  if (method === 'kto') {
    const frozen = { examples: balanced(examples), scores, mismatched, mismatchedScores };
    return { frozen, scoring };
  }
  await scoring.release();
  return { frozen: { examples, scores, ...none }, scoring: undefined };
}

/** The examples, with what the frozen model expects at each token of those that are rehearsed. */
async function withExpected(
  examples: readonly Example[],
  engine: EngineOptions,
  { settings, signal, onProgress, clock }: TrainRequest,
): Promise<readonly Example[]> {
  if (!examples.some(({ rehearsed }) => rehearsed === true)) return examples;
  const frozen = await openLogits(engine);
  const random = seededRandom(settings.seed);
  const left = stopwatch(clock);
  try {
    const all: Example[] = [];
    for (const [index, example] of examples.entries()) {
      await breathe(signal);
      if (example.rehearsed !== true) all.push(example);
      else {
        const expected = expectedIds(
          await frozen.run(example),
          engine.config.vocabularySize,
          random,
        );
        all.push({ ...example, expected });
      }
      const share = (index + 1) / examples.length;
      onProgress?.({ stage: 'scoring', share, loss: null, leftMs: left(share) });
    }
    return all;
  } finally {
    await frozen.release();
  }
}

interface Parts {
  readonly frozen: Frozen;
  readonly scoring: ScoreEngine | undefined;
  readonly gradients: GradientEngine;
}

async function takeSteps(
  learning: Learning,
  parts: Parts,
  initial: readonly Float32Array[],
): Promise<Checkpoint> {
  const { request, engine, start, keep } = learning;
  const { settings, signal, clock } = request;
  const count = learning.examples.length;
  const total = stepCount(count, settings);
  const options = { ...adamwDefaults, weightDecay: settings.weightDecay };
  const losses = [...(start?.losses ?? [])];
  let parameters = initial;
  let state: AdamwState = start?.state ?? adamwStart(parameters);
  let kept = state.step;
  const checkpoint = (): Checkpoint => ({
    adapter: { ...engine.lora, pairs: pairsOf(engine.modules, parameters) },
    state,
    losses,
  });
  const startedMs = clock.now();
  const first = state.step;
  const timeIsUp = (): boolean => isTimeUp(settings, clock.now() - startedMs);
  const left = stopwatch(clock);
  try {
    while (state.step < total && (state.step === first || !timeIsUp())) {
      const { rows, learningRate } = plannedStep(count, state.step, settings);
      const { step } = state;
      const draw = (place: number): DrawKept =>
        drawKept(settings.dropout, seededRandom(dropoutSeed(step, place, settings)));
      const { loss, gradients, worstLine } = await stepGradients(parts, {
        ...{ rows, parameters, draw, signal },
      });
      const norm = globalNorm(gradients);
      refuseDivergence({ loss, norm, losses, worstLine, kept, out: request.out });
      const clipped = clipGradients(gradients, settings.maxGradientNorm, norm);
      ({ parameters, state } = adamw(parameters, clipped, state, learningRate, options));
      losses.push(loss);
      const share = state.step / total;
      const leftMs = left((state.step - first) / (total - first));
      request.onProgress?.({ stage: 'training', share, loss, leftMs });
      if (state.step % settings.checkpointSteps === 0 && state.step < total) {
        await keep(checkpoint());
        kept = state.step;
      }
    }
  } catch (error) {
    // What was cancelled can go on from its last whole step.
    if (signal?.aborted === true && state.step > kept) await keep(checkpoint());
    throw error;
  }
  return checkpoint();
}

interface RunningStep {
  /** Numbers of the rows, from 0. */
  readonly rows: readonly number[];
  readonly parameters: readonly Float32Array[];
  /** What is dropped for the row at a place of the step. */
  readonly draw: (place: number) => DrawKept;
  readonly signal: AbortSignal | undefined;
}

interface StepGradients {
  readonly loss: number;
  readonly gradients: readonly Float32Array[];
  /** The row with the largest part of the loss, or the first whose loss is no number. */
  readonly worstLine: number;
}

/** The gradient of one step, a row at a time. */
async function stepGradients(
  { frozen, scoring, gradients: engine }: Parts,
  { rows, parameters, draw, signal }: RunningStep,
): Promise<StepGradients> {
  const pick = <T>(values: readonly T[]): T[] => rows.flatMap((row) => values.slice(row, row + 1));
  const examples = pick(frozen.examples);
  const frozenScores = pick(frozen.scores);
  const totals = stepTotals(examples);
  // How far the policy has moved on texts that nobody judged (KTO's z0); it gets no gradient.
  let drift = 0;
  if (scoring !== undefined) {
    const before = pick(frozen.mismatchedScores);
    for (const [i, example] of pick(frozen.mismatched).entries()) {
      await breathe(signal);
      const [score = NaN] = await scoring.run([example], parameters);
      drift += (score - (before[i] ?? NaN)) / rows.length;
    }
  }
  const referencePoint = Math.max(0, drift);

  let loss = 0;
  let worst = { line: 0, loss: -Infinity };
  const sums = parameters.map(({ length }) => new Float32Array(length));
  for (const [i, example] of examples.entries()) {
    await breathe(signal);
    const inputs = { frozenScores: [frozenScores[i] ?? NaN], totals, referencePoint };
    const part = await engine.run([example], inputs, parameters, draw(i));
    if (!(part.loss <= worst.loss)) worst = { line: example.line, loss: part.loss };
    loss += part.loss;
    for (const [p, gradient] of part.gradients.entries()) addTo(sums[p], gradient);
    if (!Number.isFinite(part.loss)) break;
  }
  return { loss, gradients: sums, worstLine: worst.line };
}

function addTo(sum: Float32Array | undefined, values: Float32Array): void {
  if (sum === undefined) throw new RangeError('There are more gradients than parameters.');
  for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + (values[i] ?? 0);
}

/** A loss this many times the mean so far, and as much more, is no bad luck with a row. */
const explosion = 3;

function refuseDivergence(facts: {
  readonly loss: number;
  readonly norm: number;
  readonly losses: readonly number[];
  readonly worstLine: number;
  readonly kept: number;
  readonly out: string;
}): void {
  const { loss, norm, losses, worstLine, kept, out } = facts;
  const mean = losses.reduce((sum, each) => sum + each, 0) / losses.length;
  const isNumber = Number.isFinite(loss) && Number.isFinite(norm);
  if (isNumber && (losses.length === 0 || loss <= explosion * (mean + 1))) return;
  const what = isNumber
    ? `The loss grew from ${mean.toFixed(2)} to ${loss.toFixed(2)}`
    : 'The loss is no number any more';
  const saved =
    kept === 0
      ? 'Nothing was kept'
      : `What was learned in ${kept} steps is in ${out}${checkpointSuffix}`;
  throw new TrainingError(
    'diverged',
    `${what} at step ${losses.length + 1}, most of it from the row in line ${worstLine}. ${saved}. Look at that row, or train again with a lower learning rate.`,
  );
}

/** Each prompt with the completion of the next example: texts that nobody judged. */
function shiftCompletions(examples: readonly Example[]): readonly Example[] {
  const longest = Math.max(...examples.map(({ sequences }) => sequences[0]?.ids.length ?? 0));
  return examples.map((example, i) => {
    const [own] = example.sequences;
    const [other] = examples[(i + 1) % examples.length]?.sequences ?? [];
    if (own === undefined || other === undefined) return example;
    const completion = other.ids.slice(other.start);
    const prompt = own.ids.slice(Math.max(0, own.start + completion.length - longest), own.start);
    const [ids, start] = [[...prompt, ...completion], prompt.length];
    return { ...example, sequences: [{ ids, start }] };
  });
}

/** Gives liked and disliked rows the same weight in all, as arXiv 2402.01306 advises (section 4.2). */
function balanced(examples: readonly Example[]): readonly Example[] {
  const sum = (liked: boolean): number =>
    examples.reduce((total, each) => total + (each.liked === liked ? each.weight : 0), 0);
  const [liked, disliked] = [sum(true), sum(false)];
  if (liked === 0 || disliked === 0) return examples;
  const factor = (isLiked: boolean): number =>
    Math.max(1, isLiked ? disliked / liked : liked / disliked);
  return examples.map((each) => ({ ...each, weight: each.weight * factor(each.liked) }));
}

/** Lets messages in, a cancellation among them: a run of the graph blocks the process. */
async function breathe(signal: AbortSignal | undefined): Promise<void> {
  await new Promise((done) => setImmediate(done));
  signal?.throwIfAborted();
}

/** Milliseconds left, from the share that is done and the time it took. */
function stopwatch(clock: Clock): (share: number) => number {
  const startedMs = clock.now();
  return (share) => ((clock.now() - startedMs) * (1 - share)) / share;
}

async function readRows(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((error: unknown) => {
    throw new TrainingError('rows', `${path} cannot be read. Check the path.`, { cause: error });
  });
}
