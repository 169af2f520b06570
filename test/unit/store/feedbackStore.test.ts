import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { SuggestionRange } from '../../../src/store/feedbackStore';
import type { FeedbackEvent } from '../../../src/types';
import {
  sampleCandidate,
  sampleHistory,
  sampleStartMs,
  sampleSuggestion,
} from '../../helpers/sampleEvents';
import { openStoreForTests, readAll, recordAll } from '../../helpers/storeForTests';

const day = 86_400_000;

describe('recording', () => {
  test('every kind of event comes back as it was recorded', async () => {
    const { store } = await openStoreForTests();
    const history = sampleHistory(2, 'accepted');
    const suggestionId = sampleSuggestion(2).id;
    const rating: FeedbackEvent = {
      kind: 'rating',
      suggestionId,
      thumb: 'up',
      aspects: { style: -1, efficiency: 0.5 },
      comment: 'Exactly what I meant 😀',
      timeMs: sampleStartMs,
    };
    await recordAll(store, [...history, rating]);
    expect(await readAll(store)).toEqual([
      {
        suggestion: sampleSuggestion(2),
        shown: history.filter(({ kind }) => kind === 'shown'),
        outcomes: history.filter(({ kind }) => kind === 'outcome'),
        survival: history.filter(({ kind }) => kind === 'survival'),
        settled: history.find(({ kind }) => kind === 'settled'),
        rating,
      },
    ]);
  });

  test('a candidate without a score and a decision to stay silent come back as such', async () => {
    const { store } = await openStoreForTests();
    const candidates = [
      { text: 'x', tokenIds: [], logProb: NaN, source: 'copied', propensity: 1, score: NaN },
    ] as const;
    const suggestion = sampleSuggestion(0, { candidates, shownIndex: null });
    await store.record({ kind: 'suggestion', suggestion });
    expect((await readAll(store)).map((stored) => stored.suggestion)).toEqual([suggestion]);
    expect(await store.lastSuggestion()).toBeUndefined();
  });

  test('what a reward model learns from comes back, and what was not known stays unknown', async () => {
    const { store } = await openStoreForTests();
    const copy = { runLength: 12, votes: 2, places: 3, sameFile: false };
    const suggestion = sampleSuggestion(0, {
      candidates: [
        { ...sampleCandidate('one'), firstLogProb: -0.25, entropy: 1.5 },
        { ...sampleCandidate('two', 1), copy },
        { ...sampleCandidate('six', 2), copy: { ...copy, ownVotes: 0, recency: 0.3 } },
        { ...sampleCandidate('ten', 2), copy: { ...copy, sameSymbol: false } },
      ],
      exploration: 'explored',
      state: [0, -0.5, 1024, 2 ** -20],
    });
    await store.record({ kind: 'suggestion', suggestion });
    expect((await readAll(store)).map((stored) => stored.suggestion)).toEqual([suggestion]);
  });

  test('NUL and emoji come back whole, a lone surrogate as U+FFFD', async () => {
    const { store } = await openStoreForTests();
    await recordAll(store, sampleHistory(0, 'accepted'));
    const suggestionId = sampleSuggestion(0).id;
    await store.record({ kind: 'settled', suggestionId, text: 'a\0b😀\ud800c\r\n', timeMs: 1 });
    expect((await store.lastSuggestion())?.settled?.text).toBe('a\0b😀\ufffdc\r\n');
  });

  test('a late accept overwrites the outcome, and the earlier one stays in the history', async () => {
    const { store } = await openStoreForTests();
    await recordAll(store, sampleHistory(0, 'left'));
    await recordAll(store, sampleHistory(0, 'accepted').slice(2, 3));
    const stored = await store.lastSuggestion();
    expect(stored?.outcomes.map(({ outcome }) => outcome)).toEqual(['left', 'accepted']);
    expect((await store.counts()).byOutcome).toEqual({ accepted: 1 });
  });

  test('an event of a suggestion that is not stored is dropped without an error', async () => {
    const { store, problems } = await openStoreForTests();
    await recordAll(store, sampleHistory(0, 'accepted').slice(1));
    expect(await readAll(store)).toEqual([]);
    expect(problems).toEqual([]);
  });

  test('an event that cannot be stored is refused alone', async () => {
    const { store } = await openStoreForTests();
    const broken = { ...sampleSuggestion(0), policyVersion: null } as never;
    const refused = store.record({ kind: 'suggestion', suggestion: broken });
    const kept = store.record({ kind: 'suggestion', suggestion: sampleSuggestion(1) });
    await expect(refused).rejects.toMatchObject({ code: 'invalid' });
    await kept;
    expect(await readAll(store)).toHaveLength(1);
  });

  test('the same suggestion recorded twice is stored once', async () => {
    const { store } = await openStoreForTests();
    await recordAll(store, [...sampleHistory(0, 'accepted'), ...sampleHistory(0, 'accepted')]);
    expect((await store.counts()).suggestions).toBe(1);
  });

  test('after close nothing is taken any more', async () => {
    const { store } = await openStoreForTests();
    await store.close();
    const event = sampleHistory(0, 'left')[0];
    await expect(store.record(event as FeedbackEvent)).rejects.toMatchObject({ code: 'closed' });
    await expect(store.counts()).rejects.toMatchObject({ code: 'closed' });
  });
});

describe('reading', () => {
  test('suggestions come oldest first, across pages, whatever the order they were recorded in', async () => {
    const { store } = await openStoreForTests();
    const order = Array.from({ length: 230 }, (_, n) => (n * 101) % 230);
    await recordAll(
      store,
      order.map((n) => ({ kind: 'suggestion', suggestion: sampleSuggestion(n) })),
    );
    const times = (await readAll(store)).map(({ suggestion }) => suggestion.timeMs);
    expect(times).toEqual(order.map((_, n) => sampleStartMs + n * 60_000));
  });

  test('the newest come oldest first, or all where there are not as many', async () => {
    const { store } = await openStoreForTests();
    await recordAll(
      store,
      [2, 0, 1].map((n) => ({ kind: 'suggestion', suggestion: sampleSuggestion(n) })),
    );
    const newest = async (limit: number) => {
      const ids: string[] = [];
      for await (const { suggestion } of store.newest(limit)) ids.push(suggestion.id);
      return ids;
    };
    expect(await newest(2)).toEqual([sampleSuggestion(1).id, sampleSuggestion(2).id]);
    expect(await newest(9)).toHaveLength(3);
  });

  test('a reading as of a time leaves out what happened later', async () => {
    const { store } = await openStoreForTests();
    await recordAll(store, sampleHistory(0, 'accepted'));
    const [stored] = await readAll(store, { asOfMs: sampleStartMs + 16_640 });
    expect(stored?.survival).toHaveLength(1);
    expect(stored?.settled).toBeUndefined();
    expect(await readAll(store, { fromMs: sampleStartMs + 1 })).toEqual([]);
    expect(await readAll(store, { untilMs: sampleStartMs - 1 })).toEqual([]);
  });

  test('counts are by outcome, language and day', async () => {
    const { store } = await openStoreForTests();
    await recordAll(store, [
      ...sampleHistory(0, 'accepted'),
      ...sampleHistory(1, 'unseen'),
      ...sampleHistory(3, 'accepted', { timeMs: sampleStartMs + 3 * day }),
    ]);
    const counts = await store.counts();
    expect(counts).toMatchObject({
      suggestions: 3,
      byOutcome: { accepted: 2, unseen: 1 },
      byLanguage: { typescript: 2, python: 1 },
    });
    expect(Object.values(counts.byDay)).toEqual([2, 1]);
    expect(counts.usedBytes).toBeGreaterThan(0);
  });
});

describe('what the user judged', () => {
  const outcomes = ['accepted', 'dismissed', 'left', 'unseen', 'typedAgainst'] as const;
  const documentUri = 'file:///other/a.ts';

  async function judged() {
    const { store } = await openStoreForTests();
    for (const [n, outcome] of outcomes.entries())
      await recordAll(store, sampleHistory(n, outcome, n === 0 ? { documentUri } : {}));
    return store;
  }

  test('is what was taken or refused, and nothing else', async () => {
    expect(await (await judged()).judgedSince(0)).toBe(3);
  });

  test('counts from a time on, by when it was judged', async () => {
    const store = await judged();
    const [first] = await readAll(store);
    const firstJudgedMs = first?.outcomes[0]?.timeMs ?? 0;
    expect(await store.judgedSince(firstJudgedMs - 1)).toBe(3);
    expect(await store.judgedSince(firstJudgedMs)).toBe(2);
  });

  test('counts once what was also judged in words, and what was judged in words alone', async () => {
    const store = await judged();
    for (const n of [0, 2])
      await store.record({
        kind: 'rating',
        suggestionId: sampleSuggestion(n).id,
        thumb: 'up',
        aspects: {},
        comment: '',
        timeMs: sampleStartMs,
      });
    expect(await store.judgedSince(0)).toBe(4);
  });

  test('counts the documents below one address alone where one is given', async () => {
    const store = await judged();
    expect(await store.judgedSince(0, 'file:///other/')).toBe(1);
    expect(await store.judgedSince(0, 'file:///none/')).toBe(0);
  });
});

describe('a part of the store', () => {
  const shop = 'file:///shop/';

  async function twoFolders() {
    const { store } = await openStoreForTests();
    for (const n of [0, 1, 2, 3]) {
      const documentUri = n % 2 === 0 ? `${shop}a%20b.ts` : 'file:///shop-two/a.ts';
      await recordAll(store, sampleHistory(n, 'accepted', { documentUri }));
    }
    return store;
  }
  const minutes = (n: number): number => sampleStartMs + n * 60_000;

  test.each<[string, SuggestionRange, readonly number[]]>([
    ['all of it', {}, [0, 1, 2, 3]],
    ['a folder, and none that begins alike', { documents: [shop] }, [0, 2]],
    ['several folders', { documents: [shop, 'file:///shop-two/'] }, [0, 1, 2, 3]],
    ['a span', { fromMs: minutes(1), untilMs: minutes(2) }, [1, 2]],
    ['a span of a folder', { fromMs: minutes(1), documents: [shop] }, [2]],
    ['a folder without feedback', { documents: ['file:///none/'] }, []],
  ])('is read, counted and deleted alike: %s', async (_name, range, expected) => {
    const store = await twoFolders();
    const ids = async (part?: SuggestionRange) =>
      (await readAll(store, part)).map(({ suggestion }) => suggestion.id);
    const wanted = expected.map((n) => sampleSuggestion(n).id);
    const others = (await ids()).filter((id) => !wanted.includes(id));
    expect(await ids(range)).toEqual(wanted);
    expect(await store.countOf(range)).toBe(wanted.length);
    expect(await store.deleteRange(range)).toBe(wanted.length);
    expect(await ids()).toEqual(others);
  });
});

describe('deleting', () => {
  test('one, a range, and all go with every fact, and their words leave the disk', async () => {
    const { store, file } = await openStoreForTests();
    for (const n of [0, 1, 2, 3, 4]) {
      const suggestionId = sampleSuggestion(n).id;
      const text = `unmistakable words of ${n} `.repeat(n === 4 ? 1 : 300);
      await recordAll(store, sampleHistory(n, 'accepted'));
      await store.record({ kind: 'settled', suggestionId, text, timeMs: 1 });
    }
    expect(await store.deleteSuggestion(sampleSuggestion(0).id)).toBe(1);
    const range = { fromMs: sampleStartMs + 60_000, untilMs: sampleStartMs + 120_000 };
    expect(await store.deleteRange(range)).toBe(2);
    expect(await wordsOnDisk(file)).toEqual(['3', '4']);
    expect(await store.deleteAll()).toBe(2);
    expect(await wordsOnDisk(file)).toEqual([]);
    expect(await store.counts()).toMatchObject({ suggestions: 0, byOutcome: {} });
  });
});

async function wordsOnDisk(file: string): Promise<string[]> {
  const bytes = await Promise.all(
    [file, `${file}-wal`].map((name) => readFile(name, 'latin1').catch(() => '')),
  );
  const words = bytes.join('').matchAll(/unmistakable words of (\d)/g);
  return [...new Set([...words].map((match) => match[1] ?? ''))].sort();
}

describe('retention', () => {
  test('what is older than the days kept is removed, the rest stays', async () => {
    const { store } = await openStoreForTests({
      clock: { now: () => sampleStartMs + 10 * day, after: () => () => undefined },
    });
    await recordAll(store, [
      ...sampleHistory(0, 'accepted'),
      ...sampleHistory(1, 'left', { timeMs: sampleStartMs + 5 * day }),
    ]);
    expect(await store.prune({ retentionDays: 0, maxStoreMegabytes: 0 })).toBe(0);
    expect(await store.prune({ retentionDays: 7, maxStoreMegabytes: 0 })).toBe(1);
    expect((await readAll(store)).map(({ suggestion }) => suggestion.id)).toEqual([
      sampleSuggestion(1).id,
    ]);
  });

  test('above the size allowed the oldest go, and the file shrinks', async () => {
    const { store, file } = await openStoreForTests();
    const prefix = 'let x = 1;\n'.repeat(700);
    const context = { ...sampleSuggestion(0).context, prefix };
    const suggestions = Array.from({ length: 450 }, (_, n) => sampleSuggestion(n, { context }));
    await recordAll(
      store,
      suggestions.map((suggestion) => ({ kind: 'suggestion', suggestion })),
    );
    await store.checkpoint();
    const before = (await readFile(file)).length;
    expect(await store.prune({ retentionDays: 0, maxStoreMegabytes: 2 })).toBeGreaterThan(0);
    const after = (await readFile(file)).length;
    expect(before).toBeGreaterThan(2 * 1_048_576);
    expect(after).toBeLessThanOrEqual(2 * 1_048_576);
    const left = await readAll(store);
    expect(left.at(-1)?.suggestion.id).toBe(sampleSuggestion(449).id);
  });
});
