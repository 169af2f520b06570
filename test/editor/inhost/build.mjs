// Compiles the in-host suite to out/inhost, where an extension host can load it.
import * as fs from 'node:fs';
import * as path from 'node:path';
import * as esbuild from 'esbuild';

const folder = import.meta.dirname;
const outdir = path.resolve(folder, '../../../out/inhost');

/** Returns the path for `extensionTestsPath`. */
export async function buildInhostSuite() {
  fs.rmSync(outdir, { recursive: true, force: true });
  await esbuild.build({
    entryPoints: fs
      .readdirSync(folder)
      .filter((name) => name.endsWith('.ts'))
      .map((name) => path.join(folder, name)),
    outdir,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    external: ['vscode', 'mocha', 'sqlite3'],
    logLevel: 'warning',
  });
  return path.join(outdir, 'index.js');
}
