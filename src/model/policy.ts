/**
 * The policy port with a model behind it: opens an imported folder and lets one piece of work at a
 * time through, the newest first. How texts are generated is `generator.ts`; in the product this
 * runs in a process of its own (see `host/`), because a run of the graph blocks the event loop.
 */
import { Generator } from './generator';
import type { ModelFolder, ModelManifest } from './modelFolder';
import { Newest } from './newest';
import { type Session, openSession } from './session';
import { type Tokenizer, loadTokenizer } from './tokenizer';
import type { Policy } from './types';

export interface PolicyOptions {
  /** Threads of one operator, 1 or more. */
  readonly threads: number;
}

/** A policy with a model behind it. */
export interface LoadedPolicy extends Policy {
  /** Ends what is running with an AbortError and frees the model. */
  dispose(): Promise<void>;
}

/** @throws ModelError when the folder's graph or tokenizer cannot be opened. */
export async function openPolicy(
  folder: ModelFolder,
  { threads }: PolicyOptions,
): Promise<LoadedPolicy> {
  const tokenizer = await loadTokenizer(folder);
  const session = await openSession(folder.graphPath, { threads });
  return createPolicy(session, tokenizer, folder.manifest);
}

/** The policy of a graph that is open already; `heals` is off only to measure what healing is worth. */
export function createPolicy(
  session: Session,
  tokenizer: Tokenizer,
  manifest: ModelManifest,
  heals = true,
): LoadedPolicy {
  const generator = new Generator(session, tokenizer, manifest, heals);
  const newest = new Newest();
  return {
    version: manifest.version,
    generate(request, signal) {
      const askedAt = performance.now();
      const kind = request.urgency === 'ahead' ? 'ahead' : 'generation';
      return newest.run(kind, signal, (either) =>
        generator.generate(request, performance.now() - askedAt, either),
      );
    },
    warm: (context, signal) =>
      newest.run('warmUp', signal, (either) => generator.warm(context, either)),
    async dispose() {
      await newest.end();
      await session.release();
    },
  };
}
