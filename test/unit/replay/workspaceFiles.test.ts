/** The command line reads of a folder what git would track there, and nothing beyond it. */
import { execFileSync } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { readWorkspaceFiles } from '../../../src/replay/workspaceFiles';
import { gitRepositoryAt } from '../../helpers/gitRepository';
import { temporaryFolder } from '../../helpers/temporaryFolder';

async function write(directory: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [file, text] of Object.entries(files)) {
    const target = path.join(directory, file);
    await mkdir(path.dirname(target), { recursive: true });
    await writeFile(target, text);
  }
}

const pathsIn = async (directory: string): Promise<string[]> =>
  (await readWorkspaceFiles(directory, ['**/private/**'])).map((file) => file.path);

describe('a symbolic link is not read', () => {
  const links = {
    'to a file that holds secrets': ['src/link.ts', '../.env'],
    'to an excluded file': ['src/link.ts', '../private/a.ts'],
    'to a file that git ignores': ['src/link.ts', '../ignored.ts'],
    'to a file outside': ['src/link.ts', '../../outside/a.ts'],
    'to a folder outside': ['src/link', '../../outside'],
    'to the folder itself': ['src/link', '..'],
    'to nothing': ['src/link.ts', 'gone.ts'],
  } as const;

  test.each(Object.entries(links))('%s', async (_, [link, target]) => {
    const home = await temporaryFolder();
    const own = path.join(home, 'workspace');
    await write(home, { 'outside/a.ts': 'a;' });
    await write(own, {
      '.env': 'A=b',
      '.gitignore': 'ignored.ts',
      'ignored.ts': 'i;',
      'private/a.ts': 'p;',
      'src/a.ts': 's;',
    });
    await symlink(target, path.join(own, link));
    expect(await pathsIn(own)).toEqual(['src/a.ts']);
  });

  test('but the file in the folder that it leads to is, also where the folder is reached by one', async () => {
    const home = await temporaryFolder();
    await write(home, { 'workspace/src/a.ts': 's;' });
    await symlink('src/a.ts', path.join(home, 'workspace/link.ts'));
    await symlink('workspace', path.join(home, 'other'));
    expect(await pathsIn(path.join(home, 'other'))).toEqual(['src/a.ts']);
  });
});

test.runIf(process.platform !== 'win32')(
  'a pipe is not read, which would wait for ever',
  async () => {
    const own = await temporaryFolder();
    execFileSync('mkfifo', [path.join(own, 'pipe.ts'), path.join(own, '.gitignore')]);
    await symlink('pipe.ts', path.join(own, 'link.ts'));
    expect(await pathsIn(own)).toEqual([]);
  },
);

describe('what git ignores is not read', () => {
  /** A repository with a folder `app` that is opened, where `a.ts` and `b.ts` lie. */
  async function makeRepository() {
    const home = await temporaryFolder();
    vi.stubEnv('HOME', home);
    vi.stubEnv('XDG_CONFIG_HOME', '');
    const top = path.join(home, 'repository');
    await write(top, { 'app/a.ts': 'a;', 'app/b.ts': 'b;' });
    return { home, top, repository: gitRepositoryAt(top), app: path.join(top, 'app') };
  }
  type Repository = Awaited<ReturnType<typeof makeRepository>>;

  const lists: Readonly<Record<string, (place: Repository) => Promise<void>>> = {
    'by a list above the folder': ({ top }) => write(top, { '.gitignore': 'b.ts' }),
    'by a list in the folder': ({ app }) => write(app, { '.gitignore': 'b.ts' }),
    'by the list of the repository': ({ top }) => write(top, { '.git/info/exclude': '/app/b.ts' }),
    'by the usual list of the user': ({ home }) => write(home, { '.config/git/ignore': 'b.ts' }),
    'by the list that the user configured': async ({ home }) => {
      await write(home, { '.gitconfig': '[core]\n\texcludesFile = ~/mine', mine: 'b.ts' });
    },
    'by the list that the repository configured': async ({ repository, home }) => {
      await write(home, { mine: 'b.ts' });
      repository.git('config', 'core.excludesFile', path.join(home, 'mine'));
    },
    'by the nearest of several lists that differ': async ({ home, top, app }) => {
      await write(home, { '.config/git/ignore': 'a.ts' });
      await write(top, { '.git/info/exclude': '!a.ts', '.gitignore': '!b.ts' });
      await write(app, { '.gitignore': 'b.ts' });
    },
  };

  test.each(Object.entries(lists))('%s', async (_, ignore) => {
    const place = await makeRepository();
    await ignore(place);
    expect(await pathsIn(place.app)).toEqual(['a.ts']);
    vi.unstubAllEnvs();
  });

  test('by the list that a worktree shares', async () => {
    const { home, top, repository: own } = await makeRepository();
    own.commit({});
    const tree = path.join(home, 'tree');
    own.git('worktree', 'add', '--quiet', tree);
    await write(top, { '.git/info/exclude': 'b.ts' });
    expect(await pathsIn(path.join(tree, 'app'))).toEqual(['a.ts']);
    vi.unstubAllEnvs();
  });
});
