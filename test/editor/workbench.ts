/**
 * A window of the editor host in Chromium, as a user sees it: ghost text, lines, status bar, palette,
 * toasts. Everything waits on what the page shows; nothing sleeps. What the extension host knows is
 * asked through the bridge (test/editor/bridge), what Hone stored through test/editor/feedback.ts.
 */
import * as fs from 'node:fs';
import * as net from 'node:net';
import * as os from 'node:os';
import * as path from 'node:path';
import {
  chromium,
  type Browser,
  type BrowserContext,
  type Locator,
  type Page,
} from 'playwright-core';
import type * as vscode from 'vscode';
import { startEditorServer, windowUrl, type EditorServer } from '../../tools/editorHost.mjs';

export const projectRoot = path.resolve(import.meta.dirname, '../..');

/** Quiet everything that is not under test and would draw over it. */
const quietSettings = {
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'workbench.enableExperiments': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'chat.disableAIFeatures': true,
  'chat.commandCenter.enabled': false,
  'telemetry.telemetryLevel': 'off',
  // It looks through all processes every few seconds, in the extension host.
  'remote.autoForwardPorts': false,
  'update.mode': 'none',
  'extensions.autoUpdate': false,
  'extensions.autoCheckUpdates': false,
  'extensions.ignoreRecommendations': true,
  'window.confirmBeforeClose': 'never',
  'git.enabled': false,
  'files.autoSave': 'off',
  'editor.accessibilitySupport': 'off',
  'editor.minimap.enabled': false,
  'editor.cursorBlinking': 'solid',
  'editor.quickSuggestions': { other: 'off', comments: 'off', strings: 'off' },
  'editor.suggestOnTriggerCharacters': false,
  'editor.wordBasedSuggestions': 'off',
  'editor.parameterHints.enabled': false,
  'editor.autoClosingBrackets': 'never',
  'editor.stickyScroll.enabled': false,
  'typescript.disableAutomaticTypeAcquisition': true,
};

export interface EditorOptions {
  /** Settings beside the quiet ones. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Settings in place of the quiet ones. */
  readonly base?: Readonly<Record<string, unknown>>;
  /** The folder of the extension under development; this one if not said. */
  readonly extension?: string;
  /** A data folder with an extension installed in it, instead of the one under development. */
  readonly installedIn?: string;
}

/** A server, a browser, and the windows opened with them; `close` ends all of it. */
export class Editor {
  static async start({
    settings = {},
    base = quietSettings,
    extension = projectRoot,
    installedIn,
  }: EditorOptions = {}): Promise<Editor> {
    const dataDir = installedIn ?? fs.mkdtempSync(path.join(os.tmpdir(), 'hone-editor-'));
    const bridges = path.join(dataDir, 'bridges');
    fs.mkdirSync(bridges, { recursive: true });
    const userSettings = path.join(dataDir, 'user/User/settings.json');
    fs.mkdirSync(path.dirname(userSettings), { recursive: true });
    fs.writeFileSync(userSettings, JSON.stringify({ ...base, ...settings }, null, 2));
    addBridge(dataDir);
    const server = await startEditorServer({ dataDir, env: { TEST_BRIDGE: bridges } });
    const browser = await launchChromium();
    return new Editor(server, browser, installedIn === undefined ? extension : undefined);
  }

  private readonly windows: Window[] = [];

  private constructor(
    readonly server: EditorServer,
    private readonly browser: Browser,
    private readonly extension: string | undefined,
  ) {}

  /** Opens a window on a folder, with a file at a line and column (from 1) in it. */
  async open(folder: string, file?: string): Promise<Window> {
    const context = await this.browser.newContext({ viewport: { width: 1400, height: 900 } });
    await context.grantPermissions(['clipboard-read', 'clipboard-write'], {
      origin: this.server.url,
    });
    const page = await context.newPage();
    const url = windowUrl(this.server, {
      folder,
      ...(file === undefined ? {} : { file: path.join(folder, file) }),
      ...(this.extension === undefined ? {} : { extension: this.extension }),
    });
    const socket = path.join(this.server.dataDir, 'bridges', `${path.basename(folder)}.sock`);
    const window = new Window(context, page, socket);
    this.windows.push(window);
    await page.goto(url, { waitUntil: 'commit' });
    return window;
  }

  /** What the windows show at this moment, as pictures; for a test that failed. */
  async keepPictures(name: string): Promise<void> {
    for (const [index, window] of this.windows.entries()) {
      const file = `.cache/editor-failures/${name.replaceAll(/\W+/g, '-')}-${index}.png`;
      await window.page.screenshot({ path: path.join(projectRoot, file) });
    }
  }

  async close(): Promise<void> {
    for (const window of this.windows) await window.close();
    await this.browser.close();
    await this.server.stop();
    fs.rmSync(this.server.dataDir, { recursive: true, force: true, maxRetries: 5 });
  }
}

export class Window {
  constructor(
    private readonly context: BrowserContext,
    readonly page: Page,
    private readonly bridgeSocket: string,
  ) {}

  /**
   * Runs a function in this window's extension host; argument and result must survive JSON, and the
   * function can see nothing but its arguments.
   */
  async inHost<A extends readonly unknown[], R>(
    body: (api: typeof vscode, ...args: A) => R | PromiseLike<R>,
    ...args: A
  ): Promise<Awaited<R>> {
    const answer = await new Promise<string>((resolve, reject) => {
      let text = '';
      const request = JSON.stringify({ body: body.toString(), args });
      const connection = net.connect(this.bridgeSocket, () => connection.write(`${request}\0`));
      connection.on('error', reject);
      connection.on('data', (data) => (text += data.toString()));
      connection.on('end', () => resolve(text));
    });
    const parsed = JSON.parse(answer) as { value: Awaited<R> } | { error: string };
    if ('error' in parsed) throw new Error(parsed.error);
    return parsed.value;
  }

  status(id: string): Locator {
    return this.page.locator(`.statusbar-item[id="${id}"]`);
  }

  /** Waits until Hone's own status item says that suggestions can come. */
  async waitReady(timeoutMs = 60_000): Promise<void> {
    await this.status('hone.hone.status')
      .filter({ hasText: 'Hone: ready' })
      .waitFor({ timeout: timeoutMs });
  }

  /**
   * Waits until the editor has the focus, the cursor stands there (both from 1), and ghost text can
   * come: a new editor makes that part of itself in an idle moment, and hears of no typing before.
   */
  async waitCursor(line: number, column: number): Promise<void> {
    await this.status('status.editor.selection')
      .filter({ hasText: `Ln ${line}, Col ${column}` })
      .waitFor();
    await this.page.locator('.editor-instance .monaco-editor.focused').first().waitFor();
    // Idle callbacks run in the order they were asked for, so this one comes after the editor's.
    await this.page.evaluate(() => new Promise((resolve) => requestIdleCallback(resolve)));
  }

  async type(text: string, delayMs = 15): Promise<void> {
    await this.page.keyboard.type(text, { delay: delayMs });
  }

  async press(key: string): Promise<void> {
    await this.page.keyboard.press(key);
  }

  /** Runs a command by its title in the palette. */
  async command(title: string): Promise<void> {
    await this.press('F1');
    const input = this.page.locator('.quick-input-widget .monaco-inputbox input').first();
    await input.waitFor();
    await input.fill(`>${title}`);
    await this.page
      .locator('.quick-input-list .monaco-list-row.focused', { hasText: title })
      .waitFor();
    await this.press('Enter');
  }

  /** Chooses an entry of the list that is open, or about to be. */
  async pick(label: string): Promise<void> {
    await this.page.locator('.quick-input-list .monaco-list-row', { hasText: label }).click();
  }

  /** Types into the input box that is open, or about to be, and confirms. */
  async answer(text: string): Promise<void> {
    const input = this.page.locator('.quick-input-widget:not(.show-checkboxes) input').last();
    await input.waitFor();
    await input.fill(text);
    await this.press('Enter');
  }

  dialog(): Locator {
    return this.page.locator('.monaco-dialog-box');
  }

  /** The lines that the editor shows, without ghost text. */
  lines(): Promise<string[]> {
    return this.page.evaluate(() => {
      const editor = document.querySelector('.editor-instance .monaco-editor');
      const top = (line: Element) => parseFloat((line as HTMLElement).style.top);
      return [...(editor?.querySelectorAll('.view-lines > .view-line') ?? [])]
        .sort((a, b) => top(a) - top(b))
        .map((line) => {
          const copy = line.cloneNode(true) as Element;
          for (const ghost of copy.querySelectorAll('[class*="ghost-text"]')) ghost.remove();
          return (copy.textContent ?? '').replace(/\u00a0/g, ' ').replace(/\u200c/g, '');
        });
    });
  }

  /** The ghost text on screen: what follows the cursor, then the lines below it; '' for none. */
  ghost(): Promise<string> {
    return this.page.evaluate(() => {
      const editor = document.querySelector('.editor-instance .monaco-editor');
      if (!editor) return '';
      const text = (element: Element) =>
        (element.textContent ?? '').replace(/\u00a0/g, ' ').replace(/\u200c/g, '');
      const decorations =
        '.view-line .ghost-text-decoration, .view-line .ghost-text-decoration-preview';
      const inline = [...editor.querySelectorAll(decorations)].map(text).join('');
      const below = [...editor.querySelectorAll('.suggest-preview-text, .view-zones .ghost-text')]
        .filter((block) => !block.parentElement?.closest('.suggest-preview-text'))
        .flatMap((block) => {
          const lines = [...block.querySelectorAll('.view-line')];
          return lines.length > 0 ? lines.map(text) : [text(block)];
        });
      return [inline, ...below].join('\n');
    });
  }

  /** Waits for ghost text that satisfies `isWanted` (any, by default) and has stopped changing. */
  async waitGhost(
    isWanted: (ghost: string) => boolean = (ghost) => ghost.trim() !== '',
    timeoutMs = 45_000,
  ): Promise<string> {
    let last = '';
    return poll(
      'ghost text',
      async () => {
        const ghost = await this.ghost();
        // The lines below are drawn before the rest of the first, so one look is not enough.
        const isSettled = ghost === last && isWanted(ghost);
        last = ghost;
        return isSettled ? ghost : undefined;
      },
      timeoutMs,
    );
  }

  async waitNoGhost(): Promise<void> {
    await poll('no ghost text', async () => ((await this.ghost()) === '' ? true : undefined));
  }

  /** Hovers over the ghost text and clicks Accept in the toolbar that comes. */
  async acceptByClick(): Promise<void> {
    await this.page.locator('.view-line .ghost-text-decoration').first().hover();
    await this.page
      .locator('.inlineSuggestionsHints .action-label', { hasText: 'Accept' })
      .first()
      .click();
  }

  /** Waits until the text of the active document, as the extension host has it, is as wanted. */
  waitText(isWanted: (text: string) => boolean): Promise<string> {
    return poll('document text', async () => {
      const text = await this.text();
      return isWanted(text) ? text : undefined;
    });
  }

  /** The active document in the extension host, which hears of edits a little after the page. */
  text(): Promise<string> {
    return this.inHost((api) => api.window.activeTextEditor?.document.getText() ?? '');
  }

  async close(): Promise<void> {
    // The page first: the extension host then shuts down in order.
    await this.page.close();
    await this.context.close();
  }
}

/** Asks until the answer is not undefined. Errors count as "not yet" and are told at the end. */
export async function poll<T>(
  what: string,
  ask: () => Promise<T | undefined> | T | undefined,
  timeoutMs = 30_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  let lastError: unknown;
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
    } catch (error) {
      lastError = error;
    }
    if (Date.now() > deadline) {
      throw new Error(`Waited ${timeoutMs} ms for ${what}.`, { cause: lastError });
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/**
 * Puts the bridge beside the extensions of a data folder. A folder put there by hand counts only until
 * an extension has been installed, so it comes first.
 */
export function addBridge(dataDir: string): void {
  const extensions = path.join(dataDir, 'extensions');
  if (fs.existsSync(path.join(extensions, 'extensions.json'))) return;
  const bridge = path.join(import.meta.dirname, 'bridge');
  fs.cpSync(bridge, path.join(extensions, 'test.test-bridge-0.0.1'), { recursive: true });
}
