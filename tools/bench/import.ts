/** Import of the default model's GGUF file: time and size on disk. */
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { importModel } from '../../src/model/importModel';
import type { Figure } from './machine';
import { gguf } from './places';

export async function benchImport(): Promise<Figure[]> {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'hone-bench-'));
  try {
    const destination = path.join(directory, 'model');
    const started = performance.now();
    await importModel({ source: gguf, destination, precision: '8bit' });
    const seconds = (performance.now() - started) / 1000;
    const bytes = fs
      .readdirSync(destination)
      .reduce((sum, file) => sum + fs.statSync(path.join(destination, file)).size, 0);
    const ratio = bytes / fs.statSync(gguf).size;
    return [
      { what: 'import of SmolLM2-135M', value: `${seconds.toFixed(1)} s`, wanted: '<= 30 s' },
      { what: 'size on disk', value: `${ratio.toFixed(2)} x the GGUF`, wanted: '<= 1.7' },
    ];
  } finally {
    fs.rmSync(directory, { recursive: true });
  }
}
