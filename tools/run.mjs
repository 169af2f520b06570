// node tools/run.mjs FILE.ts [arguments]: bundles one of the TypeScript tools with esbuild and runs it.
import * as esbuild from 'esbuild';
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';

const [file, ...rest] = process.argv.slice(2);
if (!file) throw new Error('usage: node tools/run.mjs FILE.ts [arguments]');
const root = path.resolve(import.meta.dirname, '..');
const outfile = path.join(root, '.cache/tools', path.basename(file).replace(/\.ts$/, '.mjs'));

/** A bundle lies elsewhere than its sources, which want to know their own folder. */
const ownFolders = {
  name: 'own-folders',
  /** @param {esbuild.PluginBuild} build */
  setup(build) {
    build.onLoad({ filter: /\.(ts|mjs)$/ }, ({ path: source }) => ({
      contents: fs
        .readFileSync(source, 'utf8')
        .replaceAll('import.meta.dirname', JSON.stringify(path.dirname(source))),
      loader: 'ts',
    }));
  },
};

await esbuild.build({
  entryPoints: [file],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  external: ['onnxruntime-node', 'sqlite3', 'playwright-core', 'esbuild', 'typescript'],
  // Bundled CommonJS packages load Node's own modules with require.
  banner: {
    js: "import { createRequire as toolRequire } from 'node:module'; const require = toolRequire(import.meta.url);",
  },
  plugins: [ownFolders],
  logLevel: 'warning',
});
process.exit(spawnSync(process.execPath, [outfile, ...rest], { stdio: 'inherit' }).status ?? 1);
