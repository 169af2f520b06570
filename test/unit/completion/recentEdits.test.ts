import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RecentEdits } from '../../../src/completion/recentEdits';

/** The hunks after a file went through these texts, as `line: before > after`. */
function check(texts: readonly string[], expected: readonly string[]): void {
  const edits = new RecentEdits();
  for (const [i, text] of texts.slice(1).entries()) edits.note('a.ts', texts[i] ?? '', text);
  expect(
    edits.hunks.map(
      ({ line, before, after }) => `${line}: ${before.join('|')} > ${after.join('|')}`,
    ),
  ).toEqual(expected);
}

test('a changed, an added and a removed line are each one hunk', () => {
  check(['a\nb\nc', 'a\nB\nc'], ['1: b > B']);
  check(['a\nc', 'a\nb\nc'], ['1:  > b']);
  check(['a\nb\nc', 'a\nc'], ['1: b > ']);
});

test('the steps of typing a line are one change', () => {
  check(['a\nb\nc', 'a\nbx\nc', 'a\nbxy\nc', 'a\nbxyz\nc'], ['1: b > bxyz']);
  check(['a\nc', 'a\n\nc', 'a\nco\nc', 'a\nconst\nc'], ['1:  > const']);
});

test('lines changed one below the other grow together, in either order', () => {
  check(['a\nb\nc\nd', 'a\nB\nc\nd', 'a\nB\nC\nd'], ['1: b|c > B|C']);
  check(['a\nb\nc\nd', 'a\nb\nC\nd', 'a\nB\nC\nd'], ['1: b|c > B|C']);
});

test('changes apart stay apart, and keep their place when lines come in above', () => {
  check(['a\nb\nc\nd\ne', 'a\nb\nc\nd\nE', 'new\na\nb\nc\nd\nE'], ['5: e > E', '0:  > new']);
});

test('what is taken back is no edit', () => {
  check(['a\nb\nc', 'a\nB\nc', 'a\nb\nc'], []);
  check(['a\nb\nc', 'a\nc', 'a\nb\nc'], []);
});

test('a large change is new code and not told', () => {
  const block = Array.from({ length: 11 }, (_, i) => `line ${i}`).join('\n');
  check(['a', `a\n${block}`], []);
  check(['a', 'x'.repeat(201)], []);
});

test('a file that is closed to Hone takes its edits with it', () => {
  const edits = new RecentEdits();
  edits.note('a.ts', 'a', 'b');
  edits.note('b.ts', 'a', 'b');
  edits.forget('a.ts');
  expect(edits.hunks.map(({ uri }) => uri)).toEqual(['b.ts']);
});

test('undoing every hunk in the newest text gives the oldest', () => {
  const line = fc.constantFrom('a', 'b', 'c', 'd');
  const text = fc.array(line, { minLength: 1, maxLength: 8 }).map((lines) => lines.join('\n'));
  fc.assert(
    fc.property(fc.array(text, { minLength: 2, maxLength: 5 }), (texts) => {
      const edits = new RecentEdits();
      for (const [i, text] of texts.slice(1).entries()) edits.note('a.ts', texts[i] ?? '', text);
      const lines = (texts.at(-1) ?? '').split('\n');
      for (const hunk of [...edits.hunks].sort((a, b) => b.line - a.line)) {
        expect(lines.slice(hunk.line, hunk.line + hunk.after.length)).toEqual(hunk.after);
        lines.splice(hunk.line, hunk.after.length, ...hunk.before);
      }
      expect(lines.join('\n')).toBe(texts[0]);
    }),
  );
});
