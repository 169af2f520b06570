/**
 * Learning, as this window does it: looks at what is known whenever that can have changed, has the
 * reward model fitted anew or the policy trained where `learningPlan.ts` says so, and lets go at the
 * next key press. While nobody does anything and nothing is to be done it waits for no timer. The work
 * itself is done in child processes. It knows no editor: what it needs of one is handed to it.
 */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { dirname } from 'node:path';
import { judgedOutcomes } from '../feedback/label';
import type { FeedbackStore } from '../store/feedbackStore';
import { type Examples, isEnough, tooFewWords } from '../training/dataset';
import type { VersionRecord } from '../training/registry';
import type { Clock, FeedbackEvent, LearningSettings, Logger, Outcome } from '../types';
import type { Disposable } from '../util/disposable';
import { Emitter, type Event } from '../util/event';
import type { LearnedFiles } from './learnedFiles';
import {
  commandMinutes,
  emptyMemory,
  judgedForRefit,
  type LearningFacts,
  type LearningMemory,
  learningMemorySchema,
  type LineMemory,
  lookAgainMs,
  nextStep,
  type RestReason,
  type Step,
  withNothingUnfinished,
  withRefit,
  withTraining,
} from './learningPlan';
import { isHeld, takeLock } from './lockFile';
import { isAbortError, messageOf } from './log';
import type { VersionLine } from './versionLine';

export type LearningState =
  | { readonly kind: 'resting'; readonly reason: RestReason | undefined }
  | { readonly kind: 'refitting' }
  | {
      readonly kind: 'training';
      readonly progress: LearningProgress;
      /** Name of the folder whose history it learns from, where it does not learn from feedback. */
      readonly history?: string;
    };

export interface LearningProgress {
  /** What is being done, as a word or two. */
  readonly stage: string;
  /** Share of the whole that is done, 0..1. */
  readonly share: number;
  /** Milliseconds to the end; undefined where nothing is known yet. */
  readonly leftMs: number | undefined;
}

/** What became of a training. */
export type TrainingEnd =
  | { readonly kind: 'promoted'; readonly version: VersionRecord }
  /** By the gate. */
  | { readonly kind: 'refused'; readonly version: VersionRecord }
  /** There is not enough feedback to train on, or to judge by. */
  | { readonly kind: 'tooLittle'; readonly examples: Examples }
  /** It passed the gate, but could not be put in place. */
  | { readonly kind: 'notInPlace'; readonly version: VersionRecord; readonly error: unknown };

/** The long work, each piece in a process of its own. */
export interface LearningWork {
  /** What `line` could learn from. */
  examples(line: VersionLine): Promise<Examples>;
  /** Rejects with an AbortError when `signal` fires. */
  refit(signal: AbortSignal): Promise<void>;
  train(
    line: VersionLine,
    minutes: number,
    signal: AbortSignal,
    onProgress: (progress: Omit<LearningProgress, 'leftMs'>) => void,
  ): Promise<TrainingEnd>;
}

export interface LearningParams {
  readonly files: Pick<LearnedFiles, 'memory' | 'locks'>;
  readonly work: LearningWork;
  readonly settings: () => LearningSettings;
  /** Undefined while no model is there to be trained. */
  readonly line: () => VersionLine | undefined;
  readonly store: () => Promise<Pick<FeedbackStore, 'judgedSince'>>;
  readonly machine: {
    /** Milliseconds since the user did anything, for one who waits for `enoughMs` of it. */
    idleMs(enoughMs: number): Promise<number>;
    isOnMains(): Promise<boolean>;
    isCalm(): boolean;
  };
  /** Told of a training in idle time that has ended. */
  readonly onEnded: (end: TrainingEnd) => void;
  /** Told of a training in idle time that failed where the one before did not. */
  readonly onFailed: (error: unknown) => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How long a window is left alone before it looks what there is to do. */
export const firstLookMs = 15_000;
/** How often it looks, while it trains, whether the user is back. */
export const watchEveryMs = 2_000;
/** How long it rests after trouble that nothing is remembered of. */
const troubleMs = 3 * 60_000;
/** How long a process that was told to stop may write down how far it got. */
const farewellMs = 10_000;
/** Share of a training after which the time it takes can be told. */
const foretoldShare = 0.1;
/** How soon after something became of a suggestion the user can read how much is still missing. */
const recountMs = 20_000;
/** Resting times under this are as good as none. */
const noticedMs = 1_000;

export class Learning implements Disposable {
  readonly #params: LearningParams;
  readonly #states = new Emitter<LearningState>();
  #state: LearningState = { kind: 'resting', reason: undefined };
  #memory: LearningMemory = emptyMemory;
  /** What is to be remembered and could not be written. */
  #unwritten: LearningMemory | undefined;
  #judged = 0;
  #cancelLook: (() => void) | undefined;
  /** Infinity where no look is due. */
  #lookAtMs = Infinity;
  #looking: Promise<number | undefined> | undefined;
  #refitting = new AbortController();
  /** The training under way. */
  #training: { readonly abort: AbortController; readonly isByCommand: boolean } | undefined;
  /** Work that a training is a part of. */
  #leading: AbortController | undefined;
  #isDisposed = false;
  #trouble = '';

  readonly onDidChangeState: Event<LearningState> = this.#states.event;

  constructor(params: LearningParams) {
    this.#params = params;
  }

  get state(): LearningState {
    return this.#state;
  }

  /** The last training of the line in use, as far as this window has heard. */
  get last(): LineMemory | undefined {
    const line = this.#params.line();
    return line && this.#memory.lines[line.name];
  }

  /** Begins to look for things to do. */
  start(): void {
    this.#lookAfter(firstLookMs);
  }

  /** Something that bears on what comes next has changed: the settings, or the model. */
  changed(): void {
    this.#lookAfter(noticedMs);
  }

  /** Something became of a suggestion. Once enough were judged, they are learned from without delay. */
  recorded(event: FeedbackEvent): void {
    if (event.kind !== 'suggestion' && this.#isCounting) this.#lookBy(recountMs);
    const isJudged =
      event.kind === 'rating' ||
      (event.kind === 'outcome' && (judgedOutcomes as readonly Outcome[]).includes(event.outcome));
    if (!isJudged) return;
    this.#judged++;
    if (this.#judged >= judgedForRefit) {
      this.#judged = 0;
      this.#lookAfter(noticedMs);
    }
  }

  /**
   * The user does something: what runs in idle time stops and goes on from there another time, and
   * once the user has been away for long enough, it looks what there is to do.
   */
  acted(): void {
    if (this.#training?.isByCommand === false) this.#training.abort.abort();
    const { mode, idleMinutes } = this.#params.settings();
    if (mode === 'idle' && this.#cancelLook === undefined) this.#lookAfter(idleMinutes * 60_000);
  }

  /** Ends what is learned in this window at the moment, if anything is. */
  stop(): boolean {
    const isAtWork = this.#training !== undefined || this.#leading !== undefined;
    this.#training?.abort.abort();
    this.#leading?.abort();
    return isAtWork;
  }

  /** Shows how far learning from a history is, training included, and lets `stop` end it. */
  async lead<T>(
    history: string,
    signal: AbortSignal,
    work: (signal: AbortSignal, onProgress: (progress: LearningProgress) => void) => Promise<T>,
  ): Promise<T> {
    if (this.#leading !== undefined) return work(signal, () => undefined);
    const leading = new AbortController();
    this.#leading = leading;
    try {
      return await work(AbortSignal.any([signal, leading.signal]), (progress) =>
        this.#show({ kind: 'training', progress, history }),
      );
    } finally {
      this.#leading = undefined;
      this.#setState({ kind: 'resting', reason: undefined });
      this.changed();
    }
  }

  /**
   * Fits the reward model, then trains, as the user asked for. Undefined where another window is at it.
   * Rejects with an AbortError when it is stopped, and with what the work rejects with.
   */
  async trainNow(
    signal: AbortSignal,
    onProgress: (progress: LearningProgress) => void,
  ): Promise<TrainingEnd | undefined> {
    await this.#refit().catch((error: unknown) => this.#report(error));
    signal.throwIfAborted();
    const line = this.#line();
    const examples = await this.#params.work.examples(line);
    // The training that was interrupted has its examples.
    const isUnfinished = (await this.#readMemory()).lines[line.name]?.isUnfinished === true;
    if (!isUnfinished && !isEnough(examples)) {
      this.changed();
      return { kind: 'tooLittle', examples };
    }
    return this.#train({ minutes: undefined, signal, onProgress }).finally(() => this.changed());
  }

  /** Fits the reward model now; false where that is under way already. */
  refitNow(): Promise<boolean> {
    return this.#refit();
  }

  get #isCounting(): boolean {
    const reason = this.#state.kind === 'resting' ? this.#state.reason?.kind : undefined;
    return reason === 'tooFewExamples' || reason === 'littleIsNew';
  }

  #line(): VersionLine {
    const line = this.#params.line();
    if (line === undefined) throw new Error('There is no model yet that could be trained.');
    return line;
  }

  #lookBy(delayMs: number): void {
    if (this.#params.clock.now() + delayMs < this.#lookAtMs) this.#lookAfter(delayMs);
  }

  #lookAfter(delayMs: number): void {
    this.#cancelLook?.();
    if (this.#isDisposed) return;
    this.#lookAtMs = this.#params.clock.now() + delayMs;
    this.#cancelLook = this.#params.clock.after(delayMs, () => {
      this.#cancelLook = undefined;
      this.#lookAtMs = Infinity;
      this.#looking ??= this.#look().finally(() => (this.#looking = undefined));
      void this.#looking.then((againMs) => {
        if (againMs !== undefined) this.#lookAfter(againMs);
      });
    });
  }

  /** In the log, once for trouble that goes on. */
  #report(error: unknown): void {
    const { logger } = this.#params;
    const message = messageOf(error);
    if (isAbortError(error)) logger.info('learning', 'Stopped; it goes on from there.');
    else if (message !== this.#trouble)
      logger.error('learning', 'Nothing was learned this time.', error);
    this.#trouble = message;
  }

  /** Resolves to when to look again though nobody says that anything changed; see `lookAgainMs`. */
  async #look(): Promise<number | undefined> {
    const { line, settings, onEnded } = this.#params;
    const isAtWork = this.#training !== undefined || this.#leading !== undefined;
    if (isAtWork || this.#isDisposed || line() === undefined) return undefined;
    try {
      const facts = await this.#facts();
      const step = await this.#nextStep(facts);
      switch (step.kind) {
        case 'refit':
          await this.#refit();
          return noticedMs;
        case 'train': {
          const end = await this.#train({ minutes: step.minutes });
          if (end) onEnded(end);
          return end?.kind === 'tooLittle' ? troubleMs : noticedMs;
        }
        case 'rest':
          this.#setState({ kind: 'resting', reason: step.reason });
          return lookAgainMs(step.reason, facts);
      }
    } catch (error) {
      this.#report(error);
      return isAbortError(error) ? settings().idleMinutes * 60_000 : troubleMs;
    }
  }

  async #facts(): Promise<LearningFacts> {
    const { settings, store, machine, clock, files } = this.#params;
    const line = this.#line();
    this.#memory = await this.#readMemory();
    const { refittedMs, lines } = this.#memory;
    const feedback = await store();
    const now = clock.now();
    // What was noted before the clock was set back says nothing about what came since.
    const since = (timeMs: number): number => (timeMs > now ? 0 : timeMs);
    return {
      nowMs: now,
      settings: settings(),
      memory: this.#memory,
      line: line.name,
      judgedSinceRefit: await feedback.judgedSince(since(refittedMs)),
      judgedSinceTraining: await feedback.judgedSince(
        since(lines[line.name]?.endedMs ?? 0),
        line.workspace,
      ),
      examples: await this.#params.work.examples(line),
      idleMs: await machine.idleMs(settings().idleMinutes * 60_000),
      isOnMains: true,
      isCalm: machine.isCalm(),
      isRefittingElsewhere: await isHeld(files.locks.refitting, clock),
      isTrainingElsewhere: await isHeld(files.locks.training, clock),
    };
  }

  async #nextStep(facts: LearningFacts): Promise<Step> {
    const step = nextStep(facts);
    // Asking for the power may start a program, so it comes last.
    if (step.kind !== 'train') return step;
    return nextStep({ ...facts, isOnMains: await this.#params.machine.isOnMains() });
  }

  async #refit(): Promise<boolean> {
    const { work, files, clock, logger } = this.#params;
    const lock = await takeLock(files.locks.refitting, clock);
    if (lock === undefined) return false;
    const startMs = clock.now();
    this.#refitting = new AbortController();
    if (this.#training === undefined) this.#setState({ kind: 'refitting' });
    try {
      await work.refit(AbortSignal.any([lock.lost, this.#refitting.signal]));
      logger.info('learning', `The reward model was fitted in ${clock.now() - startMs} ms.`);
      return true;
    } finally {
      // Also after a failure, which would only come again at once.
      await this.#remember((memory) => withRefit(memory, startMs));
      await lock.release();
      if (this.#training === undefined) this.#setState({ kind: 'resting', reason: undefined });
    }
  }

  /** @param minutes of the day's share; undefined for a training by command */
  async #train(request: {
    readonly minutes: number | undefined;
    readonly signal?: AbortSignal;
    readonly onProgress?: (progress: LearningProgress) => void;
  }): Promise<TrainingEnd | undefined> {
    const { work, files, clock, logger } = this.#params;
    const line = this.#line();
    if (this.#training !== undefined) return undefined;
    const isByCommand = request.minutes === undefined;
    const abort = new AbortController();
    this.#training = { abort, isByCommand };
    const lock = await takeLock(files.locks.training, clock).catch((error: unknown) => {
      this.#training = undefined;
      throw error;
    });
    if (lock === undefined) {
      this.#training = undefined;
      return undefined;
    }
    const signal = AbortSignal.any([
      abort.signal,
      lock.lost,
      ...(request.signal === undefined ? [] : [request.signal]),
    ]);
    const startMs = clock.now();
    const ended = async (facts: { isUnfinished: boolean; hasFailed: boolean; words: string }) => {
      const minutes = isByCommand ? 0 : (clock.now() - startMs) / 60_000;
      const endedMs = clock.now();
      const training = { ...facts, line: line.name, endedMs, minutes };
      await this.#remember((memory) => withTraining(memory, training));
    };
    const stopWatching = isByCommand
      ? () => undefined
      : this.#watchUser(startMs, () => abort.abort());
    try {
      logger.info('learning', 'Training begins.');
      this.#setProgress({ stage: 'reading feedback', share: 0, leftMs: undefined });
      const minutes = request.minutes ?? commandMinutes;
      const end = await work.train(line, minutes, signal, ({ stage, share }) => {
        const spentMs = clock.now() - startMs;
        const leftMs = Math.min((spentMs * (1 - share)) / share, minutes * 60_000 - spentMs);
        const progress = { stage, share, leftMs: share < foretoldShare ? undefined : leftMs };
        this.#setProgress(progress);
        request.onProgress?.(progress);
      });
      const words = endWords(end);
      logger.info('learning', words);
      if (end.kind === 'tooLittle')
        await this.#remember((memory) => withNothingUnfinished(memory, line.name));
      else await ended({ isUnfinished: false, hasFailed: false, words });
      return end;
    } catch (error) {
      const isStopped = isAbortError(error);
      const words = isStopped ? 'It was interrupted and goes on from there.' : messageOf(error);
      await ended({ isUnfinished: true, hasFailed: !isStopped, words });
      const isNew = !isStopped && !isByCommand && this.last?.failures === 1;
      if (isNew) this.#params.onFailed(error);
      throw error;
    } finally {
      stopWatching();
      // A process that was told to stop is still writing down how far it got.
      if (signal.aborted && !this.#isDisposed) clock.after(farewellMs, () => void lock.release());
      else await lock.release();
      this.#training = undefined;
      this.#setState({ kind: 'resting', reason: undefined });
    }
  }

  /** Calls `onBack` when the user does something in any window; the returned function ends that. */
  #watchUser(startMs: number, onBack: () => void): () => void {
    const { machine, clock } = this.#params;
    let isOver = false;
    let cancel: () => void = () => undefined;
    const watch = async (): Promise<void> => {
      const actedMs = clock.now() - (await machine.idleMs(0));
      if (isOver) return;
      if (actedMs > startMs + noticedMs) onBack();
      else cancel = clock.after(watchEveryMs, () => void watch());
    };
    cancel = clock.after(watchEveryMs, () => void watch());
    return () => {
      isOver = true;
      cancel();
    };
  }

  async #readMemory(): Promise<LearningMemory> {
    if (this.#unwritten !== undefined) return this.#unwritten;
    try {
      const text = await readFile(this.#params.files.memory, 'utf8');
      return learningMemorySchema.parse(JSON.parse(text));
    } catch {
      // Missing or damaged: then nothing is remembered, and at worst something is learned twice.
      return emptyMemory;
    }
  }

  async #remember(change: (memory: LearningMemory) => LearningMemory): Promise<void> {
    this.#memory = change(await this.#readMemory());
    const file = this.#params.files.memory;
    const temporary = `${file}.${randomUUID().slice(0, 8)}`;
    try {
      await mkdir(dirname(file), { recursive: true });
      await writeFile(temporary, JSON.stringify(this.#memory, null, 2));
      await rename(temporary, file);
      this.#unwritten = undefined;
    } catch (error) {
      // This window at least must not try at once again what failed, on a full disk for one.
      this.#unwritten = this.#memory;
      this.#params.logger.warn('learning', `Not remembered: ${messageOf(error)}`);
      await rm(temporary, { force: true }).catch(() => undefined);
    }
  }

  #setProgress(progress: LearningProgress): void {
    this.#setState({ kind: 'training', progress });
  }

  /** What leads shows how far all of it is. */
  #setState(state: LearningState): void {
    if (this.#leading === undefined) this.#show(state);
  }

  #show(state: LearningState): void {
    this.#state = state;
    this.#states.fire(state);
  }

  dispose(): void {
    this.#isDisposed = true;
    this.#cancelLook?.();
    this.#refitting.abort();
    this.#training?.abort.abort();
    this.#leading?.abort();
    this.#states.dispose();
  }
}

/** What became of a training, as a sentence. */
export function endWords(end: TrainingEnd): string {
  switch (end.kind) {
    case 'promoted':
      return `Version ${end.version.id} is better and in use.`;
    case 'refused':
      return `Version ${end.version.id} is not used: ${end.version.verdict.reasons[0] ?? 'it is no better.'}`;
    case 'tooLittle':
      return tooFewWords(end.examples);
    case 'notInPlace':
      return `Version ${end.version.id} is better but not in use: ${messageOf(end.error)}`;
  }
}
