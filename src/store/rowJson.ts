/**
 * The JSON inside rows of the database. A flipped bit there leaves a sound database, so what is read
 * is checked: a suggestion with a part that is not what was written cannot be read, and is left out.
 */
import type { Snippet } from '../types';

/** Thrown for a text that is not the JSON that was written there. */
export class UnreadableRow extends Error {}

export function snippetsFrom(json: string): Snippet[] {
  return parsed(json, (value) => Array.isArray(value) && value.every(isSnippet)) as Snippet[];
}

export function tokenIdsFrom(json: string): number[] {
  return parsed(json, (value) => Array.isArray(value) && value.every(Number.isInteger)) as number[];
}

export function aspectsFrom(json: string): Record<string, number> {
  const fits = (value: unknown) => isObject(value) && Object.values(value).every(Number.isFinite);
  return parsed(json, fits) as Record<string, number>;
}

function isSnippet(value: unknown): boolean {
  if (!isObject(value)) return false;
  return ['kind', 'path', 'text'].every((key) => typeof value[key] === 'string');
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parsed(json: string, fits: (value: unknown) => boolean): unknown {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new UnreadableRow('A row holds damaged JSON.', { cause: error });
  }
  if (!fits(value)) throw new UnreadableRow('A row holds JSON of another shape.');
  return value;
}
