import { expect, test } from 'vitest';
import { makeCuts, type SourceFile } from '../../../tools/eval/cuts';

const shop: readonly SourceFile[] = ['cart', 'order', 'price'].map((name) => ({
  path: `src/${name}.ts`,
  text: [
    '/*',
    'const insideComment = true;',
    '*/',
    '// a comment that is long enough',
    ...Array.from({ length: 12 }, (_, i) => `  const ${name}${i} = compute(${i});  `),
    '});',
  ].join('\n'),
}));

test('the text without the answer, and the answer put back, is the file without blanks there', () => {
  for (const { path, text, offset, target } of makeCuts(shop, 10)) {
    const whole = shop.find((file) => file.path === path)?.text ?? '';
    expect(text.slice(0, offset) + target + text.slice(offset)).toBe(whole);
    expect(text.charAt(offset)).toBe(' ');
  }
});

test('a line start is asked for after the indentation, a middle within the code', () => {
  for (const { kind, text, offset, target } of makeCuts(shop, 10)) {
    const head = text.slice(text.lastIndexOf('\n', offset - 1) + 1, offset);
    if (kind === 'lineStart') expect(head).toBe('  ');
    else expect(head.trim()).not.toBe('');
    expect(target.length).toBeGreaterThanOrEqual(4);
  }
});

test('comments and lines of closers are not asked for', () => {
  const targets = makeCuts(shop, 100).filter(({ kind }) => kind === 'lineStart');
  expect(targets).toHaveLength(36);
  for (const { target } of targets) expect(target).toMatch(/^const \w+ = compute\(\d+\);$/);
});

test('cuts are spread over the files, the kinds take turns, and no place comes twice', () => {
  const cuts = makeCuts(shop, 6);
  expect(cuts.map(({ kind }) => kind)).toEqual(
    Array.from({ length: 6 }, () => ['midLine', 'lineStart']).flat(),
  );
  for (const { path } of shop) {
    expect(cuts.filter((cut) => cut.path === path && cut.kind === 'midLine')).toHaveLength(2);
  }
  expect(new Set(cuts.map(({ id }) => id)).size).toBe(cuts.length);
});

const calls: readonly SourceFile[] = ['cart', 'order'].map((name) => ({
  path: `src/${name}.ts`,
  text: Array.from(
    { length: 40 },
    (_, i) => `add(${name}${i}, [price('rose'), first(${i})]);`,
  ).join('\n'),
}));

test('what the editor closes stands after the cursor of half of the cuts, and changes no other', () => {
  const plain = makeCuts(calls, 40);
  const half = makeCuts(calls, 40, 1, 'half');
  const expected = plain.map((cut, i) => {
    const before = cut.text.slice(0, cut.offset);
    const text = before + cut.closers + cut.text.slice(cut.offset);
    return half[i]?.isClosed ? { ...cut, id: `${cut.id} closed`, text, isClosed: true } : cut;
  });
  expect(half).toEqual(expected);
  const open = half.filter(({ closers }) => closers !== '');
  const share = open.filter(({ isClosed }) => isClosed).length / open.length;
  expect(share).toBeGreaterThan(0.25);
  expect(share).toBeLessThan(0.75);
});

test('the closers are those of what the cursor stands in', () => {
  for (const { kind, text, offset, closers } of makeCuts(calls, 40)) {
    const head = text.slice(text.lastIndexOf('\n', offset - 1) + 1, offset);
    if (kind === 'lineStart') expect(closers).toBe('');
    else if (head.endsWith("price('")) expect(closers).toBe("')])");
    else expect(closers.endsWith(')')).toBe(head.includes('('));
  }
});

test('both ways each cut comes without what the editor closes, and then with it if there is any', () => {
  const both = makeCuts(calls, 12, 1, 'both');
  expect(both.filter(({ isClosed }) => !isClosed)).toEqual(makeCuts(calls, 12));
  const closed = both.filter(({ isClosed }) => isClosed);
  expect(closed.length).toBeGreaterThan(0);
  for (const cut of closed) expect(both[both.indexOf(cut) - 1]?.offset).toBe(cut.offset);
});

test('the same seed gives the same cuts, and fewer are the first of many', () => {
  expect(makeCuts(shop, 8)).toEqual(makeCuts(shop, 8));
  expect(makeCuts(shop, 8).slice(0, 6)).toEqual(makeCuts(shop, 3));
  expect(makeCuts(shop, 8, 7)).not.toEqual(makeCuts(shop, 8));
});
