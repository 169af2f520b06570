import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CopyIndex } from '../../../src/completion/copyIndex';
import type { Refusals } from '../../../src/completion/refusals';
import type { LanguageServer } from '../../../src/completion/languageList';
import {
  type Answer,
  orphanMs,
  type Question,
  restMs,
  silenceMs,
  Suggester,
} from '../../../src/completion/suggester';
import { SuggestionCache } from '../../../src/completion/typeThrough';
import { defaultSettings } from '../../../src/contributions';
import type { GenerateRequest, Policy, RewardModel } from '../../../src/model/types';
import type { Candidate, Trigger } from '../../../src/types';
import { seededRandom } from '../../../src/util/random';
import { documentAtCursor } from '../../helpers/documentAtCursor';
import { FakeClock } from '../../helpers/fakeClock';

/** A call of the policy that is answered by hand. */
interface Call {
  readonly request: GenerateRequest;
  readonly signal: AbortSignal;
  answer(...texts: readonly string[]): Promise<void>;
}

const debounceMs = 60;
let clock: FakeClock;
let calls: Call[];
let errors: string[];
let copyIndex: CopyIndex;
let suggester: Suggester;

beforeEach(() => {
  clock = new FakeClock();
  calls = [];
  errors = [];
  copyIndex = new CopyIndex();
  suggester = new Suggester(params());
});

/** What was refused; empty where a test does not say. */
let refused: readonly string[] = [];
const refusals: Refusals = { isRefused: (_, text) => refused.includes(text) };

const sources = () => ({ policy: inUse, copyIndex, refusals, reward, random: seededRandom(1) });

const params = () => ({
  sources,
  cache: new SuggestionCache(),
  clock,
  logger: {
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: (_: string, message: string) => errors.push(message),
  },
});

const policy: Policy = {
  version: 'test@1',
  generate: (request, signal) =>
    new Promise((resolve, reject) => {
      const abort = () => reject(new DOMException('', 'AbortError'));
      signal.addEventListener('abort', abort);
      calls.push({
        request,
        signal,
        answer(...texts) {
          resolve({
            candidates: texts.map(candidate),
            snippets: [],
            state: [],
            promptTokens: 9,
            cachedTokens: 0,
            latencyMs: { queue: 0, prefill: 0, decode: 0 },
          });
          return settle();
        },
      });
    }),
  warm: () => Promise.resolve(),
};

function candidate(text: string, i: number): Candidate {
  const source = i === 0 ? 'greedy' : 'sampled';
  return { text, tokenIds: [1], logProb: -1 - i, source, propensity: 1 };
}

/** Lets every promise that can settle do so. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

async function pass(durationMs: number): Promise<void> {
  clock.advance(durationMs);
  await settle();
}

/** Another one may take over. */
let inUse = policy;
afterEach(() => {
  inUse = policy;
});

/** Of the questions; undefined where a test does not say. */
let languageServer: LanguageServer | undefined;
let reward: RewardModel | undefined;
afterEach(() => {
  languageServer = undefined;
  refused = [];
  reward = undefined;
});

function questionAt(marked: string, trigger: Trigger = 'automatic'): Question {
  const document = documentAtCursor(marked);
  const settings = { ...defaultSettings, debounceMs };
  return { document, windowStart: 0, trigger, settings, languageServer };
}

/** A question as an editor asks it: cancelled when the next key comes. */
interface Asked {
  readonly question: Question;
  readonly answer: Promise<Answer | undefined>;
  cancel(): void;
}

async function ask(marked: string, trigger?: Trigger): Promise<Asked> {
  const abort = new AbortController();
  const question = questionAt(marked, trigger);
  const answer = suggester.ask(question, abort.signal);
  answer.catch(() => undefined);
  await settle();
  return { question, answer, cancel: () => abort.abort() };
}

const textsOf = async ({ answer }: Asked) => (await answer)?.remainders.map(({ text }) => text);

/** Asks, lets the policy give `texts`, and shows the first. */
async function show(marked: string, ...texts: readonly string[]): Promise<Answer> {
  const asked = await ask(marked);
  await pass(debounceMs);
  await calls.at(-1)?.answer(...texts);
  return shown(asked);
}

async function shown(asked: Asked): Promise<Answer> {
  const answer = await asked.answer;
  const [first] = answer?.remainders ?? [];
  if (!answer || !first) throw new Error('There is nothing to show.');
  suggester.shown(asked.question, answer.suggestion, first);
  return answer;
}

const aborted = { name: 'AbortError' };

describe('silence', () => {
  test('is an answer where somebody was asked, so that it can be learned from', async () => {
    const asked = await ask('const x = █');
    await pass(debounceMs);
    await calls.at(-1)?.answer();
    const answer = await asked.answer;
    expect(answer).toMatchObject({ isNew: true, remainders: [], suggestion: { shownIndex: null } });
  });

  test('is kept for the very cursor, told once, and broken by whoever asks by hand', async () => {
    reward = {
      version: 'reward-test',
      judge: (rows) => rows.map(() => ({ probability: 0.01, preference: 0 })),
    };
    const first = await ask('const x = █');
    await pass(debounceMs);
    await calls.at(-1)?.answer('load();');
    expect(await first.answer).toMatchObject({ isNew: true, remainders: [] });
    const again = await ask('const x = █');
    expect(await again.answer).toMatchObject({ isNew: false, remainders: [] });
    expect(calls).toHaveLength(1);
    const typed = await ask('const x = l█');
    await pass(debounceMs);
    await calls.at(-1)?.answer('oad();');
    expect(await typed.answer).toMatchObject({ isNew: true, remainders: [] });
    const byHand = await ask('const x = █', 'invoked');
    await calls.at(-1)?.answer('load();');
    expect(await textsOf(byHand)).toEqual(['load();']);
  });

  test('does not stand for long, for elsewhere something may have been written since', async () => {
    const first = await ask('const x = █');
    await pass(debounceMs);
    await calls.at(-1)?.answer();
    expect(await first.answer).toMatchObject({ remainders: [] });
    await pass(silenceMs);
    const later = await ask('const x = █');
    await pass(debounceMs);
    await calls.at(-1)?.answer('load();');
    expect(await textsOf(later)).toEqual(['load();']);
  });

  test('is none where the gate is closed, for nothing was decided', async () => {
    const asked = await ask('const x█yz');
    await pass(debounceMs);
    expect(await asked.answer).toBeUndefined();
    expect(calls).toHaveLength(0);
  });
});

describe('a question', () => {
  test('waits for a pause in typing before the policy is asked', async () => {
    const asked = await ask('const user = █');
    await pass(debounceMs - 1);
    expect(calls).toHaveLength(0);
    await pass(1);
    await calls[0]?.answer('load();', 'find();');
    expect(await textsOf(asked)).toEqual(['load();', 'find();']);
    expect(await asked.answer).toMatchObject({ isNew: true });
  });

  test('asked in so many words waits for nothing', async () => {
    await ask('const user = █', 'invoked');
    expect(calls).toHaveLength(1);
  });

  test('that the next key cancels while it waits never reaches the policy', async () => {
    const asked = await ask('const user = █');
    asked.cancel();
    await expect(asked.answer).rejects.toMatchObject(aborted);
    await pass(1000);
    expect(calls).toHaveLength(0);
    expect(clock.pending).toBe(0);
  });

  test('somewhere else ends what is in the making', async () => {
    const first = await ask('const user = █');
    await pass(debounceMs);
    await ask('const name = █');
    await expect(first.answer).rejects.toMatchObject(aborted);
    expect(calls[0]?.signal.aborted).toBe(true);
  });

  test('is answered with silence where there is nothing to say, and nobody is asked', async () => {
    expect(await (await ask('load();█')).answer).toBeUndefined();
    await pass(1000);
    expect(calls).toHaveLength(0);
  });

  test('tells when somebody waits', async () => {
    const busy: boolean[] = [];
    suggester.onDidChangeBusy((now) => busy.push(now));
    await show('const user = █', 'load();');
    expect(busy).toEqual([true, false]);
    await pass(restMs);
    expect(calls).toHaveLength(2);
    expect(busy).toEqual([true, false]);
  });
});

describe('typing on while a suggestion is made', () => {
  /** A question whose suggestion is being made when the next key comes. */
  async function typeOn(next: string): Promise<Asked> {
    const first = await ask('const user = █');
    await pass(debounceMs);
    first.cancel();
    await expect(first.answer).rejects.toMatchObject(aborted);
    await pass(50);
    return ask(next);
  }

  test('takes what agrees with the typed characters', async () => {
    const second = await typeOn('const user = lo█');
    await pass(1000);
    expect(calls).toHaveLength(1);
    await calls[0]?.answer('find();', 'load();');
    expect(await textsOf(second)).toEqual(['ad();']);
    expect(await second.answer).toMatchObject({ isNew: false });
    expect(calls).toHaveLength(1);
  });

  test('takes what agrees beside a bracket that the editor closed', async () => {
    const second = await typeOn('const user = (█)');
    await calls[0]?.answer('(await load());');
    expect(await textsOf(second)).toEqual(['await load());']);
  });

  test('asks anew when nothing agrees, and not before it is known', async () => {
    const second = await typeOn('const user = xy█');
    await pass(debounceMs);
    expect(calls).toHaveLength(1);
    expect(calls[0]?.signal.aborted).toBe(false);
    await calls[0]?.answer('load();');
    expect(calls).toHaveLength(2);
    await calls[1]?.answer('z();');
    expect(await textsOf(second)).toEqual(['z();']);
  });

  test('takes what was ready before the next question came', async () => {
    const first = await ask('const user = █');
    await pass(debounceMs);
    first.cancel();
    await calls[0]?.answer('load();');
    expect(await textsOf(await ask('const user = l█'))).toEqual(['oad();']);
    expect(calls).toHaveLength(1);
  });

  test.each(['const user = x\n█', 'const user = much too long a█', 'let x = █'])(
    'elsewhere or too far begins anew: %j',
    async (next) => {
      await typeOn(next);
      expect(calls[0]?.signal.aborted).toBe(true);
    },
  );

  test('is given up when no question follows', async () => {
    const first = await ask('const user = █');
    await pass(debounceMs);
    first.cancel();
    await settle();
    await pass(orphanMs - 1);
    expect(calls[0]?.signal.aborted).toBe(false);
    await pass(1);
    expect(calls[0]?.signal.aborted).toBe(true);
  });
});

describe('behind a suggestion on screen', () => {
  test('the next one is made, and is there at once when it is taken', async () => {
    const { suggestion } = await show('const user = █\nend', 'load(');
    expect(calls).toHaveLength(1);
    await pass(restMs);
    expect(calls[1]?.request).toMatchObject({
      urgency: 'ahead',
      context: { prefix: 'const user = load(', suffix: '\nend' },
    });
    await calls[1]?.answer('id);');
    suggester.taken(suggestion.id);
    const next = await ask('const user = load(█\nend');
    expect(await textsOf(next)).toEqual(['id);']);
    expect(calls).toHaveLength(2);
    const answer = await next.answer;
    expect(answer?.suggestion).toMatchObject({ offset: 18, propensity: 1, shownIndex: 0 });
    expect(answer?.suggestion.id).not.toBe(suggestion.id);
  });

  test('the next line is begun where a statement ends', async () => {
    await show('if (a) {\r\n  const user = █\r\n}', 'load();');
    await pass(restMs);
    expect(calls[1]?.request.context.prefix).toBe('if (a) {\n  const user = load();\n  ');
    await calls[1]?.answer('use(user);');
    expect(await textsOf(await ask('if (a) {\r\n  const user = load();█\r\n}'))).toBeUndefined();
    const next = await ask('if (a) {\r\n  const user = load();\r\n  █\r\n}');
    expect(await textsOf(next)).toEqual(['use(user);']);
    expect((await next.answer)?.suggestion.offset).toBe(next.question.document.offset);
    expect(calls).toHaveLength(2);
  });

  test('nothing is made while keys follow one another', async () => {
    await show('const user = █', 'load(id');
    for (const marked of ['const user = l█', 'const user = lo█', 'const user = loa█']) {
      await pass(restMs - 1);
      await shown(await ask(marked));
    }
    expect(calls).toHaveLength(1);
    await pass(restMs);
    expect(calls[1]?.request.context.prefix).toBe('const user = load(id');
  });

  test('one is made, however often it is shown', async () => {
    await show('const user = █', 'load(id');
    await pass(restMs);
    await calls[1]?.answer(');');
    await shown(await ask('const user = lo█'));
    await pass(1000);
    expect(calls).toHaveLength(2);
    expect(clock.pending).toBe(0);
  });

  test('it gives way to a question about something else', async () => {
    await show('const user = █', 'load(id');
    await pass(restMs);
    await ask('const name = █');
    expect(calls[1]?.signal.aborted).toBe(true);
    expect(errors).toEqual([]);
  });

  test('it is waited for by the question that it was made for', async () => {
    const { suggestion } = await show('const user = █', 'load(id');
    await pass(restMs);
    suggester.taken(suggestion.id);
    const next = await ask('const user = load(id█');
    await pass(1000);
    expect(calls).toHaveLength(2);
    await calls[1]?.answer(');');
    expect(await textsOf(next)).toEqual([');']);
  });

  test.each(['refused', 'left'] as const)('nothing is made once it was %s', async (how) => {
    const { suggestion } = await show('const user = █', 'load(id');
    suggester[how](suggestion.id);
    await pass(1000);
    expect(calls).toHaveLength(1);

    await show('const name = █', 'load(id');
    await pass(restMs);
    suggester.left();
    expect(calls.at(-1)?.signal.aborted).toBe(true);
  });

  test('what is left of another is not offered where that was refused, unless asked for', async () => {
    await show('const█', ' x = load();', ' x = open();');
    refused = ['x = load();'];
    expect(await textsOf(await ask('const █'))).toEqual(['x = open();']);
    expect(await textsOf(await ask('const █', 'invoked'))).toEqual(['x = load();', 'x = open();']);
  });

  test('a refused one is not offered again, nor what was kept for its place', async () => {
    const { suggestion } = await show('const user = █', 'load(id');
    suggester.refused(suggestion.id);
    await ask('const user = l█');
    await pass(debounceMs);
    expect(calls).toHaveLength(2);
  });
});

describe('copied text that is sure', () => {
  const line = 'const user = repository.load(userId);\n';
  const marked = `${line.repeat(3)}const user = repository.█`;

  test('is shown before the policy has spoken', async () => {
    const asked = await ask(marked);
    expect(calls).toHaveLength(0);
    expect(await textsOf(asked)).toEqual(['load(userId);']);
    expect((await asked.answer)?.suggestion).toMatchObject({
      candidates: [{ source: 'copied', logProb: NaN, copy: { votes: 3, places: 3 } }],
      propensity: 1,
      policyVersion: 'none',
    });
  });

  test('is not shown at once when it is not sure, or when everything is asked for', async () => {
    await ask('load(a);\nuser.load(█');
    await pass(debounceMs);
    expect(calls).toHaveLength(1);
    await ask(marked, 'invoked');
    expect(calls).toHaveLength(2);
  });

  test('is not shown at once when it is a block', async () => {
    const block = 'for (const user of users) {\n  load(user);\n}\n';
    await ask(`${block.repeat(3)}for (const user of users) {█`);
    expect(calls).toHaveLength(0);
    await pass(debounceMs);
    expect(calls[0]?.request.drafts).toMatchObject([{ text: '\n  load(user);\n}' }]);
  });

  test('is followed by the next suggestion like any other', async () => {
    await shown(await ask(marked));
    await pass(restMs);
    expect(calls[0]?.request.context.prefix.endsWith('load(userId);\n')).toBe(true);
  });

  /** Shows the copied text, and lets the policy say `texts` of the same place. */
  async function showWithOpinion(...texts: readonly string[]): Promise<void> {
    await shown(await ask(marked));
    await pass(restMs);
    await calls[0]?.answer('next();');
    const drafts = [{ text: 'load(userId);' }];
    expect(calls[1]?.request).toMatchObject({ urgency: 'ahead', drafts });
    await calls[1]?.answer(...texts);
  }

  test('stays while typed through, and the policy’s opinion comes behind it', async () => {
    await showWithOpinion('save(user);', 'load(userId);');
    expect(await textsOf(await ask(`${marked.slice(0, -1)}lo█`))).toEqual(['ad(userId);']);
    expect(await textsOf(await ask(`${marked.slice(0, -1)}sa█`))).toEqual(['ve(user);']);
  });

  test('stays in front when the user asks for more', async () => {
    await showWithOpinion('save(user);', 'load(userId);');
    const more = await ask(marked, 'invoked');
    expect(await textsOf(more)).toEqual(['load(userId);', 'save(user);']);
    expect((await more.answer)?.suggestion.policyVersion).toBe('test@1');
    expect(calls).toHaveLength(2);
  });
});

describe('where a language server knows the members', () => {
  const line = 'const user = repository.load(userId);\n';
  const list = { word: { start: 0, typed: '' }, kind: 'members', complete: true } as const;
  beforeEach(() => {
    const item = { name: 'load', kind: 'callable', fits: false } as const;
    languageServer = { list: () => Promise.resolve({ ...list, items: [item] }) };
  });

  test('no copied member is shown before it was asked', async () => {
    await ask(`${line.repeat(3)}const user = repository.█`);
    await pass(debounceMs);
    expect(calls).toHaveLength(1);
    const whole = await ask(`${line.repeat(3)}const user = repository.load█`);
    expect(await textsOf(whole)).toEqual(['(userId);']);
  });

  test('what was made before the dot is held to the list once the dot is there', async () => {
    await show('const user = █', 'repository.amount', 'repository.load(id)');
    expect(await textsOf(await ask('const user = repository.█'))).toEqual(['load(id)']);
    expect(calls).toHaveLength(1);
  });

  test('it is not asked about text that is not there yet', async () => {
    await show('const user = █', 'repository.load');
    await pass(restMs);
    expect(calls[1]?.request.words).toEqual({ rests: [''], only: true });
  });
});

test('all is forgotten on request', async () => {
  await show('const user = █', 'load(id');
  copyIndex.noteEdit('other');
  copyIndex.update('other', 'typescript', 'const name = open();\n');
  const recencyAt = () => {
    const document = documentAtCursor('const name = █');
    return copyIndex.lookup({ ...document, multiline: false })[0]?.copy.recency;
  };
  expect(recencyAt()).toBe(1);
  suggester.forgetAll();
  expect(recencyAt()).toBe(0);
  await ask('const user = █');
  await pass(debounceMs);
  expect(calls).toHaveLength(2);
});

test('what was in the making when another policy took over is not offered again', async () => {
  const asked = await ask('const user = █');
  await pass(debounceMs);
  inUse = { ...policy, version: 'test@2' };
  suggester.forgetAll();
  await calls[0]?.answer('load(id)');
  await asked.answer;
  await ask('const user = █');
  await pass(debounceMs);
  expect(calls).toHaveLength(2);
});
