import { describe, expect, test } from 'vitest';
import { inquire } from '../../../src/completion/inquire';
import { leastProbability } from '../../../src/completion/rerank';
import type { SuggestParams } from '../../../src/completion/suggest';
import type { Policy, RewardModel } from '../../../src/model/types';
import type { Candidate } from '../../../src/types';
import { seededRandom } from '../../../src/util/random';
import { documentAtCursor } from '../../helpers/documentAtCursor';

/** Proposes these texts wherever it is asked. */
function policyOf(...texts: readonly string[]): Policy {
  return {
    version: 'test@1',
    generate: () =>
      Promise.resolve({
        candidates: texts.map((text): Candidate => ({
          ...{ text, tokenIds: [1], logProb: -0.2, source: 'greedy', propensity: 1 },
        })),
        snippets: [],
        state: [],
        promptTokens: 9,
        cachedTokens: 0,
        latencyMs: { queue: 1, prefill: 2, decode: 3 },
      }),
    warm: () => Promise.resolve(),
  };
}

/** Expects of every candidate the same. */
const rewardOf = (probability: number): RewardModel => ({
  version: 'reward@1',
  judge: (rows) => rows.map(() => ({ probability, preference: 0 })),
});

function ask(marked: string, overrides: Partial<SuggestParams> = {}) {
  return inquire(
    {
      document: documentAtCursor(marked),
      trigger: 'automatic',
      settings: {
        enabled: true,
        multiline: 'auto',
        languages: {},
        suggestInComments: false,
        eagerness: 0.5,
      },
      policy: policyOf('load();'),
      copyIndex: undefined,
      clock: { now: () => 1000, after: () => () => undefined },
      random: seededRandom(1),
      ...overrides,
    },
    new AbortController().signal,
  );
}

describe('asked why nothing is shown, it tells', () => {
  test('that the gate is closed, and then nobody was asked', async () => {
    const inquiry = await ask('load█edTwice');
    expect(inquiry.silence).toEqual({ kind: 'gate', reason: 'insideWord' });
    expect(inquiry.candidates).toEqual([]);
    expect(inquiry.rejected).toEqual([]);
  });

  test('that the best candidate is not sure enough', async () => {
    const inquiry = await ask('const user = █', { reward: rewardOf(0.03) });
    expect(inquiry.silence).toEqual({
      kind: 'unsure',
      score: 0.03,
      threshold: leastProbability('load();', 0.0625),
    });
    expect(inquiry.candidates).toMatchObject([{ text: 'load();', score: 0.03 }]);
    expect(inquiry.shownIndex).toBeNull();
  });

  test('that it was refused here before', async () => {
    const refusals = { isRefused: (_: unknown, text: string) => text === 'load();' };
    const inquiry = await ask('const user = █', { refusals });
    expect(inquiry.silence).toEqual({ kind: 'nothing' });
    expect(inquiry.rejected).toMatchObject([{ text: 'load();', why: 'refused' }]);
  });

  test('that no such member exists', async () => {
    const languageServer: SuggestParams['languageServer'] = {
      list: ({ offset }) =>
        Promise.resolve({
          word: { start: offset, typed: '' },
          kind: 'members',
          complete: true,
          items: [{ name: 'save', kind: 'callable', fits: false }],
        }),
    };
    const inquiry = await ask('const user = store.█', { languageServer });
    expect(inquiry.rejected).toMatchObject([{ text: 'load();', why: 'unlisted' }]);
  });

  test('that there was no model to ask', async () => {
    const inquiry = await ask('const user = █', { policy: undefined });
    expect(inquiry.hasModel).toBe(false);
    expect(inquiry.silence).toEqual({ kind: 'nothing' });
  });

  test('that there is something to show, and which', async () => {
    const inquiry = await ask('const user = █', { reward: rewardOf(0.5) });
    expect(inquiry).toMatchObject({ silence: undefined, shownIndex: 0, hasModel: true });
  });
});

test('an inquiry never draws by lot, close to the threshold either', async () => {
  for (let i = 0; i < 50; i++) {
    const { shownIndex } = await ask('const user = █', {
      reward: rewardOf(0.3),
      options: { exploration: 0.3 },
    });
    expect(shownIndex).toBe(0);
  }
});

test('an inquiry is made as for typing, even when it is asked in so many words', async () => {
  const inquiry = await ask('const user = █', { reward: rewardOf(0.01), trigger: 'invoked' });
  expect(inquiry.silence?.kind).toBe('unsure');
});
