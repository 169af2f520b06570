/**
 * Reads the text files of a folder as an editor's workspace would show them: known languages only,
 * nothing that git ignores, that holds secrets, that is binary or generated, nothing outside the
 * folder. For the command line; the editor has its own reader, which follows changes.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { glob } from 'tinyglobby';
import { FolderRules } from '../completion/sensitiveFiles';
import { readIgnoreLists } from '../util/ignoreLists';
import { knownExtensions, languageOf } from '../util/language';
import type { WorkspaceFile } from './fim';

/** Larger files are data or generated more often than anything a person would copy from. */
const maxFileBytes = 500_000;

export async function readWorkspaceFiles(
  directory: string,
  exclude: readonly string[],
): Promise<WorkspaceFile[]> {
  // A link is left out: what it leads to in the folder is read in its own place.
  const ignore = ['**/node_modules/**', '**/.git/**'];
  const options = { cwd: directory, dot: true, ignore, followSymbolicLinks: false };
  const lists = await readIgnoreLists(directory, await glob(['**/.gitignore'], options));
  const rules = FolderRules.of(exclude, lists);
  const paths = await glob([`**/*.{${knownExtensions.join(',')}}`], options);
  const files: WorkspaceFile[] = [];
  for (const path of paths.sort()) {
    if (rules.verdict(path) !== 'open') continue;
    const bytes = await readFile(join(directory, path));
    if (bytes.length > maxFileBytes || bytes.includes(0)) continue;
    files.push({ path, languageId: languageOf(path), text: bytes.toString('utf8') });
  }
  return files;
}
