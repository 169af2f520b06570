/** Signatures of the policy; the implementation follows within the hour. */
import type { Policy } from './types';

export interface PolicyOptions {
  /** Threads of one operator, 1 or more. */
  readonly threads: number;
}

/** A policy with a model behind it. `openPolicy(folder, options): Promise<LoadedPolicy>`. */
export interface LoadedPolicy extends Policy {
  /** Ends what is running with an AbortError and frees the model. */
  dispose(): Promise<void>;
}
