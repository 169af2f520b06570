// Bundles the roots: the extension, the model host it forks, and the command line.
// `--watch` rebuilds on change; `--production` minifies and leaves source maps out. The grammars that
// `src/completion/parser.ts` reads are laid beside them, and what others' work is in them is listed.
import * as esbuild from 'esbuild';
import { writeBill } from './tools/bill.mjs';
import { copyGrammars } from './tools/grammars.mjs';

const production = process.argv.includes('--production');

/** @satisfies {import('esbuild').BuildOptions} */
const options = {
  entryPoints: { extension: 'src/extension.ts', host: 'src/host/main.ts', cli: 'src/cli.ts' },
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  // Native packages find their binaries by path, so they stay outside the bundle.
  // TypeScript is far larger than all of the rest; the command line does without where it is missing.
  external: ['vscode', 'onnxruntime-node', 'sqlite3', 'typescript'],
  // Some bundled packages are written as modules and ask where they are.
  banner: { js: "const bundleUrl = require('node:url').pathToFileURL(__filename).href;" },
  define: { 'import.meta.url': 'bundleUrl' },
  sourcemap: !production,
  minify: production,
  logLevel: 'info',
  metafile: true,
};

copyGrammars('dist/grammars');
if (process.argv.includes('--watch')) {
  const context = await esbuild.context(options);
  await context.watch();
} else {
  const { metafile } = await esbuild.build(options);
  writeBill(Object.keys(metafile.inputs), 'dist');
}
