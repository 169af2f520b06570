/**
 * The words of an export: the preview of what would leave, counts, the name of the folder. Pure, so
 * that tests can read them.
 */
import type { ExportPlan } from '../store/export';

/** What would leave, with the first rows in full. */
export function previewText(plan: ExportPlan): string {
  const { train, test } = plan.rows;
  return [
    `# Export as ${plan.format}`,
    `${counted(train, 'row')} for training, ${test} for testing, from ${counted(plan.suggestions, 'suggestion')}.`,
    plan.leaves.map((sentence) => `- ${sentence}`).join('\n'),
    '## Columns',
    plan.columns.map(({ name, type, meaning }) => `- \`${name}\` (${type}): ${meaning}`).join('\n'),
    '## First rows',
    ...plan.firstRows.map((row) => ['```json', JSON.stringify(row, null, 2), '```'].join('\n')),
    '',
  ].join('\n\n');
}

/** `20260131-2359`, local time: sorts by time and needs no quoting anywhere. */
export function timeStamp(timeMs: number): string {
  const date = new Date(timeMs);
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${date.getFullYear()}${two(date.getMonth() + 1)}${two(date.getDate())}-${two(date.getHours())}${two(date.getMinutes())}`;
}

export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
