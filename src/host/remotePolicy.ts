/**
 * A policy on the other end of a channel: what both sides of `generate` and `warm` agree on. The
 * in-process version is for tests, which then exercise the same wire format as a real child.
 */
import type { Policy } from '../model/types';
import type { Clock } from '../types';
import { HostError } from './protocol';
import { type Call, type Handlers, RpcClient, loopback, serve } from './rpc';

/** Far longer than a suggestion takes on the busiest machine; a host this slow is stuck. */
export const generateTimeoutMs = 60_000;

export function remotePolicy(version: () => string, call: Call): Policy {
  return {
    get version() {
      return version();
    },
    generate: (request, signal) =>
      call('generate', request, { signal, timeoutMs: generateTimeoutMs }),
    async warm(context, signal) {
      await call('warm', context, { signal, timeoutMs: generateTimeoutMs });
    },
  };
}

export function policyHandlers(policy: () => Policy): Pick<Handlers, 'generate' | 'warm'> {
  return {
    generate: (request, { signal }) => policy().generate(request, signal),
    async warm(context, { signal }) {
      await policy().warm(context, signal);
      return null;
    },
  };
}

/** `policy`, with every argument and result making the trip between processes and back. */
export function roundTripPolicy(policy: Policy, clock: Clock): Policy {
  const [near, far] = loopback();
  const unavailable = (): never => {
    throw new HostError('unavailable', 'Only a child process loads, imports and trains models.');
  };
  serve(far, {
    ...policyHandlers(() => policy),
    load: unavailable,
    import: unavailable,
    train: unavailable,
    learn: unavailable,
    replayHistory: unavailable,
    merge: unavailable,
    refit: unavailable,
    ping: () => ({
      pid: process.pid,
      rssBytes: process.memoryUsage.rss(),
      policyVersion: policy.version,
    }),
  });
  return remotePolicy(() => policy.version, new RpcClient(near, clock).call);
}
