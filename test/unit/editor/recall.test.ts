import { expect, test } from 'vitest';
import { RefusalMemory } from '../../../src/completion/refusals';
import { recallRefusals } from '../../../src/editor/recall';
import { sampleHistory, sampleSuggestion } from '../../helpers/sampleEvents';
import { openStoreForTests, recordAll, silentLogger } from '../../helpers/storeForTests';

test('what an earlier session stored as refused is refused in this one', async () => {
  const { store } = await openStoreForTests();
  await recordAll(store, [...sampleHistory(0, 'dismissed'), ...sampleHistory(1, 'left')]);
  const refusals = new RefusalMemory();
  await recallRefusals(Promise.resolve(store), refusals, silentLogger);
  const isRefused = [0, 1].map((n) => {
    const { context, candidates } = sampleSuggestion(n);
    return refusals.isRefused(context, candidates[0]?.text ?? '');
  });
  expect(isRefused).toEqual([true, false]);
});

test('a database that cannot be read is told of, and nothing more comes of it', async () => {
  const told: string[] = [];
  const logger = { ...silentLogger, error: (_: string, message: string) => told.push(message) };
  await recallRefusals(Promise.reject(new Error('damaged')), new RefusalMemory(), logger);
  expect(told).toEqual(['What was refused before could not be read.']);
});
