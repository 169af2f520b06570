/** Where the bench gets text and models from: this checkout and its pinned packages. */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { globSync } from 'tinyglobby';

export const root = process.cwd();
export const gguf = path.join(root, '.cache/models/SmolLM2-135M-Instruct.Q4_1.gguf');
export const modelDirectory = path.join(root, 'media/models/hone-135m');
export const hostScript = path.join(root, 'dist/host.js');

export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** Hone's own TypeScript sources, in order of their paths. */
export function ownSources(): SourceFile[] {
  return globSync(['src/**/*.ts'], { cwd: root })
    .sort()
    .map((file) => ({ path: file, text: fs.readFileSync(path.join(root, file), 'utf8') }));
}

/** TypeScript of the pinned development packages, until there are `lines` lines. */
export function packageSources(lines: number): SourceFile[] {
  const files: SourceFile[] = [];
  let left = lines;
  for (const file of globSync(
    ['@types/node/**/*.ts', 'typescript/lib/lib.*.d.ts', 'zod/src/**/*.ts'],
    {
      cwd: path.join(root, 'node_modules'),
    },
  ).sort()) {
    if (left <= 0) break;
    const all = fs.readFileSync(path.join(root, 'node_modules', file), 'utf8').split('\n');
    files.push({ path: file, text: all.slice(0, left).join('\n') });
    left -= all.length;
  }
  if (left > 0) throw new Error(`The packages hold ${lines - left} lines, not ${lines}.`);
  return files;
}
