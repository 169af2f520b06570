/** Rows and held-out texts of made-up histories: what is learned, what judges, what is left out. */
import { expect, test } from 'vitest';
import {
  type Dataset,
  type DatasetOptions,
  buildDataset,
  countExamples,
  defaultDatasetOptions,
  tooFewWords,
} from '../../../src/training/dataset';
import type { Outcome, StoredSuggestion } from '../../../src/types';
import { sampleCandidate, sampleSuggestion } from '../../helpers/sampleEvents';

interface Decision {
  readonly suffix?: string;
  readonly prefix?: string;
  readonly settled?: string;
  readonly shown?: string;
  readonly outcome?: Outcome;
  readonly survival?: number;
  readonly thumb?: 'up' | 'down';
  readonly uri?: string;
  /** Minutes since the first. */
  readonly minute?: number;
}

const words = ['alpha', 'beta', 'gamma', 'delta', 'rho', 'sigma', 'tau', 'phi'];
const word = (n: number): string => `${words[n % 8] ?? ''}${words[Math.floor(n / 8) % 8] ?? ''}`;

/** A decision unlike all others. */
function fresh(n: number): Decision {
  return {
    prefix: `import { ${word(n)} } from './${word(n + 1)}';\nconst ${word(n + 3)}${n} = `,
    settled: `make${word(n + 5)}(${n}, ${word(n + 7)});`,
  };
}

function stored(decision: Decision, n: number): StoredSuggestion {
  const {
    prefix = '',
    suffix = '\n}\n',
    settled,
    shown = 'other();',
    outcome,
    survival,
    thumb,
  } = decision;
  const suggestion = sampleSuggestion(n);
  const common = { suggestionId: suggestion.id, timeMs: 0 };
  const isTaken = outcome === 'accepted';
  return {
    suggestion: {
      ...suggestion,
      timeMs: (decision.minute ?? n) * 60_000,
      documentUri: decision.uri ?? `file:///${n}.ts`,
      context: { ...suggestion.context, path: 'src/cart.ts', snippets: [], prefix, suffix },
      candidates: [sampleCandidate(shown)],
    },
    shown: [],
    outcomes: outcome
      ? [
          {
            ...{ kind: 'outcome', ...common, outcome, candidateIndex: 0, visibleMs: 2_000 },
            takenLength: isTaken ? shown.length : 0,
          },
        ]
      : [],
    survival:
      survival === undefined
        ? []
        : [{ kind: 'survival', ...common, afterSeconds: 15, survival, state: 'present' }],
    settled: settled === undefined ? undefined : { kind: 'settled', ...common, text: settled },
    rating: thumb && { kind: 'rating', ...common, thumb, aspects: {}, comment: '' },
  };
}

const few: DatasetOptions = {
  ...defaultDatasetOptions,
  heldOut: { share: 0, least: 0, most: 0 },
  leastRows: 1,
  maxTail: 0,
};

async function build(
  decisions: readonly Decision[],
  options: Partial<DatasetOptions> = {},
): Promise<Dataset> {
  return buildDataset(each(decisions), { ...few, ...options });
}

// eslint-disable-next-line @typescript-eslint/require-await
async function* each(decisions: readonly Decision[]): AsyncGenerator<StoredSuggestion> {
  for (const [n, decision] of decisions.entries()) yield stored(decision, n);
}

const decisions = (count: number, from = 0): Decision[] =>
  Array.from({ length: count }, (_, i) => fresh(from + i));

test('what was written where Hone was silent or refused is learned', async () => {
  const { rows } = await build([
    { prefix: 'const a = ', settled: 'one();' },
    { prefix: 'let bee = ', settled: 'two();', outcome: 'dismissed', shown: 'wrong();' },
  ]);
  expect(rows.map(({ completion }) => completion)).toEqual(['one();\n', 'two();\n']);
});

test.each<[string, Decision, readonly string[]]>([
  ['accepted and kept, though it never settled', taken({ survival: 1 }), ['sum();']],
  ['accepted, then changed', taken({ survival: 0.5, settled: 'sum(x);' }), ['sum(x);']],
  ['accepted and gone', taken({ survival: 0, settled: '' }), []],
  ['accepted, but said to be bad', taken({ survival: 1, settled: 'sum();', thumb: 'down' }), []],
  ['refused, nothing written', { prefix: 'return ', outcome: 'dismissed' }, []],
  ['a secret', { prefix: 'key = ', settled: "'<secret:password>'" }, []],
  ['line ends of Windows', { prefix: 'x = ', settled: 'a(\r\n  b);' }, ['a(\n  b);']],
])('%s', async (_name, decision, expected) => {
  const { rows } = await build([decision]);
  expect(rows.map(({ completion }) => completion.trimEnd())).toEqual(expected);
});

function taken(facts: Decision): Decision {
  return { prefix: 'return ', outcome: 'accepted', shown: 'sum();', ...facts };
}

test.each([
  ['', 'one();\n'],
  ['\n}', 'one();\n'],
  [' + 1\n}', 'one();'],
])('before %j, the line end is learned where it is one', async (suffix, expected) => {
  const { rows } = await build([{ prefix: 'x = ', suffix, settled: 'one();' }]);
  expect(rows[0]).toMatchObject({ completion: expected, suffix });
});

test('what was taken and kept counts for more than what was written, praise for most', async () => {
  const { rows } = await build([
    { ...fresh(1) },
    { ...fresh(2), ...taken({ survival: 1, settled: 'sum();' }) },
    { ...fresh(30), ...taken({ survival: 1, settled: 'least(30);', thumb: 'up' }) },
  ]);
  const [written = 0, kept = 0, praised = 0] = rows.map(({ weight }) => weight);
  expect(kept).toBeGreaterThan(1.5 * written);
  expect(praised).toBeGreaterThan(1.5 * kept);
});

test('the same row counts for more when it is newer', async () => {
  const { rows } = await build(decisions(10));
  expect(rows[9]?.weight).toBeGreaterThan(1.5 * (rows[0]?.weight ?? 0));
});

test('two cursors on one line are one text', async () => {
  const { rows, report } = await build([
    { prefix: 'const sum = ', settled: 'items.reduce(add, 0);' },
    { prefix: 'const sum = items.', settled: 'reduce(add, 0);' },
  ]);
  expect(rows).toHaveLength(1);
  expect(report.repeated).toBe(1);
});

test('a file that was copied and renamed here and there is one text', async () => {
  const text = (name: string): string =>
    `export function total(items: Item[]) {\n  const ${name} = items.map((item) => item.price * item.count);\n  return `;
  const { rows } = await build([
    { prefix: text('prices'), settled: 'prices.reduce((sum, price) => sum + price, 0);' },
    { prefix: text('costs'), settled: 'prices.reduce((sum, price) => sum + price, 0); ' },
    { prefix: text('prices'), settled: 'Math.max(...prices);' },
  ]);
  expect(rows).toHaveLength(2);
});

test('the newest are held out by time, whatever order they come in', async () => {
  const all = decisions(20).map((each, i) => ({ ...each, minute: (7 * i) % 20 }));
  const { rows, heldOut, report } = await build(all, {
    heldOut: { share: 0.25, least: 2, most: 9 },
  });
  expect([rows.length, heldOut.length]).toEqual([15, 5]);
  expect(report.untilMs).toBe(19 * 60_000);
  const texts = all.filter(({ minute }) => minute >= 15).map(({ settled }) => settled);
  expect(heldOut.map(({ text }) => text.trimEnd()).sort()).toEqual(texts.sort());
});

test('nothing that is held out was learned before', async () => {
  const repeated = { ...fresh(1), minute: 99 };
  const { heldOut } = await build([...decisions(10), repeated], {
    heldOut: { share: 0, least: 2, most: 2 },
  });
  expect(heldOut.map(({ text }) => text.trimEnd())).not.toContain(repeated.settled);
});

test('a held-out text remembers what was refused there', async () => {
  const refused: Decision = { ...fresh(70), outcome: 'dismissed', shown: 'wrong();', minute: 80 };
  const { heldOut } = await build([...decisions(5), refused], {
    heldOut: { share: 0, least: 1, most: 1 },
  });
  expect(heldOut).toEqual([
    expect.objectContaining({ text: `${refused.settled}\n`, refused: 'wrong();\n' }),
  ]);
});

test('with too little it says how much is missing', async () => {
  const { rows, heldOut, report } = await build(decisions(30), defaultDatasetOptions);
  expect(heldOut).toEqual([]);
  expect(rows).toHaveLength(30);
  expect(report.examples).toEqual({ have: 30, needed: 100 });
  expect(tooFewWords(report.examples)).toBe('Not enough examples yet: 30 of 100.');
  const none = await build([], defaultDatasetOptions);
  expect(none.report).toMatchObject({ suggestions: 0, fromMs: 0, untilMs: 0 });
  expect(none.report.examples.have).toBe(0);
});

test.each<[string, readonly Decision[]]>([
  ['nothing', []],
  ['different texts', decisions(30)],
  ['one text again and again', Array.from({ length: 90 }, () => fresh(1))],
  ['what was refused', [{ prefix: 'let bee = ', shown: 'wrong();', outcome: 'dismissed' }]],
])('examples are counted as a run would count them: %s', async (_name, given) => {
  const { report } = await build(given, defaultDatasetOptions);
  expect(await countExamples(each(given))).toEqual(report.examples);
});

test('no more examples are counted than are needed', async () => {
  const options = { ...few, leastRows: 6, heldOut: { ...few.heldOut, least: 4 } };
  const counted = await countExamples(each(decisions(30)), options);
  expect(counted).toEqual({ have: 10, needed: 10 });
});

test('the newest rows are learned where there are more than the time allows', async () => {
  const { rows } = await build(decisions(30), { maxRows: 4 });
  expect(rows.map(({ completion }) => completion.trimEnd())).toEqual(
    decisions(4, 26).map(({ settled }) => settled),
  );
});

test('a row also learns the lines above the cursor, each line once', async () => {
  const uri = 'file:///same.ts';
  const { rows } = await build(
    [
      { uri, prefix: 'head\nlet a = 1;\nlet b = 2;\nlet c', settled: ' = 3;' },
      { uri, prefix: 'head\nlet a = 1;\nlet b = 2;\nlet c = 3;\nlet d = 4;\n', settled: 'end();' },
    ],
    { maxTail: 400 },
  );
  expect(rows.map(({ completion }) => completion)).toEqual([
    'let a = 1;\nlet b = 2;\nlet c = 3;\n',
    'let d = 4;\nend();\n',
  ]);
  expect(rows.map(({ prompt }) => prompt.slice(prompt.indexOf('\n') + 1))).toEqual([
    'head\n',
    'head\nlet a = 1;\nlet b = 2;\nlet c = 3;\n',
  ]);
});

test('a line above the cursor that holds a secret is not learned, nor what is above it', async () => {
  const prefix = 'head\nlet a = 1;\nlet key = "<secret:password>";\nlet c = ';
  const { rows } = await build([{ prefix, settled: '3;' }], { maxTail: 400 });
  expect(rows[0]?.completion).toBe('let c = 3;\n');
});

test('a window that begins with an empty line is read to its beginning', async () => {
  const { rows } = await build([{ prefix: '\nlet a = 1;\nlet b', settled: ' = 2;' }], {
    maxTail: 400,
  });
  expect(rows[0]?.completion).toBe('let a = 1;\nlet b = 2;\n');
});

test('no more is learned above the cursor than is asked for', async () => {
  const prefix = `head\n${'x'.repeat(50)}\nlet c = `;
  const { rows } = await build([{ prefix, settled: '3;' }], { maxTail: 30 });
  expect(rows[0]?.completion).toBe('let c = 3;\n');
});

test('preferences come only from the 200th refusal on, and none from what is held out', async () => {
  const refusals = (count: number): Decision[] =>
    decisions(count).map((each) => ({ ...each, outcome: 'dismissed', shown: 'wrong();' }));
  expect((await build(refusals(199))).preferences).toEqual([]);
  const { preferences, report } = await build(refusals(210), {
    heldOut: { share: 0, least: 10, most: 10 },
  });
  expect(report.refused).toBe(200);
  expect(preferences).toHaveLength(200);
  expect(preferences[0]).toMatchObject({ chosen: refusals(1)[0]?.settled, rejected: 'wrong();' });
});

test('only refusals, or labels that contradict each other, still give what was written', async () => {
  const contradictory = decisions(8).map((each, i): Decision => ({
    ...each,
    ...(i % 2 === 0 ? { outcome: 'dismissed' } : taken({ survival: 0 })),
  }));
  expect((await build(contradictory)).rows).toHaveLength(8);
});
