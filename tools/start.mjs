// `npm start`, after setup: opens VS Code with the extension and the sample project, in the desktop
// application where there is one, else as a page of the editor host, whose address it prints. What
// the user sets and what Hone records lie under .cache/start and stay there from one start to the next.
import * as fs from 'node:fs';
import * as http from 'node:http';
import * as path from 'node:path';
import { main, run } from './console.mjs';
import { freePort, installEditorHost, startEditorServer, windowUrl } from './editorHost.mjs';
import { makeSampleProject } from './sampleProject.mjs';
import { root } from './setup.mjs';

const dataDir = path.join(root, '.cache/start');

const sampleProject = path.join(dataDir, 'garden-planner');

/** The same addresses every time where they are free: the browser keeps a window's layout by them. */
const ports = { door: 8217, editor: 8218 };

async function start() {
  if (!fs.existsSync(sampleProject)) await makeSampleProject(sampleProject);
  const { code: noDesktop } = await run('code', ['--version'], { quiet: true });
  if (noDesktop || process.argv.includes('--browser')) return startInBrowser();
  const { code } = await run('code', [
    '--new-window',
    `--extensionDevelopmentPath=${root}`,
    sampleProject,
    ...['--goto', path.join(sampleProject, 'src/schedule.ts:32')],
  ]);
  if (code === 0) console.log('VS Code is opening with Hone and the sample project.');
  process.exitCode = code;
}

async function startInBrowser() {
  await installEditorHost();
  const settings = path.join(dataDir, 'user/User/settings.json');
  if (!fs.existsSync(settings)) {
    fs.mkdirSync(path.dirname(settings), { recursive: true });
    fs.writeFileSync(settings, `${JSON.stringify(firstSettings, null, 2)}\n`);
  }
  const editor = await startEditorServer({ dataDir, port: ports.editor });
  const window = windowUrl(editor, {
    folder: sampleProject,
    file: path.join(sampleProject, 'src/schedule.ts:32:1'),
    extension: root,
  });
  // The window's own address is long, so a short one leads to it.
  const door = http.createServer((_, response) => {
    response.writeHead(302, { location: window }).end();
  });
  const doorPort = await freePort(ports.door);
  door.listen(doorPort, '127.0.0.1');
  console.log(`\nVS Code with Hone and the sample project: http://127.0.0.1:${doorPort}`);
  console.log('Open it in a browser. Ctrl+C here ends it.');
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) {
    process.once(signal, () => void editor.stop());
  }
  await editor.exited;
  door.close();
}

/** Written once; from then on they are the user's. */
const firstSettings = {
  'chat.disableAIFeatures': true,
  'extensions.ignoreRecommendations': true,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
};

await main(start);
