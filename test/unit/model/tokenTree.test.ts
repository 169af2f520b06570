import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TokenTree } from '../../../src/model/tokenTree';

test('paths share their beginnings', () => {
  const tree = new TokenTree(10);
  tree.add([1, 2, 3]);
  tree.add([1, 2, 4]);
  tree.add([5]);
  expect(tree.nodes.map(({ id, parent, depth }) => [id, parent, depth])).toEqual([
    [1, -1, 1],
    [2, 0, 2],
    [3, 1, 3],
    [4, 1, 3],
    [5, -1, 1],
  ]);
});

test('a path that does not fit is left out whole', () => {
  const tree = new TokenTree(3);
  expect(tree.add([1, 2])).toBe(true);
  expect(tree.add([1, 3, 4])).toBe(false);
  expect(tree.add([1, 3])).toBe(true);
  expect(tree.nodes).toHaveLength(3);
});

test('every path that was added can be followed, and its nodes see just what is on it', () => {
  const path = fc.array(fc.nat({ max: 2 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(fc.array(path, { maxLength: 8 }), (paths) => {
      const tree = new TokenTree(100);
      for (const ids of paths) tree.add(ids);
      for (const ids of paths) {
        const nodes: number[] = [];
        for (const id of ids) nodes.push(tree.child(nodes.at(-1) ?? -1, id) ?? NaN);
        const last = nodes.at(-1) ?? NaN;
        expect(tree.path(last)).toEqual(ids);
        const seen = tree.nodes.flatMap((_, node) => (tree.isOnPath(node, last) ? [node] : []));
        expect(seen).toEqual(nodes);
      }
    }),
  );
});
