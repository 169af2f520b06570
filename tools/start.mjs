// `npm start`, after setup: opens VS Code with the extension and the sample project, in the desktop
// application where there is one, else as a page of the editor host, whose address it prints. What
// the user sets and what Hone records lie under .cache/start and stay there from one start to the next.
import * as fs from 'node:fs';
import * as path from 'node:path';
import { main, run } from './console.mjs';
import { installEditorHost, startEditorServer, windowUrl } from './editorHost.mjs';
import { root } from './setup.mjs';

const sampleProject = path.join(root, 'test/fixtures/sample-project');
const dataDir = path.join(root, '.cache/start');

/** The same address every time, so that the browser's history and storage find it again. */
const port = 8217;

async function start() {
  const arguments_ = [
    `--extensionDevelopmentPath=${root}`,
    sampleProject,
    ...['--goto', path.join(sampleProject, 'src/schedule.ts:28')],
  ];
  if (
    process.argv.includes('--browser') ||
    (await run('code', ['--version'], { quiet: true })).code
  ) {
    await startInBrowser();
    return;
  }
  const { code } = await run('code', ['--new-window', ...arguments_]);
  if (code === 0) console.log('VS Code is opening with Hone and the sample project.');
  process.exitCode = code;
}

async function startInBrowser() {
  await installEditorHost((line) => console.log(`• ${line}`));
  const settings = path.join(dataDir, 'user/User/settings.json');
  if (!fs.existsSync(settings)) {
    fs.mkdirSync(path.dirname(settings), { recursive: true });
    fs.writeFileSync(settings, `${JSON.stringify(firstSettings, null, 2)}\n`);
  }
  const editor = await startOnPort();
  const address = windowUrl(editor, {
    folder: sampleProject,
    file: path.join(sampleProject, 'src/schedule.ts:28:1'),
    extension: root,
  });
  console.log(`\nVS Code with Hone and the sample project is at\n\n  ${address}\n`);
  console.log('Open it in a browser. Ctrl+C ends it.');
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) {
    process.once(signal, () => void editor.stop());
  }
  await editor.exited;
}

async function startOnPort() {
  try {
    return await startEditorServer({ dataDir, port });
  } catch (error) {
    if (!/EADDRINUSE/.test(String(error))) throw error;
    console.log(`Port ${port} is taken; another one is used.`);
    return await startEditorServer({ dataDir });
  }
}

/** Written once; from then on they are the user's. */
const firstSettings = {
  'chat.disableAIFeatures': true,
  'extensions.ignoreRecommendations': true,
  'workbench.startupEditor': 'none',
};

await main(start);
