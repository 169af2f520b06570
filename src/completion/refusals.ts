/**
 * What the user refused, and where, so that the same text is not offered at the same place again
 * until what surrounds it changes, this session or a later one. It is told what became of suggestions
 * and keeps the least that recognises them; it stores nothing, and says nothing of other places: that
 * is the reward model's to learn.
 */
import type { CompletionContext, FeedbackEvent, StoredSuggestion, Suggestion } from '../types';
import { isBlank, lineHead, lineRest } from './indentation';
import { dropOldest } from './outcomeMemory';

export interface Refusals {
  /** Whether `text` is, or begins with, what was refused at this place. */
  isRefused(context: CompletionContext, text: string): boolean;
}

/** Refusals kept; those longest ago go first. */
const maxRefusals = 2_000;
/** Suggestions whose outcome may still come. */
const maxAwaited = 500;
/** Lines that tell a place: not blank, above and below the cursor's. */
const linesAbove = 2;
const linesBelow = 1;
/** Of each of these lines so many characters count. */
const maxLineCharacters = 100;
/** Refusals weigh so much; from 1 on the text is not offered again. */
const weights = { dismissed: 1, ratedDown: 1, typedAgainst: 0.5 } as const;

/** One text refused at one place. */
interface Refusal {
  /** The line as it would have been, without its indentation; or all of a text too short to tell. */
  readonly line: string;
  /** Characters of `line` that stood there when it was refused. */
  readonly headLength: number;
  /** Whether only the very same text is meant. */
  readonly isExact: boolean;
  /** How much each suggestion that was refused so says. */
  readonly weightBySuggestion: ReadonlyMap<string, number>;
}

export class RefusalMemory implements Refusals {
  /** By place; the place where something was refused last stands last. */
  readonly #refusals = new Map<string, readonly Refusal[]>();
  #count = 0;
  /** By id, the oldest first. */
  readonly #awaited = new Map<string, Suggestion>();

  get size(): number {
    return this.#count;
  }

  isRefused(context: CompletionContext, text: string): boolean {
    if (this.#count === 0) return false;
    const head = headOf(context);
    const at = this.#refusals.get(placeOf(context)) ?? [];
    return at.some(
      (refusal) =>
        weightOf(refusal) >= 1 && isSame(refusal, head + text) && !isTypedAlong(refusal, head),
    );
  }

  /** Takes in a fact, whichever kind it is; facts of a suggestion follow the suggestion. */
  note(event: FeedbackEvent): void {
    if (event.kind === 'suggestion') {
      this.#awaited.set(event.suggestion.id, event.suggestion);
      dropOldest(this.#awaited, maxAwaited);
      return;
    }
    const suggestion = this.#awaited.get(event.suggestionId);
    if (suggestion !== undefined) this.#noteOf(suggestion, event);
  }

  /** Takes in what is known of an earlier suggestion. */
  recall({ suggestion, outcomes, settled, rating }: StoredSuggestion): void {
    for (const outcome of outcomes) this.#noteOf(suggestion, outcome);
    if (settled) this.#noteOf(suggestion, settled);
    if (rating) this.#noteOf(suggestion, rating);
  }

  /** The user dismissed it, seen or not, when `typedLength` characters of it stood there. */
  refuse(suggestion: Suggestion, candidateIndex: number, typedLength: number): void {
    this.#add(suggestion, candidateIndex, weights.dismissed, typedLength);
  }

  /** Forgets what a deleted suggestion said. */
  forget(suggestionId: string): void {
    this.#awaited.delete(suggestionId);
    for (const [place, refusals] of [...this.#refusals]) {
      const left = refusals.flatMap((refusal) => {
        const weightBySuggestion = new Map(refusal.weightBySuggestion);
        weightBySuggestion.delete(suggestionId);
        return weightBySuggestion.size === 0 ? [] : [{ ...refusal, weightBySuggestion }];
      });
      this.#put(place, left, 'where it is');
    }
  }

  forgetAll(): void {
    this.#awaited.clear();
    this.#refusals.clear();
    this.#count = 0;
  }

  #noteOf(suggestion: Suggestion, event: Exclude<FeedbackEvent, { kind: 'suggestion' }>): void {
    switch (event.kind) {
      case 'outcome':
        if (event.outcome === 'dismissed' || event.outcome === 'typedAgainst') {
          this.#add(suggestion, event.candidateIndex, weights[event.outcome]);
        } else if (event.takenLength > 0) {
          const text = suggestion.candidates[event.candidateIndex]?.text ?? '';
          this.#takeBack(suggestion.context, text.slice(0, event.takenLength));
        }
        return;
      case 'settled':
        // Whoever writes it by hand after all did want it.
        this.#takeBack(suggestion.context, event.text);
        return;
      case 'rating': {
        const index = suggestion.shownIndex ?? 0;
        if (event.thumb === 'down') this.#add(suggestion, index, weights.ratedDown);
        if (event.thumb === 'up') {
          this.#takeBack(suggestion.context, suggestion.candidates[index]?.text ?? '');
        }
        return;
      }
      case 'shown':
      case 'survival':
        return;
    }
  }

  #add(
    { id, context, candidates }: Suggestion,
    candidateIndex: number,
    weight: number,
    typedLength = 0,
  ): void {
    const text = candidates[candidateIndex]?.text ?? '';
    if (isBlank(text)) return;
    const place = placeOf(context);
    const at = this.#refusals.get(place) ?? [];
    const refused = refusalOf(headOf(context), text);
    const known = at.find(({ line }) => line === refused.line);
    const earlier = known?.weightBySuggestion ?? new Map<string, number>();
    const weightBySuggestion = new Map([
      ...earlier,
      [id, Math.max(weight, earlier.get(id) ?? 0)] as const,
    ]);
    const others = at.filter((refusal) => refusal !== known);
    const headLength = Math.max(refused.headLength + typedLength, known?.headLength ?? 0);
    this.#put(place, [...others, { ...refused, headLength, weightBySuggestion }], 'newest');
    for (const oldest of this.#refusals.keys()) {
      if (this.#count <= maxRefusals) break;
      this.#put(oldest, [], 'where it is');
    }
  }

  #takeBack(context: CompletionContext, text: string): void {
    const place = placeOf(context);
    const at = this.#refusals.get(place);
    if (at === undefined) return;
    const whole = headOf(context) + text;
    const left = at.filter((refusal) => !isSame(refusal, whole));
    if (left.length < at.length) this.#put(place, left, 'where it is');
  }

  #put(place: string, refusals: readonly Refusal[], order: 'newest' | 'where it is'): void {
    this.#count += refusals.length - (this.#refusals.get(place)?.length ?? 0);
    if (refusals.length === 0 || order === 'newest') this.#refusals.delete(place);
    if (refusals.length > 0) this.#refusals.set(place, refusals);
  }
}

/** A text is known by its first line where there is enough in it, so that no other block follows it. */
function refusalOf(head: string, text: string): Omit<Refusal, 'weightBySuggestion'> {
  const [firstLine = ''] = text.split('\n');
  const isExact = !isTelling(firstLine);
  const line = (head + (isExact ? text : firstLine)).trimEnd();
  return { line, headLength: head.length, isExact };
}

/** Whether there are three letters or digits in it. */
function isTelling(line: string): boolean {
  return (line.match(/[\p{L}\p{N}]/gu) ?? []).length >= 3;
}

/** Whether `whole`, a line and what may follow it, begins with what was refused. */
function isSame({ line, isExact }: Refusal, whole: string): boolean {
  if (isExact) return whole.trimEnd() === line;
  if (!whole.startsWith(line)) return false;
  // `load` was refused, not `loadAll`.
  const goesOn = /[\p{L}\p{N}_$]$/u.test(line) && /^[\p{L}\p{N}_$]/u.test(whole.slice(line.length));
  return !goesOn;
}

/** Whether the user has typed half of what was refused: then the rest of it is welcome. */
function isTypedAlong({ line, headLength }: Refusal, head: string): boolean {
  return head.length - headLength > (line.length - headLength) / 2;
}

function weightOf({ weightBySuggestion }: Refusal): number {
  return [...weightBySuggestion.values()].reduce((sum, weight) => sum + weight, 0);
}

function headOf({ prefix }: CompletionContext): string {
  return lineHead(prefix).trimStart();
}

/** The file and the lines about the cursor's line, indentation aside. */
function placeOf({ repository, path, prefix, suffix }: CompletionContext): string {
  const above = prefix.slice(0, prefix.length - lineHead(prefix).length);
  const below = suffix.slice(lineRest(suffix).length);
  const near = [
    ...lastLines(above, linesAbove),
    squeezed(lineRest(suffix)),
    ...firstLines(below, linesBelow),
  ];
  return JSON.stringify([repository, path, ...near]);
}

function lastLines(text: string, count: number): string[] {
  const lines: string[] = [];
  for (let end = text.length; end > 0 && lines.length < count;) {
    const start = text.lastIndexOf('\n', end - 2) + 1;
    const line = text.slice(start, end);
    if (!isBlank(line)) lines.unshift(squeezed(line));
    end = start;
  }
  return lines;
}

function firstLines(text: string, count: number): string[] {
  const lines: string[] = [];
  for (let start = 0; start < text.length && lines.length < count;) {
    const at = text.indexOf('\n', start);
    const end = at < 0 ? text.length : at;
    const line = text.slice(start, end);
    if (!isBlank(line)) lines.push(squeezed(line));
    start = end + 1;
  }
  return lines;
}

function squeezed(line: string): string {
  return line
    .slice(0, 4 * maxLineCharacters)
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, maxLineCharacters);
}
