/**
 * The lists by which git ignores files of a folder: the user's own (`core.excludesFile`), that of the
 * repository (`info/exclude`), and every `.gitignore` from the top of the repository down. It reads
 * them and judges nothing; the rules are in `completion/sensitiveFiles.ts`.
 */
import { execFile } from 'node:child_process';
import { open, readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import * as path from 'node:path';
import { promisify } from 'node:util';
import { gitArguments, gitEnvironment } from './gitInvocation';

export interface IgnoreLists {
  /** From the top of the repository to the folder, with '/' separators; '' where it is the top itself. */
  readonly pathInRepository: string;
  /** Text by the directory that it speaks of, given from the top; later lines of a text win. */
  readonly texts: ReadonlyMap<string, string>;
}

/** Longer lists are read so far. No person wrote the rest. */
const maxListBytes = 4 * 1024 * 1024;
const gitTimeoutMs = 5_000;

/** `nested` are the `.gitignore` files below the folder, relative to it, with '/' separators. */
export async function readIgnoreLists(
  folder: string,
  nested: readonly string[],
): Promise<IgnoreLists> {
  const { top, below } = await repositoryAround(folder);
  const texts = new Map<string, string>();
  // Git asks the nearest list first; of one text the last line that matches decides.
  const outer = await Promise.all([readUsersList(folder, top), readRepositoryList(top)]);
  for (let depth = 0; depth <= below.length; depth++) {
    const directory = below.slice(0, depth);
    const own = await readText(path.join(top, ...directory, '.gitignore'));
    const lists = depth === 0 ? [...outer, own] : [own];
    texts.set(directory.join('/'), lists.join('\n'));
  }
  for (const file of nested) {
    const directory = [...below, ...file.split('/').slice(0, -1)];
    if (directory.length > below.length)
      texts.set(directory.join('/'), await readText(path.join(folder, file)));
  }
  for (const [directory, text] of texts) if (text.trim() === '') texts.delete(directory);
  return { pathInRepository: below.join('/'), texts };
}

/** The top of the git repository around a folder, and the way down; the folder itself if none. */
async function repositoryAround(
  folder: string,
): Promise<{ readonly top: string; readonly below: readonly string[] }> {
  const below: string[] = [];
  for (let top = path.resolve(folder); ; top = path.dirname(top)) {
    if (await isThere(path.join(top, '.git'))) return { top, below };
    if (path.dirname(top) === top) return { top: folder, below: [] };
    below.unshift(path.basename(top));
  }
}

/** The list that holds in all repositories of this user. */
async function readUsersList(folder: string, top: string): Promise<string> {
  const ask = ['config', '--type=path', '--get', 'core.excludesFile'];
  const named = await promisify(execFile)('git', gitArguments(folder, ask), {
    env: gitEnvironment(process.env),
    timeout: gitTimeoutMs,
    windowsHide: true,
  }).then(
    ({ stdout }) => stdout.trimEnd(),
    // There is no git, or nothing is configured.
    () => '',
  );
  if (named !== '') return readText(path.resolve(top, named));
  const configuration = process.env['XDG_CONFIG_HOME'] ?? '';
  const usual = configuration === '' ? path.join(homedir(), '.config') : configuration;
  return readText(path.join(usual, 'git', 'ignore'));
}

/** `info/exclude`, which several worktrees share. */
async function readRepositoryList(top: string): Promise<string> {
  const git = path.join(top, '.git');
  const link = /^gitdir: (.+)$/m.exec(await readText(git))?.[1];
  const own = link === undefined ? git : path.resolve(top, link);
  const common = (await readText(path.join(own, 'commondir'))).trim();
  return readText(path.join(path.resolve(own, common), 'info', 'exclude'));
}

async function isThere(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}

/** The text of a file that may well not be there; '' for what is no ordinary file. */
async function readText(file: string): Promise<string> {
  try {
    const info = await stat(file);
    if (!info.isFile()) return '';
    if (info.size <= maxListBytes) return await readFile(file, 'utf8');
    const handle = await open(file);
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(maxListBytes), 0);
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch {
    return '';
  }
}
