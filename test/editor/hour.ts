/**
 * npm run test:hour: somebody types, takes and refuses suggestions and changes files in a real window
 * for an hour (MINUTES in the environment for another time), and nothing may grow. Each minute the
 * memory and the processor time of the extension host and the model host are sampled, the time also
 * in the quiet two seconds after the last key. It fails when memory, or the work that a minute takes,
 * rises by a straight line that chance does not explain.
 */
import * as path from 'node:path';
import { seededRandom } from '../../src/util/random';
import { cpuPercents, descendantsRunning, usageOf } from './processes';
import { makeShop, openAtCursor, typed } from './shop';
import { Editor, poll, projectRoot, type Window } from './workbench';

const minutes = Number(process.env['MINUTES'] ?? 60);
const random = seededRandom(1);
const files = Array.from({ length: 6 }, (_, i) => `shop${i}.ts`);
/** Minutes until everything has been opened, read and compiled once. */
const settling = Math.min(5, Math.ceil(minutes / 4));
/** What counts as a rise: this share of the mean over the whole time, beyond three standard errors. */
const tolerance = 0.03;

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
    await openAtCursor(window, files[Math.floor(random() * files.length)] ?? '');
    for (let i = 0; i < 5 && Date.now() < endMs; i++) {
      await window.type(typed, 20 + 60 * random());
      await window.page.waitForTimeout(300 + 900 * random());
      if ((await window.ghost()) !== '') suggestions++;
      await window.press(random() < 0.5 ? 'Tab' : 'Escape');
      await window.page.waitForTimeout(300 * random());
      // The file is as it was before the next round.
      await window.press('Home');
      await window.press('Shift+End');
      await window.press('Delete');
      await window.type('  ');
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

/** Prints the straight line through the samples; its description if it rises. */
function riseOf(
  what: string,
  samples: readonly Sample[],
  value: (sample: Sample) => number,
): string[] {
  const n = samples.length;
  if (n < 4) throw new Error('Too few minutes for a line: give MINUTES=8 or more.');
  const meanOf = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / n;
  const xs = samples.map(({ minute }) => minute);
  const ys = samples.map(value);
  const [x0, y0] = [meanOf(xs), meanOf(ys)];
  const sxx = n * meanOf(xs.map((x) => (x - x0) ** 2));
  const slope = (n * meanOf(xs.map((x, i) => (x - x0) * ((ys[i] ?? NaN) - y0)))) / sxx;
  const residual = n * meanOf(xs.map((x, i) => ((ys[i] ?? NaN) - y0 - slope * (x - x0)) ** 2));
  const error = Math.sqrt(residual / (n - 2) / sxx);
  const line = `${what}: ${y0.toFixed(1)} and ${slope.toFixed(3)} ± ${error.toFixed(3)} a minute`;
  print(line);
  return slope > 3 * error && slope * n > tolerance * y0 ? [line] : [];
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
