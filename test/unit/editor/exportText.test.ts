import { describe, expect, test } from 'vitest';
import { counted, previewText, timeStamp } from '../../../src/editor/exportText';
import type { ExportPlan } from '../../../src/store/export';

const plan: ExportPlan = {
  format: 'sft',
  columns: [
    { name: 'prompt', type: 'string', meaning: 'The text before the cursor.' },
    { name: 'completion', type: 'string', meaning: 'What stayed there.' },
  ],
  rows: { train: 9, test: 1 },
  suggestions: 12,
  byLanguage: { typescript: 12 },
  span: { fromMs: 1, untilMs: 2 },
  testFromMs: 2,
  range: {},
  labels: undefined,
  firstRows: [
    { prompt: 'const a = ', completion: '```1' },
    { prompt: 'x', completion: 'y' },
  ],
  leaves: ['This export contains your code.', 'Nothing is sent.'],
};

describe('the preview of an export', () => {
  const text = previewText(plan);

  test('says how much would leave, and what', () => {
    expect(text).toContain('9 rows for training, 1 for testing, from 12 suggestions.');
    for (const sentence of plan.leaves) expect(text).toContain(`- ${sentence}`);
    for (const { name } of plan.columns) expect(text).toContain(`\`${name}\``);
  });

  test('shows the first rows as they would be written', () => {
    const rows = [...text.matchAll(/^```json\n([\s\S]*?)\n```$/gm)].map(
      ([, row]) => JSON.parse(row ?? '') as unknown,
    );
    expect(rows).toEqual(plan.firstRows);
  });
});

test('one is counted as one', () => {
  expect([0, 1, 2].map((n) => counted(n, 'row'))).toEqual(['0 rows', '1 row', '2 rows']);
});

test('the name of the folder sorts by local time', () => {
  expect(timeStamp(new Date(2026, 0, 31, 9, 5).getTime())).toBe('20260131-0905');
});
