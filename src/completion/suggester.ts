/**
 * When suggestions are made: at once where no policy need be waited for, after a pause in typing
 * otherwise, and ahead of their time behind the one on screen. One is in the making at a time, and
 * typing on does not throw it away while it may still fit. How one is made is `suggest.ts`; this
 * knows no editor, shows nothing and records nothing.
 */
import type { Urgency } from '../model/types';
import type { Clock, Logger, Settings, Suggestion, Trigger } from '../types';
import type { Disposable } from '../util/disposable';
import { Emitter, type Event } from '../util/event';
import { isOffered } from './beginnings';
import { buildContext, type DocumentSnapshot } from './context';
import { gate } from './gate';
import { indentOf, lineHead } from './indentation';
import { inquire, type Inquiry } from './inquire';
import { type Insertion, insertionAt, plainInsertion } from './insertion';
import { type LanguageServer, obeys, wordAt, wordsOf } from './languageList';
import { suggest, suggestAtOnce, type SuggestParams } from './suggest';
import { type Remainder, type Reuse, type SuggestionCache, typedSince } from './typeThrough';

/** One question of an editor. */
export interface Question {
  readonly document: DocumentSnapshot;
  /** Where the document's text begins in the whole, of which it may be a part. */
  readonly windowStart: number;
  readonly trigger: Trigger;
  readonly settings: SuggestParams['settings'] & Pick<Settings, 'debounceMs'>;
  /** Knows which names may stand at this very cursor. */
  readonly languageServer?: LanguageServer | undefined;
  /** Whether the document is only expected to be so. */
  readonly isImagined?: boolean;
}

/** What to offer; no remainder where it was decided to stay silent. */
export interface Answer extends Reuse {
  /** Whether this very question made it; it may also have been there before. */
  readonly isNew: boolean;
}

/** What suggestions are made with, whatever the question. */
export type Sources = Omit<SuggestParams, keyof Question | 'clock' | 'onPolicyError' | 'urgency'>;

export interface SuggesterParams {
  /** Asked anew for each suggestion: a policy comes and goes. */
  readonly sources: () => Sources;
  readonly cache: SuggestionCache;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What the model may have to read before it answers; a warm-up reads the rest. About 0.4 s. */
const maxUnreadTokens = 160;

/** How long a suggestion must have been on screen before the next one is made behind it. */
export const restMs = 100;
/** How long one in the making goes on when nobody waits for it. An editor asks again sooner. */
export const orphanMs = 400;
/** How long a decision to stay silent stands. */
export const silenceMs = 3000;

export class Suggester implements Disposable {
  readonly #params: SuggesterParams;
  readonly #busy = new Emitter<boolean>();
  #making: Making | undefined;
  /** Questions that wait. */
  #waiting = 0;
  #cancelRest: (() => void) | undefined;
  /** The shown candidate that the next suggestion was made behind, so that it is done once. */
  #preparedFor: string | undefined;
  /** Decisions to stay silent that were answered with. */
  readonly #silences = new WeakSet<Suggestion>();
  /** Ends what is being made ahead of its time. */
  #ahead = new AbortController();

  /** True while a question waits for its answer. */
  readonly onDidChangeBusy: Event<boolean> = this.#busy.event;

  constructor(params: SuggesterParams) {
    this.#params = params;
  }

  /**
   * What to offer here: no remainders where it was decided to stay silent, undefined where there was
   * nothing to decide. Rejects with an AbortError when `signal` fires.
   */
  async ask(question: Question, signal: AbortSignal): Promise<Answer | undefined> {
    this.#cancelRest?.();
    const before = await thatExists(this.#reuse(question), question, signal);
    const isEnough = question.trigger === 'automatic' || !this.#isUnread(before?.suggestion);
    if (before && isEnough) return this.#again(before);
    const answer = await this.#find(question, signal);
    return before?.remainders[0] ? answer && withFirst(answer, before.remainders[0].text) : answer;
  }

  /** What would be made of the question now, and why; see `inquire.ts`. */
  inquire(question: Question, signal: AbortSignal): Promise<Inquiry> {
    return inquire(this.#suggestParams(question, 'asked'), signal);
  }

  /** A candidate of the answer is on screen. When it has stayed for a moment, the next one is made. */
  shown(question: Question, suggestion: Suggestion, remainder: Remainder): void {
    const { cache, clock } = this.#params;
    cache.shown(suggestion, remainder.candidateIndex);
    this.#cancelRest?.();
    const shown = `${suggestion.id} ${remainder.candidateIndex}`;
    if (shown === this.#preparedFor) return;
    this.#cancelRest = clock.after(restMs, () => {
      this.#preparedFor = shown;
      void this.#prepare(question, suggestion, remainder.text);
    });
  }

  /** The user took it. */
  taken(suggestionId: string): void {
    this.#params.cache.forget(suggestionId);
  }

  /** The user refused it: it is not offered again when the next character agrees with it. */
  refused(suggestionId: string): void {
    this.#params.cache.forget(suggestionId);
    this.left();
  }

  /** The user is elsewhere: nothing more is made for where they were. */
  left(): void {
    this.#cancelRest?.();
    this.#ahead.abort();
    if (this.#making?.waiting === 0) this.#making.abort.abort();
  }

  /** Nothing that was made or learned before bears on what comes. */
  forgetAll(): void {
    this.left();
    this.#params.cache.forget();
    this.#params.sources().copyIndex?.forgetWritten();
  }

  dispose(): void {
    this.left();
    this.#busy.dispose();
  }

  async #find(question: Question, signal: AbortSignal): Promise<Answer | undefined> {
    const { cache, clock } = this.#params;
    const { document, trigger, settings } = question;
    const askedAtMs = clock.now();
    const read = this.#reuse(question, (suggestion) => !this.#isUnread(suggestion));
    if (read) return this.#again(read);

    const atOnce = await suggestAtOnce(this.#suggestParams(question, 'asked'));
    signal.throwIfAborted();
    if (atOnce) return this.#answer(placed(atOnce, question));

    const making = this.#making;
    const typed = making?.begun && typedSince(making.question.document, document);
    if (making && typeof typed === 'number') {
      const suggestion = await this.#wait(making, signal);
      if (typed === 0) return this.#answer(suggestion);
      cache.remember(suggestion);
      const fitting = await thatExists(this.#reuse(question), question, signal);
      if (fitting) return this.#again(fitting);
    }
    this.#ahead.abort();
    const dueMs = trigger === 'automatic' ? askedAtMs + settings.debounceMs : 0;
    return this.#answer(await this.#wait(this.#make(question, 'asked', dueMs), signal));
  }

  /** What was made before and fits, but for what was refused here since. */
  #reuse(
    question: Question,
    isWanted: (suggestion: Suggestion) => boolean = () => true,
  ): Reuse | undefined {
    const { document, trigger, settings } = question;
    const reuse = this.#params.cache.reuse(
      document,
      (suggestion) => isWanted(suggestion) && this.#mayReuse(suggestion, question),
    );
    const { refusals } = this.#params.sources();
    if (reuse === undefined || reuse.remainders.length === 0) return reuse;
    if (refusals === undefined || trigger === 'invoked') return reuse;
    const context = buildContext(document, settings.multiline);
    const remainders = reuse.remainders.filter(({ text }) => !refusals.isRefused(context, text));
    return remainders.length > 0 ? { ...reuse, remainders } : undefined;
  }

  /** Keeps a suggestion and offers all of it, the candidate to show first in front. */
  #answer(suggestion: Suggestion): Answer | undefined {
    const { candidates, shownIndex } = suggestion;
    // Where the gate is closed it is soon said again.
    if (!wasDecided(suggestion)) return undefined;
    this.#params.cache.remember(suggestion);
    const first = shownIndex === null ? undefined : candidates[shownIndex];
    if (!first) return this.#again({ suggestion, remainders: [] });
    const remainders = candidates
      .map(({ text }, candidateIndex): Remainder => ({ candidateIndex, text, typedLength: 0 }))
      .filter(({ candidateIndex }) => isOffered(suggestion, candidateIndex));
    return withFirst({ suggestion, remainders, isNew: true }, first.text);
  }

  /** What was there before. Silence that nobody heard of yet is new, though it was made ahead. */
  #again(reuse: Reuse): Answer {
    const isNew = reuse.remainders.length === 0 && !this.#silences.has(reuse.suggestion);
    if (isNew) this.#silences.add(reuse.suggestion);
    return { ...reuse, isNew };
  }

  /**
   * Silence is broken by whoever asks in so many words, by a policy that was not there before, and by
   * time: elsewhere something may have been written since, or learned.
   */
  #mayReuse(suggestion: Suggestion, { trigger }: Question): boolean {
    if (this.#isOfAnother(suggestion)) return false;
    if (suggestion.shownIndex !== null) return true;
    const ageMs = this.#params.clock.now() - suggestion.timeMs;
    return trigger === 'automatic' && !this.#isUnread(suggestion) && ageMs < silenceMs;
  }

  /** What was in the making when another policy took over is not offered any more. */
  #isOfAnother({ policyVersion }: Suggestion): boolean {
    const { policy } = this.#params.sources();
    return policy !== undefined && policyVersion !== 'none' && policyVersion !== policy.version;
  }

  /** What no policy has read says less than it could, when there is one. */
  #isUnread(suggestion: Suggestion | undefined): boolean {
    return suggestion?.policyVersion === 'none' && this.#params.sources().policy !== undefined;
  }

  /** Starts on a suggestion in place of the one in the making; at work from `dueMs` on. */
  #make(question: Question, urgency: Urgency, dueMs: number): Making {
    this.#making?.abort.abort();
    const making = new Making(question, (self) => this.#run(self, urgency, dueMs));
    this.#making = making;
    return making;
  }

  async #run(making: Making, urgency: Urgency, dueMs: number): Promise<Suggestion> {
    const { cache, clock, logger } = this.#params;
    const { question } = making;
    const { signal } = making.abort;
    try {
      const quietMs = dueMs - clock.now();
      if (quietMs > 0) await this.#quiet(quietMs, signal);
      making.begun = true;
      const made = await suggest(this.#suggestParams(question, urgency), signal);
      const { total, prefill, decode } = made.latencyMs;
      logger.debug(
        'suggest',
        `${made.candidates.length} candidates in ${Math.round(total)} ms ` +
          `(${urgency}, prefill ${Math.round(prefill)}, decode ${Math.round(decode)}).`,
      );
      const suggestion = placed(made, question);
      if (making.waiting === 0) cache.prepare(suggestion);
      return suggestion;
    } finally {
      if (this.#making === making) this.#making = undefined;
    }
  }

  async #wait(making: Making, signal: AbortSignal): Promise<Suggestion> {
    making.waiting += 1;
    if (++this.#waiting === 1) this.#busy.fire(true);
    try {
      return await orAbort(making.suggestion, signal);
    } finally {
      making.waiting -= 1;
      if (--this.#waiting === 0) this.#busy.fire(false);
      if (signal.aborted && making.waiting === 0) this.#abandon(making);
    }
  }

  /** Nobody waits for it. The next key may agree with it, so what is at work is given some time. */
  #abandon(making: Making): void {
    if (!making.begun) return making.abort.abort();
    this.#params.clock.after(orphanMs, () => {
      if (making.waiting === 0) making.abort.abort();
    });
  }

  /**
   * What can be made behind the suggestion on screen: the one for the text as it will be once this one
   * is taken, and the policy's opinion where it was not asked.
   */
  async #prepare(question: Question, suggestion: Suggestion, text: string): Promise<void> {
    this.#ahead.abort();
    const { signal } = (this.#ahead = new AbortController());
    const opinion = this.#isUnread(suggestion) ? [question] : [];
    try {
      for (const next of [...afterTaking(question, text), ...opinion]) {
        // What somebody asked for goes first; whether it fails is told to whoever asked.
        while (this.#making) await Promise.allSettled([this.#making.suggestion]);
        if (signal.aborted) return;
        await this.#make(next, 'ahead', 0).suggestion;
      }
    } catch (error) {
      if (error instanceof Error && error.name === 'AbortError') return;
      this.#params.logger.error('suggest', 'No suggestion could be made ahead.', error);
    }
  }

  #suggestParams(question: Question, urgency: Urgency): SuggestParams {
    const { sources, clock, logger } = this.#params;
    const { document, trigger, settings, languageServer, isImagined } = question;
    return {
      ...sources(),
      document,
      trigger,
      settings,
      languageServer,
      isImagined,
      clock,
      urgency,
      options: { maxUnreadTokens },
      onPolicyError: (error) => logger.error('model', 'The model gave no answer.', error),
    };
  }

  /** Resolves after `delayMs`; rejects with an AbortError as soon as `signal` fires. */
  async #quiet(delayMs: number, signal: AbortSignal): Promise<void> {
    let cancel = (): void => undefined;
    const pause = new Promise<void>((resolve) => {
      cancel = this.#params.clock.after(delayMs, resolve);
    });
    try {
      await orAbort(pause, signal);
    } finally {
      cancel();
    }
  }
}

/** A suggestion in the making. */
class Making {
  readonly abort = new AbortController();
  readonly suggestion: Promise<Suggestion>;
  /** False while it waits for a pause in typing. */
  begun = false;
  /** Questions that wait for it. */
  waiting = 0;

  constructor(
    readonly question: Question,
    run: (making: Making) => Promise<Suggestion>,
  ) {
    this.suggestion = run(this);
    // Its failure is told to those who wait for it, and there may be none.
    this.suggestion.catch(() => undefined);
  }
}

/**
 * What can be used again at a member: a suggestion made before its dot was typed was held to no list,
 * so what the list does not have is left out of it.
 */
async function thatExists(
  reuse: Reuse | undefined,
  { document, windowStart, languageServer, settings }: Question,
  signal: AbortSignal,
): Promise<Reuse | undefined> {
  if (reuse === undefined || languageServer === undefined) return reuse;
  if (reuse.remainders.length === 0) return reuse;
  const context = buildContext(document, settings.multiline);
  const word = wordAt(context.prefix, context.suffix);
  const wordStart = windowStart + document.offset - (word?.typed.length ?? 0);
  if (word?.kind !== 'members' || reuse.suggestion.offset >= wordStart) return reuse;
  const list = await languageServer.list(document, signal);
  const words = list && wordsOf(list, context);
  const remainders = reuse.remainders.filter(({ text }) => obeys(text, words));
  return remainders.length > 0 ? { ...reuse, remainders } : undefined;
}

/** Whether anybody was asked: where the gate is closed, being silent is no decision. */
function wasDecided({ candidates, policyVersion }: Suggestion): boolean {
  return candidates.length > 0 || policyVersion !== 'none';
}

/** The suggestion with its offset in the whole document. */
function placed(suggestion: Suggestion, { windowStart }: Question): Suggestion {
  return { ...suggestion, offset: suggestion.offset + windowStart };
}

/** The same answer with the candidate of this text, if there is one, in front: it is on screen. */
function withFirst(answer: Answer, text: string): Answer {
  const order = (remainder: Remainder) => (remainder.text === text ? 0 : 1);
  return { ...answer, remainders: answer.remainders.toSorted((a, b) => order(a) - order(b)) };
}

/**
 * The next question once `text` stands at the cursor: there, or, where a statement ends so that there
 * is nothing more to say, on a new line below it.
 */
function afterTaking(question: Question, text: string): Question[] {
  const insertion = insertionAt(question.document)(text);
  if (insertion === undefined) return [];
  const taken = withInserted(question, insertion);
  const { document, trigger, settings } = taken;
  const context = buildContext(document, settings.multiline);
  const silent = gate(document, context, trigger, settings);
  if (silent === undefined) return [taken];
  if (silent !== 'statementEnds') return [];
  const line = `\n${indentOf(lineHead(context.prefix))}`;
  return [withInserted(taken, plainInsertion(line))];
}

function withInserted(question: Question, insertion: Insertion): Question {
  const { document } = question;
  const { text, offset } = document;
  const { whole, cursorAt } = insertion;
  const withEnds = (unixText: string) =>
    text.includes('\r\n') ? unixText.replaceAll('\n', '\r\n') : unixText;
  const behind = offset + insertion.replacedLength + whole.length - insertion.text.length;
  return {
    ...question,
    trigger: 'automatic',
    isImagined: true,
    document: {
      ...document,
      text: text.slice(0, offset) + withEnds(whole) + text.slice(behind),
      offset: offset + withEnds(whole.slice(0, cursorAt)).length,
    },
  };
}

/** Settles as `promise` does, or rejects with an AbortError as soon as `signal` fires. */
async function orAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let onAbort = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(new DOMException('This operation was aborted', 'AbortError'));
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
