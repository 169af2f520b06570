// `node tools/screenshots.mjs`, after setup: takes the pictures of README.md from a real window on the
// sample project, with the real model: ghost text, the status bar's menu, the walkthrough.
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { chromium } from 'playwright-core';
import { provideChromium } from './chromium.mjs';
import { main } from './console.mjs';
import { installEditorHost, startEditorServer, windowUrl } from './editorHost.mjs';
import { root } from './setup.mjs';

const pictures = path.join(root, 'media/screenshots');

/** A class begun at the end of src/schedule.ts, and where its constructor's body is typed. */
const begun = `
export class Planner {
  readonly beds: readonly Bed[];
  readonly today: Date;

  constructor(beds: readonly Bed[], today: Date)`;

async function screenshots() {
  const executablePath = await provideChromium();
  await installEditorHost();
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'hone-screenshots-'));
  const folder = path.join(scratch, 'garden-planner');
  fs.cpSync(path.join(root, 'test/fixtures/sample-project'), folder, { recursive: true });
  const source = path.join(folder, 'src/schedule.ts');
  fs.appendFileSync(source, `${begun}\n}\n`);
  const line = fs.readFileSync(source, 'utf8').split('\n').length - 2;
  const column = begun.length - begun.lastIndexOf('\n');
  const dataDir = path.join(scratch, 'data');
  fs.mkdirSync(path.join(dataDir, 'user/User'), { recursive: true });
  fs.writeFileSync(path.join(dataDir, 'user/User/settings.json'), JSON.stringify(settings));

  const editor = await startEditorServer({ dataDir });
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  const viewport = { width: 1180, height: 740 };
  const page = await browser.newPage({ viewport, deviceScaleFactor: 1.5 });
  fs.mkdirSync(pictures, { recursive: true });
  /** @param {string} name */
  const picture = async (name) => {
    await page.screenshot({ path: path.join(pictures, `${name}.png`), animations: 'disabled' });
    console.log(`media/screenshots/${name}.png`);
  };
  try {
    const file = `${source}:${line}:${column}`;
    await page.goto(windowUrl(editor, { folder, file, extension: root }));
    const status = page.locator('.statusbar-item[id="hone.hone.status"]');
    await status.filter({ hasText: 'Hone: ready' }).waitFor({ timeout: 60_000 });
    await page.locator('.editor-instance .monaco-editor.focused').first().waitFor();
    // The language server colours names a while after the file is open.
    await page.locator('.statusbar-item .codicon-loading').first().waitFor({ state: 'detached' });

    await page.keyboard.type(' {', { delay: 100 });
    await page.keyboard.press('Enter');
    const ghost = page.locator('.view-line .ghost-text-decoration').first();
    await ghost.waitFor({ timeout: 60_000 });
    // Now and then another choice is drawn, so as to learn: then the block is the next one.
    const block = page.locator('.suggest-preview-text .view-line', { hasText: 'today' }).first();
    await page.waitForTimeout(500);
    if (!(await block.isVisible())) await page.keyboard.press('Alt+BracketRight');
    await block.waitFor();
    await page.locator('.codicon-loading').first().waitFor({ state: 'detached' });
    await picture('ghost-text');

    await page.keyboard.press('Escape');
    await status.click();
    await page.locator('.quick-input-list .monaco-list-row').first().waitFor();
    await picture('status-menu');
    await page.keyboard.press('Escape');

    // The walkthrough shows its pictures only where there is room for them.
    await page.keyboard.press('Control+b');
    await page.setViewportSize({ ...viewport, width: 1500 });
    await page.mouse.move(0, 0);
    await page.keyboard.press('F1');
    await page.keyboard.type('Hone: Get Started');
    await page
      .locator('.quick-input-list .monaco-list-row.focused', { hasText: 'Hone: Get Started' })
      .waitFor();
    await page.keyboard.press('Enter');
    const walkthrough = page.locator('.gettingStartedContainer');
    await walkthrough.getByText('See a suggestion').first().waitFor();
    await walkthrough.locator('.getting-started-media').first().waitFor();
    // The picture is loaded by a page within the page, which tells nobody when it is done.
    await page.waitForTimeout(1500);
    await picture('walkthrough');
  } finally {
    await page.close();
    await browser.close();
    await editor.stop();
    fs.rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** The frame of the window is kept quiet; what concerns typing is as it is by default. */
const settings = {
  'workbench.colorTheme': 'Default Dark Modern',
  'workbench.startupEditor': 'none',
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.layoutControl.enabled': false,
  'window.commandCenter': false,
  'chat.disableAIFeatures': true,
  'telemetry.telemetryLevel': 'off',
  'git.enabled': false,
  'editor.fontSize': 15,
  'window.confirmBeforeClose': 'never',
  'extensions.ignoreRecommendations': true,
};

await main(screenshots);
