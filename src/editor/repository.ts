/**
 * Whether a folder lies in a git repository with a history worth reading, as the `git` program says.
 * It only looks: nothing that the repository's configuration names is run. The history itself is read
 * elsewhere, see `replay/history.ts`.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gitArguments, gitEnvironment } from '../util/gitInvocation';

export interface Repository {
  readonly kind: 'repository';
  /** Its top folder. */
  readonly directory: string;
  /** Path from there to the folder asked about, with a slash at its end; '' for the top itself. */
  readonly prefix: string;
  /** Commits that can be read, `mostCommits` at most. */
  readonly commits: number;
  /** Whether older commits were left behind when it was cloned. */
  readonly isShallow: boolean;
}

/** Why a folder has no history to learn from. */
export type NoHistory =
  | { readonly kind: 'noGit' }
  /** `said` is what git said about it. */
  | { readonly kind: 'noRepository'; readonly said: string }
  | { readonly kind: 'noCommits' }
  /** There is a repository further up, but nothing in this folder belongs to it. */
  | { readonly kind: 'untracked' }
  | { readonly kind: 'tooFewCommits'; readonly commits: number; readonly isShallow: boolean };

/** The newest commits that are read, at most. */
export const mostCommits = 2_000;
/** Fewer say too little about how somebody writes. */
export const fewestCommits = 10;

const askTimeoutMs = 20_000;

/** Tells repositories apart by where they lie; what was read of one is kept under this name. */
export function repositoryKey({ directory }: Repository): string {
  return createHash('sha256').update(directory).digest('hex').slice(0, 12);
}

/** @throws what git fails with where it answered before */
export async function findRepository(folder: string): Promise<Repository | NoHistory> {
  const git = (...args: readonly string[]): Promise<string> => ask(folder, args);
  let top: string;
  try {
    top = await git('rev-parse', '--show-toplevel', '--is-shallow-repository');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return { kind: 'noGit' };
    return { kind: 'noRepository', said: wordsOf(error) };
  }
  const [directory = folder, shallow] = top.split('\n');
  const isShallow = shallow === 'true';
  if (!(await exists(git, 'HEAD^{commit}'))) return { kind: 'noCommits' };
  if (!(await exists(git, 'HEAD:./'))) return { kind: 'untracked' };
  const listed = await git(
    ...['rev-list', '--count', '--first-parent', `--max-count=${mostCommits}`, 'HEAD'],
  );
  const commits = Number(listed);
  if (commits < fewestCommits) return { kind: 'tooFewCommits', commits, isShallow };
  const prefix = await git('rev-parse', '--show-prefix');
  return { kind: 'repository', directory, prefix, commits, isShallow };
}

async function ask(folder: string, args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('git', gitArguments(folder, args), {
    env: gitEnvironment(process.env),
    timeout: askTimeoutMs,
    windowsHide: true,
  });
  return stdout.trimEnd();
}

async function exists(
  git: (...args: readonly string[]) => Promise<string>,
  revision: string,
): Promise<boolean> {
  return git('rev-parse', '--verify', '--quiet', revision).then(
    () => true,
    () => false,
  );
}

function wordsOf(error: unknown): string {
  const said =
    error instanceof Error && 'stderr' in error && typeof error.stderr === 'string'
      ? error.stderr
      : String(error);
  return (said.trim().split('\n')[0] ?? '').replace(/^fatal: /, '');
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
