import { expect, test } from 'vitest';
import { type Piece, proposalOf } from '../../../tools/typist/ghost';

/** A drawn line: ghost text stands between the marks. */
const line = (marked: string): Piece[] =>
  marked
    .split('|')
    .map((text, i) => ({ text, isGhost: i % 2 === 1 }))
    .filter(({ text }) => text !== '');

test.each([
  ['one part', ['f(|a, b|'], 'f(', 'a, b', 4],
  ['what stays behind it is not proposed', ['f(|a, b|)'], 'f(', 'a, b', 4],
  ['a part on each side of a closer', ['f(|a|)| {|'], 'f(', 'a) {', 3],
  ['the only part is behind the closer', ['  f(a)| {|'], '\tf(a', ') {', 2],
  [
    'lines below, and a closer that moves to the last',
    ['f(|() => {|', '|  g();|', '|}|)'],
    'f(',
    '() => {\n  g();\n}',
    16,
  ],
  ['all of it is below', ['  if (a) {', '|    b();|'], '  if (a) {', '\n    b();', 9],
])('%s', (_, rows, before, text, ghostLength) => {
  const [first = '', ...below] = rows;
  const drawn = { line: line(first), below: below.map(line) };
  expect(proposalOf(drawn, before, undefined)).toEqual({ text, ghostLength });
});

test('blanks that are drawn for tabs are tabs again', () => {
  const drawn = { line: line('    if (a) |{|'), below: [line('|        b();|'), line('|    }|')] };
  expect(proposalOf(drawn, '\tif (a) ', 4).text).toBe('{\n\t\tb();\n\t}');
});
