/**
 * The model host: the child process in which models run. It loads one model folder, generates,
 * warms up and imports as it is told over the channel to its parent, and ends when its parent does.
 * It writes nothing but the folder of an import, and reports only through the channel and stderr.
 */
import { importModel } from '../model/importModel';
import { readModelFolder } from '../model/modelFolder';
import { type LoadedPolicy, openPolicy } from '../model/policy';
import { parentChannel } from './childChannel';
import { HostError } from './protocol';
import { policyHandlers } from './remotePolicy';
import { serve } from './rpc';

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
  ping: () => ({
    pid: process.pid,
    rssBytes: process.memoryUsage.rss(),
    policyVersion: policy?.version ?? null,
  }),
});

process.on('disconnect', () => process.exit(0));
// Ctrl+C in a terminal reaches the whole process group; when to end is the parent's decision.
process.on('SIGINT', () => undefined);
