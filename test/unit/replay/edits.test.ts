import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { textDuring, typedEdits } from '../../../src/replay/edits';

/** Each edit as the line it is typed on: `before█typed» after`, and what was removed. */
function check(before: string, after: string, expected: readonly string[]): void {
  const edits = typedEdits(before, after) ?? [];
  const told = edits.map((edit) => {
    const { at, from, removedLength, insertedLength } = edit;
    const typed = JSON.stringify(after.slice(at, at + insertedLength)).slice(1, -1);
    const removed = JSON.stringify(before.slice(from, from + removedLength)).slice(1, -1);
    const head = after.slice(after.lastIndexOf('\n', at - 1) + 1, at);
    return `${head}█${typed}${removed === '' ? '' : ` for ${removed}`}`;
  });
  expect(told).toEqual(expected);
}

describe('the edits of a change', () => {
  test('are in the order of the lines, each only what differs', () =>
    check('a = 1;\nb = 2;\nc = 3;\n', 'a = 10;\nb = 2;\nc = foo(3);\n', [
      'a = █10 for 1',
      'c = █foo(3) for 3',
    ]));

  test('type whole words where part of a word changed', () =>
    check('call(user);\n', 'call(users, other);\n', ['call(█users, other for user']));

  test('put new lines in behind the line above', () =>
    check('one();\nthree();\n', 'one();\ntwo();\nthree();\n', ['one();█\\ntwo();']));

  test('put a new first line where it stands', () =>
    check('two();\n', 'one();\ntwo();\n', ['█one();\\n']));

  test('of a new file are its text', () => check('', 'x = 1\n', ['█x = 1\\n']));

  test('may only take away', () => check('a();\nb();\n', 'a();\n', ['█ for b();\\n']));

  test('replace a block by another as one', () =>
    check('if (a) {\n  b();\n}\nend();\n', 'while (c) d();\nend();\n', [
      '█while (c) d(); for if (a) {\\n  b();\\n}',
    ]));

  test('are none where nothing changed', () => check('a\n', 'a\n', []));

  test('are not made of what was rewritten altogether', () => {
    const lines = (word: string) =>
      Array.from({ length: 4_000 }, (_, i) => `${word} ${i}\n`).join('');
    expect(typedEdits(lines('old'), lines('new'))).toBeUndefined();
  });

  test('lead from the text before to the text after, one behind the other', () => {
    const text = fc
      .array(fc.constantFrom('a', 'bc', ' ', '(', ')', '\n', '\n', '😀', 'é'), { maxLength: 60 })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, text, (before, after) => {
        const edits = typedEdits(before, after) ?? [];
        let now = before;
        for (const edit of edits) {
          const start = textDuring(before, after, edit, 0);
          const { at, from, removedLength, insertedLength } = edit;
          // Removing what the edit removes is all that leads to its beginning.
          expect(now).toBe(after.slice(0, at) + before.slice(from));
          expect(start).toBe(now.slice(0, at) + now.slice(at + removedLength));
          now = textDuring(before, after, edit, insertedLength);
        }
        expect(now).toBe(after);
      }),
    );
  });
});
