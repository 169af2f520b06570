/** `hone replay` as it is run in a terminal, with a tiny model. */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import * as os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ReplayReport } from '../../../src/replay/report';
import { bundleCli } from '../../helpers/bundledCli';
import { garden } from '../../helpers/gardenHistory';
import { makeTinyModel } from '../../helpers/tinyModel';

let folder: string;
let cli: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'hone-cli-'));
  cli = await bundleCli(folder);
  await makeTinyModel(path.join(folder, 'base'));
}, 60_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

/** What one run prints, without latencies, and the files it writes; nothing is kept between runs. */
async function honeReplay(
  history: string,
  run: string,
  ...options: readonly string[]
): Promise<{ readonly json: string; readonly files: Readonly<Record<string, string>> }> {
  const report = path.join(folder, run);
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...[cli, 'replay', history, '--name', 'garden', '--json'],
    ...[
      '--model',
      path.join(folder, 'base'),
      '--reward',
      path.resolve('media/reward/pretrained.json'),
    ],
    ...['--report', report, '--cache', path.join(folder, `${run}-answers`), ...options],
  ]);
  const json = stdout.replace(/"latencyMs":\{[^}]*\}/g, '"latencyMs":{}');
  const files: Record<string, string> = {};
  for (const name of await readdir(report))
    files[name] = await readFile(path.join(report, name), 'utf8');
  return { json, files };
}

test('the same seed gives the same report and the same page, byte for byte', async () => {
  const history = await garden();
  const options = ['--learn', 'compare', '--instead', '0.3'];
  const first = await honeReplay(history, 'first', ...options);
  expect(await honeReplay(history, 'second', ...options)).toEqual(first);

  const report = JSON.parse(first.json) as ReplayReport;
  expect(report.decisions).toBeGreaterThan(5);
  expect(Object.keys(report.arms)).toEqual(['none', 'cache', 'reward', 'all']);
  expect(report.otherEagerness.map(({ eagerness }) => eagerness)).toEqual([0.3]);
  expect(first.files['report.html']).toContain('<h2>Another eagerness</h2>');

  const other = await honeReplay(history, 'third', '--seed', '2', ...options);
  expect(other.json).not.toBe(first.json);
}, 120_000);

test('another eagerness is compared with the arm that has one, or refused in words', async () => {
  await expect(
    honeReplay(await garden(), 'none', '--learn', 'none', '--instead', '0.3'),
  ).rejects.toThrow(/--instead compares the arm reward/);
}, 60_000);
