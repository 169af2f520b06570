/**
 * Hone's half of the round trip with peft: trains an adapter for the tiny model into FOLDER/adapter
 * and writes the logits it gives, all positions, into FOLDER/logits.json. Then peft.py checks them:
 *
 *     node tools/run.mjs tools/peftRoundTrip.ts FOLDER
 *     VENV/bin/python test/fixtures/training/peft.py check FOLDER/adapter FOLDER/logits.json
 *
 * Last output: "the adapter moves logits by up to 6.727; peft and Hone differ by at most 3.10e-06".
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openSession } from '../src/model/session';
import { mergeAdapter } from '../src/training/merge';
import { trainingSettings } from '../src/training/settings';
import { train } from '../src/training/trainer';
import { systemClock } from '../src/util/clock';
import { emptyCache, runStep } from '../test/helpers/decode';
import { makeTinyModel } from '../test/helpers/tinyModel';

const ids = [7, 260, 34, 99, 120, 3, 201, 75, 76, 77, 78, 12];

async function main(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const base = await makeTinyModel(join(folder, 'base'), { precision: 'fp32' });
  const data = join(folder, 'rows.jsonl');
  const row = { prompt: 'const answer = ', completion: 'return();' };
  await writeFile(data, `${JSON.stringify(row)}\n`);
  const adapter = join(folder, 'adapter');
  const settings = trainingSettings({ method: 'sft', epochs: 20, learningRate: 0.01, rank: 4 });
  await train({ base, data, out: adapter, settings, clock: systemClock });
  const merged = await mergeAdapter({ base, adapter, destination: join(folder, 'merged') });
  const session = await openSession(merged.graphPath, { threads: 1 });
  const prefix = emptyCache(merged.manifest);
  const { logits } = await runStep(session, merged.manifest, { ids: [ids], prefix });
  await session.release();
  const rows = (logits[0] ?? []).map((position) => [...position]);
  await writeFile(join(folder, 'logits.json'), JSON.stringify(rows));
}

await main(process.argv[2] ?? 'round-trip');
