import { expect, test } from 'vitest';
import type { Answer } from '../../../tools/eval/answers';
import { ablation, markCuts, markdown, type RowNames } from '../../../tools/eval/table';

const names: RowNames = {
  all: [
    { id: 'copiedAlone', title: 'copied alone' },
    { id: 'modelAlone', title: 'model alone' },
    { id: 'all', title: '+ all' },
  ],
  baselines: ['copiedAlone', 'modelAlone'],
  everything: 'all',
};

/** An answer of every row to each cut: one letter a row, `x` where it is right. */
function answers(name: string, patterns: readonly string[]): Answer[] {
  return patterns.flatMap((pattern, cut) =>
    [...pattern].map((mark, row) => ({
      key: 'k',
      package: name,
      cut: `a.ts:${cut}:1`,
      kind: cut % 2 === 0 ? ('midLine' as const) : ('lineStart' as const),
      row: names.all[row]?.id ?? '',
      target: 'done()',
      text: mark === 'x' ? 'done()' : '',
      latencyMs: 100 * (row + 1),
      candidates: [],
    })),
  );
}

const language = (name: string) => (name === 'snake' ? 'python' : 'typescript');
const of = (all: readonly Answer[]) => ablation('k', markCuts(all, names, language), names);

test('everything is compared with the better of the two, in all and in each language', () => {
  const { overall, languages } = of([
    ...answers('shop', ['x.x', '..x', '..x', '...']),
    ...answers('snake', ['.xx', '.xx', '...', '...']),
  ]);
  expect(overall.ratio.value).toBe(2.5);
  expect(languages.map(({ name, ratio }) => [name, ratio.value])).toEqual([
    ['typescript', 3],
    ['python', 1],
  ]);
  expect(overall.rows['all']?.exact.value).toBe(5 / 8);
  expect(overall.rows['all']?.saved).toBe(5 / 8);
  expect(overall.rows['all']?.exactByKind).toEqual({ midLine: 3 / 4, lineStart: 2 / 4 });
  expect(overall.rows['modelAlone']?.latencyMs).toEqual({ p50: 200, p95: 200 });
});

test('a cut that lacks a row counts in none', () => {
  const whole = answers('shop', ['x.x', '..x']);
  expect(of([...whole, ...answers('bank', ['xx'])]).overall).toEqual(of(whole).overall);
});

test('the table has a line for each row and says how many cuts it rests on', () => {
  const text = markdown(of(answers('shop', ['x.x', '..x'])), names);
  expect(text).toContain('2 cuts of 1 packages');
  expect(text).toContain('| copied alone | 50.0 (');
  expect(text).toContain(
    '| + all | 100.0 (100.0 to 100.0) | 100.0 | 100.0 | - | - | 1.000 | 100.0 | 300 / 300 |',
  );
  expect(text).not.toContain('Python');
  expect(markdown(of(answers('snake', ['x.x'])), names)).toContain('no language server for Python');
  expect(text).toMatch(/- all \(2\): 2\.00 \(/);
});

test('cuts with automatic closers have a column, beside those where none were put in', () => {
  const all = answers('shop', ['x.x', '..x', '..x', '...']).map((answer) => {
    const cut = Number(answer.cut.split(':')[1]);
    return cut === 0 ? answer : { ...answer, closers: ')', isClosed: cut > 1 };
  });
  const { overall } = of(all);
  expect(overall.cutsByClosers).toEqual({ plain: 1, closed: 2 });
  expect(overall.rows['all']?.exactByClosers).toEqual({ plain: 1, closed: 1 / 2 });
  const text = markdown(of(all), names);
  expect(text).toContain('| open brackets or quotes (1), % | automatic closers (2), % |');
  expect(text).toMatch(/\| \+ all \|.* 100\.0 \| 50\.0 \| 0\.750 \|/);
});

test('an answer behind closers is marked by what it leaves', () => {
  const left = { text: 'done()', left: 'done())', closers: ')', isClosed: true };
  const all = answers('shop', ['xxx']).map((answer) => ({ ...answer, ...left }));
  expect(of(all).overall.rows['all']?.exact.value).toBe(0);
});
