import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { changedLines, WrittenLines } from '../../../src/completion/writtenLines';

describe('the lines of a change', () => {
  const old = 'first();\nsecond();\nthird();\n';

  test.each([
    ['first();\nsecond(a);\nthird();\n', ['second(a);']],
    ['first();\nsecond();\n  more();\n  yet();\nthird();\n', ['more();', 'yet();']],
    ['zeroth();\nfirst();\nsecond();\nthird();\n', ['zeroth();', 'first();']],
    ['first();\n}\nsecond();\nthird();\n', ['second();']],
    [old, []],
    [`${old}${'pasted();\n'.repeat(50)}`, []],
    [`${old}${'x'.repeat(20_000)}`, []],
  ])('are whole, and few, in %j', (text, lines) => {
    expect(changedLines(old, text)).toEqual(expect.arrayContaining(lines));
    expect(changedLines(old, text).length).toBeLessThanOrEqual(lines.length + 1);
  });

  test('hold every line that was not there before, however the text was changed', () => {
    const line = fc.constantFrom('alpha();', 'beta(1);', 'gamma = 2', '    delta', '');
    const lines = fc.array(line, { maxLength: 12 });
    fc.assert(
      fc.property(lines, lines, (before, after) => {
        const changed = new Set(changedLines(before.join('\n'), after.join('\n')));
        const fresh = after.filter((one) => one.length > 3 && !before.includes(one));
        for (const one of fresh) expect(changed).toContain(one.trim());
      }),
    );
  });
});

describe('recency', () => {
  test('is 1 for the line written last, less before it, and 0 for what nobody wrote', () => {
    const written = new WrittenLines();
    written.note('', 'one();');
    written.note('one();', 'one();\ntwo();');
    const [one, two] = [written.recencyOf('  one();'), written.recencyOf('two();')];
    expect(two).toBe(1);
    expect(one).toBeGreaterThan(0.9);
    expect(one).toBeLessThan(1);
    expect(written.recencyOf('three();')).toBe(0);
    written.forgetAll();
    expect(written.recencyOf('two();')).toBe(0);
  });

  test('is of bounded memory, and the oldest go', () => {
    const written = new WrittenLines();
    for (let n = 0; n < 3_000; n++) written.note('', `line${n}();`);
    expect(written.recencyOf('line0();')).toBe(0);
    expect(written.recencyOf('line1500();')).toBeGreaterThan(0);
    expect(written.recencyOf('line1500();')).toBeLessThan(0.02);
  });
});
