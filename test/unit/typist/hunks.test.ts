import { expect, test } from 'vitest';
import type { Commit, History } from '../../../src/replay/history';
import { nextKey } from '../../../tools/typist/keys';
import { chooseHunks } from '../../../tools/typist/hunks';

const lines = (count: number, from = 0): string =>
  Array.from({ length: count }, (_, i) => `const value${i + from} = compute(${i + from});\n`).join(
    '',
  );

const commit = (id: string, before: string, after: string): Commit => ({
  ...{ id, timeMs: 0, author: { name: 'A', email: 'a@b.c' }, untyped: undefined },
  changes: [{ path: `${id}.ts`, before, after }],
});

const history = (commits: readonly Commit[]): History => ({
  ...{ name: 'shop', head: 'h', length: commits.length, emails: [], ownEmail: '', start: [] },
  commits: async function* () {
    yield* await Promise.resolve(commits);
  },
  dispose: () => undefined,
});

const edited = (id: string, added: string): Commit =>
  commit(id, `${lines(2)}${lines(2, 2)}`, `${lines(2)}${added}${lines(2, 2)}`);
const some = Array.from({ length: 9 }, (_, i) =>
  edited(`c${i}`, `const added${i} = make(value1);\n`),
);

test('hunks begin as the file was and end as it became', async () => {
  const [hunk] = await chooseHunks(history([some[0] ?? edited('x', '')]), { seed: 1, count: 5 });
  expect(hunk?.start).toBe(lines(4));
  expect(hunk?.aim.target).toBe(`${lines(2)}const added0 = make(value1);\n${lines(2, 2)}`);
  expect(hunk?.start.slice(hunk.at + hunk.removedLength)).toBe(`\n${lines(2, 2)}`);
  expect(hunk && nextKey({ text: hunk.start, cursor: hunk.at }, hunk.aim, true)).toBe('Enter');
  expect(hunk?.decisions.length).toBeGreaterThan(0);
});

test('what is too short or too long to be typed is left out', async () => {
  const none = [edited('short', 'const a = 1;\n'), edited('long', lines(12, 10))];
  expect(await chooseHunks(history(none), { seed: 1, count: 5 })).toEqual([]);
});

test('the same seed draws the same, in order, and more of them include the fewer', async () => {
  const ids = async (seed: number, count: number): Promise<string[]> =>
    (await chooseHunks(history(some), { seed, count })).map(({ id }) => id);
  const four = await ids(1, 4);
  expect(four).toHaveLength(4);
  expect(await ids(1, 4)).toEqual(four);
  expect([...four].sort()).toEqual(four);
  expect(await ids(1, 6)).toEqual(expect.arrayContaining(four));
  const others = await Promise.all([2, 3, 4].map((seed) => ids(seed, 4)));
  expect(others.some((other) => other.join() !== four.join())).toBe(true);
});
