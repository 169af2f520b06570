/**
 * Realistic suggestions and what became of them, made of data, for tests of whatever reads or writes
 * feedback. Always the same for the same arguments; nothing random, no clock.
 */
import type { FeedbackEvent, Outcome, ScoredCandidate, Suggestion } from '../../src/types';

/** 2026-03-02 09:00 UTC, a Monday. */
export const sampleStartMs = Date.UTC(2026, 2, 2, 9);

const places = [
  {
    path: 'src/cart.ts',
    languageId: 'typescript',
    prefix: 'export function total(items: Item[]) {\n  return ',
    texts: ['items.reduce((sum, item) => sum + item.price, 0);', 'items.length;', 'sum(items);'],
  },
  {
    path: 'tools/report.py',
    languageId: 'python',
    prefix: 'def mean(values):\n    ',
    texts: ['return sum(values) / len(values)', 'total = 0', 'pass'],
  },
  {
    path: 'web/é😀.html',
    languageId: 'html',
    prefix: '<ul>\r\n\t<li>',
    texts: ['{{ item.name }}</li>', '</li>', 'Ünïcode — ✓</li>'],
  },
] as const;

const layout = { kind: 'similar', path: 'web/läyout.html', text: '<main>\n</main>' } as const;

/** Suggestion number `n`; one a minute. */
export function sampleSuggestion(n: number, changes: Partial<Suggestion> = {}): Suggestion {
  const place = places[n % places.length] ?? places[0];
  return {
    id: `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`,
    timeMs: sampleStartMs + n * 60_000,
    documentUri: `file:///home/user/shop/${encodeURI(place.path)}`,
    offset: place.prefix.length + n,
    trigger: n % 5 === 0 ? 'invoked' : 'automatic',
    context: {
      repository: 'shop',
      path: place.path,
      languageId: place.languageId,
      snippets: n % places.length === 2 ? [layout] : [],
      prefix: `// ${n}\n${place.prefix}`,
      suffix: '\n}\n',
      multiline: n % 2 === 0,
    },
    candidates: place.texts.map((text, index) => sampleCandidate(text, index)),
    shownIndex: 0,
    propensity: 0.98,
    exploration: 'best',
    policyVersion: 'smollm2-135m@b179c952',
    rewardVersion: 'score-1',
    latencyMs: { context: 0.5, copy: 1.25, queue: 0, prefill: 40.5, decode: 90, total: 132.25 },
    ...changes,
  };
}

export function sampleCandidate(text: string, index = 0): ScoredCandidate {
  const candidate = {
    text,
    tokenIds: Array.from(text, (character) => character.codePointAt(0) ?? 0),
    logProb: -0.25 * (index + 1) * text.length,
    propensity: index === 0 ? 1 : 0.125,
    score: 1 - 0.25 * index,
  };
  return index === 2
    ? {
        ...candidate,
        source: 'copied',
        copy: { runLength: 12, votes: 2, places: 3, sameFile: true },
      }
    : { ...candidate, source: index === 0 ? 'greedy' : 'sampled' };
}

/** A suggestion, its showing and its outcome; if accepted, its survival and settled text as well. */
export function sampleHistory(
  n: number,
  outcome: Outcome,
  changes: Partial<Suggestion> = {},
): FeedbackEvent[] {
  const suggestion = sampleSuggestion(n, changes);
  const { id: suggestionId, timeMs } = suggestion;
  const text = suggestion.candidates[0]?.text ?? '';
  const isTaken = outcome === 'accepted' || outcome === 'typedThrough';
  const events: FeedbackEvent[] = [
    { kind: 'suggestion', suggestion },
    { kind: 'shown', suggestionId, candidateIndex: 0, timeMs: timeMs + 140 },
    {
      kind: 'outcome',
      suggestionId,
      outcome,
      candidateIndex: 0,
      takenLength: isTaken ? text.length : outcome === 'partial' ? Math.ceil(text.length / 2) : 0,
      visibleMs: outcome === 'unseen' ? 200 : 1_500,
      timeMs: timeMs + 1_640,
    },
  ];
  if (isTaken) {
    events.push(
      {
        kind: 'survival',
        suggestionId,
        afterSeconds: 15,
        survival: 1,
        state: 'present',
        timeMs: timeMs + 16_640,
      },
      { kind: 'settled', suggestionId, text, timeMs: timeMs + 20_000 },
      {
        kind: 'survival',
        suggestionId,
        afterSeconds: 30,
        survival: 1,
        state: 'present',
        timeMs: timeMs + 31_640,
      },
    );
  }
  return events;
}
