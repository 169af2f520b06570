/** `hone train` as it is run in a terminal: the bundle, its child, Ctrl+C, a child that is killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import * as os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundleCli } from '../../helpers/bundledCli';
import { makeTinyModel } from '../../helpers/tinyModel';

let folder: string;
let cli: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'hone-cli-'));
  cli = await bundleCli(folder);
  await makeTinyModel(path.join(folder, 'base'));
  const rows = [1, 2, 3, 4, 5, 6].map((n) => ({ prompt: `const a${n} = `, completion: `${n};` }));
  const lines = rows.map((row) => JSON.stringify(row)).join('\n');
  await writeFile(path.join(folder, 'rows.jsonl'), lines);
}, 60_000);

afterAll(() => rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }));

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs `hone train`; `meanwhile` is called once there is a checkpoint. */
async function honeTrain(
  out: string,
  epochs: number,
  meanwhile: (hone: ChildProcess) => void = () => undefined,
): Promise<Ended> {
  const hone = spawn(process.execPath, [
    cli,
    ...['train', '--base', path.join(folder, 'base'), '--data', path.join(folder, 'rows.jsonl')],
    ...['--method', 'sft', '--out', path.join(folder, out), '--rank', '2', '--batch', '2'],
    ...['--threads', '1', '--epochs', String(epochs), '--json'],
  ]);
  const said = { out: '', err: '' };
  let isTold = false;
  hone.stdout.on('data', (text: Buffer) => (said.out += text.toString()));
  hone.stderr.on('data', (text: Buffer) => {
    said.err += text.toString();
    if (isTold || !/[2-9]0 % \(training/.test(said.err)) return;
    isTold = true;
    meanwhile(hone);
  });
  const code = await new Promise<number | null>((resolve) => hone.once('close', resolve));
  return { code, ...said };
}

test('Ctrl+C ends it without a trace but a checkpoint, from which the same command goes on', async () => {
  const ended = await honeTrain('stopped', 30, (hone) => hone.kill('SIGINT'));
  expect(ended).toMatchObject({ code: 130, out: '' });
  expect(ended.err).toMatch(/Cancelled\.\n$/);
  const left = (await readdir(folder)).filter((name) => /stopped|training-/.test(name));
  expect(left).toEqual(['stopped.checkpoint']);

  const { code, out } = await honeTrain('stopped', 30);
  expect(code).toBe(0);
  const report = JSON.parse(out) as { readonly steps: number; readonly resumedFrom: number };
  expect(report.steps).toBe(90);
  expect(report.resumedFrom).toBeGreaterThan(0);
}, 180_000);

test.runIf(process.platform === 'linux')(
  'a trainer that is killed is told of in words',
  async () => {
    const ended = await honeTrain('killed', 30, killChildOf);
    expect(ended.code).toBe(1);
    expect(ended.err).toMatch(/was ended by SIGKILL\. Nothing was left half done/);
    expect(await readdir(folder)).not.toContain('killed');
  },
  180_000,
);

function killChildOf({ pid = 0 }: ChildProcess): void {
  const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ');
  process.kill(Number(child), 'SIGKILL');
}
