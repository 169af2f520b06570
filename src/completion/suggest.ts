/**
 * One suggestion, from a document and a cursor to a record of the decision taken: gate, context,
 * copied drafts, listed names, policy, trim, score, order; or, where no policy need be waited for,
 * without it. It has no state of its own, shows nothing and stores nothing, and the one catch at the
 * top belongs to its caller.
 */
import { randomUUID } from 'node:crypto';
import type { Draft, GenerateResult, Policy, RewardModel, Urgency, Words } from '../model/types';
import type {
  Candidate,
  Clock,
  CompletionContext,
  ScoredCandidate,
  Settings,
  Suggestion,
  Trigger,
} from '../types';
import type { Random } from '../util/random';
import { cutTo } from './beginnings';
import { withoutClosers } from './closers';
import { buildContext, type DocumentSnapshot } from './context';
import type { CopyIndex } from './copyIndex';
import { gate } from './gate';
import { reindentAt } from './indentation';
import { insertionAt } from './insertion';
import { choose } from './judge';
import { type LanguageServer, nothingMore, obeys, wantsList, wordsOf } from './languageList';
import type { Neighbours } from './neighbours';
import type { RecentOutcomes } from './outcomeMemory';
import type { Parser } from './parser';
import type { Refusals } from './refusals';
import { defaultExploration, type Reranked } from './rerank';
import { score } from './score';
import { rewardVersion } from './scoreWeights';
import { type ScopeCheck, scopeCheck } from './scope';
import { inSlices, type Pieces } from './slices';
import { isSure } from './surety';
import { syntaxCheck } from './syntaxCheck';
import { trim } from './trim';

export interface SuggestParams {
  readonly document: DocumentSnapshot;
  readonly trigger: Trigger;
  readonly settings: Pick<
    Settings,
    'enabled' | 'multiline' | 'languages' | 'suggestInComments' | 'eagerness'
  >;
  /** Undefined to propose copied text alone. */
  readonly policy: Policy | undefined;
  /**
   * Undefined to ask the policy alone. The caller keeps every other file in it up to date, each
   * under its URI; the document itself is indexed here, as it stands.
   */
  readonly copyIndex: CopyIndex | undefined;
  /** Undefined to tell the policy of nothing but the document. Kept up to date like `copyIndex`. */
  readonly neighbours?: Neighbours | undefined;
  /** Undefined to judge syntax by the light scanner alone. */
  readonly parser?: Parser | undefined;
  /** Left out where nobody knows which names may stand at the cursor. */
  readonly languageServer?: LanguageServer | undefined;
  /** What is not offered again here, unless it is asked for in so many words. */
  readonly refusals?: Refusals | undefined;
  /** Undefined to order by the fitted score and show whatever there is. */
  readonly reward?: RewardModel | undefined;
  /** Left out where nothing is remembered of what became of suggestions before. */
  readonly outcomes?: { at(timeMs: number): RecentOutcomes } | undefined;
  readonly clock: Clock;
  /** Seeds the sampling of candidates, and draws what is shown where it might be otherwise. */
  readonly random: Random;
  /** Told when the policy failed; the copied candidates are offered nevertheless. */
  readonly onPolicyError?: (error: unknown) => void;
  /** The document will be so, but is not yet: no language server can be asked about it. */
  readonly isImagined?: boolean | undefined;
  /** How much the policy is to hurry; `asked` when left out. */
  readonly urgency?: Urgency | undefined;
  readonly options?: Partial<SuggestOptions>;
}

export interface SuggestOptions {
  /** Sampled candidates beside the greedy one, 0..7; when left out, as many as the trigger bears. */
  readonly samples: number | undefined;
  readonly temperature: number;
  /** The longest candidate in tokens, on one line and as a block. */
  readonly maxLineTokens: number;
  readonly maxBlockTokens: number;
  /** Log-probability in nats below which the policy gives a line up. */
  readonly leastLine: number;
  /** See `GenerateRequest`; where there is no limit, all snippets are told. */
  readonly maxUnreadTokens: number | undefined;
  /** See `rerank.ts`; only with a reward model. */
  readonly exploration: number;
}

/**
 * Samples by the trigger. Who types waits for every one: at 221 cuts of the tuned packages p95 was
 * 1.03 times that without any for one, 1.48 times for three, which are right first at one cut more.
 */
export const samplesOf = { automatic: 1, invoked: 3 } as const;

const defaultOptions: SuggestOptions = {
  samples: undefined,
  temperature: 0.1,
  maxLineTokens: 32,
  maxBlockTokens: 96,
  // It would not be chosen, and the wait for it is long, because what is unlikely goes on and on: of
  // 115 lines below -6 on 240 cuts of the tuned packages none was right.
  leastLine: -8,
  maxUnreadTokens: undefined,
  exploration: defaultExploration,
};

/**
 * Candidates for the cursor, best first; none, and `shownIndex` null, where it is better to be silent.
 * Where the gate says so nobody is asked: then there is no candidate and no policy version either.
 * Rejects with an AbortError when `signal` fires.
 */
export async function suggest(params: SuggestParams, signal: AbortSignal): Promise<Suggestion> {
  signal.throwIfAborted();
  const place = placeOf(params);
  if (place.silent) return decide({ ...params, policy: undefined }, place, undefined, undefined);
  const words = await listedWords(params, place.context, signal);
  const drafts = draftsInScope(place, words).filter(({ text }) => obeys(text, words));
  const result = await generate(params, { context: place.context, drafts, words }, signal);
  signal.throwIfAborted();
  return decide(params, { ...place, drafts }, words, result);
}

/**
 * The suggestion that waits for nobody: silence where there is nothing to say, and text copied from
 * where the user wrote it before if that alone makes it sure enough. Undefined where the policy must
 * be asked. Whoever asked in so many words wants to hear it anyway.
 */
export async function suggestAtOnce(params: SuggestParams): Promise<Suggestion | undefined> {
  // Whoever is not asked need not be told of neighbours.
  const inScope = scopeCheck(withoutClosers(params.document), params.neighbours);
  const place = { ...placeOf({ ...params, neighbours: undefined }), inScope };
  if (place.silent) return decide({ ...params, policy: undefined }, place, undefined, undefined);
  const { context } = place;
  const drafts = draftsInScope(place, undefined);
  const [best] = drafts;
  const copies = drafts.flatMap(({ copy }) => copy ?? []);
  if (params.trigger === 'invoked' || best === undefined || !isSure(copies)) return undefined;
  // The places agree on the rest of the line, not on the block below it.
  if (best.text.includes('\n')) return undefined;
  // Which names exist is not known without waiting.
  const words = params.languageServer && nothingMore(context);
  if (!obeys(best.text, words)) return undefined;
  // What would be withheld may look better to the policy; so nothing is drawn here.
  const options = { ...params.options, exploration: 0 };
  const alone = { ...params, policy: undefined, options };
  const suggestion = await decide(alone, { ...place, drafts }, words, undefined);
  const shown = suggestion.candidates[suggestion.shownIndex ?? -1];
  return shown === undefined || shown.text.includes('\n') ? undefined : suggestion;
}

/** What is known of the cursor before anybody is asked. */
interface Place {
  readonly startMs: number;
  readonly context: CompletionContext;
  readonly silent: boolean;
  readonly drafts: readonly Draft[];
  readonly inScope: ScopeCheck;
  readonly contextMs: number;
  readonly copyMs: number;
}

function placeOf(params: SuggestParams): Place {
  const { document, trigger, settings, clock } = params;
  const startMs = clock.now();
  const alone = buildContext(document, settings.multiline);
  const silent = gate(document, alone, trigger, settings) !== undefined;
  const bare = withoutClosers(document);
  const snippets = silent ? undefined : params.neighbours?.near(bare);
  const context = { ...alone, snippets: snippets ?? [] };
  const contextMs = clock.now() - startMs;
  const drafts = silent ? [] : draftsAt({ ...params, document: bare }, context);
  const copyMs = clock.now() - startMs - contextMs;
  const inScope = scopeCheck(bare, params.neighbours);
  return { startMs, context, silent, drafts, inScope, contextMs, copyMs };
}

/** The record of the decision: what was proposed, cut as it would be shown, and its order. */
async function decide(
  params: SuggestParams,
  { startMs, context, drafts, inScope, contextMs, copyMs }: Place,
  words: Words | undefined,
  result: GenerateResult | undefined,
): Promise<Suggestion> {
  const { document, trigger, policy, clock, random, refusals, reward, outcomes } = params;
  const cut = (text: string): string => inScope(text, words);
  const proposed = [...(result?.candidates ?? []), ...drafts.map(unscored)];
  const shown = await inSlices(asShown(proposed, context, params, cut), clock);
  const candidates = merge(shown, insertionAt(document))
    // What was cut, or given up in the middle of a word, may end as a name that does not exist.
    .filter(({ text }) => obeys(text, words))
    .filter(({ text }) => trigger === 'invoked' || !refusals?.isRefused(context, text));
  const told = { ...context, snippets: result?.snippets ?? [] };
  const documentUri = document.uri;
  const state = result && { state: result.state };
  const choice = reward
    ? choose(
        { documentUri, trigger, context: told, candidates, timeMs: startMs },
        { ...params.settings, ...params.options, reward, outcomes, random },
      )
    : scored(candidates, result !== undefined);
  return {
    id: randomUUID(),
    timeMs: startMs,
    documentUri,
    offset: document.offset,
    trigger,
    context: told,
    ...choice,
    ...state,
    policyVersion: policy?.version ?? 'none',
    rewardVersion: reward?.version ?? rewardVersion,
    latencyMs: {
      context: contextMs,
      copy: copyMs,
      ...(result?.latencyMs ?? { queue: 0, prefill: 0, decode: 0 }),
      total: clock.now() - startMs,
    },
  };
}

/** The order of the fitted score, whose best is always shown. */
function scored(candidates: readonly Candidate[], isRead: boolean): Reranked<Candidate> {
  const all = candidates.map((candidate): ScoredCandidate => ({
    ...candidate,
    score: score(candidate),
  }));
  return {
    // What no policy has read stays in the order of the index, the longest run first: the score was
    // fitted to what one has read, and would be right less often (34 % of the time against 35 %).
    candidates: isRead ? all.sort((a, b) => b.score - a.score) : all,
    shownIndex: all.length > 0 ? 0 : null,
    propensity: 1,
    exploration: 'best',
  };
}

/**
 * What the user wrote before at places like this one, and the imports that the file lacks, cut as they
 * would be shown.
 */
function draftsAt(params: SuggestParams, context: CompletionContext): Draft[] {
  const { uri, languageId, text, offset } = params.document;
  const { multiline } = context;
  const drafts = params.copyIndex?.lookup({ uri, languageId, text, offset, multiline }) ?? [];
  const reindent = reindentAt(params.document);
  const byText = new Map<string, Draft>();
  for (const draft of drafts) {
    const cut = trim(reindent(draft.text), context);
    if (cut !== '' && !byText.has(cut)) byText.set(cut, { ...draft, text: cut });
  }
  for (const text of params.neighbours?.missingImports(params.document) ?? []) {
    byText.set(text, { ...byText.get(text), text, source: 'imported' });
  }
  return [...byText.values()];
}

/** The drafts as far as they can be right; what cannot is not worth the policy's time. */
function draftsInScope({ drafts, inScope }: Place, words: Words | undefined): Draft[] {
  return drafts
    .map((draft) => ({ ...draft, text: inScope(draft.text, words) }))
    .filter(({ text }) => text !== '');
}

/**
 * Names that may stand at the cursor, where somebody knows. While the answer is on its way the policy
 * reads the prompt, which it has to read either way, so that waiting costs as little as it can.
 */
async function listedWords(
  { languageServer, policy, document, isImagined = false }: SuggestParams,
  context: CompletionContext,
  signal: AbortSignal,
): Promise<Words | undefined> {
  if (languageServer === undefined || !wantsList(context)) return undefined;
  if (isImagined) return nothingMore(context);
  const asked = languageServer.list(document, signal);
  const isHere = asked.then(() => true);
  const isLate = new Promise<boolean>((resolve) => setImmediate(resolve, false));
  if (!(await Promise.race([isHere, isLate]))) {
    // When it fails, so will the generation, which is the one to say why.
    void policy?.warm(context, signal).catch(() => undefined);
  }
  const list = await asked;
  signal.throwIfAborted();
  return list === undefined ? undefined : wordsOf(list, context);
}

/** What the policy is asked, beside how. */
interface Question {
  readonly context: CompletionContext;
  readonly drafts: readonly Draft[];
  readonly words: Words | undefined;
}

/** The policy's answer; undefined if there is no policy, or it failed and the caller was told. */
async function generate(
  params: SuggestParams,
  { context, drafts, words }: Question,
  signal: AbortSignal,
): Promise<GenerateResult | undefined> {
  const options = { ...defaultOptions, ...params.options };
  try {
    return await params.policy?.generate(
      {
        context,
        samples: options.samples ?? samplesOf[params.trigger],
        temperature: options.temperature,
        maxTokens: context.multiline ? options.maxBlockTokens : options.maxLineTokens,
        least: context.multiline ? undefined : options.leastLine,
        seed: Math.floor(params.random() * 0x1_0000_0000),
        drafts,
        words,
        maxUnreadTokens: options.maxUnreadTokens,
        urgency: params.urgency,
      },
      signal,
    );
  } catch (error) {
    if (error instanceof Error && error.name === 'AbortError') throw error;
    params.onPolicyError?.(error);
    return undefined;
  }
}

function unscored(draft: Draft): Candidate {
  return {
    text: draft.text,
    tokenIds: [],
    logProb: NaN,
    source: draft.source,
    propensity: 1,
    ...(draft.copy && { copy: draft.copy }),
  };
}

/** The candidates as they would be shown. */
function* asShown(
  candidates: readonly Candidate[],
  context: CompletionContext,
  { parser, document }: SuggestParams,
  inScope: (text: string) => string,
): Pieces<Candidate[]> {
  const check = parser && syntaxCheck(parser, document);
  const reindent = reindentAt(withoutClosers(document));
  const shown: Candidate[] = [];
  for (const candidate of candidates) {
    const trimmed = inScope(trim(reindent(candidate.text), context));
    shown.push(cutTo(check ? yield* check(trimmed) : trimmed, candidate));
  }
  return shown;
}

/**
 * One candidate for each text that would stand in the document, the first of them; those that would add
 * nothing are dropped. What the policy proposes and the user's own text supports keeps the evidence of
 * both.
 */
function merge(
  candidates: readonly Candidate[],
  inserted: ReturnType<typeof insertionAt>,
): Candidate[] {
  const byWhole = new Map<string, Candidate>();
  for (const candidate of candidates) {
    const whole = inserted(candidate.text)?.whole;
    if (whole === undefined) continue;
    const first = byWhole.get(whole);
    if (first === undefined) byWhole.set(whole, candidate);
    else if (first.copy === undefined && candidate.copy !== undefined)
      byWhole.set(whole, { ...first, copy: candidate.copy });
  }
  return [...byWhole.values()];
}
