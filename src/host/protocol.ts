/**
 * Everything that crosses between the editor's process and a model host, and nothing else: the
 * methods by name and the five messages that carry them. Arguments are plain JSON or typed arrays;
 * errors cross as records and become typed errors again on the other side.
 */
import { ModelError, type ModelErrorCode } from '../model/errors';
import type { ImportProgress } from '../model/importModel';
import type { ModelFolder, Precision } from '../model/modelFolder';
import type { GenerateRequest, GenerateResult } from '../model/types';
import { StoreError, type StoreErrorCode } from '../store/errors';
import type { HistoryLimits, HistoryReport } from '../replay/learnHistory';
import type { ReplayProgress } from '../replay/replay';
import { TrainingError, type TrainingErrorCode } from '../training/errors';
import type { LearnOptions, LearnProgress, LearnReport } from '../training/learn';
import type { RewardReport } from '../training/rewardFit';
import type { TrainingOptions } from '../training/settings';
import type { TrainingProgress, TrainingReport } from '../training/trainer';
import type { CompletionContext, Settings } from '../types';

export interface LoadParams {
  /** An imported model folder. */
  readonly modelDir: string;
  /** Threads of one operator, 1 or more. */
  readonly threads: number;
}

export interface ImportParams {
  readonly source: string;
  readonly destination: string;
  readonly precision: Precision;
}

export interface TrainParams {
  /** The imported model to train an adapter for. */
  readonly modelDir: string;
  /** JSON lines. */
  readonly data: string;
  /** Folder for the adapter, which does not exist yet. */
  readonly out: string;
  readonly options: TrainingOptions;
}

export interface MergeParams {
  readonly modelDir: string;
  readonly adapterDir: string;
  /** Model folder to make, which does not exist yet. */
  readonly destination: string;
}

export interface RefitParams {
  /** Feedback databases, which are only read. */
  readonly storeFiles: readonly string[];
  /** The reward model to start from, towards which the fit is held. */
  readonly rewardFile: string;
  /** File for the fitted one; it is removed where the one to start from is no worse. */
  readonly out: string;
}

export interface LearnParams {
  /** Feedback databases, which are only read. */
  readonly storeFiles: readonly string[];
  /** Learn only from documents whose address begins so; from all when left out. */
  readonly documents?: string | undefined;
  /** The imported model that versions are adapters of: the base, not a champion. */
  readonly modelDir: string;
  /** Folder of versions (see `training/registry.ts`); nothing in it is promoted. */
  readonly registryDir: string;
  readonly options: LearnOptions;
}

export interface ReplayHistoryParams {
  /** Folder of a git repository. */
  readonly repository: string;
  /** See `replay/learnHistory.ts`. */
  readonly address?: string | undefined;
  /** Feedback database to make. */
  readonly out: string;
  readonly limits: HistoryLimits;
  readonly settings: Settings;
  readonly modelDir: string;
  readonly threads: number;
}

export interface HostStatus {
  readonly pid: number;
  /** Resident memory of the host. */
  readonly rssBytes: number;
  /** Version of the loaded policy, null before `load`. */
  readonly policyVersion: string | null;
}

/** Method name to what it takes, gives back, and tells on the way. */
export interface Methods {
  readonly load: { params: LoadParams; result: { readonly version: string }; progress: never };
  readonly generate: { params: GenerateRequest; result: GenerateResult; progress: never };
  readonly warm: { params: CompletionContext; result: null; progress: never };
  readonly import: { params: ImportParams; result: ModelFolder; progress: ImportProgress };
  readonly train: { params: TrainParams; result: TrainingReport; progress: TrainingProgress };
  readonly learn: { params: LearnParams; result: LearnReport; progress: LearnProgress };
  readonly replayHistory: {
    params: ReplayHistoryParams;
    result: HistoryReport;
    progress: ReplayProgress;
  };
  /** Progress is the share that is done, 0..1. */
  readonly merge: { params: MergeParams; result: ModelFolder; progress: number };
  readonly refit: { params: RefitParams; result: RewardReport; progress: never };
  readonly ping: { params: null; result: HostStatus; progress: never };
}

export type MethodName = keyof Methods;
export type Params<M extends MethodName> = Methods[M]['params'];
export type Result<M extends MethodName> = Methods[M]['result'];
export type Progress<M extends MethodName> = Methods[M]['progress'];

export type RequestMessage = {
  readonly [M in MethodName]: {
    readonly kind: 'request';
    readonly id: number;
    readonly method: M;
    readonly params: Params<M>;
  };
}[MethodName];

export type Message =
  | RequestMessage
  | { readonly kind: 'cancel'; readonly id: number }
  | { readonly kind: 'progress'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'result'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'error'; readonly id: number; readonly error: WireError };

export interface WireError {
  readonly name: string;
  readonly message: string;
  readonly code: string | null;
  readonly stack: string | null;
}

export type HostErrorCode =
  /** The host ended while it was working on the request; it is being started again. */
  | 'crashed'
  /** No answer within the time allowed; the host is started again. */
  | 'timeout'
  /** The host cannot be used until something is mended; the message says what. */
  | 'unavailable'
  /** The owner has disposed the host. */
  | 'disposed';

/** What goes wrong between the processes, as opposed to inside the model (`ModelError`). */
export class HostError extends Error {
  override readonly name = 'HostError';

  constructor(
    readonly code: HostErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

export function toWireError(error: unknown): WireError {
  if (!(error instanceof Error)) {
    return { name: 'Error', message: String(error), code: null, stack: null };
  }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : null;
  return { name: error.name, message: error.message, code, stack: error.stack ?? null };
}

/** The error that crossed, of its own class where that is one callers branch on. */
export function fromWireError(wire: WireError): Error {
  if (wire.name === 'AbortError') return new DOMException(wire.message, 'AbortError');
  const error = typedError(wire);
  if (wire.stack !== null) error.stack = wire.stack;
  return error;
}

function typedError({ name, message, code }: WireError): Error {
  switch (name) {
    case 'ModelError':
      return new ModelError(code as ModelErrorCode, message);
    case 'TrainingError':
      return new TrainingError(code as TrainingErrorCode, message);
    case 'StoreError':
      return new StoreError(code as StoreErrorCode, message);
    default:
      return Object.assign(new Error(message), { name, code });
  }
}
