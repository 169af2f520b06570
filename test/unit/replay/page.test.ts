import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { drawCharts } from '../../../src/replay/charts';
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
  const page = (latencyMs: number): string => pageOf(report(latencyMs), drawCharts(report(1)));

  test('says first what the last arm did better', () => {
    const [lead = ''] = /<p class="lead">.*<\/p>/.exec(page(1)) ?? [];
    expect(lead.replaceAll(/<[^>]+>/g, '')).toBe(
      'Of 1,000 characters written, 100 were accepted from cache and stayed, 6.67 times as ' +
        'much as the 15 from none; the difference is between 79.0 and 91.0 in 95 of 100 resamplings.',
    );
    expect(page(1).indexOf('<p class="lead">')).toBeLessThan(page(1).indexOf('<table>'));
  });

  test('has every arm, difference and language', () => {
    const cells = page(1)
      .replaceAll(/<\/?t[dr]>/g, '|')
      .replaceAll('||', '|');
    expect(cells).toContain('|cache|100.0|20|20|0|180|0.600|');
    expect(cells).toContain('|cache − none|85.0 (79.0 to 91.0)|');
    expect(cells).toContain('|python|10|10.0|100.0|');
    expect(cells).toContain('1 by programs, 1 too large to have been typed');
  });

  test('is the same however fast the machine was', () => expect(page(1)).toBe(page(999)));

  test('is one file that needs no other, the same each time', async () => {
    const folders = [await temporaryFolder(), await temporaryFolder()];
    const files = await Promise.all(folders.map((folder) => writePage(report(1), folder)));
    const [first, second] = await Promise.all(files.map((file) => readFile(file, 'utf8')));
    expect(files.map((file) => path.basename(file))).toEqual(['report.html', 'report.html']);
    expect(await readdir(folders[0] ?? '')).toEqual(['report.html']);
    expect(second).toBe(first);
    expect(first).not.toMatch(/ src=| href=|@import|url\(http/);
    expect(first?.match(/<svg /g)).toHaveLength(3);
    expect(first).toContain('>100</text>');
  });

  test('escapes names', () => {
    const odd = { ...report(1), history: { name: '<b>"a" & b', head: 'x' } };
    expect(pageOf(odd, drawCharts(odd))).toContain(
      '<h1>&lt;b>&quot;a&quot; &amp; b, replayed</h1>',
    );
  });

  test('tells arms apart that came to the same', () => {
    const lines = [...drawCharts(report(1)).overTime.matchAll(/stroke-dasharray="([^"]+)"/g)];
    expect(new Set(lines.map(([, dash]) => dash)).size).toBeGreaterThan(0);
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
