/**
 * What a training run costs the suggestions: one model host answers the same typing, every other
 * question while a trainer of its own is at work and the others while that trainer is held, so that
 * whatever else the machine does falls on both alike.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { CopyIndex } from '../../src/completion/copyIndex';
import { forkChild } from '../../src/host/childChannel';
import { ModelHost } from '../../src/host/modelHost';
import { RpcClient } from '../../src/host/rpc';
import { systemClock } from '../../src/util/clock';
import { type Figure, format, spread } from './machine';
import { hostScript, modelDirectory, ownSources } from './places';
import { silent, typeAlong } from './suggest';

const threads = 2;
/** From when the trainer is let go on or held to the next question. */
const settleMs = 100;

export async function suggestionsWhileTraining(folder: string): Promise<Figure[]> {
  // There is no holding a process elsewhere.
  if (process.platform === 'win32') return [];
  const host = new ModelHost({
    ...{ hostScript, modelDir: modelDirectory, threads, logger: silent, clock: systemClock },
  });
  host.start();
  const trainer = forkChild({ hostScript, logger: silent });
  const hold = (signal: 'SIGSTOP' | 'SIGCONT'): boolean => process.kill(trainer.pid ?? NaN, signal);
  try {
    await startTraining(new RpcClient(trainer.channel, systemClock), folder);
    const files = ownSources();
    const index = new CopyIndex();
    for (const { path: file, text } of files) index.update(file, 'typescript', text);
    const idle: number[] = [];
    const training: number[] = [];
    for (const file of files.filter((_, i) => i % 6 === 0).slice(0, 8)) {
      const latencies = await typeAlong(host, index, file, 12, async (question) => {
        hold(question % 2 === 0 ? 'SIGSTOP' : 'SIGCONT');
        await new Promise((resolve) => setTimeout(resolve, settleMs));
      });
      for (const [i, { total }] of latencies.entries()) (i % 2 === 0 ? idle : training).push(total);
    }
    const [held, busy] = [spread(idle), spread(training)];
    return [
      { what: 'suggestion, trainer held', value: format(held, 'ms'), wanted: '' },
      { what: 'suggestion while it trains', value: format(busy, 'ms'), wanted: '' },
      {
        what: 'training / held, p50',
        value: `${(busy.p50 / held.p50).toFixed(2)} x`,
        wanted: '<= 1.3',
      },
    ];
  } finally {
    trainer.kill();
    host.dispose();
  }
}

/** Begins a run that takes longer than the bench; settles with its first step. */
async function startTraining(client: RpcClient, folder: string): Promise<void> {
  const text = ownSources()
    .map((file) => file.text)
    .join('\n');
  const rows = Array.from({ length: 64 }, (_, i) => ({
    prompt: text.slice(1500 * i, 1500 * i + 900),
    completion: text.slice(1500 * i + 900, 1500 * i + 1200),
  }));
  const data = path.join(folder, 'long.jsonl');
  fs.writeFileSync(data, rows.map((row) => JSON.stringify(row)).join('\n'));
  const out = path.join(folder, 'long');
  const options = { method: 'sft', epochs: 100, batchSize: 1, threads } as const;
  await new Promise<void>((resolve, reject) => {
    const onProgress = ({ stage }: { readonly stage: string }): void => {
      if (stage === 'training') resolve();
    };
    client
      .call('train', { modelDir: modelDirectory, data, out, options }, { onProgress })
      .catch(reject);
  });
}
