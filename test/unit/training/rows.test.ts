import { expect, test } from 'vitest';
import { type Method, type TrainingRow, parseRows } from '../../../src/training/rows';

const lines = (...rows: unknown[]): string => rows.map((row) => JSON.stringify(row)).join('\n');
const row = (changes: Partial<TrainingRow>): TrainingRow => ({
  ...{ line: 1, prompt: 'p', texts: ['c'], weight: 1, liked: true, repository: '', path: '' },
  ...changes,
});

function check(method: Method, jsonl: string, expected: readonly TrainingRow[]): void {
  expect(parseRows(jsonl, method).rows).toEqual(expected);
}

function checkRefused(method: Method, jsonl: string, message: RegExp): void {
  expect(() => parseRows(jsonl, method)).toThrow(
    expect.objectContaining({
      name: 'TrainingError',
      code: 'rows',
      message: expect.stringMatching(message) as string,
    }),
  );
}

test('rows of each method are read, with their line', () => {
  check('sft', `\n${lines({ prompt: 'p', completion: 'c' })}\n\n`, [row({ line: 2 })]);
  check('dpo', lines({ prompt: 'p', chosen: 'a', rejected: 'b' }), [row({ texts: ['a', 'b'] })]);
  check('kto', lines({ prompt: 'p', completion: 'c', label: false }), [row({ liked: false })]);
});

test('a mark of the encoding and line ends of another system are no part of a row', () => {
  check('sft', `\uFEFF${lines({ prompt: 'p', completion: 'c' })}\r\n`, [row({})]);
});

test('weight, repository and path are read where they stand', () => {
  const given = { prompt: 'p', completion: 'c', weight: 4, repository: 'hone', path: 'a.ts' };
  check('sft', lines(given), [row({ weight: 4, repository: 'hone', path: 'a.ts' })]);
});

test('rows without a completion and columns that mean nothing are counted', () => {
  const { rows, report } = parseRows(
    lines(
      { prompt: 'p', completion: ' \n', id: 1 },
      { prompt: 'p', completion: 'c', id: 2, label: true },
    ),
    'sft',
  );
  expect(rows).toHaveLength(1);
  expect(report).toEqual({ read: 2, empty: 1, equal: 0, unknownColumns: { id: 2, label: 1 } });
});

test('a pair of equal texts teaches nothing and is counted', () => {
  const { report } = parseRows(
    lines(
      { prompt: 'p', chosen: 'a', rejected: 'a' },
      { prompt: 'p', chosen: 'a', rejected: 'b' },
      { prompt: 'p', chosen: 'a', rejected: '' },
    ),
    'dpo',
  );
  expect(report).toEqual({ read: 3, empty: 1, equal: 1, unknownColumns: {} });
});

test('a file of another form is refused with its line and the columns that are wanted', () => {
  checkRefused('sft', 'not json', /Line 1 is not a JSON object/);
  checkRefused('sft', '[1]', /Line 1 is not a JSON object/);
  checkRefused('dpo', lines({ prompt: 'p', completion: 'c' }), /Line 1 .*chosen.*prompt, chosen/s);
  checkRefused('kto', lines({ prompt: 'p', completion: 'c', label: 'yes' }), /Line 1 .*label/s);
  checkRefused('sft', lines({ prompt: 'p', completion: 'c', weight: 0 }), /Line 1 .*weight/s);
});

test('a file that teaches nothing is refused', () => {
  checkRefused('sft', '', /nothing to learn from: 0 rows/);
  checkRefused('sft', lines({ prompt: 'p', completion: '' }), /1 of them without a completion/);
});
