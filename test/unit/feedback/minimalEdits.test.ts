/** A replacement reduced to what it really changed. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyEdits, minimalEdits } from '../../../src/feedback/minimalEdits';

/** Kept text as it is, removed as `[-x-]`, inserted as `{+x+}`, the way git shows words. */
function render(before: string, after: string): string {
  let result = '';
  let position = 0;
  for (const { offset, removedLength, insertedText } of minimalEdits(before, after)) {
    const removed = before.slice(offset, offset + removedLength);
    result += before.slice(position, offset);
    if (removed) result += `[-${removed}-]`;
    if (insertedText) result += `{+${insertedText}+}`;
    position = offset + removedLength;
  }
  return result + before.slice(position);
}

describe('minimal edits', () => {
  const check = (name: string, before: string, after: string, expected: string) =>
    it(name, () => expect(render(before, after)).toBe(expected));

  check('equal texts need none', 'a\nb', 'a\nb', 'a\nb');
  check('common ends stay', 'foo(bar)', 'foo(baz)', 'foo(ba[-r-]{+z+})');
  check('words in the middle stay', 'a b c', 'x b y', '[-a-]{+x+} b [-c-]{+y+}');
  check('deeper indentation takes nothing', '  a', '    a', '  {+  +}a');
  check(
    'a line keeps to itself although the next ends alike',
    'foo();\nbar();\n',
    '// top\nfoo();\n',
    '{+// top\n+}foo();\n[-bar();\n-]',
  );
  check('half an emoji is not common', '"😀"', '"😁"', '"[-😀-]{+😁+}"');
  check('nor the other half', 'x😀', 'x\u{1FA00}', 'x[-😀-]{+\u{1FA00}+}');
  check('a reformatted call', 'f(a,b)', 'f(\n  a,\n  b,\n)', 'f({+\n  +}a,{+\n  +}b{+,\n+})');

  it('a block too large to compare counts as replaced, apart from its ends', () => {
    const before = Array.from({ length: 600 }, (_, line) => `old ${line}\n`).join('');
    const after = Array.from({ length: 600 }, (_, line) => `new ${line}\n`).join('');
    const edits = minimalEdits(`same\n${before}`, `same\n${after}`);
    expect(edits).toHaveLength(1);
    expect(applyEdits(`same\n${before}`, edits)).toBe(`same\n${after}`);
  });

  it('a very long text is compared from both ends only, and finely where little is left', () => {
    const filler = 'line\n'.repeat(30_000);
    const edits = minimalEdits(`${filler}a b c\n${filler}`, `${filler}x b y\n${filler}`);
    expect(edits.map(({ insertedText }) => insertedText)).toEqual(['x', 'y']);
    expect(minimalEdits(`a${filler}c${filler}b`, `x${filler}y${filler}z`)).toHaveLength(1);
  });

  it('always lead from one text to the other, ascending, apart, and none without effect', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '\n', '\r\n', '(', '😀', '😁') });
    fc.assert(
      fc.property(text, text, (before, after) => {
        const edits = minimalEdits(before, after);
        expect(applyEdits(before, edits)).toBe(after);
        let position = -1;
        for (const { offset, removedLength, insertedText } of edits) {
          expect(offset).toBeGreaterThan(position);
          expect(removedLength + insertedText.length).toBeGreaterThan(0);
          position = offset + removedLength;
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('never split a character in two', () => {
    const text = fc.string({ unit: fc.constantFrom('😀', '😁', '\u{1FA00}', 'a') });
    fc.assert(
      fc.property(text, text, (before, after) => {
        for (const { offset, removedLength, insertedText } of minimalEdits(before, after)) {
          const parts = [before.slice(offset, offset + removedLength), insertedText];
          for (const part of parts) expect(part).not.toMatch(/\p{Surrogate}/u);
        }
      }),
    );
  });
});
