/**
 * A folder of released versions as a history: its subfolders in the order of their version numbers,
 * each a commit against the one before. Between two releases lies the work of many days, so that they
 * are never taken for too large to have been typed; who typed is not known.
 */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { coerce, compareBuild, parse, type SemVer } from 'semver';
import { unixLines } from '../completion/context';
import { isGenerated } from '../completion/generated';
import type { FileChange, History, HistoryOptions } from './history';
import { withRenames } from './history';
import { readWorkspaceFiles } from './workspaceFiles';

/** One subfolder that is a version. */
interface Version {
  readonly folder: string;
  readonly number: SemVer;
}

/** What the dates of releases are not known to be. */
const msBetween = 7 * 24 * 3_600_000;

/** Undefined where the folder does not hold at least two versions. */
export async function openVersions(
  directory: string,
  { commits, exclude, signal, name }: HistoryOptions,
): Promise<History | undefined> {
  const versions = (await versionsIn(directory)).slice(-commits - 1);
  const [first, ...later] = versions;
  const last = later.at(-1);
  if (first === undefined || last === undefined) return undefined;
  const read = async ({ folder }: Version): Promise<Map<string, string>> => {
    const files = await readWorkspaceFiles(path.join(directory, folder), exclude);
    const written = files.filter(({ path: file, text }) => !isGenerated(file, text));
    return new Map(written.map(({ path: file, text }) => [file, unixLines(text)]));
  };
  const start = await readWorkspaceFiles(path.join(directory, first.folder), exclude);
  return {
    name: name ?? path.basename(path.resolve(directory)),
    head: last.folder,
    length: later.length,
    ...{ emails: later.map(() => ''), ownEmail: '' },
    start,
    async *commits() {
      let before = await read(first);
      for (const [i, version] of later.entries()) {
        signal?.throwIfAborted();
        const after = await read(version);
        yield {
          id: version.folder,
          timeMs: (i + 1) * msBetween,
          author: { name: '', email: '' },
          changes: withRenames(changesBetween(before, after)),
          untyped: undefined,
        };
        before = after;
      }
    },
    dispose: () => undefined,
  };
}

async function versionsIn(directory: string): Promise<Version[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => {
      const number = versionOf(name);
      return number === undefined ? [] : [{ folder: name, number }];
    })
    .sort((a, b) => compareBuild(a.number, b.number));
}

/** The version at the end of a name: `1.2.3`, `v1.2`, `zod@4.5.4`, `click-8.1.0rc1`. */
function versionOf(name: string): SemVer | undefined {
  const [, digits, rest = ''] =
    /(?:^|[^\d.])(\d+(?:\.\d+){1,3})([-+.]?[a-z][\w.+-]*)?$/i.exec(name) ?? [];
  if (digits === undefined) return undefined;
  const release = coerce(digits);
  if (release === null || rest === '') return release ?? undefined;
  return parse(`${release.version}-${rest.replace(/^[-+.]/, '')}`, { loose: true }) ?? release;
}

function changesBetween(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): FileChange[] {
  const paths = [...new Set([...before.keys(), ...after.keys()])].sort();
  return paths
    .filter((file) => before.get(file) !== after.get(file))
    .map((file) => ({ path: file, before: before.get(file), after: after.get(file) }));
}
