/**
 * npm run eval [-- --set tuned|heldOut] [--cuts N] [--model DIR] [--json]: mid-line cuts of the
 * packages in manifest.json, answered by the model alone, by copying alone, and by both.
 */
import { execFileSync } from 'node:child_process';
import * as path from 'node:path';
import { parseArgs } from 'node:util';
import type { FimReport } from '../../src/replay/fim';
import { makeCuts } from './cuts';
import manifest from './manifest.json';

const root = process.cwd();
const { values } = parseArgs({
  options: {
    set: { type: 'string', default: 'heldOut' },
    cuts: { type: 'string', default: '200' },
    model: { type: 'string', default: path.join(root, 'media/models/smollm2-135m') },
    sources: { type: 'string', multiple: true, default: ['model', 'copy', 'model,copy'] },
    json: { type: 'boolean', default: false },
  },
});

const packages = values.set === 'tuned' ? manifest.tuned : manifest.heldOut;
const table: Record<string, Record<string, FimReport>> = {};
for (const specifier of packages) {
  const cuts = makeCuts(specifier, path.join(root, '.cache/eval'), Number(values.cuts));
  const row: Record<string, FimReport> = (table[specifier] = {});
  for (const sources of values.sources) {
    process.stderr.write(`${specifier}, ${sources}, ${cuts.count} cuts\n`);
    row[sources] = JSON.parse(
      execFileSync(
        process.execPath,
        [
          path.join(root, 'dist/cli.js'),
          ...['eval', 'fim', cuts.rows, '--workspace', cuts.workspace, '--model', values.model],
          ...['--sources', sources, '--json'],
          ...['--rows-out', cuts.rows.replace(/\.jsonl$/, `.${sources.replace(',', '+')}.jsonl`)],
        ],
        { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
      ),
    ) as FimReport;
  }
}
process.stdout.write((values.json ? JSON.stringify(table) : markdown(table)) + '\n');

/** One line a package and source: exact match, edit similarity, median latency. */
function markdown(reports: Readonly<Record<string, Readonly<Record<string, FimReport>>>>): string {
  const lines = Object.entries(reports).flatMap(([specifier, bySources]) =>
    Object.entries(bySources).map(([sources, report]) =>
      [
        `| ${specifier} | ${sources} | ${report.n}`,
        (100 * report.exactMatch).toFixed(1),
        report.editSimilarity.toFixed(3),
        `${report.latencyMs.p50.toFixed(0)} / ${report.latencyMs.p95.toFixed(0)} |`,
      ].join(' | '),
    ),
  );
  return [
    '| package | sources | cuts | exact match, % | edit similarity | p50 / p95, ms |',
    '|---|---|---|---|---|---|',
    ...lines,
  ].join('\n');
}
