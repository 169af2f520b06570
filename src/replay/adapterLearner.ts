/**
 * What an arm learns as the product does in idle time, beside what it learns in seconds and minutes: now
 * and then an adapter is trained on its store, and replaces the policy only behind the gate. Training
 * is measured in steps and not in time, so that the same history comes to the same.
 */
import { type ModelFolder, readModelFolder } from '../model/modelFolder';
import { type LoadedPolicy, openPolicy } from '../model/policy';
import { type LearnReport, learn } from '../training/learn';
import { mergeAdapter } from '../training/merge';
import { openRegistry } from '../training/registry';
import type { Clock } from '../types';
import { rewardLearner, type RewardLearnerOptions } from './rewardLearner';
import type { Learner } from './replay';

export interface AdapterLearnerOptions extends RewardLearnerOptions {
  readonly base: ModelFolder;
  /** Folder for the versions. */
  readonly registryDir: string;
  /** Suggestions between two runs. */
  readonly everySuggestions: number;
  /** What a run may take, in minutes of a machine of two cores. */
  readonly minutes: number;
  readonly threads: number;
  readonly onRun?: (report: LearnReport) => void;
}

/** Texts by which a run learns and is judged, at least: a replay is short beside a person's months. */
const leastRows = 30;
const leastHeldOut = 20;

/** The same, and trains adapters; the champion proposes from then on. */
export function adapterLearner(options: AdapterLearnerOptions): Learner {
  const { base, registryDir, everySuggestions, threads } = options;
  const reward = rewardLearner(options);
  const registry = openRegistry({
    ...{ directory: registryDir, base: base.manifest },
    merge: (adapter, destination) => mergeAdapter({ base, adapter, destination }),
  });
  let policy: LoadedPolicy | undefined;
  let suggestions = 0;
  return {
    get policy() {
      return policy;
    },
    notice: (event) => reward.notice(event),
    decide: (suggestion) => reward.decide(suggestion),
    async learn(store, clock, signal) {
      await reward.learn(store, clock, signal);
      if (++suggestions % everySuggestions !== 0) return;
      const report = await learn({
        suggestions: () => store.suggestions(),
        ...{ base, registryDir, signal, clock: stillClock(clock.now()) },
        options: { minutes: options.minutes, threads, seed: options.seed, leastRows, leastHeldOut },
      });
      options.onRun?.(report);
      if (report.outcome !== 'passed' || report.version === null) return;
      const champion = await registry.promote(report.version.id);
      const folder = await readModelFolder(await registry.modelOf(champion));
      await policy?.dispose();
      policy = await openPolicy(folder, { threads });
    },
    async dispose() {
      await policy?.dispose();
    },
  };
}

/** Training is measured in steps and not in minutes, or a slow hour would teach less. */
function stillClock(nowMs: number): Clock {
  return { now: () => nowMs, after: () => () => undefined };
}
