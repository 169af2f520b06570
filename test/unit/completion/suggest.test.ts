import { describe, expect, test, vi } from 'vitest';
import type { DocumentSnapshot } from '../../../src/completion/context';
import { CopyIndex } from '../../../src/completion/copyIndex';
import {
  type LanguageList,
  type LanguageServer,
  wordAt,
} from '../../../src/completion/languageList';
import { featureNames } from '../../../src/completion/features';
import { rewardVersion } from '../../../src/completion/scoreWeights';
import { noOutcomes } from '../../../src/completion/outcomeMemory';
import { suggest, suggestAtOnce, type SuggestParams } from '../../../src/completion/suggest';
import type { GenerateRequest, Policy, RewardModel } from '../../../src/model/types';
import type { Candidate, CompletionContext } from '../../../src/types';
import { seededRandom } from '../../../src/util/random';
import { documentAtCursor } from '../../helpers/documentAtCursor';

/** A policy that answers each request with the same texts, scores the drafts, and notes requests. */
function policyOf(...texts: readonly (readonly [text: string, logProb: number])[]) {
  const requests: GenerateRequest[] = [];
  const policy: Policy = {
    version: 'test@1',
    generate(request) {
      requests.push(request);
      const own = texts.map(([text, logProb], i): Candidate => ({
        text,
        tokenIds: [1, 2],
        logProb,
        source: i === 0 ? 'greedy' : 'sampled',
        propensity: 1,
      }));
      const drafts = request.drafts
        .filter((draft) => !texts.some(([text]) => text === draft.text))
        .map((draft): Candidate => ({
          ...draft,
          tokenIds: [1, 2],
          logProb: -3,
          propensity: 1,
        }));
      const latencyMs = { queue: 1, prefill: 2, decode: 3 };
      return Promise.resolve({
        candidates: [...own, ...drafts],
        snippets: [],
        state: [],
        promptTokens: 9,
        cachedTokens: 0,
        latencyMs,
      });
    },
    warm: () => Promise.resolve(),
  };
  return { policy, requests };
}

function baseParams(): Omit<SuggestParams, 'document'> {
  let now = 1000;
  return {
    trigger: 'automatic',
    settings: {
      enabled: true,
      multiline: 'auto',
      languages: {},
      suggestInComments: false,
      eagerness: 0.5,
    },
    policy: undefined,
    copyIndex: undefined,
    clock: { now: () => now++, after: () => () => undefined },
    random: seededRandom(1),
  };
}

function ask(marked: string, overrides: Partial<SuggestParams> = {}, signal?: AbortSignal) {
  const params = { ...baseParams(), document: documentAtCursor(marked), ...overrides };
  return suggest(params, signal ?? new AbortController().signal);
}

const texts = (suggestion: Awaited<ReturnType<typeof suggest>>) =>
  suggestion.candidates.map((candidate) => candidate.text);

describe('a suggestion', () => {
  test('tells the policy of neighbours, and keeps those that it read and what it made of them', async () => {
    const { policy, requests } = policyOf(['load();', -0.2]);
    const snippets = ['a.ts', 'b.ts'].map(
      (path) => ({ kind: 'similar', path, text: 'x' }) as const,
    );
    const near = vi.fn(() => snippets);
    const neighbours = { near, missingImports: () => [] };
    const reading: Policy = {
      ...policy,
      async generate(request, signal) {
        const answer = await policy.generate(request, signal);
        return { ...answer, snippets: snippets.slice(0, 1), state: [0.5, -1] };
      },
    };
    const suggestion = await ask('const user = █', { policy: reading, neighbours });
    expect(requests[0]?.context.snippets).toEqual(snippets);
    expect(suggestion.context.snippets).toEqual(snippets.slice(0, 1));
    expect(suggestion.state).toEqual([0.5, -1]);
    await ask('done();█', { policy: reading, neighbours });
    expect(near).toHaveBeenCalledTimes(1);
  });

  test('is indented as the file is', async () => {
    const { policy } = policyOf(['\n  c();\n}', -0.2]);
    const suggestion = await ask('if (a) {\n\tb();\n}\n\nfor (;;) {█', { policy });
    expect(suggestion.candidates).toMatchObject([{ text: '\n\tc();\n}' }]);
    const { policy: wide } = policyOf(['\n  c();\n}', -0.2]);
    const wider = await ask('if (a) {\n    b();\n}\n\nfor (;;) {█', { policy: wide });
    expect(wider.candidates).toMatchObject([{ text: '\n    c();\n}', logProb: -0.2 }]);
  });

  test('leaves out what was refused here, from policy and copies, unless it is asked for', async () => {
    const { policy } = policyOf(['load();', -0.2], ['open();', -0.9]);
    const copyIndex = new CopyIndex();
    copyIndex.update('other', 'typescript', 'const user = load();\n');
    const isRefused = vi.fn((_: CompletionContext, text: string) => text === 'load();');
    const refusals = { isRefused };
    const suggestion = await ask('const user = █', { policy, copyIndex, refusals });
    expect(texts(suggestion)).toEqual(['open();']);
    expect(isRefused).toHaveBeenCalledWith(
      expect.objectContaining({ prefix: 'const user = ', path: 'src/main.ts' }),
      'load();',
    );
    const asked = await ask('const user = █', { policy, refusals, trigger: 'invoked' });
    expect(texts(asked)).toEqual(['load();', 'open();']);
    const { policy: single } = policyOf(['load();', -0.2]);
    const none = await ask('const user = █', { policy: single, refusals });
    expect(none).toMatchObject({ candidates: [], shownIndex: null });
  });

  test('is the record of one decision', async () => {
    const { policy } = policyOf(['load();', -0.2]);
    const suggestion = await ask('const user = █', { policy });
    expect(suggestion).toMatchObject({
      timeMs: 1000,
      documentUri: 'file:///repository/src/main.ts',
      offset: 13,
      trigger: 'automatic',
      context: { prefix: 'const user = ', suffix: '', multiline: false },
      candidates: [{ text: 'load();', source: 'greedy' }],
      shownIndex: 0,
      propensity: 1,
      policyVersion: 'test@1',
      rewardVersion,
      latencyMs: { queue: 1, prefill: 2, decode: 3 },
    });
    expect(suggestion.id).toMatch(/^[0-9a-f-]{36}$/);
    expect(suggestion.latencyMs.total).toBeGreaterThan(0);
  });

  test('has the likeliest candidate first, each text once, cut where a person would stop', async () => {
    const { policy } = policyOf(['a);\nb();', -4], ['a);', -3], ['b', -0.1], ['', -0.1]);
    const suggestion = await ask('call(█', { policy });
    expect(texts(suggestion)).toEqual(['b', 'a);']);
    const scores = suggestion.candidates.map((candidate) => candidate.score);
    expect(scores).toEqual(scores.toSorted((a, b) => b - a));
  });

  test('estimates the log-probability of what was cut', async () => {
    const { policy } = policyOf(['abcd\nefghi', -10]);
    const [candidate] = (await ask('call(█', { policy })).candidates;
    expect(candidate).toMatchObject({ text: 'abcd', tokenIds: [], logProb: -4 });
  });
});

describe('copied text', () => {
  const marked = 'const user = load(id);\nconst user = █';

  test('is sent to the policy to be scored, and competes', async () => {
    const { policy, requests } = policyOf(['find();', -0.1]);
    const suggestion = await ask(marked, { policy, copyIndex: new CopyIndex() });
    expect(requests[0]?.drafts).toMatchObject([{ text: 'load(id);', copy: { sameFile: true } }]);
    expect(suggestion.candidates.map(({ source }) => source).toSorted()).toEqual([
      'copied',
      'greedy',
    ]);
  });

  test('that an import asks for too is one draft with the evidence of both', async () => {
    const { policy, requests } = policyOf(['find();', -0.1]);
    const neighbours = {
      near: () => [],
      missingImports: () => ['load(id);', 'save(id);'],
    };
    const suggestion = await ask(marked, { policy, copyIndex: new CopyIndex(), neighbours });
    expect(requests[0]?.drafts).toMatchObject([
      { text: 'load(id);', source: 'imported', copy: { sameFile: true } },
      { text: 'save(id);', source: 'imported' },
    ]);
    expect(suggestion.candidates.map(({ source }) => source).toSorted()).toEqual([
      ...['greedy', 'imported', 'imported'],
    ]);
  });

  test('and the same text from the policy are one candidate with the evidence of both', async () => {
    const { policy } = policyOf(['load(id);', -0.1]);
    const { candidates } = await ask(marked, { policy, copyIndex: new CopyIndex() });
    expect(candidates).toMatchObject([{ source: 'greedy', logProb: -0.1, copy: { votes: 1 } }]);
  });

  test('is offered without a policy', async () => {
    const suggestion = await ask(marked, { copyIndex: new CopyIndex() });
    expect(suggestion).toMatchObject({ shownIndex: 0, policyVersion: 'none' });
    expect(suggestion.candidates).toMatchObject([{ text: 'load(id);', logProb: NaN }]);
  });

  test('is ordered by the length of the run when no policy has read it', async () => {
    const often = 'x = load(two);\n'.repeat(8);
    const { candidates } = await ask(`${often}const x = load(one);\nconst x = load(█`, {
      copyIndex: new CopyIndex(),
    });
    expect(candidates.map(({ text }) => text)).toEqual(['one);', 'two);']);
  });

  test('is offered when the policy fails, and the caller is told', async () => {
    const error = new Error('The model host is gone.');
    const policy = { ...policyOf().policy, generate: () => Promise.reject(error) };
    const onPolicyError = vi.fn();
    const suggestion = await ask(marked, { policy, copyIndex: new CopyIndex(), onPolicyError });
    expect(texts(suggestion)).toEqual(['load(id);']);
    expect(onPolicyError).toHaveBeenCalledExactlyOnceWith(error);
  });
});

describe('a language server', () => {
  /** Answers with these members, at once or after a while. */
  function serverOf(names: readonly string[], delayMs?: number) {
    const list = vi.fn((document: DocumentSnapshot): Promise<LanguageList | undefined> => {
      const word = wordAt(document.text.slice(0, document.offset), '');
      const answer: LanguageList = {
        word: { start: document.offset - (word?.typed.length ?? 0), typed: word?.typed ?? '' },
        kind: 'members',
        complete: true,
        items: names.map((name) => ({ name, kind: 'value', fits: false })),
      };
      if (delayMs === undefined) return Promise.resolve(answer);
      return new Promise((resolve) => setTimeout(resolve, delayMs, answer));
    });
    return { list };
  }

  test('names what may follow, and no candidate that begins otherwise is offered', async () => {
    const { policy, requests } = policyOf(['name;', -1], ['named;', -0.1], ['nam', -0.1]);
    const copied = 'user.nick;\nuser.name();\n';
    const suggestion = await ask(`${copied}user.█`, {
      policy,
      copyIndex: new CopyIndex(),
      languageServer: serverOf(['name', 'age']),
    });
    expect(requests[0]?.words).toEqual({ rests: ['name', 'age'], only: true });
    expect(requests[0]?.drafts.map(({ text }) => text)).toEqual(['name();']);
    expect(texts(suggestion).toSorted()).toEqual(['name();', 'name;']);
  });

  test('is waited for while the policy reads the prompt, and only then', async () => {
    const order: string[] = [];
    const { policy } = policyOf(['name', -1]);
    const watched: Policy = {
      ...policy,
      warm: () => Promise.resolve(void order.push('warm')),
      generate: (request, signal) => {
        order.push(request.words ? 'generate with the list' : 'generate');
        return policy.generate(request, signal);
      },
    };
    await ask('user.█', { policy: watched, languageServer: serverOf(['name']) });
    expect(order.splice(0)).toEqual(['generate with the list']);
    await ask('user.█', { policy: watched, languageServer: serverOf(['name'], 20) });
    expect(order.splice(0)).toEqual(['warm', 'generate with the list']);
  });

  test('that knows nothing changes nothing', async () => {
    const { policy, requests } = policyOf(['name', -1]);
    const languageServer: LanguageServer = { list: () => Promise.resolve(undefined) };
    const suggestion = await ask('user.█', { policy, languageServer });
    expect(requests[0]?.words).toBeUndefined();
    expect(texts(suggestion)).toEqual(['name']);
  });

  test('is not asked where no name can stand, nor where Hone is silent', async () => {
    const { policy } = policyOf(['name', -1]);
    const server = serverOf(['name']);
    await ask('const a = █', { policy, languageServer: server });
    await ask('"user.█', { policy, languageServer: server });
    await ask('user.█name', { policy, languageServer: server });
    expect(server.list).not.toHaveBeenCalled();
  });

  test('ends with the request', async () => {
    const controller = new AbortController();
    const { policy, requests } = policyOf(['name', -1]);
    const server = serverOf(['name'], 5);
    const asked = ask('user.█', { policy, languageServer: server }, controller.signal);
    controller.abort();
    await expect(asked).rejects.toMatchObject({ name: 'AbortError' });
    expect(requests).toEqual([]);
  });
});

describe('silence', () => {
  test('is kept where the gate says so, and nobody is asked', async () => {
    const { policy, requests } = policyOf(['a', -1]);
    const suggestion = await ask('const va█lue', { policy, copyIndex: new CopyIndex() });
    expect(suggestion).toMatchObject({ candidates: [], shownIndex: null });
    expect(requests).toEqual([]);
  });

  test('is kept when nothing is left to show', async () => {
    const { policy } = policyOf([')', -1]);
    expect(await ask('call(a█)', { policy })).toMatchObject({ candidates: [], shownIndex: null });
  });
});

describe('cancelling', () => {
  test('rejects before and after the policy was asked', async () => {
    const controller = new AbortController();
    const { policy } = policyOf(['a', -1]);
    const during: Policy = {
      ...policy,
      generate(request, signal) {
        controller.abort();
        return policy.generate(request, signal);
      },
    };
    const aborted = { name: 'AbortError' };
    await expect(ask('a = █', { policy: during }, controller.signal)).rejects.toMatchObject(
      aborted,
    );
    await expect(ask('a = █', { policy }, controller.signal)).rejects.toMatchObject(aborted);
  });

  test('is not an error of the policy', async () => {
    const abort = new DOMException('superseded', 'AbortError');
    const policy = { ...policyOf().policy, generate: () => Promise.reject(abort) };
    const onPolicyError = vi.fn();
    await expect(ask('a = █', { policy, onPolicyError })).rejects.toBe(abort);
    expect(onPolicyError).not.toHaveBeenCalled();
  });
});

test('a block is given more tokens than a line', async () => {
  const { policy, requests } = policyOf(['a', -1]);
  const options = { maxLineTokens: 10, maxBlockTokens: 50, samples: 0 };
  await ask('a = █', { policy, options });
  await ask('function f() {\n  █', { policy, options });
  expect(requests.map(({ maxTokens, samples }) => [maxTokens, samples])).toEqual([
    [10, 0],
    [50, 0],
  ]);
});

test('who types does not wait for as many samples as who asks', async () => {
  const { policy, requests } = policyOf(['a', -1]);
  await ask('a = █', { policy, trigger: 'automatic' });
  await ask('a = █', { policy, trigger: 'invoked' });
  expect(requests.map(({ samples }) => samples)).toEqual([1, 3]);
});

describe('with a reward model', () => {
  /** Believes in texts by a table; 0.02 in any other. */
  const believing = (table: Readonly<Record<string, number>>): RewardModel => ({
    version: 'reward-test',
    judge: (rows) =>
      rows.map((row) => {
        const length = Math.round(2 ** (row[featureNames.indexOf('length')] ?? 0) - 1);
        const text = Object.keys(table).find((each) => each.length === length);
        const probability = table[text ?? ''] ?? 0.02;
        return { probability, preference: probability };
      }),
  });
  const { policy } = policyOf(['load();', -0.2], ['make(it);', -2]);
  const options = { exploration: 0 };

  test('its favourite comes first, whatever the policy thinks', async () => {
    const reward = believing({ 'make(it);': 0.8, 'load();': 0.3 });
    const suggestion = await ask('const user = █', { policy, reward, options });
    expect(suggestion).toMatchObject({
      candidates: [
        { text: 'make(it);', score: 0.8 },
        { text: 'load();', score: 0.3 },
      ],
      shownIndex: 0,
      propensity: 1,
      exploration: 'best',
      rewardVersion: 'reward-test',
    });
  });

  test('what is hardly believed in is withheld, and kept with the decision', async () => {
    const reward = believing({ 'load();': 0.05 });
    const suggestion = await ask('const user = █', { policy, reward, options });
    expect(suggestion).toMatchObject({ shownIndex: null, propensity: 1 });
    expect(texts(suggestion)).toEqual(['load();', 'make(it);']);
  });

  test('who asks for it, or is eager, sees it nevertheless', async () => {
    const reward = believing({ 'load();': 0.05 });
    const asked = await ask('const user = █', { policy, reward, options, trigger: 'invoked' });
    expect(asked.shownIndex).toBe(0);
    const settings = {
      enabled: true,
      multiline: 'auto',
      languages: {},
      suggestInComments: false,
      eagerness: 0.7,
    } as const;
    expect((await ask('const user = █', { policy, reward, options, settings })).shownIndex).toBe(0);
  });

  test('the first lines of a block are shown where the whole is not believed in', async () => {
    const block = 'this.filename = filename;\n    this.maxAge = maxAge;\n    this.none = null;';
    const { policy: own } = policyOf([block, -9]);
    const lines = block.split('\n');
    const twoLines = lines.slice(0, 2).join('\n');
    const marked = 'class Cache {\n  constructor(filename, maxAge) {\n    █\n  }\n}';
    const reward = believing({ [lines[0] ?? '']: 0.2, [twoLines]: 0.18 });
    const suggestion = await ask(marked, { policy: own, reward, options });
    expect(suggestion.candidates[suggestion.shownIndex ?? -1]?.text).toBe(twoLines);
    expect(texts(suggestion).toSorted()).toEqual([lines[0], twoLines, block]);
    const unsure = believing({ [lines[0] ?? '']: 0.04, [twoLines]: 0.01 });
    expect((await ask(marked, { policy: own, reward: unsure, options })).shownIndex).toBeNull();
    const settings = { ...baseParams().settings, multiline: 'never' } as const;
    const never = await ask(marked, { policy: own, reward, options, settings });
    expect(texts(never)).toEqual([lines[0]]);
  });

  test('outcomes are remembered as they were when it was asked', async () => {
    const times: number[] = [];
    const outcomes = {
      at(timeMs: number) {
        times.push(timeMs);
        return noOutcomes;
      },
    };
    const suggestion = await ask('const user = █', { policy, reward: believing({}), outcomes });
    expect(times).toEqual([suggestion.timeMs]);
  });

  test('sure copies are judged too: what it would withhold waits for the policy', async () => {
    const copyIndex = new CopyIndex();
    const line = 'const total = items.reduce(add, zero);\n';
    copyIndex.update('file:///a.ts', 'typescript', line.repeat(5));
    const params = { document: documentAtCursor('const total = items.reduce█'), policy, copyIndex };
    const atOnce = (probability: number) =>
      suggestAtOnce({
        ...baseParams(),
        ...params,
        reward: believing({ '(add, zero);': probability }),
      });
    expect(await atOnce(0.9)).toMatchObject({ candidates: [{ text: '(add, zero);', score: 0.9 }] });
    expect(await atOnce(0.05)).toBeUndefined();
  });
});
