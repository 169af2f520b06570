import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { fewestCommits, findRepository } from '../../../src/editor/repository';
import { gitRepository, type GitRepository } from '../../helpers/gitRepository';
import { temporaryFolder } from '../../helpers/temporaryFolder';

async function repositoryOf(commits: number): Promise<GitRepository> {
  const repository = await gitRepository();
  for (let i = 0; i < commits; i++)
    repository.commit({ 'shop/cart.ts': `export const n = ${i};\n` });
  return repository;
}

describe('the repository of a folder', () => {
  test('is found at its top and below', async () => {
    const { directory } = await repositoryOf(fewestCommits);
    const found = { kind: 'repository', commits: fewestCommits, isShallow: false };
    expect(await findRepository(directory)).toMatchObject({ ...found, prefix: '' });
    const below = await findRepository(path.join(directory, 'shop'));
    expect(below).toMatchObject({ ...found, prefix: 'shop/' });
  });

  test('is none where there is none, and git says why', async () => {
    expect(await findRepository(await temporaryFolder())).toEqual({
      kind: 'noRepository',
      said: expect.stringMatching(/^not a git repository/) as string,
    });
  });

  test('has nothing before the first commit', async () => {
    const { directory } = await gitRepository();
    expect(await findRepository(directory)).toEqual({ kind: 'noCommits' });
  });

  test('has to do with a folder only if something in it is committed', async () => {
    const { directory } = await repositoryOf(fewestCommits);
    const scratch = path.join(directory, 'scratch');
    mkdirSync(scratch);
    expect(await findRepository(scratch)).toEqual({ kind: 'untracked' });
  });

  test('is told apart where it is too young, or was cloned in part', async () => {
    const young = await repositoryOf(fewestCommits - 1);
    const few = { kind: 'tooFewCommits', commits: fewestCommits - 1, isShallow: false };
    expect(await findRepository(young.directory)).toEqual(few);

    const { directory } = await repositoryOf(fewestCommits);
    const clone = path.join(await temporaryFolder(), 'clone');
    execFileSync('git', ['clone', '--quiet', '--depth=2', `file://${directory}`, clone]);
    expect(await findRepository(clone)).toEqual({
      ...{ kind: 'tooFewCommits', commits: 2, isShallow: true },
    });
  });

  test('cannot be looked for without the git program', async () => {
    const before = process.env['PATH'];
    process.env['PATH'] = await temporaryFolder();
    try {
      expect(await findRepository(await temporaryFolder())).toEqual({ kind: 'noGit' });
    } finally {
      process.env['PATH'] = before;
    }
  });
});
