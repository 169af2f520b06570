/** One bit flipped inside JSON: the database is sound, and one suggestion of it cannot be read. */
import { describe, expect, test } from 'vitest';
import { diagnose } from '../../../src/doctor';
import { Database } from '../../../src/store/database';
import { planExport } from '../../../src/store/export';
import { openExistingStore } from '../../../src/store/feedbackStore';
import { readNewest, readStores } from '../../../src/store/storeReader';
import type { FeedbackEvent, Logger } from '../../../src/types';
import { sampleSuggestion } from '../../helpers/sampleEvents';
import { openStoreForTests, recordAll, silentLogger } from '../../helpers/storeForTests';

/** More than two pages, with damaged rows at both ends of a page. */
const total = 205;
const damaged = [99, 100, 204].map((n) => sampleSuggestion(n).id);

const places = {
  'a snippet that ends too soon': `UPDATE suggestions SET snippets_json = '[{"kind":'`,
  'snippets that are no list': `UPDATE suggestions SET snippets_json = '{}'`,
  'a snippet without a text': `UPDATE suggestions SET snippets_json = '[{"kind":"similar"}]'`,
  'token ids that are no JSON': `UPDATE candidates SET token_ids_json = '[1,2'`,
  'token ids that are words': `UPDATE candidates SET token_ids_json = '["a"]'`,
  'aspects that are no numbers': `UPDATE ratings SET aspects_json = '{"a":"b"}'`,
};

/** A closed database with three suggestions that cannot be read. */
async function damagedDatabase(update: string): Promise<string> {
  const { store, file } = await openStoreForTests();
  const events = Array.from({ length: total }, (_, n): FeedbackEvent[] => {
    const suggestion = sampleSuggestion(n);
    const rating = { thumb: 'up', aspects: {}, comment: '', timeMs: suggestion.timeMs } as const;
    return [
      { kind: 'suggestion', suggestion },
      { kind: 'rating', suggestionId: suggestion.id, ...rating },
    ];
  });
  await recordAll(store, events.flat());
  await store.close();
  const database = await Database.open(file, 'existing');
  const column = update.includes('UPDATE suggestions') ? 'id' : 'suggestion_id';
  await database.use((connection) =>
    connection.run(
      `${update} WHERE ${column} IN (SELECT value FROM json_each(?))`,
      JSON.stringify(damaged),
    ),
  );
  await database.close();
  return file;
}

/** A log that keeps its warnings. */
function warnings(): { readonly logger: Logger; readonly said: string[] } {
  const said: string[] = [];
  return { said, logger: { ...silentLogger, warn: (_topic, message) => void said.push(message) } };
}

async function idsOf(
  suggestions: AsyncIterable<{ readonly suggestion: { readonly id: string } }>,
): Promise<string[]> {
  const ids: string[] = [];
  for await (const { suggestion } of suggestions) ids.push(suggestion.id);
  return ids;
}

const sound = Array.from({ length: total }, (_, n) => sampleSuggestion(n).id).filter(
  (id) => !damaged.includes(id),
);
const told = '3 suggestions cannot be read, because their rows are damaged, and left out.';

describe.each(Object.entries(places))('%s', (_, update) => {
  test('keeps no reader from all the other suggestions', async () => {
    const file = await damagedDatabase(update);
    const { logger, said } = warnings();
    expect(await idsOf(readStores([file], logger))).toEqual(sound);
    expect(await idsOf(readNewest([file], 1_000, logger))).toEqual(sound);
    expect(said).toEqual(Array(2).fill(expect.stringContaining(`${file}: ${told}`)));
  });

  test('is told by an export, by the doctor and in the log', async () => {
    const file = await damagedDatabase(update);
    const { logger, said } = warnings();
    const store = await openExistingStore(file, { logger });
    const plan = await planExport(store, { format: 'events' });
    expect(await store.lastSuggestion()).toBeDefined();
    await store.close();
    expect(plan.suggestions).toBe(total - damaged.length);
    expect(plan.leaves).toContainEqual(expect.stringContaining(told));
    expect(said).toEqual([expect.stringContaining(told)]);
    const nowhere = { modelDirectory: '/nowhere', grammarDirectory: '/nowhere', logger };
    const findings = await diagnose({ ...nowhere, database: undefined, found: [file] });
    expect(findings.find(({ subject }) => subject === 'database')).toMatchObject({
      state: 'fine',
      message: expect.stringContaining(told) as string,
    });
  });
});
