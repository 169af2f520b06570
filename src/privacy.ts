/**
 * `hone doctor --privacy`: each file in which Hone keeps something of the user's, with its size and who
 * may read it. It looks at names, sizes and rights, and opens no file.
 */
import { lstat, readdir } from 'node:fs/promises';
import * as path from 'node:path';

export interface KeptFile {
  readonly path: string;
  readonly bytes: number;
  /** Rights as in `chmod`, such as `600`. */
  readonly rights: string;
  readonly holds: string;
  /** Whether other accounts of the machine may read or change it. */
  readonly isOpenToOthers: boolean;
}

/** By what a name begins with, the first that fits; folders before the files in them. */
const contents: readonly (readonly [RegExp, string])[] = [
  [/^feedback\.db/, 'suggestions, the code around them, what you did with them'],
  [/^learned\/histories\//, 'suggestions replayed from the commits of your repositories'],
  [/^learned\/reward\.json/, 'the reward model, fitted to your feedback'],
  [/^learned\/(?:memory\.json|activity|deletion|[\w-]+\.lock)/, 'when something was done last'],
  [/^learned\//, 'versions of the model that learned from your feedback, and their training rows'],
  [/^models\//, 'models that you imported'],
];

/** All that lies in the folder of a feedback database, by path; nothing where there is no folder. */
export async function keptFiles(folder: string): Promise<readonly KeptFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => !entry.isDirectory());
  const kept = await Promise.all(files.map((entry) => look(folder, entry.parentPath, entry.name)));
  return kept.flat().sort((a, b) => (a.path < b.path ? -1 : 1));
}

export function formatKept(files: readonly KeptFile[]): string {
  const lines = files.map(({ path: file, bytes, rights, holds, isOpenToOthers }) => {
    const size = `${(bytes / 1e6).toFixed(1)} MB`.padStart(10);
    const open = isOpenToOthers ? ' (others may read it)' : '';
    return `${size}  ${rights}${open}  ${file}: ${holds}`;
  });
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  return [
    ...lines,
    `${(total / 1e6).toFixed(1)} MB in all, on this machine and nowhere else.`,
  ].join('\n');
}

async function look(folder: string, parent: string, name: string): Promise<readonly KeptFile[]> {
  const file = path.join(parent, name);
  const relative = path.relative(folder, file).replaceAll('\\', '/');
  // A file may go while the folder is looked through.
  const info = await lstat(file).catch(() => undefined);
  if (info === undefined) return [];
  const holds = contents.find(([pattern]) => pattern.test(relative))?.[1] ?? 'something else';
  const bits = info.mode & 0o777;
  const isOpenToOthers = process.platform !== 'win32' && (bits & 0o077) !== 0;
  return [
    {
      path: file,
      bytes: info.size,
      rights: bits.toString(8).padStart(3, '0'),
      holds,
      isOpenToOthers,
    },
  ];
}
