import { expect, test } from 'vitest';
import {
  automaticText,
  doublesCloser,
  isBeforeCloser,
  isWorthWaiting,
  nextKey,
  restOf,
} from '../../../tools/typist/keys';

/** An editor with VS Code's habits in small: it closes, types over, indents and outdents. */
class SmallEditor {
  readonly keys: string[] = [];
  private closed: number[] = [];

  constructor(
    public text: string,
    public cursor: number,
  ) {}

  press(key: string): void {
    this.keys.push(key);
    const next = this.text[this.cursor] ?? '';
    if (key === 'Backspace') this.replace(-1, 0, '');
    else if (key === 'Delete') this.replace(0, 1, '');
    else if (key === 'ArrowRight') this.cursor++;
    else if (key === 'Enter') this.enter();
    else if (key === next && this.closed.includes(this.text.length - this.cursor)) this.cursor++;
    else if (key === '}' && /^\s+$/.test(this.line())) this.outdent();
    else {
      const closer = { '(': ')', '[': ']', '{': '}', "'": "'" }[key];
      const closes = closer !== undefined && /^[\s)\]};,]?$/.test(next);
      this.replace(0, 0, key);
      if (!closes) return;
      this.text = this.text.slice(0, this.cursor) + closer + this.text.slice(this.cursor);
      this.closed.push(this.text.length - this.cursor);
    }
  }

  private line(): string {
    return this.text.slice(this.text.lastIndexOf('\n', this.cursor - 1) + 1, this.cursor);
  }

  private replace(from: number, to: number, text: string): void {
    const before = this.text.slice(0, this.cursor + from);
    this.text = before + text + this.text.slice(this.cursor + to);
    this.cursor = before.length + text.length;
  }

  private enter(): void {
    const line = this.line();
    const indent = /^\s*/.exec(line)?.[0] ?? '';
    if (/^\s+$/.test(line)) this.replace(-line.length, 0, '');
    const opens = /[{[(]$/.test(line);
    const isBetween = opens && /[}\])]/.test(this.text[this.cursor] ?? '');
    this.replace(0, 0, `\n${indent}${opens ? '  ' : ''}`);
    if (!isBetween) return;
    const { cursor } = this;
    this.replace(0, 0, `\n${indent}`);
    this.cursor = cursor;
  }

  private outdent(): void {
    this.replace(-Math.min(2, this.line().length), 0, '}');
  }
}

/** Writes what stands between the marks; returns the keys. */
function write(marked: string): string[] {
  const [head = '', added = '', tail = ''] = marked.split('█');
  const aim = { target: head + added + tail, end: head.length + added.length };
  const editor = new SmallEditor(head + tail, head.length);
  for (let presses = 0; presses < 500; presses++) {
    const key = nextKey(editor, aim, editor.keys.at(-1) !== 'Backspace');
    if (key === undefined) break;
    editor.press(key);
  }
  expect(editor.text).toBe(aim.target);
  return editor.keys;
}

const chars = (text: string): string[] => [...text];

test('closers that the editor added are typed over', () => {
  expect(write('█f(a);█\n')).toEqual(chars('f(a);'));
  expect(write("█f('a', [b]);█\n")).toEqual(chars("f('a', [b]);"));
});

test('indentation and closers on lines of their own are left as the editor puts them', () => {
  expect(write('if (a)█ {\n  f(b);\n}\ng();█\n')).toEqual([
    ...[' ', '{', 'Enter', ...'f(b);', 'ArrowRight', 'ArrowRight', 'Enter', ...'g();'],
  ]);
});

test('indentation that should be otherwise is put right', () => {
  const keys = write('  a(█\n    b();█\n');
  expect(keys.slice(0, 2)).toEqual(['Enter', 'b']);
  expect(write('    a();█\n  b();█\n').slice(0, 4)).toEqual([
    'Enter',
    'Backspace',
    'Backspace',
    'b',
  ]);
  expect(write('a();█\n    b();█\n').slice(0, 5)).toEqual(['Enter', ' ', ' ', ' ', ' ']);
});

test('empty lines stay empty', () => {
  expect(write('  a();█\n\n  b();█\n')).toEqual(['Enter', 'Enter', ...'b();']);
});

test('a closer that is not wanted is deleted', () => {
  expect(write('█if (a) {█\n  b();\n}\n')).toEqual([...'if (a) {', 'Delete']);
  expect(write("// it█'s█\n")).toEqual(["'", 'Delete', 's']);
});

test('a closer is typed where the editor outdents it', () => {
  expect(write('{\n  {\n    a();█\n  }█\n}\n')).toEqual(['Enter', '}']);
});

test('what is far from what it shall be is given up', () => {
  const state = { text: `x${'a'.repeat(300)}`, cursor: 301 };
  expect(() => nextKey(state, { target: 'a'.repeat(301), end: 301 }, true)).toThrow(RangeError);
});

test('what stands behind the cursor by itself is told from what was there', () => {
  const aim = { target: 'f(a) {}\n)', end: 'f(a) {}'.length };
  const state = { text: 'f()\n)', cursor: 2 };
  expect(automaticText(state, aim)).toBe(')');
  expect(restOf(state, aim)).toBe('a) {}');
  expect(isBeforeCloser(state, aim)).toBe(true);
  expect(isBeforeCloser({ text: 'f\n)', cursor: 1 }, aim)).toBe(false);
});

test.each([
  ['f(a, b', ');', ')', false],
  ['f(', 'a, b);', ')', true],
  ['f(a', ').then(b);', ')', true],
  ['  b();', '\n});\nc();', '\n})', false],
  ['f(a)', ';', '', false],
])('%j with %j to come and %j there: a person waits, or not', (head, added, automatic, waits) => {
  const aim = { target: head + added, end: head.length + added.length };
  expect(isWorthWaiting({ text: head + automatic, cursor: head.length }, aim)).toBe(waits);
});

test('a taken text that covers what was there before leaves the rest to be written', () => {
  const aim = { target: 'f(a, b);\n', end: 'f(a, b'.length };
  expect(restOf({ text: 'f(a, b)\n', cursor: 7 }, aim)).toBe(';');
  expect(nextKey({ text: 'f(a, b)\n', cursor: 7 }, aim, true)).toBe(';');
});

test.each([
  ['f()', 'f(a))', 'f(a)', true],
  ['f()', 'f(a)', 'f(a)', false],
  ['if (a) {\n}', 'if (a) {\n  b();\n}}', 'if (a) {\n  b();\n}', true],
  ['if (a) {', 'if (a) {\n  b();\n}', 'if (a) {\n  b();\n}', false],
  ["text = ')'; f()", "text = ')'; f(a)", "text = ')'; f(a)", false],
])('%j, then %j: doubled closers are found', (before, after, target, doubled) => {
  expect(doublesCloser(before, after, target)).toBe(doubled);
});
