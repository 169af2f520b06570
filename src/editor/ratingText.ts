/** The words around a rating: which suggestion is meant, and what was noted. Pure, so that tests can read them. */
import type { Rating } from '../feedback/suggestionTracker';

/** What a rating by command is about. */
export interface Rated {
  readonly suggestionId: string;
  /** What was shown. */
  readonly text: string;
  /** File that it was shown in, as the user knows it. */
  readonly path: string;
  /** What was said of it before. */
  readonly earlier: Rating | undefined;
}

export type NewRating = { readonly thumb: 'up' | 'down' } | { readonly comment: string };

const mostCharacters = 60;

/** The first line of what was shown, shortened, in quotes. */
export function quoted(text: string): string {
  const [first = '', ...more] = text.trim().split(/\r?\n/);
  const line = [...first].slice(0, mostCharacters).join('').trimEnd();
  const isShort = line.length < first.length || more.length > 0;
  return `“${line}${isShort ? ' …' : ''}”`;
}

export function withRating(earlier: Rating | undefined, rating: NewRating): Rating {
  return { thumb: null, ...earlier, ...rating };
}

/** Tells a first word from a change of mind. */
export function notedWords({ text, earlier }: Rated, rating: NewRating): string {
  if ('comment' in rating) return `Comment noted: ${quoted(text)}`;
  const said = rating.thumb === 'up' ? 'good' : 'bad';
  const before = earlier?.thumb ?? null;
  if (before === rating.thumb) return `Rated ${said} already: ${quoted(text)}`;
  return `${before === null ? 'Rated' : 'Changed to'} ${said}: ${quoted(text)}`;
}
