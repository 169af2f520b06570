/**
 * The seams of the model room: what a policy is asked and what it answers. The port has two
 * implementations, one in this process (`model/policy.ts`) and one over a child process
 * (`host/modelHost.ts`), which must be indistinguishable to the caller.
 */
import type { Candidate, CompletionContext, CopyEvidence, Snippet } from '../types';

export interface GenerateRequest {
  readonly context: CompletionContext;
  /** Sampled candidates wanted beside the greedy one, 0..7. */
  readonly samples: number;
  /** Of the token by which a sampled candidate leaves the greedy one, or of all where it is `drawn`. */
  readonly temperature: number;
  readonly maxTokens: number;
  /** Log-probability in nats below which a text is given up; undefined to follow all to their ends. */
  readonly least?: number | undefined;
  /** Whether the first candidate is drawn as well, token by token, in place of the greedy one. */
  readonly drawn?: boolean | undefined;
  /** Seed of the sampling; the same seed and context give the same candidates. */
  readonly seed: number;
  /** Texts of others to be scored by the policy in the same pass. */
  readonly drafts: readonly Draft[];
  /**
   * Tokens of the context that may have to be read first; where it would be more, snippets that were
   * not read before are left out, for `warm` to read. Undefined to tell everything at any cost.
   */
  readonly maxUnreadTokens?: number | undefined;
  /** Names known to fit at the cursor; undefined when nobody knows any. */
  readonly words?: Words | undefined;
  /** `asked` when left out. */
  readonly urgency?: Urgency | undefined;
}

/** Whether somebody waits for the answer, or it is wanted later: then it gives way to everything. */
export type Urgency = 'asked' | 'ahead';

/** Names that may stand at the cursor, each without what is typed of it already. */
export interface Words {
  /** The most promising first, which are scored; '' for a name that is typed in full. */
  readonly rests: readonly string[];
  /** Whether every candidate must begin with one of them, and end the name there. */
  readonly only: boolean;
}

/** A text that somebody else proposes. */
export interface Draft {
  readonly text: string;
  readonly source: 'copied' | 'imported';
  /** What a copy of it rests on. */
  readonly copy?: CopyEvidence;
}

export interface CopiedDraft extends Draft {
  readonly source: 'copied';
  readonly copy: CopyEvidence;
}

export interface GenerateResult {
  /** Greedy first, then sampled, those of the drafts, and listed; texts are distinct. */
  readonly candidates: readonly Candidate[];
  /** Those of the context that were told. */
  readonly snippets: readonly Snippet[];
  /** What it made of the context, see `projection.ts`. */
  readonly state: readonly number[];
  readonly promptTokens: number;
  /** How many of them were served from the prefix cache. */
  readonly cachedTokens: number;
  readonly latencyMs: { readonly queue: number; readonly prefill: number; readonly decode: number };
}

/**
 * A language model that proposes text. `generate` rejects with an `AbortError` when `signal` fires,
 * and with a typed `ModelError` (see `model/errors.ts`) when the model cannot be used.
 */
export interface Policy {
  readonly version: string;
  generate(request: GenerateRequest, signal: AbortSignal): Promise<GenerateResult>;
  /** Reads the context into the prefix cache so that the next `generate` is quick. */
  warm(context: CompletionContext, signal: AbortSignal): Promise<void>;
}

/** What is expected of one candidate. */
export interface Judgement {
  /** P(accepted and retained), 0..1, calibrated. */
  readonly probability: number;
  /** Of two candidates of one decision the preferred one has more; without a meaning of its own. */
  readonly preference: number;
}

/** Judges candidates before they are shown; see `model/rewardModel.ts`. */
export interface RewardModel {
  /** Identity of the weights, e.g. `reward-1a2b3c`. */
  readonly version: string;
  /** Judges candidates by their features, in the order of `completion/features.ts`. */
  judge(rows: readonly Float64Array[]): readonly Judgement[];
}
