/** An import that a file lacks, taken from where another file of the workspace takes it. */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { openAtCursor } from '../shop';
import { Editor, type Window } from '../workbench';

const files = {
  'ledger/money.ts': `export function parseMoney(text: string): number {
  return Number(text.replace(',', '.'));
}
`,
  'ledger/invoice.ts': `import { parseMoney } from './money';

export function invoiceTotal(lines: readonly string[]): number {
  return lines.reduce((sum, line) => sum + parseMoney(line), 0);
}
`,
  'report/average.ts': `

export function averageOf(lines: readonly string[]): number {
  return lines.reduce((sum, line) => sum + parseMoney(line), 0) / lines.length;
}
`,
};

let editor: Editor;
let window: Window;

beforeAll(async () => {
  editor = await Editor.start({ settings: { 'hone.eagerness': 1 } });
  const folder = path.join(editor.server.dataDir, 'workspaces', 'books');
  for (const [name, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    fs.writeFileSync(path.join(folder, name), text);
  }
  window = await editor.open(folder);
  await window.waitReady();
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await editor.keepPictures(task.name);
});

afterAll(async () => {
  await editor?.close();
});

test('what a file uses is imported from where it is, as other files do', async () => {
  await openAtCursor(window, 'report/average.ts', 1, 1);
  await window.type('i');
  const ghost = await window.waitGhost((text) => text.includes('parseMoney'));
  expect(ghost).toBe("mport { parseMoney } from '../ledger/money';");
});
