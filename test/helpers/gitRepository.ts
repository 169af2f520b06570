/** A small git repository in a temporary folder, made commit by commit. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { temporaryFolder } from './temporaryFolder';

/** Path to new content, or null to delete the file. */
export type Files = Readonly<Record<string, string | Uint8Array | null>>;

export interface GitRepository {
  readonly directory: string;
  git(...args: readonly string[]): string;
  /** Commits what `files` say, a minute after the commit before; returns its id. */
  commit(files: Files, author?: string): string;
}

export async function gitRepository(): Promise<GitRepository> {
  return gitRepositoryAt(await temporaryFolder());
}

/** Begins one in a folder that is there. */
export function gitRepositoryAt(directory: string): GitRepository {
  let minutes = 0;
  const git = (...args: readonly string[]): string => {
    const time = new Date(Date.UTC(2025, 0, 1, 0, minutes)).toISOString();
    return execFileSync('git', args, {
      cwd: directory,
      encoding: 'utf8',
      stdio: 'pipe',
      env: {
        ...process.env,
        GIT_CONFIG_GLOBAL: '/dev/null',
        GIT_CONFIG_SYSTEM: '/dev/null',
        GIT_AUTHOR_DATE: time,
        GIT_COMMITTER_DATE: time,
      },
    }).trim();
  };
  git('init', '--quiet', '--initial-branch=main');
  git('config', 'user.name', 'Ada');
  git('config', 'user.email', 'ada@example.org');
  return {
    directory,
    git,
    commit(files, author = 'Ada <ada@example.org>') {
      minutes++;
      for (const [file, content] of Object.entries(files)) {
        const target = path.join(directory, file);
        mkdirSync(path.dirname(target), { recursive: true });
        if (content === null) rmSync(target);
        else writeFileSync(target, content);
      }
      git('add', '--all');
      git('commit', '--quiet', '--allow-empty', `--author=${author}`, '--message=change');
      return git('rev-parse', 'HEAD');
    },
  };
}
