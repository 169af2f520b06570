/**
 * Cuts candidates without losing what is known of them: the first lines of a block become candidates of
 * their own, so that those worth showing are shown where the whole is not. It judges none of them.
 */
import type { Candidate, Suggestion } from '../types';
import { isBlank } from './indentation';
import { scanSyntax } from './syntax';

/** Longest beginning in lines. */
const maxLines = 6;

/**
 * The candidates, each followed by its beginnings that end at a line end, the longest first; one for
 * each text. A beginning ends where every bracket it opened is closed, or with the line that opens one.
 */
export function withBeginnings(candidates: readonly Candidate[], languageId: string): Candidate[] {
  const byText = new Map(candidates.map((candidate) => [candidate.text, candidate]));
  for (const candidate of candidates) {
    for (const text of beginningsOf(candidate.text, languageId))
      if (!byText.has(text)) byText.set(text, cutTo(text, candidate));
  }
  return [...byText.values()].map(({ lineLogProbs: _, ...candidate }) => candidate);
}

/** The candidate with another text, mostly less of it, and the log-probability that this text has. */
export function cutTo(text: string, candidate: Candidate): Candidate {
  if (text === candidate.text) return candidate;
  const { lineLogProbs, ...rest } = candidate;
  const lines = lineCount(text);
  return {
    ...rest,
    text,
    tokenIds: [],
    logProb: logProbOf(text, candidate),
    ...(lineLogProbs && lines > 1 && { lineLogProbs: lineLogProbs.slice(0, lines - 1) }),
  };
}

/** Known where the text ends with a line of the candidate; estimated from the share kept elsewhere. */
function logProbOf(text: string, { text: whole, logProb, lineLogProbs }: Candidate): number {
  const kept = text.split('\n');
  const lines = whole.split('\n');
  const endsLine = kept.at(-1)?.trim() === lines[kept.length - 1]?.trim();
  const known =
    endsLine && kept.length < lines.length ? lineLogProbs?.[kept.length - 1] : undefined;
  // Deeper indentation makes it longer.
  return known ?? logProb * Math.min(1, text.length / whole.length);
}

/** Whether another candidate goes on below where this one ends. */
export function isBeginning({ text }: Candidate, candidates: readonly Candidate[]): boolean {
  return candidates.some((other) => other.text.startsWith(`${text}\n`));
}

/** Whether a candidate may be cycled to: the one shown, and those that no other goes on from. */
export function isOffered({ candidates, shownIndex }: Suggestion, index: number): boolean {
  const candidate = candidates[index];
  return index === shownIndex || (candidate !== undefined && !isBeginning(candidate, candidates));
}

export function lineCount(text: string): number {
  return text.split('\n').length;
}

function beginningsOf(text: string, languageId: string): string[] {
  const lines = text.split('\n');
  const counts = Array.from({ length: Math.min(maxLines, lines.length - 1) }, (_, i) => i + 1);
  return counts
    .map((count) => lines.slice(0, count))
    .filter((kept) => standsAlone(kept, languageId))
    .map((kept) => kept.join('\n'))
    .reverse();
}

/** Whether a person may go on below these lines: nothing is open but the block that the last one opens. */
function standsAlone(lines: readonly string[], languageId: string): boolean {
  const last = lines.at(-1) ?? '';
  if (isBlank(last)) return false;
  const above = lines
    .slice(0, -1)
    .map((line) => `${line}\n`)
    .join('');
  const isComment = scanSyntax(above + last.trimStart().slice(0, 2), languageId).kind === 'comment';
  const { kind, open } = scanSyntax(`${above}${last}\n`, languageId);
  if (isComment || kind !== 'code') return false;
  return open === '' || (open.endsWith('{') && scanSyntax(above, languageId).open === '');
}
