/**
 * Makes completion questions from a published package: its sources are split by a hash of their path
 * into 70 % that stand in the workspace and 30 % held out, and lines of the held-out files are cut in
 * the middle. What follows the cut on that line is the answer. Nothing here looks at a model.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { globSync } from 'tinyglobby';
import { seededRandom } from '../../src/util/random';

/** One question, in the row shape that `hone eval fim` reads. */
export interface CutRow {
  readonly task_id: string;
  readonly path: string;
  readonly prompt: string;
  readonly suffix: string;
  readonly canonical_solution: string;
}

export interface CutSet {
  /** Folder with the files that are not held out. */
  readonly workspace: string;
  readonly rows: string;
  readonly count: number;
}

const sources = ['**/*.ts', '**/*.tsx'];
const noSources = ['**/*.d.ts', '**/*.test.ts', '**/*.spec.ts', '**/node_modules/**', '**/dist/**'];
const maxFileBytes = 200_000;

/** Downloads `name@version` through npm once and writes the workspace and `count` cuts under `dir`. */
export function makeCuts(specifier: string, dir: string, count: number, seed = 1): CutSet {
  const home = path.join(dir, specifier.replaceAll('/', '+'));
  const unpacked = path.join(home, 'package');
  if (!fs.existsSync(path.join(unpacked, 'package.json'))) download(specifier, home);

  const files = globSync(sources, { cwd: unpacked, ignore: noSources })
    .sort()
    .map((file) => ({ file, text: fs.readFileSync(path.join(unpacked, file), 'utf8') }))
    .filter(({ text }) => text.length <= maxFileBytes);
  const workspace = path.join(home, 'workspace');
  fs.rmSync(workspace, { recursive: true, force: true });
  for (const { file, text } of files.filter(({ file }) => !isHeldOut(file))) {
    fs.mkdirSync(path.dirname(path.join(workspace, file)), { recursive: true });
    fs.writeFileSync(path.join(workspace, file), text);
  }
  const rows = cutLines(
    specifier,
    files.filter(({ file }) => isHeldOut(file)),
    count,
    seed,
  );
  const rowsFile = path.join(home, 'cuts.jsonl');
  fs.writeFileSync(rowsFile, rows.map((row) => JSON.stringify(row) + '\n').join(''));
  return { workspace, rows: rowsFile, count: rows.length };
}

function download(specifier: string, home: string): void {
  fs.mkdirSync(home, { recursive: true });
  const packed = execFileSync('npm', ['pack', specifier, '--silent'], {
    cwd: home,
    encoding: 'utf8',
  }).trim();
  execFileSync('tar', ['xzf', packed], { cwd: home });
  fs.rmSync(path.join(home, packed));
}

function isHeldOut(file: string): boolean {
  return createHash('sha256').update(file).digest().readUInt32BE(0) % 100 < 30;
}

/** Distinct lines of code (no comments), each cut once at a random column inside its text. */
function cutLines(
  specifier: string,
  files: readonly { readonly file: string; readonly text: string }[],
  count: number,
  seed: number,
): CutRow[] {
  const places = files.flatMap(({ file, text }) => {
    let offset = 0;
    return text.split('\n').flatMap((line) => {
      const start = offset;
      offset += line.length + 1;
      const code = line.trim();
      const isCode = code.length >= 10 && line.length <= 200 && !/^(\/\/|\/\*|\*)/.test(code);
      return isCode ? [{ file, text, line, start }] : [];
    });
  });
  const random = seededRandom(seed);
  const rows: CutRow[] = [];
  while (rows.length < count && places.length > 0) {
    const [place] = places.splice(Math.floor(random() * places.length), 1);
    if (place === undefined) break;
    const { file, text, line, start } = place;
    const end = line.trimEnd().length;
    const first = line.length - line.trimStart().length + 1;
    const column = first + Math.floor(random() * (end - 3 - first + 1));
    const answer = line.slice(column, end);
    if (!/\w/.test(answer)) continue;
    rows.push({
      task_id: `${specifier}/${file}:${text.slice(0, start).split('\n').length}:${column + 1}`,
      path: file,
      prompt: text.slice(0, start + column),
      suffix: text.slice(start + end),
      canonical_solution: answer,
    });
  }
  return rows;
}
