import { execFileSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Commit, type History, openHistory } from '../../../src/replay/history';
import { gitRepository } from '../../helpers/gitRepository';
import { temporaryFolder } from '../../helpers/temporaryFolder';

async function read(
  directory: string,
  commits = 100,
): Promise<{ readonly history: History; readonly commits: Commit[] }> {
  const history = await openHistory(directory, { commits, exclude: ['**/dist/**'] });
  const read: Commit[] = [];
  for await (const commit of history.commits()) read.push(commit);
  history.dispose();
  return { history, commits: read };
}

/** What each commit did, a line each. */
function told(commits: readonly Commit[]): string[] {
  return commits.map(({ changes, untyped }) => {
    const files = changes.map(({ path: file, from, before, after }) => {
      const sides = `${JSON.stringify(before ?? null)} -> ${JSON.stringify(after ?? null)}`;
      return `${from === undefined ? '' : `${from} => `}${file}: ${sides}`;
    });
    return [...(untyped === undefined ? [] : [untyped]), ...files].join('; ');
  });
}

describe('a history', () => {
  test('comes oldest first, with the texts before and after', async () => {
    const repository = await gitRepository();
    repository.commit({ 'a.ts': 'one\n' });
    repository.commit({ 'a.ts': 'two\n', 'b.py': 'x = 1\r\n' });
    repository.commit({ 'b.py': null });
    const { commits, history } = await read(repository.directory);
    expect(told(commits)).toEqual([
      'a.ts: null -> "one\\n"',
      'a.ts: "one\\n" -> "two\\n"; b.py: null -> "x = 1\\n"',
      'b.py: "x = 1\\n" -> null',
    ]);
    expect(history.head).toBe(commits.at(-1)?.id);
    expect(commits[1]?.author).toEqual({ name: 'Ada', email: 'ada@example.org' });
    expect(commits.map(({ timeMs }) => timeMs)).toEqual(
      [1, 2, 3].map((minute) => Date.UTC(2025, 0, 1, 0, minute)),
    );
  });

  test('that is cut to its newest commits begins with the files as they stood', async () => {
    const repository = await gitRepository();
    repository.commit({ 'a.ts': 'one\n', 'dist/a.js': 'no\n', '.env': 'KEY=1\n', 'logo.png': 'x' });
    repository.commit({ 'a.ts': 'two\n' });
    const { commits, history } = await read(repository.directory, 1);
    expect(history.start).toEqual([{ path: 'a.ts', languageId: 'typescript', text: 'one\n' }]);
    expect(told(commits)).toEqual(['a.ts: "one\\n" -> "two\\n"']);
  });

  test('of a bare repository is read too', async () => {
    const repository = await gitRepository();
    repository.commit({ 'a.ts': 'one\n' });
    const bare = path.join(await temporaryFolder(), 'bare.git');
    execFileSync('git', ['clone', '--quiet', '--bare', repository.directory, bare]);
    const { commits, history } = await read(bare);
    expect(history.name).toBe('bare');
    expect(told(commits)).toEqual(['a.ts: null -> "one\\n"']);
  });

  test('knows a file again that was moved and changed a little', async () => {
    const repository = await gitRepository();
    const lines = ['alpha', 'beta', 'gamma', 'delta'];
    repository.commit({ 'old.ts': `${lines.join('\n')}\n` });
    repository.commit({ 'old.ts': null, 'new/place.ts': `${lines.join('\n')}\nomega\n` });
    const { commits } = await read(repository.directory);
    expect(commits[1]?.changes).toEqual([
      {
        path: 'new/place.ts',
        from: 'old.ts',
        before: 'alpha\nbeta\ngamma\ndelta\n',
        after: 'alpha\nbeta\ngamma\ndelta\nomega\n',
      },
    ]);
  });

  test('takes a merge for one change against its first parent', async () => {
    const repository = await gitRepository();
    repository.commit({ 'a.ts': 'one\n' });
    repository.git('checkout', '--quiet', '-b', 'topic');
    repository.commit({ 'b.ts': 'topic 1\n' });
    repository.commit({ 'b.ts': 'topic 2\n' });
    repository.git('checkout', '--quiet', 'main');
    repository.git('merge', '--quiet', '--no-ff', '--no-edit', 'topic');
    const { commits } = await read(repository.directory);
    expect(told(commits)).toEqual(['a.ts: null -> "one\\n"', 'b.ts: null -> "topic 2\\n"']);
  });

  test('leaves out what is binary, generated, huge, a link or a submodule', async () => {
    const inner = await gitRepository();
    inner.commit({ 'inner.ts': 'inner\n' });
    const repository = await gitRepository();
    symlinkSync('real.ts', path.join(repository.directory, 'link.ts'));
    repository.git(
      ...[
        '-c',
        'protocol.file.allow=always',
        'submodule',
        '--quiet',
        'add',
        inner.directory,
        'sub.ts',
      ],
    );
    repository.commit({
      'real.ts': 'real\n',
      'binary.ts': new Uint8Array([1, 0, 2]),
      'made.ts': '// @generated\nx\n',
      'huge.ts': 'a = 1;\n'.repeat(60_000),
    });
    expect(told((await read(repository.directory)).commits)).toEqual([
      'real.ts: null -> "real\\n"',
    ]);
  });

  test('begins after a first commit of a hundred megabytes without holding them', async () => {
    const repository = await gitRepository();
    const megabyte = `${'const filler = 0;\n'.repeat(55_000)}`;
    const parts = Array.from({ length: 100 }, (_, i) => [`part${i}.ts`, `// ${i}\n${megabyte}`]);
    const many = Array.from({ length: 400 }, (_, i) => [
      `small${i}.ts`,
      `export const a${i} = 0;\n`,
    ]);
    repository.commit(Object.fromEntries([...parts, ...many]) as Record<string, string>);
    repository.commit({ 'small7.ts': 'export const a7 = 1;\n' });
    const before = process.memoryUsage.rss();
    const { commits } = await read(repository.directory);
    expect(process.memoryUsage.rss() - before).toBeLessThan(80e6);
    expect(commits[0]?.untyped).toBe('bulk');
    expect(told(commits.slice(1))).toEqual([
      'small7.ts: "export const a7 = 0;\\n" -> "export const a7 = 1;\\n"',
    ]);
  }, 60_000);

  test('says what nobody typed: bulk changes, and what a program committed', async () => {
    const repository = await gitRepository();
    const many = Array.from({ length: 61 }, (_, i) => [`src/${i}.ts`, `export const a${i} = 1;\n`]);
    repository.commit(Object.fromEntries(many) as Record<string, string>);
    repository.commit({ 'a.ts': 'const x = 1;\n' }, 'dependabot[bot] <bot@example.org>');
    repository.commit({ 'a.ts': 'const x = 2;\n' });
    const { commits } = await read(repository.directory);
    expect(commits.map(({ untyped }) => untyped)).toEqual(['bulk', 'bot', undefined]);
  });

  test('of a shallow clone begins without a past', async () => {
    const repository = await gitRepository();
    repository.commit({ 'a.ts': 'one\n' });
    repository.commit({ 'a.ts': 'two\n' });
    repository.commit({ 'a.ts': 'three\n' });
    const shallow = path.join(await temporaryFolder(), 'shallow');
    const url = `file://${repository.directory}`;
    execFileSync('git', ['clone', '--quiet', '--depth=2', url, shallow]);
    expect(told((await read(shallow)).commits)).toEqual([
      'shallow; a.ts: null -> "two\\n"',
      'a.ts: "two\\n" -> "three\\n"',
    ]);
  });

  test('keeps odd names of files apart', async () => {
    const repository = await gitRepository();
    repository.commit({ 'a b/ünï "quoted".ts': 'one\n', 'tab\there.ts': 'two\n' });
    const [commit] = (await read(repository.directory)).commits;
    expect(commit?.changes.map((change) => change.path)).toEqual([
      'a b/ünï "quoted".ts',
      'tab\there.ts',
    ]);
  });

  test('that there is none of says so', async () => {
    const empty = await gitRepository();
    await expect(read(empty.directory)).rejects.toMatchObject({ code: 'empty' });
    const none = await temporaryFolder();
    await expect(read(none)).rejects.toMatchObject({ code: 'noRepository' });
    await expect(read(path.join(none, 'missing'))).rejects.toMatchObject({ code: 'noRepository' });
  });

  test('ends at once when it is cancelled', async () => {
    const repository = await gitRepository();
    for (const text of ['one\n', 'two\n', 'three\n']) repository.commit({ 'a.ts': text });
    const abort = new AbortController();
    const options = { commits: 10, exclude: [], signal: abort.signal };
    const history = await openHistory(repository.directory, options);
    const commits = history.commits();
    await commits.next();
    abort.abort();
    await expect(commits.next()).rejects.toThrow('abort');
    history.dispose();
  });
});
