/** The command line as it ships: the bundle of it and of the host that it forks, in a folder. */
import { symlink } from 'node:fs/promises';
import path from 'node:path';
import * as esbuild from 'esbuild';

const repository = path.resolve(import.meta.dirname, '../..');

/** Bundles into `folder`/dist and resolves to the script to run. */
export async function bundleCli(folder: string): Promise<string> {
  await symlink(path.join(repository, 'node_modules'), path.join(folder, 'node_modules'), 'dir');
  await esbuild.build({
    entryPoints: {
      cli: path.join(repository, 'src/cli.ts'),
      host: path.join(repository, 'src/host/main.ts'),
    },
    outdir: path.join(folder, 'dist'),
    bundle: true,
    platform: 'node',
    format: 'cjs',
    external: ['onnxruntime-node', 'sqlite3', 'typescript'],
    banner: { js: "const bundleUrl = require('node:url').pathToFileURL(__filename).href;" },
    define: { 'import.meta.url': 'bundleUrl' },
  });
  return path.join(folder, 'dist/cli.js');
}
