/** Stored suggestions of an imagined user whose taste is a rule, for tests of what learns from them. */
import type { Candidate, Outcome, ScoredCandidate, StoredSuggestion } from '../../src/types';
import { seededRandom, type Random } from '../../src/util/random';
import { sampleStartMs, sampleSuggestion } from './sampleEvents';

/** P(accepted) of a candidate, 0..1. */
export type Taste = (candidate: Candidate) => number;

const words = ['load', 'user', 'total', 'items', 'make', 'render', 'path', 'value', 'done', 'next'];

/** The likelier the policy finds it, the rather it is taken; comments are never. */
export const plainTaste: Taste = ({ text, logProb }) =>
  text.startsWith('//') ? 0 : 1 / (1 + Math.exp(-2 * (logProb + 2)));

/** `count` suggestions, one a minute, of four candidates; the likeliest is shown. */
export function rewardHistory(count: number, taste: Taste, seed = 1): StoredSuggestion[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, (_, n) => {
    const candidates = Array.from({ length: 4 }, (_, i) => candidateOf(i, random));
    const isTaken = random() < taste(candidates[0] as Candidate);
    return storedWith(n, candidates, isTaken ? 'accepted' : 'dismissed');
  });
}

/** One suggestion of which the first candidate was shown. */
export function storedWith(
  n: number,
  candidates: readonly ScoredCandidate[],
  outcome: Outcome | undefined,
  settledText?: string,
): StoredSuggestion {
  const suggestion = {
    ...sampleSuggestion(n, { candidates, shownIndex: outcome === undefined ? null : 0 }),
    timeMs: sampleStartMs + n * 60_000,
  };
  const { id: suggestionId, timeMs } = suggestion;
  const length = candidates[0]?.text.length ?? 0;
  const isTaken = outcome === 'accepted';
  return {
    suggestion,
    shown: [],
    outcomes:
      outcome === undefined
        ? []
        : [
            {
              kind: 'outcome',
              suggestionId,
              outcome,
              candidateIndex: 0,
              takenLength: isTaken ? length : 0,
              visibleMs: 2_000,
              timeMs: timeMs + 3_000,
            },
          ],
    survival: isTaken
      ? [
          {
            kind: 'survival',
            suggestionId,
            afterSeconds: 30,
            survival: 1,
            state: 'present',
            timeMs: timeMs + 33_000,
          },
        ]
      : [],
    settled:
      settledText === undefined
        ? undefined
        : { kind: 'settled', suggestionId, text: settledText, timeMs: timeMs + 13_000 },
    rating: undefined,
  };
}

function candidateOf(index: number, random: Random): ScoredCandidate {
  const word = () => words[Math.floor(random() * words.length)] ?? '';
  const text = random() < 0.2 ? `// ${word()} ${word()}` : `${word()}.${word()}(${word()});`;
  return {
    text,
    tokenIds: [],
    logProb: -4 * random() - index * 0.5,
    source: index === 0 ? 'greedy' : 'sampled',
    propensity: 1,
    score: 0.5,
  };
}

export async function* streamOf<T>(items: readonly T[]): AsyncGenerator<T> {
  for (const item of items) yield await Promise.resolve(item);
}
