/**
 * Stored suggestions as training rows with the column names of Hugging Face TRL, and no others: its
 * trainers drop what they do not know. Pure; what a suggestion was worth is said by
 * `label.ts` alone. Formats: https://huggingface.co/docs/trl/dataset_formats
 */
import type { CompletionContext, StoredSuggestion } from '../types';
import { secretMark } from '../util/secretMark';
import { rewardOfStored } from './label';
import { escapeMarks } from './spelledMarks';

/**
 * What the policy read, spelled out: the names of repository and files stand after the marks of the
 * StarCoder format, which the tokenizer of a model that knows them turns into single tokens. The
 * policy itself read as much of it as there was room for. Names hold no line ends.
 */
export function promptText({ repository, path, snippets, prefix }: CompletionContext): string {
  const file = (path: string, text: string) => `<file_sep>${escapeMarks(`${path}\n${text}`)}`;
  return [
    repository === '' ? '' : `<repo_name>${escapeMarks(repository)}`,
    ...snippets.map((snippet) => file(snippet.path, `${snippet.text}\n`)),
    file(path, prefix),
  ].join('');
}

/** What the policy should have said. */
export interface SftRow {
  readonly prompt: string;
  readonly completion: string;
}

export interface PreferenceRow {
  readonly prompt: string;
  readonly chosen: string;
  readonly rejected: string;
}

export interface UnpairedRow {
  readonly prompt: string;
  readonly completion: string;
  readonly label: boolean;
}

/** What stands there in the end, or was taken, unless it was refused. */
export function sftRows(stored: StoredSuggestion): SftRow[] {
  const { prompt, shown, taken, settled, value } = reading(stored);
  const completion = settled ?? (value > 0 ? taken : undefined);
  if (completion === undefined || (completion === shown && value < 0)) return [];
  return [{ prompt, completion }].filter(isUseful);
}

/** What was shown, good or bad by the sign of its reward; no row where the facts support none. */
export function unpairedRows(stored: StoredSuggestion): UnpairedRow[] {
  const { prompt, shown, taken, value } = reading(stored);
  // Where only a part was taken, that part is what was liked.
  const completion = value > 0 ? (taken ?? shown) : shown;
  if (completion === undefined || value === 0) return [];
  return [{ prompt, completion, label: value > 0 }].filter(isUseful);
}

/** Remembers what was refused where, so that what is taken there later has something to be better than. */
export class PreferencePairs {
  readonly #refusedAt = new Map<string, Set<string>>();

  /** Takes suggestions oldest first. */
  rowsOf(stored: StoredSuggestion): PreferenceRow[] {
    const { prompt, shown, taken, settled, value, passedOver } = reading(stored);
    const { documentUri, context } = stored.suggestion;
    const place = JSON.stringify([documentUri, context.prefix, context.suffix]);
    const refused = this.#refusedAt.get(place) ?? new Set<string>();
    let chosen: string | undefined;
    if (value < 0 && shown !== undefined) {
      refused.add(shown);
      this.#refusedAt.set(place, refused);
      chosen = settled;
    } else if (value > 0) {
      for (const text of passedOver) refused.add(text);
      chosen = taken;
    }
    if (chosen === undefined) return [];
    const better = chosen;
    const rows = [...refused]
      .filter((rejected) => rejected.trimEnd() !== better.trimEnd())
      .map((rejected) => ({ prompt, chosen: better, rejected }))
      .filter(isUseful);
    // Said once, it need not be said again when the same place comes up another time.
    if (rows.length > 0) this.#refusedAt.delete(place);
    return rows;
  }
}

/** What the facts of one suggestion say about texts at its place. */
export interface Reading {
  readonly prompt: string;
  /** The candidate that the outcome is about. */
  readonly shown: string | undefined;
  /** What the user took of it. */
  readonly taken: string | undefined;
  readonly settled: string | undefined;
  /** The reward, and what it counts beside others; 0 where the facts support none. */
  readonly value: number;
  readonly weight: number;
  /** Other candidates that were shown there by cycling. */
  readonly passedOver: readonly string[];
}

export function reading(stored: StoredSuggestion): Reading {
  const { suggestion, shown, outcomes, settled } = stored;
  const reward = rewardOfStored(stored);
  const outcome = outcomes.at(-1);
  const index = outcome?.candidateIndex ?? suggestion.shownIndex ?? -1;
  const text = suggestion.candidates[index]?.text;
  const taken =
    outcome && outcome.takenLength > 0 ? text?.slice(0, outcome.takenLength) : undefined;
  return {
    prompt: suggestion.context.prefix.trim() === '' ? '' : promptText(suggestion.context),
    shown: text,
    taken,
    settled: settled?.text,
    value: reward?.value ?? 0,
    weight: reward?.weight ?? 0,
    passedOver: shown.flatMap(({ candidateIndex }) => {
      const other = candidateIndex === index ? undefined : suggestion.candidates[candidateIndex];
      return other === undefined ? [] : [other.text];
    }),
  };
}

/** No trainer can learn from nothing, and nobody wants a model that says `<secret:password>`. */
function isUseful(row: SftRow | PreferenceRow | UnpairedRow): boolean {
  const { prompt, ...rest } = row;
  const answers = Object.values(rest).filter((value) => typeof value === 'string');
  return (
    prompt.trim() !== '' &&
    answers.every((answer) => answer.trim() !== '' && !secretMark.test(answer))
  );
}
