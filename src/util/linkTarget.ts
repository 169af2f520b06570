/** Where files really lie, so that a symbolic link is judged by what it leads to. */
import { realpath, stat } from 'node:fs/promises';
import * as path from 'node:path';

export type LinkTarget =
  /** An ordinary file of the folder; `path` leads to it from there, with '/' separators. */
  | { readonly kind: 'inside'; readonly path: string }
  /** Beyond the folder. */
  | { readonly kind: 'outside' }
  /** A pipe, a device, a folder: reading it could wait for ever. */
  | { readonly kind: 'noFile' };

/** @throws when there is nothing at `file`, or it may not be looked at */
export async function linkTarget(folder: string, file: string): Promise<LinkTarget> {
  const [top, real] = await Promise.all([realpath(folder), realpath(file)]);
  const relative = path.relative(top, real);
  if (relative.split(path.sep)[0] === '..' || path.isAbsolute(relative)) return { kind: 'outside' };
  if (!(await stat(real)).isFile()) return { kind: 'noFile' };
  return { kind: 'inside', path: relative.split(path.sep).join('/') };
}
