// `npm run test:electron`: the in-host suite in a desktop VS Code: the one that VSCODE_PATH names, or
// the newest, which @vscode/test-electron downloads where the network allows it.
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { downloadAndUnzipVSCode, runTests } from '@vscode/test-electron';
import { main, Problem } from '../../tools/console.mjs';
import { buildInhostSuite } from './inhost/build.mjs';

const root = path.resolve(import.meta.dirname, '../..');

async function test() {
  const vscodeExecutablePath = process.env['VSCODE_PATH'] ?? (await download());
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'hone-electron-'));
  const folder = path.join(scratch, 'sample-project');
  fs.cpSync(path.join(root, 'test/fixtures/sample-project'), folder, { recursive: true });
  try {
    process.exitCode = await runTests({
      vscodeExecutablePath,
      extensionDevelopmentPath: root,
      extensionTestsPath: await buildInhostSuite(),
      launchArgs: [
        folder,
        ...['--user-data-dir', path.join(scratch, 'user')],
        ...['--extensions-dir', path.join(scratch, 'extensions')],
        '--disable-workspace-trust',
        '--disable-extensions',
      ],
    });
  } finally {
    fs.rmSync(scratch, { recursive: true, force: true });
  }
}

async function download() {
  try {
    return await downloadAndUnzipVSCode({ cachePath: path.join(root, '.cache/vscode') });
  } catch (error) {
    throw new Problem(
      `VS Code could not be downloaded: ${error instanceof Error ? error.message : String(error)}`,
      'Name an installed one in VSCODE_PATH, for example VSCODE_PATH=/usr/share/code/code npm run test:electron',
    );
  }
}

await main(test);
