// `npm run test:electron`: the in-host suite in a desktop VS Code: the one that VSCODE_PATH names, or
// the version that @vscode/test-electron downloads where the network allows it.
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { runTests } from '@vscode/test-electron';
import { buildInhostSuite } from './inhost/build.mjs';

const root = path.resolve(import.meta.dirname, '../..');
const folder = path.join(
  fs.mkdtempSync(path.join(os.tmpdir(), 'hone-electron-')),
  'sample-project',
);
fs.cpSync(path.join(root, 'test/fixtures/sample-project'), folder, { recursive: true });

const executable = process.env['VSCODE_PATH'];
process.exitCode = await runTests({
  ...(executable ? { vscodeExecutablePath: executable } : {}),
  extensionDevelopmentPath: root,
  extensionTestsPath: await buildInhostSuite(),
  launchArgs: [folder, '--disable-workspace-trust', '--disable-extensions'],
});
