/**
 * npm run test:kills [-- --kills N]: somebody types, accepts and refuses in a real window while the
 * model host, then the whole extension host, is killed with SIGKILL at random instants. Every row that
 * another connection had read before a kill must be there after it, and the database must be sound.
 * Takes about ten minutes for fifty kills of each, so it is no part of `npm test`.
 */
import { existsSync } from 'node:fs';
import * as path from 'node:path';
import { parseArgs } from 'node:util';
import sqlite3 from 'sqlite3';
import { seededRandom, type Random } from '../../src/util/random';
import { descendantsRunning } from './processes';
import { makeShop, openAtCursor, typed } from './shop';
import { Editor, poll, projectRoot, type Window } from './workbench';

const { values } = parseArgs({ options: { kills: { type: 'string', default: '50' } } });
const kills = Number(values.kills);
const random = seededRandom(1);

const facts = `SELECT 'suggestion ' || id AS row FROM suggestions
  UNION ALL SELECT 'outcome ' || id FROM outcomes
  UNION ALL SELECT 'survival ' || id FROM survivals
  UNION ALL SELECT 'settled ' || id FROM settled_texts`;

async function main(): Promise<void> {
  const editor = await Editor.start();
  try {
    const window = await editor.open(makeShop(editor, 'shop', ['shop.ts']));
    await window.waitReady();
    const file = path.join(editor.server.dataDir, 'user/User/globalStorage/hone.hone/feedback.db');
    await killWhileTyping('model host', window, file, random, {
      pid: () =>
        newest(descendantsRunning(editor.server.pid, path.join(projectRoot, 'dist/host.js'))),
      recover: () => window.waitReady(),
    });
    await killWhileTyping('extension host', window, file, random, {
      pid: () => newest(descendantsRunning(editor.server.pid, '--type=extensionHost')),
      recover: async () => {
        await window.page.reload({ waitUntil: 'commit' });
        await window.waitReady();
      },
    });
  } finally {
    await editor.close();
  }
}

interface Victim {
  pid(): number | undefined;
  /** Resolves when suggestions can come again. */
  recover(): Promise<void>;
}

async function killWhileTyping(
  name: string,
  window: Window,
  file: string,
  random: Random,
  victim: Victim,
): Promise<void> {
  let seen = 0;
  for (let kill = 1; kill <= kills; kill++) {
    await openAtCursor(window, 'shop.ts');
    const before = new Set<string>();
    const delayMs = 300 + 2700 * random();
    const killed = new Promise<void>((resolve, reject) => {
      setTimeout(() => {
        const pid = victim.pid();
        if (pid === undefined) return reject(new Error(`No ${name} is running.`));
        process.kill(pid, 'SIGKILL');
        resolve();
      }, delayMs);
    });
    let over = false;
    const watching = (async () => {
      while (!over) {
        for (const row of await readRows(file, facts)) before.add(row);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    })();
    const typing = typeOnAndOn(window, () => over);
    await killed;
    over = true;
    await Promise.all([watching, typing]);
    await victim.recover();
    const after = new Set(await readRows(file, facts));
    const lost = [...before].filter((row) => !after.has(row));
    if (lost.length > 0) throw new Error(`Kill ${kill} of the ${name} lost ${lost.join(', ')}.`);
    const sound = await readRows(file, 'SELECT quick_check AS row FROM pragma_quick_check');
    if (sound.join() !== 'ok') throw new Error(`Kill ${kill} of the ${name}: ${sound.join()}`);
    seen = after.size;
    process.stderr.write(`${name}: kill ${kill} after ${delayMs.toFixed(0)} ms, ${seen} rows\n`);
  }
  process.stdout.write(`${name}: ${kills} kills, ${seen} rows, none lost, quick_check ok\n`);
}

/** Types, waits for ghost text now and then, accepts, refuses, and clears the line again. */
async function typeOnAndOn(window: Window, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    await window.type(typed, 10);
    await window.page.waitForTimeout(200 + 900 * random());
    await window.press(random() < 0.5 ? 'Tab' : 'Escape');
    await window.press('Home');
    await window.press('Shift+End');
    await window.press('Delete');
  }
}

/** The column `row` of a query, through a connection of its own; nothing while there is no file. */
async function readRows(file: string, sql: string): Promise<string[]> {
  if (!existsSync(file)) return [];
  return poll('the database', async () => ({ rows: await readOnce(file, sql) })).then(
    ({ rows }) => rows,
  );
}

function readOnce(file: string, sql: string): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const database = new sqlite3.Database(file, sqlite3.OPEN_READONLY, (problem) => {
      if (problem) reject(problem);
    });
    database.all<{ row: string }>(sql, (problem, rows) => {
      database.close();
      if (problem) reject(problem);
      else resolve(rows.map(({ row }) => row));
    });
  });
}

function newest(pids: readonly number[]): number | undefined {
  return pids.length === 0 ? undefined : Math.max(...pids);
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${String(error instanceof Error ? error.stack : error)}\n`);
    process.exit(1);
  },
);
