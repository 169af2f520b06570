import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { defaultSettings } from '../../../src/contributions';
import { type HistoryLearning, learnHistory, withinLimit } from '../../../src/replay/learnHistory';
import { openExistingStore } from '../../../src/store/feedbackStore';
import { readStores } from '../../../src/store/storeReader';
import { fakePolicy, garden, knowing, noParser } from '../../helpers/gardenHistory';
import { gitRepository } from '../../helpers/gitRepository';
import { silentLogger } from '../../helpers/storeForTests';
import { temporaryFolder } from '../../helpers/temporaryFolder';

const never = new AbortController().signal;

async function learning(options: Partial<HistoryLearning>): Promise<HistoryLearning> {
  return {
    repository: '',
    out: path.join(await temporaryFolder(), 'history.db'),
    limits: { commits: 100, decisions: 100, minutes: 5 },
    policy: fakePolicy(knowing),
    ...{ parser: noParser, settings: defaultSettings, logger: silentLogger },
    ...options,
  };
}

test.each([
  [
    'the history ends first',
    { share: 0.5, leftMs: 60_000 },
    60_000,
    { share: 0.5, leftMs: 60_000 },
  ],
  ['time runs out first', { share: 0.1, leftMs: 540_000 }, 60_000, { share: 0.5, leftMs: 60_000 }],
  ['nothing is known yet', { share: 0.01, leftMs: null }, 6_000, { share: 0.05, leftMs: null }],
  ['time is over', { share: 0.9, leftMs: 6_000 }, 130_000, { share: 1, leftMs: 0 }],
])('progress is told by the nearer end: %s', (_name, told, spentMs, expected) => {
  expect(withinLimit({ decisions: 9, ...told }, spentMs, 120_000)).toEqual({
    decisions: 9,
    ...expected,
  });
});

describe('learning from a history', () => {
  test('makes a store of what would have been done, at the times of the commits', async () => {
    const asked = await learning({ repository: await garden() });
    const report = await learnHistory(asked, never);
    expect(report).toMatchObject({ ended: 'history', ownOnly: false });
    expect(report.accepted).toBeGreaterThan(1);
    const store = await openExistingStore(asked.out, { logger: silentLogger });
    let count = 0;
    for await (const { suggestion, outcomes, settled } of store.suggestions()) {
      count++;
      expect(suggestion.timeMs).toBeLessThan(Date.UTC(2025, 0, 2));
      if (outcomes[0]?.outcome === 'accepted') expect(settled?.text).toMatch(/plant|'/);
    }
    await store.close();
    expect(count).toBe(report.decisions);
    expect(await readdir(path.dirname(asked.out))).toEqual(['history.db']);
  });

  test('gives documents the addresses that the editor gives them', async () => {
    const address = 'file:///home/ada/garden';
    const limits = { commits: 100, decisions: 4, minutes: 5 };
    const asked = await learning({ repository: await garden(), address, limits });
    await learnHistory(asked, never);
    const uris: string[] = [];
    for await (const { suggestion } of readStores([asked.out], silentLogger, `${address}/`)) {
      uris.push(suggestion.documentUri);
    }
    expect(uris.length).toBeGreaterThan(3);
  });

  test("asks only in the user's own commits where there are enough", async () => {
    const other = 'Bob <bob@example.org>';
    const repository = await garden([other, other, other]);
    const limits = { commits: 100, decisions: 6, minutes: 5 };
    const report = await learnHistory(await learning({ repository, limits }), never);
    expect(report).toMatchObject({ ownOnly: true, commits: { asked: 3 } });
    const more = { ...limits, decisions: 12 };
    const whole = await learnHistory(await learning({ repository, limits: more }), never);
    expect(whole.ownOnly).toBe(false);
    expect(whole.commits.asked).toBeGreaterThan(3);
  });

  test('ends in time, with what it has', async () => {
    const limits = { commits: 100, decisions: 100, minutes: 0 };
    const asked = await learning({ repository: await garden(), limits });
    expect(await learnHistory(asked, never)).toMatchObject({ ended: 'minutes', decisions: 0 });
    expect(await readdir(path.dirname(asked.out))).toEqual(['history.db']);
  });

  test('that is cancelled makes no store, and goes on from what was said', async () => {
    const abort = new AbortController();
    const policy = fakePolicy(knowing);
    const asked = await learning({
      repository: await garden(),
      policy,
      onProgress: ({ decisions }) => {
        if (decisions >= 3) abort.abort();
      },
    });
    await expect(learnHistory(asked, abort.signal)).rejects.toMatchObject({ name: 'AbortError' });
    expect(await readdir(path.dirname(asked.out))).toEqual(['history.db.learning']);
    const before = policy.asked;
    const report = await learnHistory({ ...asked, onProgress: () => undefined }, never);
    expect(policy.asked).toBe(report.decisions);
    expect(before).toBeGreaterThan(2);
    expect(await readdir(path.dirname(asked.out))).toEqual(['history.db']);
  });

  test('of a folder that has none says so, and makes nothing', async () => {
    const empty = (await gitRepository()).directory;
    const asked = await learning({ repository: empty });
    await expect(learnHistory(asked, never)).rejects.toMatchObject({ code: 'empty' });
    expect(await readdir(path.dirname(asked.out))).toEqual([]);
  });
});
