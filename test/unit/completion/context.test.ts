import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buildContext, defaultWindow, unixLines } from '../../../src/completion/context';
import { documentAtCursor } from '../../helpers/documentAtCursor';

const contextOf = (marked: string) => buildContext(documentAtCursor(marked), 'auto');

describe('the window', () => {
  test('holds all of a small file', () => {
    const context = contextOf('const a = 1;\nconst b = █;\nconst c = 3;\n');
    expect(context.prefix).toBe('const a = 1;\nconst b = ');
    expect(context.suffix).toBe(';\nconst c = 3;\n');
  });

  test('begins at a line start and ends within its budget in a large file', () => {
    const lines = Array.from({ length: 2000 }, (_, i) => `const value${i} = compute(${i});`);
    const { prefix, suffix } = contextOf(`${lines.join('\n')}\n█\n${lines.join('\n')}`);
    expect(prefix).toMatch(/^const value\d+ = /);
    expect(prefix.length).toBeLessThanOrEqual(defaultWindow.prefixChars);
    expect(prefix.length).toBeGreaterThan(defaultWindow.prefixChars - 2 * defaultWindow.stepChars);
    expect(suffix.length).toBe(defaultWindow.suffixChars);
  });

  test('does not move while the user types, but for once in a step', () => {
    const before = 'const value = compute(1);\n'.repeat(500);
    let typed = '';
    let start = '';
    let moves = 0;
    const keystrokes = 3 * defaultWindow.stepChars;
    for (let i = 0; i < keystrokes; i++) {
      typed += i % 30 === 29 ? '\n' : 'x';
      const { prefix } = contextOf(`${before}${typed}█`);
      if (start === '' || !prefix.startsWith(start)) moves++;
      start = prefix.slice(0, 600);
    }
    expect(moves).toBeLessThanOrEqual(1 + keystrokes / defaultWindow.stepChars);
  });

  test('reads Windows line ends as the policy knows them', () => {
    const context = contextOf('if (a) {\r\n\treturn █;\r\n}\r\n');
    expect(context.prefix).toBe('if (a) {\n\treturn ');
    expect(context.suffix).toBe(';\n}\n');
  });

  test('is bounded in a line of a megabyte', () => {
    const { prefix, suffix } = contextOf(`${'x'.repeat(1_000_000)}█${'y'.repeat(1_000_000)}`);
    expect(prefix.length).toBeLessThanOrEqual(defaultWindow.prefixChars);
    expect(prefix.length).toBeGreaterThanOrEqual(
      defaultWindow.prefixChars - defaultWindow.stepChars,
    );
    expect(suffix.length).toBe(defaultWindow.suffixChars);
  });

  test('is a part of the text around the cursor, never splits a pair and keeps to its budget', () => {
    const character = fc.constantFrom('a', ' ', '\n', '\r\n', '\t', '😀', '\ud83d', '\ude00', 'é');
    const text = fc.array(character, { maxLength: 400 }).map((characters) => characters.join(''));
    const window = { prefixChars: 60, stepChars: 15, suffixChars: 20 };
    fc.assert(
      fc.property(text, text, (before, after) => {
        const document = documentAtCursor(`${before}█${after}`);
        const { prefix, suffix } = buildContext(document, 'auto', window);
        expect(unixLines(before).endsWith(prefix)).toBe(true);
        expect(unixLines(after).startsWith(suffix)).toBe(true);
        expect(prefix.length).toBeLessThanOrEqual(window.prefixChars);
        expect(suffix.length).toBeLessThanOrEqual(window.suffixChars);
        const outside = unixLines(before).slice(0, unixLines(before).length - prefix.length);
        expect(splits(outside, prefix)).toBe(false);
        expect(splits(suffix, unixLines(after).slice(suffix.length))).toBe(false);
      }),
    );
  });
});

function splits(left: string, right: string): boolean {
  return /[\ud800-\udbff]$/.test(left) && /^[\udc00-\udfff]/.test(right);
}

test('closers after the cursor stand in a field of their own', () => {
  const { prefix, suffix, closers } = contextOf("test('x', () => {█})\nb();\n");
  expect({ prefix, suffix, closers }).toEqual({
    prefix: "test('x', () => {",
    suffix: '\nb();\n',
    closers: '})',
  });
  expect(contextOf('call(█);')).not.toHaveProperty('closers');
});

describe('more than one line may be proposed', () => {
  const check = (marked: string, expected: boolean) =>
    expect(contextOf(marked).multiline, marked).toBe(expected);

  test('where a block opens and has no lines yet', () => {
    check('function f() {█', true);
    check('function f() {\n  █\n}', true);
    check('function f() {\n  █', true);
    check('def f():\n    █\n\nprint(1)', true);
    check('if (a) {█\n}', true);
    check('case 1:█\n', true);
    check('const f = () =>\n  █', true);
    check('while true do█', true);
    // As Enter between two brackets leaves it.
    check('class A {\n  f(x) {\n    █\n  }\n}\n', true);
    check('class A {\r\n\tf(x) {\r\n\t\t█\r\n\t}\r\n}\r\n', true);
    check('on(x, () => {\n  █\n});', true);
    check('call(\n  █\n);', true);
    check('function f() {█ }', true);
    check("test('x', () => {█})", true);
    check('if x then\n  █\nend', true);
  });

  test('but not in the middle of a line or of a block that has lines', () => {
    check('const a = █', false);
    check('const a:█', false);
    check('call(█', false);
    check('const f = () =>█', false);
    check('function f() {█ };', false);
    check('function f() {\n  const a = 1;\n  █\n}', false);
    check('function f() {\n  █\n  const a = 1;\n}', false);
    check('function f() {█\n  const a = 1;\n}', false);
    check('█', false);
  });

  test('unless the setting says always or never', () => {
    const document = documentAtCursor('function f() {█');
    expect(buildContext(document, 'never').multiline).toBe(false);
    expect(buildContext(documentAtCursor('a█'), 'always').multiline).toBe(true);
  });
});
