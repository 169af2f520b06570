/**
 * What became of recent suggestions, as the features of the next one see it: shares taken of late,
 * overall and by kind, and texts that were refused or taken before. A fold over facts in the order of
 * their time, so that the live editor and a refit from the store remember the same at the same moment.
 * It decides nothing; what an outcome is worth for learning is said by `feedback/label.ts`.
 */
import type { CandidateSource, FeedbackEvent, StoredSuggestion, Suggestion } from '../types';
import { languageGroup } from './languageGroup';
import { lineHead } from './indentation';

/** How often something was taken of late. */
export interface Share {
  /** 0..1; half-way to what is usual while little is known. */
  readonly taken: number;
  /** Outcomes it rests on, the older the less. */
  readonly seen: number;
}

/** What is remembered at one moment. */
export interface RecentOutcomes {
  readonly overall: Share;
  ofSource(source: CandidateSource): Share;
  ofLanguage(languageId: string): Share;
  ofFile(documentUri: string): Share;
  /** Of texts that begin alike. */
  ofHead(context: Suggestion['context'], text: string): Share;
  /** Of this very text. */
  ofText(text: string): Share;
  /** Suggestions refused since one was taken, and taken since one was refused. */
  readonly refusedInARow: number;
  readonly takenInARow: number;
  /** Infinity when none was. */
  readonly sinceRefusalMs: number;
}

/** Share taken that is assumed of what nobody has seen, and the outcomes that assumption is worth. */
const usual = 0.35;
const usualWeight = 2;
/** What an outcome still counts after the next one of its kind: about the last fourteen count. */
const keptPerOutcome = 0.93;
/** Suggestions whose outcome may still come, and what is remembered of each kind. */
const maxAwaited = 500;
const maxKinds = 2_000;
/** Taken and gone after at most this time is refused after all. */
const goneSeconds = 30;

interface Tally {
  taken: number;
  seen: number;
}

interface Awaited {
  readonly suggestion: Suggestion;
  /** How it was counted: 0..1 taken; undefined while it was not. */
  counted: number | undefined;
}

export class OutcomeMemory {
  /** Facts that are not looked at yet, the oldest first. */
  readonly #queue: FeedbackEvent[] = [];
  /** The oldest first. */
  readonly #awaited = new Map<string, Awaited>();
  /** By what they are about; the one counted last stands last. */
  readonly #tallies = new Map<string, Tally>();
  #refusedInARow = 0;
  #takenInARow = 0;
  #refusedMs = -Infinity;

  /** Takes a fact, which counts from its own time on. */
  record(event: FeedbackEvent): void {
    const timeMs = timeOf(event);
    let at = this.#queue.length;
    while (at > 0 && timeOf(this.#queue[at - 1]) > timeMs) at--;
    this.#queue.splice(at, 0, event);
  }

  /** Takes all that is stored of one suggestion. */
  recordStored({ suggestion, outcomes, survival, rating }: StoredSuggestion): void {
    this.record({ kind: 'suggestion', suggestion });
    for (const event of [...outcomes, ...survival, ...(rating ? [rating] : [])]) this.record(event);
  }

  /** What is remembered at `timeMs`; good until the next call. */
  at(timeMs: number): RecentOutcomes {
    while (this.#queue.length > 0 && timeOf(this.#queue[0]) <= timeMs) {
      const event = this.#queue.shift();
      if (event) this.#count(event);
    }
    return {
      overall: this.#share('all'),
      ofSource: (source) => this.#share(`source ${source}`),
      ofLanguage: (languageId) => this.#share(`language ${languageGroup(languageId)}`),
      ofFile: (documentUri) => this.#share(`file ${documentUri}`),
      ofHead: (context, text) => this.#share(`head ${headOf(context, text)}`),
      ofText: (text) => this.#share(`text ${text.trim()}`),
      refusedInARow: this.#refusedInARow,
      takenInARow: this.#takenInARow,
      sinceRefusalMs: timeMs - this.#refusedMs,
    };
  }

  /** All feedback was deleted, so nothing is known of it any more. */
  forgetAll(): void {
    this.#queue.length = 0;
    this.#awaited.clear();
    this.#tallies.clear();
    this.#refusedInARow = 0;
    this.#takenInARow = 0;
    this.#refusedMs = -Infinity;
  }

  #share(kind: string): Share {
    const { taken, seen } = this.#tallies.get(kind) ?? { taken: 0, seen: 0 };
    return { taken: (taken + usual * usualWeight) / (seen + usualWeight), seen };
  }

  #count(event: FeedbackEvent): void {
    if (event.kind === 'suggestion') {
      const { suggestion } = event;
      if (this.#awaited.has(suggestion.id)) return;
      this.#awaited.set(suggestion.id, { suggestion, counted: undefined });
      dropOldest(this.#awaited, maxAwaited);
      return;
    }
    const awaited = this.#awaited.get(event.suggestionId);
    const taken = awaited && takenShare(event, awaited);
    if (awaited === undefined || taken === undefined || taken === awaited.counted) return;
    const index = 'candidateIndex' in event ? event.candidateIndex : awaited.suggestion.shownIndex;
    const isNew = awaited.counted === undefined;
    const change = taken - (awaited.counted ?? 0);
    awaited.counted = taken;
    for (const kind of kindsOf(awaited.suggestion, index ?? 0)) this.#add(kind, change, isNew);
    if (taken >= 0.5) {
      this.#takenInARow += 1;
      this.#refusedInARow = 0;
    } else {
      this.#refusedInARow += 1;
      this.#takenInARow = 0;
      this.#refusedMs = event.timeMs;
    }
  }

  #add(kind: string, change: number, isNew: boolean): void {
    const tally = this.#tallies.get(kind) ?? { taken: 0, seen: 0 };
    const kept = isNew ? keptPerOutcome : 1;
    tally.taken = Math.max(0, tally.taken * kept + change);
    tally.seen = tally.seen * kept + (isNew ? 1 : 0);
    this.#tallies.delete(kind);
    this.#tallies.set(kind, tally);
    dropOldest(this.#tallies, maxKinds);
  }
}

/** What nobody remembers anything before. */
export const noOutcomes: RecentOutcomes = new OutcomeMemory().at(0);

/** How much of what was shown was taken by this fact; undefined where it says nothing. */
function takenShare(event: FeedbackEvent, { suggestion, counted }: Awaited): number | undefined {
  if (event.kind === 'rating') {
    return event.thumb === null ? undefined : Number(event.thumb === 'up');
  }
  if (event.kind === 'survival') {
    const isGone = event.survival === 0 && event.afterSeconds <= goneSeconds;
    return isGone && event.state !== 'replacedOutside' && counted !== undefined ? 0 : undefined;
  }
  if (event.kind !== 'outcome') return undefined;
  switch (event.outcome) {
    case 'accepted':
    case 'typedThrough':
      return 1;
    case 'partial': {
      const length = suggestion.candidates[event.candidateIndex]?.text.length ?? 0;
      return event.takenLength / Math.max(1, length, event.takenLength);
    }
    case 'dismissed':
    case 'typedAgainst':
      return 0;
    case 'superseded':
    case 'left':
    case 'unseen':
      return undefined;
  }
}

function kindsOf({ context, documentUri, candidates }: Suggestion, index: number): string[] {
  const candidate = candidates[index];
  const kinds = ['all', `language ${languageGroup(context.languageId)}`, `file ${documentUri}`];
  if (candidate === undefined) return kinds;
  const { source, text } = candidate;
  return [...kinds, `source ${source}`, `head ${headOf(context, text)}`, `text ${text.trim()}`];
}

/** How a text begins, with what is typed of its first word: `console.log`, `return`, `//`. */
function headOf({ prefix }: Suggestion['context'], text: string): string {
  const typed = /(?<![\w$.])[\w$.]*$/.exec(lineHead(prefix).slice(-60))?.[0] ?? '';
  return /^\s*([\w$.@#]+|[^\w\s]+)/.exec(typed + text)?.[1]?.slice(0, 60) ?? '';
}

function timeOf(event: FeedbackEvent | undefined): number {
  if (event === undefined) return Infinity;
  return event.kind === 'suggestion' ? event.suggestion.timeMs : event.timeMs;
}

/** Leaves the `most` entries that were put in last. */
export function dropOldest(map: Map<string, unknown>, most: number): void {
  for (const oldest of map.keys()) {
    if (map.size <= most) return;
    map.delete(oldest);
  }
}
