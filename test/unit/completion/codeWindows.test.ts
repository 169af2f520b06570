import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  distinctNames,
  hashedName,
  indexWindows,
  windowLines,
  windowStride,
} from '../../../src/completion/codeWindows';

test('names are told apart from what stands between them, and single letters do not count', () => {
  const names = (text: string) => [...distinctNames(text, 0, text.length)].sort();
  expect(names('foo.bar(a, foo)')).toEqual([hashedName('foo'), hashedName('bar')].sort());
  expect(names('größe = $x_1')).toEqual([hashedName('größe'), hashedName('$x_1')].sort());
  expect(names('a + b * 7')).toEqual([]);
});

test('every line lies in a window, and each window has the names of its own lines', () => {
  const line = fc.constantFrom('alpha beta', 'gamma(delta)', '', 'epsilon', 'alpha.zeta');
  fc.assert(
    fc.property(fc.array(line, { maxLength: 60 }), (lines) => {
      const text = lines.join('\n');
      const { starts, ends, offsets, names } = indexWindows(text);
      expect(starts[0]).toBe(0);
      expect(ends.at(-1)).toBe(text.length);
      for (let i = 0; i < starts.length; i++) {
        const [from = 0, to = 0] = [starts[i], ends[i]];
        if (i > 0) expect(from).toBeLessThan(ends[i - 1] ?? 0);
        expect(text.slice(from, to).split('\n').length).toBeLessThanOrEqual(windowLines + 1);
        const own = [...names.slice(offsets[i], offsets[i + 1])].sort();
        expect(own).toEqual([...distinctNames(text, from, to)].sort());
      }
    }),
  );
  expect(windowLines % windowStride).toBe(0);
});
