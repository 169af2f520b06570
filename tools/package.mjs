// `npm run package`, after setup: a .vsix for this platform, with the model in it, so that the
// extension works on a machine without a network. Native packages are compiled here, so each platform
// packages for itself.
import * as fs from 'node:fs';
import * as path from 'node:path';
import { main, Problem, run, seconds, step } from './console.mjs';
import { root } from './setup.mjs';

const platform = `${process.platform}-${process.arch}`;

/** Where the package is written. */
export function packageFile() {
  const { name, version } = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'));
  return path.join(root, `${name}-${version}-${platform}.vsix`);
}

async function packageExtension() {
  const start = Date.now();
  const build = ['esbuild.config.mjs'];
  await step('Building for production', () => node([...build, '--production']));
  try {
    await step(`Packaging for ${platform}`, async () => {
      await node([
        ...[path.join(root, 'node_modules/@vscode/vsce/vsce'), 'package'],
        ...['--target', platform, '--out', packageFile(), '--ignoreFile', platformIgnoreFile()],
        ...['--allow-missing-repository', '--no-rewrite-relative-links'],
      ]);
    });
  } finally {
    // The working copy goes on with the readable build.
    await node(build);
  }
  const megabytes = Math.round(fs.statSync(packageFile()).size / 1e6);
  console.log(`${path.relative(root, packageFile())}: ${megabytes} MB in ${seconds(start)}`);
}

/** .vscodeignore names one platform's libraries; here they are this one's. */
function platformIgnoreFile() {
  const file = path.join(root, '.cache/vscodeignore');
  const text = fs.readFileSync(path.join(root, '.vscodeignore'), 'utf8');
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, text.replace('linux/x64', `${process.platform}/${process.arch}`));
  return file;
}

/** @param {readonly string[]} args */
async function node(args) {
  const { code, output } = await run(process.execPath, args, { cwd: root, quiet: true });
  if (code === 0) return;
  throw new Problem('The package could not be made.', output.trim());
}

if (process.argv[1] === import.meta.filename) await main(packageExtension);
