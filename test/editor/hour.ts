/**
 * npm run test:hour: somebody types, takes and refuses suggestions and changes files in a real window
 * for an hour (MINUTES in the environment for another time), and nothing may grow. Each minute the
 * memory and the processor time of the extension host and the model host are sampled, the time also
 * in the quiet two seconds after the last key. It fails when memory, or the work that a suggestion
 * takes, rises after it has come to its level (test/helpers/rise.ts).
 */
import * as path from 'node:path';
import type * as vscode from 'vscode';
import { seededRandom } from '../../src/util/random';
import { isRising, lineThrough } from '../helpers/rise';
import { cpuPercents, descendantsRunning, usageOf } from './processes';
import { makeShop, openAtCursor, typed, withInserted } from './shop';
import { Editor, poll, projectRoot, type Window } from './workbench';

/** Minutes until everything has been read and compiled once, and caches are full. */
const settling = 10;
const minutes = Number(process.env['MINUTES'] ?? 60);
if (!(minutes >= settling + 12)) throw new RangeError(`Give MINUTES=${settling + 12} or more.`);
const random = seededRandom(1);
const files = Array.from({ length: 6 }, (_, i) => `shop${i}.ts`);
/** What is typed behind `return items`. */
const lines = [
  typed,
  '.map((it',
  '.filter(',
  '.length > 0 ? items[',
  '[0]?.',
  '.some((item) => item.',
];

interface Sample {
  readonly minute: number;
  readonly suggestions: number;
  /** One for each of the processes. */
  readonly megabytes: readonly number[];
  readonly cpuMsPerSuggestion: readonly number[];
  readonly idlePercents: readonly number[];
}

const names = ['extension host', 'model host'] as const;

async function main(): Promise<void> {
  const editor = await Editor.start();
  const samples: Sample[] = [];
  try {
    const window = await editor.open(makeShop(editor, 'shop', files));
    await window.waitReady();
    // A machine that is busy with other things for a moment ends nothing.
    window.page.setDefaultTimeout(180_000);
    const find = (script: string) =>
      poll(script, () => descendantsRunning(editor.server.pid, script).at(-1));
    const host = path.join(projectRoot, 'dist/host.js');
    const pids = [await find('--type=extensionHost'), await find(host)];
    print(
      'minute | suggestions | MB | CPU ms a suggestion | idle CPU %   (extension host, model host)',
    );
    for (let minute = 1; minute <= minutes; minute++) {
      const sample = await oneMinute(window, minute, pids);
      samples.push(sample);
      print(lineOf(sample));
    }
  } finally {
    await editor.close();
  }
  const settled = samples.filter(({ minute }) => minute > settling);
  const rising = names.flatMap((name, i) => [
    ...riseOf(`memory of the ${name}, MB`, settled, (sample) => sample.megabytes[i] ?? NaN),
    ...riseOf(
      `work of the ${name}, CPU ms a suggestion`,
      settled,
      (sample) => sample.cpuMsPerSuggestion[i] ?? NaN,
    ),
  ]);
  if (rising.length > 0) throw new Error(`It is not flat: ${rising.join('; ')}.`);
}

async function oneMinute(window: Window, minute: number, pids: readonly number[]): Promise<Sample> {
  const before = pids.map((pid) => usageOf(pid).cpuMs);
  const endMs = Date.now() + 55_000;
  let suggestions = 0;
  while (Date.now() < endMs) {
    const file = anyOf(files);
    for (let i = 0; i < 5 && Date.now() < endMs; i++) {
      // The file is as it was before each round.
      await window.inHost(restore, file, withInserted(''));
      await openAtCursor(window, file);
      await window.type(anyOf(lines), 20 + 60 * random());
      await window.page.waitForTimeout(300 + 900 * random());
      if ((await window.ghost()) !== '') suggestions++;
      await window.press(random() < 0.5 ? 'Tab' : 'Escape');
      await window.page.waitForTimeout(300 * random());
    }
  }
  const used = pids.map((pid, i) => usageOf(pid).cpuMs - (before[i] ?? NaN));
  await window.page.waitForTimeout(2000);
  return {
    minute,
    suggestions,
    megabytes: pids.map((pid) => usageOf(pid).residentBytes / 1e6),
    cpuMsPerSuggestion: used.map((cpuMs) => cpuMs / Math.max(1, suggestions)),
    idlePercents: await cpuPercents(pids, 3000),
  };
}

/** Runs in the extension host: the file with this text, whatever it has become. */
async function restore(api: typeof vscode, file: string, text: string): Promise<void> {
  const folder = api.workspace.workspaceFolders?.[0];
  if (!folder) throw new Error('No folder is open.');
  const editor = await api.window.showTextDocument(api.Uri.joinPath(folder.uri, file), {
    preview: false,
  });
  const whole = new api.Range(0, 0, editor.document.lineCount, 0);
  if (editor.document.getText() !== text) await editor.edit((edit) => edit.replace(whole, text));
}

function anyOf(list: readonly string[]): string {
  return list[Math.floor(random() * list.length)] ?? '';
}

function lineOf(sample: Sample): string {
  const { minute, suggestions, megabytes, cpuMsPerSuggestion, idlePercents } = sample;
  const figures = (values: readonly number[], digits: number) =>
    values.map((value) => value.toFixed(digits)).join(', ');
  return [
    String(minute),
    String(suggestions),
    figures(megabytes, 0),
    figures(cpuMsPerSuggestion, 0),
    figures(idlePercents, 1),
  ].join(' | ');
}

/** Prints the line through the samples; its description if it rises. */
function riseOf(
  what: string,
  samples: readonly Sample[],
  value: (sample: Sample) => number,
): string[] {
  const figures = samples.map(value);
  const { level, slope, atLeast } = lineThrough(figures);
  const line = `${what}: ${level.toFixed(1)} and ${slope.toFixed(3)} a minute, at least ${atLeast.toFixed(3)}`;
  print(line);
  return isRising(figures) ? [line] : [];
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${String(error instanceof Error ? error.stack : error)}\n`);
    process.exit(1);
  },
);
