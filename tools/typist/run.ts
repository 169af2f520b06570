/**
 * npm run replay:window -- REPOSITORY [--commits N] [--hunks N] [--seed N] [--extension FOLDER]
 * [--patience MS] [--summary] [--json] [--report FILE] [--pictures FOLDER]: a person types hunks of a
 * repository's history in a real VS Code at its default settings, and what came of it is counted. What
 * is typed stays typed: stopped by Ctrl+C or otherwise it goes on where it was, as long as the build is
 * the same; --summary types nothing more. Where other programs keep the machine busy, a longer patience
 * tells late suggestions from none.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { parseArgs } from 'node:util';
import { globSync } from 'tinyglobby';
import { createParser } from '../../src/completion/parser';
import { defaultSettings } from '../../src/contributions';
import { openHistory } from '../../src/replay/history';
import { readNewest } from '../../src/store/storeReader';
import { stderrLogger } from '../../src/util/log';
import { Editor, projectRoot, type Window } from '../../test/editor/workbench';
import { main, Problem } from '../console.mjs';
import { readJsonLines } from '../jsonLines';
import { readGrammar } from '../grammars.mjs';
import { record } from './drawn';
import { chooseHunks, type Hunk } from './hunks';
import { pageOf } from './page';
import { type HunkResult, linesOf, type Row, summaryOf } from './summary';
import { typeHunk } from './typist';

/** Where the editor is not at its defaults. */
const neededSettings = {
  // It would open over the first file.
  'workbench.startupEditor': 'none',
  // Copilot's chat asks to sign in and takes a third of the window.
  'chat.disableAIFeatures': true,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  // No network is there to be asked.
  'telemetry.telemetryLevel': 'off',
  'typescript.disableAutomaticTypeAcquisition': true,
  // Only the editor in a browser does this: off is the desktop's default.
  'files.autoSave': 'off',
  'remote.autoForwardPorts': false,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    commits: { type: 'string', default: '200' },
    hunks: { type: 'string', default: '40' },
    seed: { type: 'string', default: '1' },
    patience: { type: 'string', default: '1200' },
    extension: { type: 'string', default: projectRoot },
    report: { type: 'string' },
    pictures: { type: 'string' },
    summary: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});

const newestRows = 400;

async function replayWindow(): Promise<void> {
  const [repository] = positionals;
  const [commits, count, seed, patienceMs] = [
    ...[values.commits, values.hunks, values.seed, values.patience],
  ].map(Number);
  if (!repository || !commits || !count || !patienceMs || seed === undefined || isNaN(seed))
    throw new Problem(
      'A repository is needed, and whole numbers.',
      'npm run replay:window -- REPOSITORY [--commits N] [--hunks N] [--seed N] [--patience MS]',
    );
  const extension = path.resolve(values.extension);
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  const history = await openHistory(repository, { commits, exclude: defaultSettings.exclude });
  const hunks = await chooseHunks(history, { seed, count });
  history.dispose();
  const build = buildOf(extension);
  const cache = path.join(projectRoot, '.cache/typist', history.name);
  const file = path.join(cache, `${build}-${seed}-${patienceMs}.jsonl`);
  const results = new ResultFile(file);
  const left = hunks.filter(({ id }) => !results.has(id));
  say(`${hunks.length} hunks, ${hunks.length - left.length} of them typed already: ${file}`);
  const folder = path.join(cache, 'clone', history.name);
  if (left.length > 0 && !values.summary) {
    clone(repository, folder);
    await typeAll(left, { folder, extension, seed, patienceMs, results, signal: stop.signal });
  }
  const done = hunks.flatMap(({ id }) => results.of(id));
  const page = values.report ?? file.replace(/\.jsonl$/, '.html');
  fs.writeFileSync(page, pageOf(done, { name: history.name, head: history.head, seed, build }));
  const summary = summaryOf(done);
  const { head, name } = history;
  if (values.json) print(JSON.stringify({ name, head, seed, build, summary, hunks: done }));
  else for (const [what, value] of linesOf(summary)) print(`${what.padEnd(50)} ${value}`);
  say(`Report: ${page}`);
}

interface Typing {
  readonly folder: string;
  readonly extension: string;
  readonly seed: number;
  readonly patienceMs: number;
  readonly results: ResultFile;
  readonly signal: AbortSignal;
}

async function typeAll(hunks: readonly Hunk[], typing: Typing): Promise<void> {
  const { folder, extension, results, signal, seed, patienceMs } = typing;
  const parser = createParser((name) => Promise.resolve(readGrammar(name)), stderrLogger);
  let current = hunks[0]?.commit ?? '';
  checkout(folder, current);
  const editor = await Editor.start({ base: neededSettings, extension });
  try {
    const window = await editor.open(folder);
    await window.waitReady(120_000);
    await record(window.page);
    for (const [i, hunk] of hunks.entries()) {
      if (signal.aborted) break;
      if (hunk.commit !== current) {
        current = hunk.commit;
        checkout(folder, current);
        await window.page.waitForTimeout(3_000);
      }
      provide(path.join(folder, hunk.path));
      const startMs = Date.now();
      const onMoment =
        values.pictures === undefined ? undefined : pictures(window, values.pictures, i);
      const typed = await typeHunk(hunk, {
        window,
        folder,
        parser,
        seed,
        patienceMs,
        signal,
        onMoment,
      });
      const { id, commit, languageId } = hunk;
      const result: HunkResult = {
        ...{ id, commit, path: hunk.path, languageId, written: hunk.aim.end - hunk.at },
        ...typed,
        rows: await rowsSince(editor.server.dataDir, startMs),
      };
      results.add(result);
      say(`${i + 1}/${hunks.length} ${describe(result)}`);
    }
  } catch (error) {
    if (!signal.aborted) {
      await editor.keepPictures('typist');
      throw error;
    }
  } finally {
    await closeAll(editor, signal);
  }
}

/** Ctrl+C ends the browser too, which then cannot be asked to close. */
async function closeAll(editor: Editor, signal: AbortSignal): Promise<void> {
  try {
    await editor.close();
  } catch (error) {
    await editor.server.stop();
    fs.rmSync(editor.server.dataDir, { recursive: true, force: true, maxRetries: 5 });
    if (!signal.aborted) throw error;
  }
}

function describe({ path: file, written, pauses, seconds, mended }: HunkResult): string {
  const kept = pauses.reduce((sum, pause) => sum + pause.kept, 0);
  const reactions = pauses.map(({ reaction }) => reaction).join(' ');
  const note = mended === undefined ? '' : ` (mended: ${mended})`;
  return `${file}: ${kept} of ${written} kept, ${reactions || 'no pause'}, ${seconds.toFixed(0)} s${note}`;
}

/** Results on disk, a JSON line each; a line that was cut off does not count. */
class ResultFile {
  readonly #results = new Map<string, HunkResult>();

  constructor(private readonly file: string) {
    for (const result of readJsonLines<HunkResult>(file)) this.#results.set(result.id, result);
  }

  has(id: string): boolean {
    return this.#results.has(id);
  }

  of(id: string): HunkResult[] {
    const result = this.#results.get(id);
    return result === undefined ? [] : [result];
  }

  add(result: HunkResult): void {
    fs.appendFileSync(this.file, JSON.stringify(result) + '\n');
    this.#results.set(result.id, result);
  }
}

/** Identity of what the extension is built of. */
function buildOf(extension: string): string {
  const hash = createHash('sha256');
  for (const name of ['dist/extension.js', 'dist/host.js', 'media/reward/pretrained.json'])
    hash.update(fs.readFileSync(path.join(extension, name)));
  return hash.digest('hex').slice(0, 12);
}

function clone(repository: string, folder: string): void {
  if (fs.existsSync(path.join(folder, '.git'))) return;
  fs.mkdirSync(path.dirname(folder), { recursive: true });
  git(process.cwd(), 'clone', '--quiet', '--no-checkout', repository, folder);
}

/** The files as they were before a commit. */
function checkout(folder: string, commit: string): void {
  git(folder, 'checkout', '--quiet', '--force', '--detach', `${commit}^`);
  git(folder, 'clean', '--quiet', '--force', '-d');
}

function git(folder: string, ...args: readonly string[]): void {
  const harmless = ['-c', 'core.hooksPath=/dev/null', '-c', 'advice.detachedHead=false'];
  execFileSync('git', ['-C', folder, ...harmless, ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

/** A file that the commit brings is there, empty. */
function provide(file: string): void {
  if (fs.existsSync(file)) return;
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, '');
}

async function rowsSince(dataDir: string, timeMs: number): Promise<Row[]> {
  const storage = path.join(dataDir, 'user/User/globalStorage/hone.hone');
  const files = globSync('**/*.{db,sqlite}', { cwd: storage, absolute: true });
  const rows: Row[] = [];
  for await (const { suggestion, outcomes } of readNewest(files, newestRows, stderrLogger)) {
    if (suggestion.timeMs < timeMs) continue;
    rows.push({
      timeMs: suggestion.timeMs,
      totalMs: suggestion.latencyMs.total,
      isAsked: suggestion.policyVersion !== 'none',
      isShown: suggestion.shownIndex !== null,
      outcome: outcomes.at(-1)?.outcome ?? null,
    });
  }
  return rows;
}

/** Keeps a picture of each moment. */
function pictures(window: Window, folder: string, hunk: number) {
  fs.mkdirSync(folder, { recursive: true });
  let moments = 0;
  return async (moment: string): Promise<void> => {
    const name = `${hunk}-${moments++}-${moment}.png`;
    await window.page.screenshot({ path: path.join(folder, name) });
  };
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Progress, apart from what `--json` prints. */
function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

await main(replayWindow);
