// Runs the in-host suite in the editor host, the way @vscode/test-electron runs it in a desktop
// VS Code (electron.mjs does). Prints the suite's report and exits as it did.
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { chromium } from 'playwright-core';
import { findChromium } from '../../tools/chromium.mjs';
import { startEditorServer, windowUrl } from '../../tools/editorHost.mjs';
import { buildInhostSuite } from './inhost/build.mjs';

const timeoutMs = 300_000;
const root = path.resolve(import.meta.dirname, '../..');
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'hone-inhost-'));
const output = path.join(scratch, 'report.txt');
const folder = path.join(scratch, 'sample-project');
fs.cpSync(path.join(root, 'test/fixtures/sample-project'), folder, { recursive: true });

const tests = await buildInhostSuite();
const server = await startEditorServer({
  dataDir: path.join(scratch, 'data'),
  env: { TEST_OUTPUT: output },
});
const browser = await chromium.launch({
  executablePath: findChromium() ?? 'chromium',
  args: ['--no-sandbox', '--disable-gpu'],
});
const page = await browser.newPage();

/** @type {Promise<number>} */
const exitCode = new Promise((resolve) => {
  const timer = setTimeout(() => {
    console.error(`The suite did not end within ${timeoutMs / 1000} s.`);
    resolve(2);
  }, timeoutMs);
  // VS Code calls these two when a page runs extension tests.
  void (async () => {
    await page.exposeFunction('codeAutomationLog', () => undefined);
    await page.exposeFunction('codeAutomationExit', (/** @type {number} */ code) => {
      clearTimeout(timer);
      resolve(code);
    });
    await page.goto(windowUrl(server, { folder, extension: root, tests }), { waitUntil: 'commit' });
  })();
});
const code = await exitCode;
await page.close();
await browser.close();
await server.stop();

if (fs.existsSync(output)) console.log(fs.readFileSync(output, 'utf8').trimEnd());
if (code !== 0) {
  console.error(fs.readFileSync(path.join(server.dataDir, 'server.log'), 'utf8').slice(-3000));
}
fs.rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
process.exitCode = code;
