/**
 * The model host: the child process in which models run. It loads one model folder, generates,
 * warms up, imports, trains, learns, merges and replays histories as it is told over the channel to its
 * parent, and ends when its parent does. It writes nothing but the new folder or store it was told to
 * make and what belongs beside it until then, reads the feedback database and never writes it, and
 * reports only through the channel and stderr.
 */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createParser } from '../completion/parser';
import { importModel } from '../model/importModel';
import { readModelFolder } from '../model/modelFolder';
import { type LoadedPolicy, openPolicy } from '../model/policy';
import { readRewardWeights, writeRewardWeights } from '../model/rewardModel';
import { learn } from '../training/learn';
import { mergeAdapter } from '../training/merge';
import { maxRefitted, refitReward } from '../training/rewardFit';
import { trainingSettings } from '../training/settings';
import { train } from '../training/trainer';
import { systemClock } from '../util/clock';
import { stderrLogger } from '../util/log';
import { parentChannel } from './childChannel';
import { HostError } from './protocol';
import { policyHandlers } from './remotePolicy';
import { serve } from './rpc';
import { yieldToOthers } from './yieldToOthers';

/** Beside the bundle that holds this file. */
const grammars = join(__dirname, 'grammars');

let policy: LoadedPolicy | null = null;

serve(parentChannel(), {
  ...policyHandlers(() => {
    if (policy === null) throw new HostError('unavailable', 'No model has been loaded yet.');
    return policy;
  }),
  async load({ modelDir, threads }) {
    const previous = policy;
    policy = null;
    await previous?.dispose();
    policy = await openPolicy(await readModelFolder(modelDir), { threads });
    return { version: policy.version };
  },
  import: (params, { signal, progress }) =>
    importModel({ ...params, signal, onProgress: progress }),
  async train({ modelDir, data, out, options }, { signal, progress }) {
    await yieldToOthers();
    const settings = trainingSettings(options);
    const base = await readModelFolder(modelDir);
    const clock = systemClock;
    return train({ base, data, out, settings, clock, signal, onProgress: progress });
  },
  async learn({ storeFiles, documents, modelDir, registryDir, options }, { signal, progress }) {
    await yieldToOthers();
    // The database's driver is loaded where it is needed, not by every host that only suggests.
    const { readStores } = await import('../store/storeReader');
    return learn({
      suggestions: () => readStores(storeFiles, stderrLogger, documents),
      base: await readModelFolder(modelDir),
      ...{ registryDir, options, clock: systemClock, signal, onProgress: progress },
    });
  },
  async replayHistory({ modelDir, threads, ...rest }, { signal, progress }) {
    await yieldToOthers();
    const { learnHistory } = await import('../replay/learnHistory');
    const parser = createParser((name) => readFile(join(grammars, name)), stderrLogger);
    const model = await openPolicy(await readModelFolder(modelDir), { threads });
    try {
      const logger = stderrLogger;
      const learning = { ...rest, policy: model, parser, logger, onProgress: progress };
      return await learnHistory(learning, signal);
    } finally {
      await model.dispose();
    }
  },
  async merge({ modelDir, adapterDir, destination }, { signal, progress }) {
    const base = await readModelFolder(modelDir);
    return mergeAdapter({ base, adapter: adapterDir, destination, signal, onProgress: progress });
  },
  async refit({ storeFiles, rewardFile, out }) {
    await yieldToOthers();
    const prior = await readRewardWeights(rewardFile);
    const { readNewest } = await import('../store/storeReader');
    const suggestions = readNewest(storeFiles, maxRefitted, stderrLogger);
    const { weights, report } = await refitReward(suggestions, prior);
    if (report.verdict === 'fitted') await writeRewardWeights(out, weights);
    else await rm(out, { force: true });
    return report;
  },
  ping: () => ({
    pid: process.pid,
    rssBytes: process.memoryUsage.rss(),
    policyVersion: policy?.version ?? null,
  }),
});

process.on('disconnect', () => process.exit(0));
// Ctrl+C in a terminal reaches the whole process group; when to end is the parent's decision.
process.on('SIGINT', () => undefined);
