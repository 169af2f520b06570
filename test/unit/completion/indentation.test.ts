import { describe, expect, test } from 'vitest';
import { reindentAt } from '../../../src/completion/indentation';
import { documentAtCursor } from '../../helpers/documentAtCursor';

/** The lines of `text` as they are indented at the cursor of `marked`. */
function check(marked: string, text: string, expected: string) {
  expect(reindentAt(documentAtCursor(marked))(text), marked).toBe(expected);
}

const two = 'if (a) {\n  b();\n}\n';
const four = 'if (a) {\n    b();\n}\n';
const tabs = 'if (a) {\n\tb();\n}\n';

describe('a block is indented as the file is', () => {
  test('when it was written with fewer spaces, or more', () => {
    check(`${four}for (;;) {█`, '\n  c();\n}', '\n    c();\n}');
    check(`${two}for (;;) {█`, '\n    c();\n}', '\n  c();\n}');
    check(`${four}    for (;;) {█`, '\n      c();\n    }', '\n        c();\n    }');
  });

  test('when it was written with spaces in a file of tabs', () => {
    check(`${tabs}for (;;) {█`, '\n  c();\n}', '\n\tc();\n}');
    check(`${tabs}\tfor (;;) {█`, '\n\t    c();\n\t}', '\n\t\tc();\n\t}');
    check(`${tabs}\tfor (;;) {█`, '\n        c();\n    }', '\n\t\tc();\n\t}');
  });

  test('when it was written with tabs in a file of spaces', () => {
    check(`${two}for (;;) {█`, '\n\tc();\n}', '\n  c();\n}');
    check(`${two}  for (;;) {█`, '\n\t\tc();\n\t}', '\n    c();\n  }');
  });

  test('at every depth', () => {
    check(
      `${four}for (;;) {█`,
      '\n  if (c) {\n    d();\n  }\n}',
      '\n    if (c) {\n        d();\n    }\n}',
    );
    check(`${tabs}█`, 'if c:\n  d = [\n    1,\n  ]', 'if c:\n\td = [\n\t\t1,\n\t]');
  });

  test('with the blanks that line something up kept', () => {
    check(
      `${four}for (;;) {█`,
      '\n  c();\n  /*\n   * D.\n   */\n}',
      '\n    c();\n    /*\n     * D.\n     */\n}',
    );
  });

  test('whose unit is the one it has most often', () => {
    check(`${tabs}${four}${four}for (;;) {█`, '\n  c();\n}', '\n    c();\n}');
    check(`for (;;) {█\n${four}`, '\n  c();\n}', '\n    c();\n}');
  });
});

describe('a candidate stays as it is', () => {
  test('when it is indented as the file is', () => {
    for (const [file, unit] of [
      [two, '  '],
      [four, '    '],
      [tabs, '\t'],
    ] as const) {
      const text = `\n${unit}if (c) {\n${unit}${unit}d();\n${unit}}\n}`;
      check(`${file}for (;;) {█`, text, text);
    }
  });

  test('when the file has its unit too', () => {
    check(`${two}${four}${four}for (;;) {█`, '\n  c();\n}', '\n  c();\n}');
  });

  test('when nothing shows how the file is indented', () => {
    check('const a = 1;\nfor (;;) {█', '\n  c();\n}', '\n  c();\n}');
  });

  test('when what it indents is only lined up', () => {
    check(`${two}█`, 'c(d,\n    e)', 'c(d,\n    e)');
    check(`${four}█`, 'def c(\n        d,', 'def c(\n        d,');
  });

  test('on one line', () => {
    check(`${four}for (;;) {█`, '  c(); }', '  c(); }');
  });
});
