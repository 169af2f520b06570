import { expect, test } from 'vitest';
import { OutcomeMemory } from '../../../src/completion/outcomeMemory';
import { RefusalMemory } from '../../../src/completion/refusals';
import { recall } from '../../../src/editor/recall';
import { sampleHistory, sampleSuggestion } from '../../helpers/sampleEvents';
import { openStoreForTests, recordAll, silentLogger } from '../../helpers/storeForTests';

test('what became of suggestions in an earlier session is known in this one', async () => {
  const { store } = await openStoreForTests();
  await recordAll(store, [...sampleHistory(0, 'dismissed'), ...sampleHistory(1, 'left')]);
  const refusals = new RefusalMemory();
  const outcomes = new OutcomeMemory();
  await recall(Promise.resolve(store), { refusals, outcomes }, silentLogger);
  expect(outcomes.at(Infinity)).toMatchObject({ refusedInARow: 1, takenInARow: 0 });
  const isRefused = [0, 1].map((n) => {
    const { context, candidates } = sampleSuggestion(n);
    return refusals.isRefused(context, candidates[0]?.text ?? '');
  });
  expect(isRefused).toEqual([true, false]);
});

test('a database that cannot be read is told of, and nothing more comes of it', async () => {
  const told: string[] = [];
  const logger = { ...silentLogger, error: (_: string, message: string) => told.push(message) };
  const memories = { refusals: new RefusalMemory(), outcomes: new OutcomeMemory() };
  await recall(Promise.reject(new Error('damaged')), memories, logger);
  expect(told).toEqual(['What became of earlier suggestions could not be read.']);
});
