import { describe, expect, test } from 'vitest';
import { pausesIn } from '../../../src/replay/pauses';
import { seededRandom } from '../../../src/util/random';

const text = 'const total = sum(first, second);\n  return total.value;\n';

describe('pauses', () => {
  test('are on different lines, in order, and never before blanks', () => {
    for (let seed = 0; seed < 50; seed++) {
      const pauses = pausesIn('', text, 5, seededRandom(seed));
      expect(pauses).toHaveLength(2);
      const [first = -1, second = -1] = pauses;
      expect(first).toBeLessThan(text.indexOf('\n'));
      expect(second).toBeGreaterThan(text.indexOf('\n'));
      for (const at of pauses) expect(text.slice(at)).toMatch(/^\S/);
    }
  });

  test('are of all kinds in time', () => {
    const kinds = Array.from({ length: 200 }, (_, seed) => {
      const [at = 0] = pausesIn('', text, 1, seededRandom(seed));
      const before = text.slice(0, at);
      if (/(?:^|\n)\s*$/.test(before)) return 'lineStart';
      if (/[.(]$/.test(before)) return 'afterMark';
      return / $/.test(before) ? 'afterSpace' : 'inWord';
    });
    expect(new Set(kinds)).toEqual(new Set(['lineStart', 'afterMark', 'afterSpace', 'inWord']));
  });

  test('are none where next to nothing is left of the line', () =>
    expect(pausesIn('foo(', ')\n', 3, seededRandom(1))).toEqual([]));

  test('look at the line that the edit begins in', () =>
    expect(pausesIn('call(', 'value)', 1, seededRandom(1))).not.toEqual([]));
});
