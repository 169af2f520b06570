import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { defaultSettings } from '../../../src/contributions';
import type { GenerateRequest, Policy } from '../../../src/model/types';
import { openHistory } from '../../../src/replay/history';
import {
  type ArmSpec,
  type AskedDecision,
  type Learner,
  replay,
  type ReplayOptions,
  type ReplayResult,
} from '../../../src/replay/replay';
import { reportOf } from '../../../src/replay/report';
import { openExistingStore } from '../../../src/store/feedbackStore';
import type { Suggestion } from '../../../src/types';
import { fakePolicy, garden, knowing, noParser } from '../../helpers/gardenHistory';
import { gitRepository } from '../../helpers/gitRepository';
import { silentLogger } from '../../helpers/storeForTests';
import { sum } from '../../../src/util/statistics';
import { temporaryFolder } from '../../helpers/temporaryFolder';

const never = new AbortController().signal;
const frozen: readonly ArmSpec[] = [
  { name: 'none', sees: 'file' },
  { name: 'cache', sees: 'workspace' },
];

async function run(
  repository: string,
  policy: Policy,
  options: Partial<ReplayOptions> = {},
): Promise<{ readonly result: ReplayResult; readonly directory: string }> {
  const history = await openHistory(repository, { commits: 100, exclude: [] });
  const directory = await temporaryFolder();
  const result = await replay(
    {
      ...{ history, policy, directory, arms: frozen, seed: 1, decisions: 100 },
      ...{ parser: noParser, settings: defaultSettings, logger: silentLogger },
      cache: path.join(directory, 'cache'),
      ...options,
    },
    never,
  ).finally(() => history.dispose());
  return { result, directory };
}

describe('a replay', () => {
  test('counts what a user would have taken of what is right', async () => {
    const { result } = await run(await garden(), fakePolicy(knowing));
    const none = result.records.flatMap(({ arms }) => arms.none ?? []);
    const shown = none.filter((record) => record.shown);
    expect(shown.length).toBeGreaterThan(2);
    const judged = shown.filter(({ forecast }) => forecast !== undefined);
    expect(judged.every(({ accepted, refused }) => accepted && !refused)).toBe(true);
    for (const { retained, keystrokesSaved, accepted } of shown) {
      expect(retained > 0).toBe(accepted);
      expect(keystrokesSaved).toBe(accepted ? retained - 1 : 0);
    }
  });

  test('counts nothing where nothing is right, and one key to send it away', async () => {
    const { result } = await run(
      await garden(),
      fakePolicy(() => 'entirely(wrong)'),
      { arms: [{ name: 'none', sees: 'file' }] },
    );
    const none = result.records.flatMap(({ arms }) => arms.none ?? []);
    expect(none.some(({ refused }) => refused)).toBe(true);
    for (const { retained, keystrokesSaved } of none) {
      expect(retained).toBe(0);
      expect([0, -1]).toContain(keystrokesSaved);
    }
  });

  test('keeps a store of each arm, with what is written in the end', async () => {
    const { directory, result } = await run(
      await garden(),
      fakePolicy(() => 'entirely(wrong)'),
    );
    const file = path.join(directory, 'none.db');
    const store = await openExistingStore(file, { logger: silentLogger });
    const settled: string[] = [];
    let count = 0;
    for await (const stored of store.suggestions()) {
      count++;
      if (stored.settled) settled.push(stored.settled.text);
    }
    await store.close();
    expect(count).toBe(result.records.length);
    expect(settled.length).toBeGreaterThan(0);
    for (const text of settled) expect(text).toMatch(/\w/);
  });

  test('asks the same of all arms, and a policy only once for those that propose alike', async () => {
    const policy = fakePolicy(knowing);
    const asked: AskedDecision[] = [];
    const showsNothing: Learner = {
      policy: undefined,
      notice: () => undefined,
      decide: (suggestion) => ({ ...suggestion, shownIndex: null }),
      learn: () => Promise.resolve(),
      dispose: () => Promise.resolve(),
    };
    const { result } = await run(await garden(), policy, {
      arms: [...frozen, { name: 'reward', sees: 'workspace', learner: showsNothing }],
      onDecision: (decision) => {
        asked.push(decision);
        return Promise.resolve();
      },
    });
    expect(policy.asked).toBe(2 * result.records.length);
    for (const { suggestions } of asked) {
      const texts = (suggestion: Suggestion | undefined) =>
        suggestion?.candidates.map(({ text }) => text);
      expect(texts(suggestions.reward)).toEqual(texts(suggestions.cache));
    }
    const reward = result.records.flatMap(({ arms }) => arms.reward ?? []);
    expect(reward.every(({ shown, retained }) => !shown && retained === 0)).toBe(true);
  });

  test('lets an arm learn only from what it has decided before', async () => {
    const order: string[] = [];
    const learner: Learner = {
      policy: undefined,
      notice: () => undefined,
      decide(suggestion) {
        order.push(`decide ${suggestion.offset}`);
        return suggestion;
      },
      async learn(store) {
        order.push(`learn ${(await store.counts()).suggestions}`);
      },
      dispose: () => Promise.resolve(),
    };
    const { result } = await run(await garden(), fakePolicy(knowing), {
      arms: [{ name: 'reward', sees: 'workspace', learner }],
    });
    const steps = order.map((step) => (step.startsWith('decide') ? 'decide' : step));
    expect(steps).toEqual(result.records.flatMap((_, i) => ['decide', `learn ${i + 1}`]));
  });

  test('comes to the same for the same seed, and to something else for another', async () => {
    const repository = await garden();
    const history = { name: 'garden', head: 'head' };
    const reportFor = async (seed: number) => {
      const { result } = await run(repository, fakePolicy(knowing), { seed });
      const report = reportOf(result, { history, seed: 1, policy: 'fake@1' });
      return JSON.stringify(report, (key, value: unknown) => (key === 'latencyMs' ? 0 : value));
    };
    const first = await reportFor(1);
    expect(await reportFor(1)).toBe(first);
    expect(await reportFor(2)).not.toBe(first);
  });

  test('asks a policy nothing that it was asked in an earlier replay', async () => {
    const repository = await garden();
    const policy = fakePolicy(knowing);
    const cache = await temporaryFolder();
    const { result } = await run(repository, policy, { cache });
    const asked = policy.asked;
    const { result: again } = await run(repository, policy, { cache });
    expect(policy.asked).toBe(asked);
    const retained = ({ records }: ReplayResult) =>
      records.map(({ arms }) => arms.cache?.map((record) => record.retained));
    expect(retained(again)).toEqual(retained(result));
  });

  test('asks a user who took a text again behind it, up to the end of the line', async () => {
    const word = (request: GenerateRequest) => /^\W*\w*/.exec(knowing(request))?.[0] ?? '';
    const { result } = await run(await garden(), fakePolicy(word), {
      arms: [{ name: 'none', sees: 'file' }],
    });
    const asked = result.records.flatMap(({ written, arms }) => {
      const records = arms.none ?? [];
      return records.length > 1 ? [{ written, records }] : [];
    });
    expect(asked.length).toBeGreaterThan(2);
    for (const { written, records } of asked) {
      const looked = records.every(({ forecast }) => forecast !== undefined);
      if (looked) expect(sum(records.map(({ retained }) => retained))).toBe(written);
    }
    expect(asked.some(({ records }) => records.every(({ accepted }) => accepted))).toBe(true);
  });

  test('of a history in which nobody typed asks nothing', async () => {
    const repository = await gitRepository();
    repository.commit({ 'a.ts': 'const x = 1;\n' }, 'renovate[bot] <bot@example.org>');
    repository.commit({ 'README.md': '# Notes on gardens\n' });
    const { result } = await run(repository.directory, fakePolicy(knowing));
    expect(result.records).toEqual([]);
    expect(result.commits).toMatchObject({ walked: 2, asked: 0, bot: 1 });
  });

  test('ends when it is cancelled, with its stores whole', async () => {
    const abort = new AbortController();
    const history = await openHistory(await garden(), { commits: 100, exclude: [] });
    const directory = await temporaryFolder();
    const running = replay(
      {
        ...{ history, directory, arms: frozen, seed: 1, decisions: 100 },
        ...{ parser: noParser, settings: defaultSettings, logger: silentLogger },
        policy: fakePolicy(knowing),
        cache: path.join(directory, 'cache'),
        onProgress: ({ decisions }) => {
          if (decisions > 1) abort.abort();
        },
      },
      abort.signal,
    );
    await expect(running).rejects.toMatchObject({ name: 'AbortError' });
    history.dispose();
    const store = await openExistingStore(path.join(directory, 'cache.db'), {
      logger: silentLogger,
    });
    expect((await store.counts()).suggestions).toBeGreaterThan(1);
    await store.close();
  });
});
