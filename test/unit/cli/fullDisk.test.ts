/**
 * A disk that has no room for what training and merging write: a limit on the size of a file, which any
 * shell can set, and a disk of a few megabytes where the system lets a test mount one.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import * as os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundleCli } from '../../helpers/bundledCli';
import { makeTinyModel } from '../../helpers/tinyModel';

let folder: string;
let cli: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'hone-full-'));
  cli = await bundleCli(folder);
  await makeTinyModel(path.join(folder, 'base'));
  const rows = [1, 2, 3, 4, 5, 6].map((n) => ({ prompt: `const a${n} = `, completion: `${n};` }));
  const lines = rows.map((row) => JSON.stringify(row)).join('\n');
  await writeFile(path.join(folder, 'rows.jsonl'), lines);
}, 60_000);

afterAll(() => rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }));

interface Ended {
  readonly code: number | null;
  readonly said: string;
}

interface Limits {
  /** Kilobytes that a file may grow to. */
  readonly fileKilobytes?: number;
  /** Ctrl+C as soon as this folder is there. */
  readonly untilThereIs?: string;
}

async function hone(args: readonly string[], limits: Limits = {}): Promise<Ended> {
  const { fileKilobytes = 'unlimited', untilThereIs } = limits;
  const limited = ['-c', `ulimit -f ${fileKilobytes}; exec "$0" "$@"`];
  const child = spawn('bash', [...limited, process.execPath, cli, ...args]);
  let said = '';
  child.stdout.on('data', (text: Buffer) => (said += text.toString()));
  child.stderr.on('data', (text: Buffer) => (said += text.toString()));
  const look = setInterval(() => {
    if (untilThereIs === undefined || !existsSync(untilThereIs)) return;
    clearInterval(look);
    child.kill('SIGINT');
  }, 5);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearInterval(look);
  return { code, said };
}

/**
 * The adapter is a megabyte and the optimiser's state two, the frozen weights are less than one.
 * `epochs` times three steps, with a checkpoint after every tenth.
 */
const trainInto = (out: string, epochs = 4): string[] => [
  ...['train', '--base', path.join(folder, 'base'), '--data', path.join(folder, 'rows.jsonl')],
  ...['--out', path.join(folder, out), '--method', 'sft', '--rank', '128', '--batch', '2'],
  ...['--epochs', String(epochs), '--threads', '1', '--json'],
];

/** Everything below the folder whose path there begins so. */
const found = async (start: string): Promise<string[]> =>
  (await readdir(folder, { recursive: true })).filter((name) => name.startsWith(start)).sort();

describe.skipIf(process.platform === 'win32')('where no file may grow so large', () => {
  test('a training ends at its checkpoint, in words and without a trace', async () => {
    const { code, said } = await hone(trainInto('early'), { fileKilobytes: 1536 });
    expect(said).toMatch(/early\.checkpoint\S* would be larger than a file may be there\. Lift/);
    expect(code).toBe(1);
    expect((await found('early')).filter((name) => name !== 'early.checkpoint')).toEqual([]);
    expect(await found('hone.training-')).toEqual([]);
  }, 120_000);

  test('a training that has a checkpoint keeps it, and loses nothing by it', async () => {
    expect(await hone(trainInto('whole', 10))).toMatchObject({ code: 0 });
    const untilThereIs = path.join(folder, 'late.checkpoint');
    expect(await hone(trainInto('late', 10), { untilThereIs })).toMatchObject({ code: 130 });
    const [, kept = ''] = await found('late');
    const before = await found('late');
    const { code, said } = await hone(trainInto('late', 10), { fileKilobytes: 700 });
    expect(code).toBe(1);
    const steps = Number(/step-0*(\d+)/.exec(kept)?.[1]);
    expect(said).toContain(`What was learned in ${steps} steps is kept`);
    expect(await found('late')).toEqual(before);
    const resumed = await hone(trainInto('late', 10));
    expect(resumed.said).toContain(`"resumedFrom":${steps}`);
    const weights = (of: string): Promise<Buffer> =>
      readFile(path.join(folder, of, 'adapter_model.safetensors'));
    expect(await weights('late')).toEqual(await weights('whole'));
  }, 240_000);

  test('a merge ends in words and without a trace', async () => {
    expect(await hone(trainInto('adapter', 1))).toMatchObject({ code: 0 });
    const merge = ['merge', path.join(folder, 'adapter'), '--base', path.join(folder, 'base')];
    const out = ['--out', path.join(folder, 'merged')];
    const { code, said } = await hone([...merge, ...out], { fileKilobytes: 16 });
    expect(said).toMatch(/merged would be larger than a file may be there/);
    expect(code).toBe(1);
    expect(await found('merged')).toEqual([]);
    expect(await hone([...merge, ...out])).toMatchObject({ code: 0 });
  }, 120_000);
});
