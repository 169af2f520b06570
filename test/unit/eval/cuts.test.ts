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

test('the same seed gives the same cuts, and fewer are the first of many', () => {
  expect(makeCuts(shop, 8)).toEqual(makeCuts(shop, 8));
  expect(makeCuts(shop, 8).slice(0, 6)).toEqual(makeCuts(shop, 3));
  expect(makeCuts(shop, 8, 7)).not.toEqual(makeCuts(shop, 8));
});
