import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { DecisionRecord } from '../../../src/replay/measures';
import { pageOf, writePage } from '../../../src/replay/page';
import { type ReplayReport, reportOf, summaryOf } from '../../../src/replay/report';
import { temporaryFolder } from '../../helpers/temporaryFolder';

/** Twenty decisions, half of each language; `latencyMs` is what the machine took. */
function report(latencyMs: number): ReplayReport {
  const records = Array.from({ length: 20 }, (_, i): DecisionRecord => {
    const arm = (retained: number) => ({
      ...{ shown: true, accepted: retained > 0, refused: retained === 0, retained, latencyMs },
      keystrokesSaved: retained - 1,
      ...{ forecast: { p: 0.4, kept: retained > 0 }, choice: undefined },
    });
    return {
      ...{ id: String(i), commit: String(i >> 1), written: 100 },
      languageId: i % 2 === 0 ? 'python' : 'typescript',
      arms: { none: [arm(i % 4)], cache: [arm(10)] },
    };
  });
  const commits = { walked: 12, asked: 10, bulk: 1, shallow: 0, bot: 1 };
  const history = { name: 'garden', head: '0123456789abcdef' };
  return reportOf({ records, commits }, { history, seed: 1, policy: 'tiny@1' });
}

describe('the page of a replay', () => {
  test('says first what the last arm did better', () =>
    expect(pageOf(report(1)).split('\n')[2]).toBe(
      'Of 1,000 characters written, **100** were accepted from `cache` and stayed, 6.67 times as ' +
        'much as the **15** from `none`; the difference is between 79.0 and 91.0 in 95 of 100 resamplings.',
    ));

  test('has every arm, difference and language', () => {
    const page = pageOf(report(1));
    expect(page).toContain('| **cache** | 100.0 | 20 | 20 | 0 | 180 | 0.600 |');
    expect(page).toContain('| cache − none | 85.0 (79.0 to 91.0) |');
    expect(page).toContain('| python | 10 | 10.0 | 100.0 |');
    expect(page).toContain('1 by programs, 1 too large to have been typed');
  });

  test('is the same however fast the machine was', () =>
    expect(pageOf(report(1))).toBe(pageOf(report(999))));

  test('is written with its pictures, the same each time', async () => {
    const folders = [await temporaryFolder(), await temporaryFolder()];
    for (const folder of folders) await writePage(report(1), folder);
    const [first = '', second = ''] = folders;
    const names = (await readdir(first)).sort();
    expect(names).toEqual(['kept.svg', 'outcomes.svg', 'over-time.svg', 'report.md']);
    for (const name of names) {
      const text = await readFile(path.join(first, name), 'utf8');
      expect(await readFile(path.join(second, name), 'utf8')).toBe(text);
    }
    const picture = await readFile(path.join(first, 'kept.svg'), 'utf8');
    expect(picture).toContain('>100</text>');
    expect(picture).toMatch(/^<svg [\s\S]*<\/svg>\n$/);
  });

  test('of nothing still says what it is', async () => {
    const commits = { walked: 0, asked: 0, bulk: 0, shallow: 0, bot: 0 };
    const empty = reportOf(
      { records: [], commits },
      { history: { name: 'garden', head: 'x' }, seed: 1, policy: 'tiny@1' },
    );
    await writePage(empty, await temporaryFolder());
    expect(summaryOf(empty)).toContain('0 decisions');
  });
});
