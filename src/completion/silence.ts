/**
 * Why nothing is shown at a cursor, as a function of the gate's answer and of the suggestion made
 * there; and what became of each text that was proposed. It asks nobody, shows nothing and logs
 * nothing; the words for the log hold no code.
 */
import type { Words } from '../model/types';
import type { CandidateSource, Suggestion } from '../types';
import type { SilentReason } from './gate';
import { obeys } from './languageList';
import { evenChance } from './rerank';

export type Silence =
  | { readonly kind: 'gate'; readonly reason: SilentReason }
  /** Nothing was proposed that may be shown. */
  | { readonly kind: 'nothing' }
  /** The score is that of a text of usual length, which is what the threshold is for. */
  | { readonly kind: 'unsure'; readonly score: number; readonly threshold: number }
  /** Good enough, and withheld by a draw in order to learn. */
  | { readonly kind: 'drawn' };

export interface SilenceParams {
  readonly gate: SilentReason | undefined;
  readonly suggestion: Pick<Suggestion, 'candidates' | 'shownIndex'> | undefined;
  /** What the best candidate must reach, 0..1. */
  readonly threshold: number;
}

/** Undefined where a candidate is shown. */
export function silenceOf({ gate, suggestion, threshold }: SilenceParams): Silence | undefined {
  if (gate !== undefined) return { kind: 'gate', reason: gate };
  const best = suggestion?.candidates[0];
  if (suggestion === undefined || best === undefined) return { kind: 'nothing' };
  if (suggestion.shownIndex !== null) return undefined;
  const score = evenChance({ text: best.text, probability: best.score });
  return score < threshold ? { kind: 'unsure', score, threshold } : { kind: 'drawn' };
}

/** A sentence without any code in it. */
export function silenceWords(silence: Silence): string {
  switch (silence.kind) {
    case 'gate':
      return gateWords[silence.reason];
    case 'nothing':
      return 'Nothing was proposed that fits here.';
    case 'unsure': {
      const { score, threshold } = silence;
      return `The best candidate is not sure enough for its length: ${scoreWords(score)} of ${thresholdWords(threshold)}.`;
    }
    case 'drawn':
      return 'A candidate was withheld at random, to learn whether that was right.';
  }
}

const gateWords: Readonly<Record<SilentReason, string>> = {
  off: 'Suggestions are off.',
  languageOff: 'Suggestions are off for this language.',
  insideCharacter: 'The cursor is inside a character.',
  insideWord: 'The cursor is inside a word.',
  insideComment: 'Suggestions in comments are off.',
  statementEnds: 'The statement ends here.',
};

/** A score, short and never rounded up to a threshold that it misses. */
export function scoreWords(score: number): string {
  return `${Math.floor(score * 1000) / 1000}`;
}

/** A threshold, short and never rounded down to what misses it. */
export function thresholdWords(threshold: number): string {
  return `${Math.ceil(threshold * 1000) / 1000}`;
}

/** A text as it was proposed, before it was cut and checked. */
export interface Proposal {
  readonly text: string;
  readonly source: CandidateSource;
}

export type Rejection =
  /** The user dismissed it at this place. */
  | 'refused'
  /** It begins with a member that does not exist. */
  | 'unlisted'
  /** What is left of it after the checks is empty, or repeats what stands there. */
  | 'unfit';

export interface RejectedProposal extends Proposal {
  readonly why: Rejection;
}

export interface Filters {
  /** Texts that were held back because they were refused before. */
  readonly refused: readonly string[];
  readonly words: Words | undefined;
}

/** The proposals that became no candidate, each with the reason; one for each text. */
export function rejectedOf(
  proposed: readonly Proposal[],
  candidates: readonly { readonly text: string }[],
  { refused, words }: Filters,
): readonly RejectedProposal[] {
  // What was cut is a beginning of what was proposed, but for its indentation.
  const isFrom = (proposal: string) => (text: string) =>
    text !== '' && squeezed(proposal).startsWith(squeezed(text));
  const byText = new Map<string, RejectedProposal>();
  for (const { text, source } of proposed) {
    const isOf = isFrom(text);
    if (candidates.some((candidate) => isOf(candidate.text))) continue;
    // The same copy comes once as it stands elsewhere, once as it would stand here.
    if ([...byText.keys()].some(isOf)) continue;
    const isRefused = refused.some(isOf);
    const why = isRefused ? 'refused' : obeys(text, words) ? 'unfit' : 'unlisted';
    byText.set(text, { text, source, why });
  }
  return [...byText.values()];
}

function squeezed(text: string): string {
  return text.replace(/\s+/g, ' ');
}
