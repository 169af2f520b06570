/**
 * The extension in a real window: how long activation took, and the longest time that the extension
 * host could not answer while somebody typed and suggestions came.
 */
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import type * as vscode from 'vscode';
import { Editor, projectRoot, type Window } from '../../test/editor/workbench';
import { quantile } from '../../src/replay/fim';
import type { Figure } from './machine';

const sample = path.join(projectRoot, 'test/fixtures/sample-project');
const typed = ['const total = prices.', 'export function ', 'if (item.', 'return ', 'for (const '];

export async function benchEditor(): Promise<Figure[]> {
  const folder = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'hone-bench-')), 'sample');
  fs.cpSync(sample, folder, { recursive: true });
  const file = fs.readdirSync(path.join(folder, 'src')).find((name) => name.endsWith('.ts'));
  const editor = await Editor.start();
  try {
    const window = await editor.open(folder, `src/${file ?? ''}:1:1`);
    await window.waitReady();
    await window.press('Control+End');
    await window.inHost(switchHone, false);
    const without = await stallsWhileTyping(window);
    await window.inHost(switchHone, true);
    const withHone = await stallsWhileTyping(window);
    return [
      {
        what: 'activation',
        value: `${activationMs(editor.server.dataDir)} ms`,
        wanted: '<= 50 ms',
      },
      {
        what: 'longest stall of the extension host while suggesting',
        value: longest(withHone),
        wanted: '<= 16 ms',
      },
      {
        what: '  the same typing with Hone off',
        value: longest(without),
        wanted: 'what the rest of the host takes',
      },
    ];
  } finally {
    await editor.close();
    fs.rmSync(path.dirname(folder), { recursive: true });
  }
}

async function stallsWhileTyping(window: Window): Promise<number[]> {
  await window.inHost(watchEventLoop);
  for (let round = 0; round < 4; round++)
    for (const text of typed) {
      await window.press('Enter');
      await window.type(text, 60);
      await window.page.waitForTimeout(600);
      await window.press('Escape');
    }
  return (await window.inHost(readStalls)).sort((a, b) => a - b);
}

function longest(sorted: readonly number[]): string {
  return `${(sorted.at(-1) ?? NaN).toFixed(1)} ms (p99 ${quantile(sorted, 0.99).toFixed(1)})`;
}

async function switchHone(api: typeof vscode, on: boolean): Promise<void> {
  await api.workspace.getConfiguration('hone').update('enabled', on, true);
}

/** Runs in the extension host: a timer every 5 ms writes down how late it came. */
function watchEventLoop(): void {
  const state = globalThis as { honeStalls?: number[]; honeTimer?: NodeJS.Timeout };
  const stalls: number[] = (state.honeStalls = []);
  clearInterval(state.honeTimer);
  let last = performance.now();
  state.honeTimer = setInterval(() => {
    const now = performance.now();
    stalls.push(Math.max(0, now - last - 5));
    last = now;
  }, 5);
}

function readStalls(): number[] {
  return (globalThis as { honeStalls?: number[] }).honeStalls ?? [];
}

/** What Hone wrote into its own log. */
function activationMs(dataDir: string): number {
  const logs = fs
    .readdirSync(dataDir, { recursive: true, encoding: 'utf8' })
    .filter((name) => /Hone\.log$/.test(name))
    .map((name) => fs.readFileSync(path.join(dataDir, name), 'utf8'));
  const found = /\bUp in (\d+(?:\.\d+)?) ms/.exec(logs.join('\n'))?.[1];
  if (found === undefined) throw new Error('Hone wrote no line "Up in ... ms" into its log.');
  return Number(found);
}
