/**
 * Long work in a child of its own: the host's bundle forked once more for one call, which ends with
 * it. The parent neither blocks nor grows, and may end the child at any instant: what such work makes
 * appears whole or not at all.
 */
import type { ModelFolder } from '../model/modelFolder';
import type { HistoryReport } from '../replay/learnHistory';
import type { LearnReport } from '../training/learn';
import type { RewardReport } from '../training/rewardFit';
import type { TrainingReport } from '../training/trainer';
import type { Clock } from '../types';
import { type ChildOptions, forkChild } from './childChannel';
import {
  HostError,
  type LearnParams,
  type MergeParams,
  type MethodName,
  type Params,
  type Progress,
  type RefitParams,
  type ReplayHistoryParams,
  type Result,
  type TrainParams,
} from './protocol';
import { RpcClient } from './rpc';

export interface OwnChildOptions<M extends MethodName> extends ChildOptions {
  readonly clock: Clock;
  readonly onProgress?: (progress: Progress<M>) => void;
  readonly signal?: AbortSignal;
}

/** How long work that was aborted may take to clean up after itself. */
const abortGraceMs = 10_000;

/**
 * @throws what the work throws; AbortError at once when `signal` fires; HostError `crashed` when the
 * child dies.
 */
export async function callInChild<M extends MethodName>(
  method: M,
  params: Params<M>,
  options: OwnChildOptions<M>,
): Promise<Result<M>> {
  const { clock, onProgress, signal } = options;
  const child = forkChild(options);
  const client = new RpcClient(child.channel, clock);
  const answered = new Promise<void>((resolve) => {
    child.channel.onMessage(({ kind }) => {
      if (kind === 'result' || kind === 'error') resolve();
    });
  });
  void child.ended.then((reason) =>
    client.close(new HostError('crashed', `The process that was to ${method} ${reason}.`)),
  );
  try {
    return await client.call(method, params, {
      ...(onProgress === undefined ? {} : { onProgress }),
      ...(signal === undefined ? {} : { signal }),
    });
  } finally {
    if (signal?.aborted === true) {
      // The caller need not wait while what was aborted puts away what it has.
      const stopWaiting = clock.after(abortGraceMs, () => child.kill());
      void Promise.race([answered, child.ended]).then(() => {
        stopWaiting();
        child.kill();
      });
    } else {
      child.kill();
    }
  }
}

/** Trains at the lowest priority (see `training/trainer.ts`). */
export function trainInChild(
  params: TrainParams,
  options: OwnChildOptions<'train'>,
): Promise<TrainingReport> {
  return callInChild('train', params, options);
}

/** Learns from feedback at the lowest priority (see `training/learn.ts`); promotes nothing. */
export function learnInChild(
  params: LearnParams,
  options: OwnChildOptions<'learn'>,
): Promise<LearnReport> {
  return callInChild('learn', params, options);
}

/** Merges an adapter into a model folder (see `training/merge.ts`). */
export function mergeInChild(
  params: MergeParams,
  options: OwnChildOptions<'merge'>,
): Promise<ModelFolder> {
  return callInChild('merge', params, options);
}

/** Replays a repository's history into a store of its own, at the lowest priority. */
export function replayHistoryInChild(
  params: ReplayHistoryParams,
  options: OwnChildOptions<'replayHistory'>,
): Promise<HistoryReport> {
  return callInChild('replayHistory', params, options);
}

/** Fits the reward model to stored feedback (see `training/rewardFit.ts`). */
export function refitInChild(
  params: RefitParams,
  options: OwnChildOptions<'refit'>,
): Promise<RewardReport> {
  return callInChild('refit', params, options);
}
