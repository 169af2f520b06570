import { expect, test } from 'vitest';
import { enclosingName } from '../../../src/completion/enclosing';
import { documentAtCursor } from '../../helpers/documentAtCursor';

const nameAt = (marked: string): string | undefined => {
  const { text, offset } = documentAtCursor(marked);
  return enclosingName(text, offset);
};

test.each([
  ['function load(id) {\n  return █\n}', 'load'],
  ['class Cart {\n  total(items) {\n    for (const item of items) {\n      █', 'total'],
  ['class Cart {\n  readonly items = [];\n\n  █', 'Cart'],
  ['def mean(values):\n\n    total = 0\n    █', 'mean'],
  ['const cart = {\n  price: {\n    net: █', 'price'],
  ["describe('cart', () => {\n  █", 'describe'],
  ['export const load = async (id) => {\n  if (id) {\n    go();\n  } else {\n    █', 'load'],
  ['fn main() {\n\tlet x = 1;\n\t█', 'main'],
  ['function load(id) {\n}\n█', undefined],
  ['█', undefined],
  ['\n\n  █', undefined],
])('around the cursor in %j stands %s', (marked, name) => {
  expect(nameAt(marked)).toBe(name);
});

test('no more than some lines are looked through', () => {
  const body = '  call();\n'.repeat(100);
  expect(nameAt(`function load() {\n${body.slice(0, 200)}  █`)).toBe('load');
  expect(nameAt(`function load() {\n${body}  █`)).toBeUndefined();
});
