/** A feedback store on a temporary file, closed with the test; remembers the problems it told. */
import path from 'node:path';
import { onTestFinished } from 'vitest';
import type { StoreError } from '../../src/store/errors';
import {
  type FeedbackStore,
  openFeedbackStore,
  type SuggestionRange,
} from '../../src/store/feedbackStore';
import type { Clock, FeedbackEvent, Logger, StoredSuggestion } from '../../src/types';
import { temporaryFolder } from './temporaryFolder';

export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

export interface StoreForTests {
  readonly store: FeedbackStore;
  readonly file: string;
  readonly problems: StoreError[];
}

export async function openStoreForTests(
  options: { readonly file?: string; readonly clock?: Clock } = {},
): Promise<StoreForTests> {
  const file = options.file ?? path.join(await temporaryFolder(), 'feedback.db');
  const problems: StoreError[] = [];
  const store = await openFeedbackStore(file, {
    logger: silentLogger,
    onProblem: (problem) => problems.push(problem),
    ...(options.clock === undefined ? {} : { clock: options.clock }),
  });
  onTestFinished(() => store.close());
  return { store, file, problems };
}

export async function recordAll(
  store: FeedbackStore,
  events: readonly FeedbackEvent[],
): Promise<void> {
  await Promise.all(events.map((event) => store.record(event)));
}

export async function readAll(
  store: FeedbackStore,
  range?: SuggestionRange,
): Promise<StoredSuggestion[]> {
  const all: StoredSuggestion[] = [];
  for await (const stored of store.suggestions(range)) all.push(stored);
  return all;
}
