import { describe, expect, test } from 'vitest';
import { defaultSettings as settings } from '../../../src/contributions';
import type { GenerateRequest, Policy } from '../../../src/model/types';
import { evaluateFim, lineLeft, parseFimRows, summarizeFim } from '../../../src/replay/fim';
import { systemClock } from '../../../src/util/clock';

/** Answers every request with one greedy text, and remembers what it was asked. */
function fixedPolicy(text: string): Policy & { readonly asked: GenerateRequest[] } {
  const asked: GenerateRequest[] = [];
  return {
    version: 'fixed@0',
    asked,
    generate(request) {
      asked.push(request);
      const greedy = { text, tokenIds: [1], logProb: -1, source: 'greedy', propensity: 1 } as const;
      const latencyMs = { queue: 0, prefill: 0, decode: 0 };
      return Promise.resolve({
        candidates: [greedy],
        snippets: [],
        state: [],
        promptTokens: 1,
        cachedTokens: 0,
        latencyMs,
      });
    },
    warm: () => Promise.resolve(),
  };
}

const options = {
  workspace: [],
  sources: ['model'],
  repository: 'sample',
  settings,
  clock: systemClock,
} as const;

const midLine = {
  prompt: 'const total = items.re',
  suffix: '\nprint(total);\n',
  canonical_solution: 'duce(add);',
  path: 'a.ts',
};

async function answer(row: Record<string, string>, text: string, leftOnly = false) {
  const policy = fixedPolicy(text);
  const answers = await evaluateFim(
    { ...options, rows: parseFimRows(JSON.stringify(row)), policy, leftOnly },
    new AbortController().signal,
  );
  return { answer: answers[0], report: summarizeFim(answers), asked: policy.asked[0] };
}

describe('evaluateFim', () => {
  test('the line that was written counts as exact, whatever white space ends it', async () => {
    const { report } = await answer(midLine, 'duce(add); ');
    expect(report).toMatchObject({ n: 1, exactMatch: 1, editSimilarity: 1 });
    expect(report.bySource).toEqual({ greedy: { n: 1, exact: 1 } });
  });

  test('another line counts by its edit similarity', async () => {
    const { report } = await answer(midLine, 'duce(sum);');
    expect(report.exactMatch).toBe(0);
    expect(report.editSimilarity).toBeCloseTo(0.7, 5);
  });

  test('an answer that starts a line is asked for after its indentation', async () => {
    const row = {
      prompt: 'def f(a):\n',
      suffix: '\n',
      canonical_solution: '    return a\n',
      path: 'a.py',
    };
    const { answer: answered, asked } = await answer(row, 'return a');
    expect(asked?.context.prefix).toBe('def f(a):\n    ');
    expect(answered).toMatchObject({ target: 'return a', exact: true });
  });

  test('a row may name its repository', async () => {
    const { asked } = await answer({ ...midLine, repository: 'shop' }, 'x');
    expect(asked?.context.repository).toBe('shop');
    expect((await answer(midLine, 'x')).asked?.context.repository).toBe('sample');
  });

  test('left only hides what stands after the cursor', async () => {
    expect((await answer(midLine, 'x', true)).asked?.context.suffix).toBe('');
    expect((await answer(midLine, 'x', false)).asked?.context.suffix).toContain('print(total)');
  });
});

describe('where an editor closes brackets', () => {
  const call = {
    prompt: 'const total = sum(items.re',
    suffix: '\nprint(total);\n',
    canonical_solution: 'duce(add), 0);',
    path: 'a.ts',
  };
  const rows = parseFimRows(`${JSON.stringify(call)}\n`.repeat(12));
  const ask = async (text: string, more: { leftOnly?: boolean } = {}) => {
    const policy = fixedPolicy(text);
    const answers = await evaluateFim(
      { ...options, policy, rows, leftOnly: false, ...more },
      new AbortController().signal,
    );
    return { answers, report: summarizeFim(answers), asked: policy.asked };
  };

  test('half of the rows have the closers after the cursor, and the policy is not told', async () => {
    const { answers, report, asked } = await ask('duce(add), 0);');
    expect(new Set(answers.map(({ closers }) => closers))).toEqual(new Set([')']));
    const { plain, closed } = report.byClosers;
    expect(plain.n + closed.n).toBe(12);
    expect(Math.min(plain.n, closed.n)).toBeGreaterThan(2);
    expect([plain.exact, closed.exact]).toEqual([plain.n, closed.n]);
    expect(new Set(asked.map(({ context }) => context.suffix))).toEqual(new Set([call.suffix]));
  });

  test('a text that the closers do not make the line of is not right', async () => {
    const { report } = await ask('duce(add), 0');
    expect(report.byClosers.plain.exact + report.byClosers.closed.exact).toBe(0);
  });

  test('so do quotes that the scanner knows nothing of', () => {
    const offset = "f'{self.".length;
    const text = "f'{self.}'\nnext";
    const place = { uri: 'file:///a.py', path: 'a.py', repository: '', languageId: 'python' };
    expect(lineLeft({ ...place, text, offset }, 'port')).toBe("port}'");
    expect(lineLeft({ ...place, text, offset }, '')).toBe('');
  });

  test('none are there where the cursor sees nothing after it, or stands within a line', async () => {
    expect((await ask('x', { leftOnly: true })).report.byClosers.closed.n).toBe(0);
    const within = {
      ...midLine,
      prompt: 'sum(items.re',
      suffix: ', 0);\n',
      canonical_solution: 'd',
    };
    expect((await answer(within, 'x')).answer?.closers).toBe('');
  });
});

describe('parseFimRows', () => {
  test('names the line that is not a row', () => {
    const good = '{"prompt":"a","suffix":"b","canonical_solution":"c"}';
    expect(parseFimRows(`${good}\n\n${good}\n`)).toHaveLength(2);
    expect(() => parseFimRows(`${good}\n{"prompt":1}`)).toThrow(/Line 2 /);
    expect(() => parseFimRows('not json')).toThrow(/Line 1 /);
  });
});
