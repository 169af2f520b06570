/** Repositories that would have git run a program, or read another repository in their place. */
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { gitArguments, gitEnvironment } from '../../../src/util/gitInvocation';
import { gitRepository, type GitRepository } from '../../helpers/gitRepository';

/** A repository whose blob is gone, and whose remote is a program that leaves `mark` behind. */
async function repositoryThatFetches(): Promise<GitRepository & { readonly mark: string }> {
  const repository = await gitRepository();
  const { directory } = repository;
  repository.commit({ 'a.txt': 'secret\n' });
  const blob = repository.git('rev-parse', 'HEAD:a.txt');
  rmSync(path.join(directory, '.git/objects', blob.slice(0, 2), blob.slice(2)));
  const mark = path.join(directory, 'mark');
  repository.git('config', 'core.repositoryFormatVersion', '1');
  repository.git('config', 'extensions.partialClone', 'origin');
  repository.git('config', 'remote.origin.promisor', 'true');
  repository.git('config', 'remote.origin.url', `ext::touch ${mark}`);
  repository.git('config', 'protocol.ext.allow', 'always');
  return { ...repository, mark };
}

/** Runs git as one that does not know `GIT_NO_LAZY_FETCH` would. */
function runOlderGit(directory: string, environment: NodeJS.ProcessEnv): void {
  const { GIT_NO_LAZY_FETCH, ...env } = environment;
  expect(GIT_NO_LAZY_FETCH).toBe('1');
  spawnSync('git', gitArguments(directory, ['cat-file', '-p', 'HEAD:a.txt']), { env });
}

test('a remote that is a program is not run, whatever the repository allows', async () => {
  const { directory, mark } = await repositoryThatFetches();
  runOlderGit(directory, gitEnvironment(process.env));
  expect(existsSync(mark)).toBe(false);
  // The same without the one variable that holds it back runs the program.
  const { GIT_ALLOW_PROTOCOL, ...open } = gitEnvironment(process.env);
  expect(GIT_ALLOW_PROTOCOL).toBe('none');
  runOlderGit(directory, open);
  expect(existsSync(mark)).toBe(true);
});

test('the repository of a folder is its own, whatever the environment names', async () => {
  const [asked, other] = [await gitRepository(), await gitRepository()];
  const env = gitEnvironment({ ...process.env, GIT_DIR: path.join(other.directory, '.git') });
  const { stdout } = spawnSync('git', gitArguments(asked.directory, ['rev-parse', '--git-dir']), {
    env,
    encoding: 'utf8',
  });
  expect(stdout.trim()).toBe('.git');
});

test('a list of files that is gone does not keep a history from being read', async () => {
  const repository = await gitRepository();
  repository.commit({ 'a.txt': 'one\n' });
  repository.commit({ 'a.txt': 'two\n' });
  repository.git('config', 'diff.orderFile', '/no/such/file');
  const args = gitArguments(repository.directory, ['diff', 'HEAD~1', 'HEAD', '--stat']);
  const { status } = spawnSync('git', args, { env: gitEnvironment(process.env) });
  expect(status).toBe(0);
});
