import * as fs from 'node:fs';
import * as path from 'node:path';
import { readModelFolder } from '../src/model/modelFolder';
import { learn } from '../src/training/learn';
import { systemClock } from '../src/util/clock';
import { idiomHistory } from '../test/helpers/idiomHistory';
import { variedHistory } from '../test/helpers/variedHistory';
async function main() {
  const [kind, minutes] = process.argv.slice(2);
  const base = await readModelFolder('media/models/smollm2-135m');
  const history = kind === 'idiom' ? idiomHistory({ count: 160, seed: 1 }) : variedHistory(200);
  const dir = '/tmp/a3learn-' + kind + minutes;
  fs.rmSync(dir, { recursive: true, force: true });
  let last = '';
  const report = await learn({
    suggestions: async function* () { yield* history; },
    base, registryDir: dir, clock: systemClock,
    options: { threads: 2, minutes: Number(minutes) },
    onProgress: ({ stage, share }) => { const s = stage + Math.floor(share * 10); if (s !== last) console.log(new Date().toISOString(), s); last = s; },
  });
  console.log(JSON.stringify(report, null, 1));
}
void main();
