import { describe, expect, test } from 'vitest';
import { cutTo, isOffered, withBeginnings } from '../../../src/completion/beginnings';
import type { Candidate } from '../../../src/types';
import { sampleSuggestion } from '../../helpers/sampleEvents';

function candidate(text: string, changes: Partial<Candidate> = {}): Candidate {
  return { text, tokenIds: [1, 2], logProb: -4, source: 'greedy', propensity: 1, ...changes };
}

const beginningsOf = (text: string, languageId = 'typescript') =>
  withBeginnings([candidate(text)], languageId)
    .slice(1)
    .map((each) => each.text);

describe('beginnings of a block', () => {
  test.each([
    ['its first lines, the longest first', 'a();\nb();\nc();', ['a();\nb();', 'a();']],
    ['below the line that opens it', '\n  a();\n}', ['\n  a();']],
    ['not those that end blank', 'a();\n\nb();', ['a();']],
    ['none of a line', 'a();', []],
    [
      'with the line that opens a block',
      'if (a) {\n  b();\n}\nc();',
      ['if (a) {\n  b();\n}', 'if (a) {'],
    ],
    [
      'with a callback that opens one',
      "on('x', () => {\n  b();\n});\nc();",
      ["on('x', () => {\n  b();\n});", "on('x', () => {"],
    ],
    ['not inside of a call', 'a(\n  b,\n  c,\n);\nd();', ['a(\n  b,\n  c,\n);']],
    ['not inside of a string', 'a(`b\nc`);\nd();', ['a(`b\nc`);']],
    ['not a comment without its code', '// b\nc();\nd();', ['// b\nc();']],
  ])('are %s', (_, text, expected) => {
    expect(beginningsOf(text)).toEqual(expected);
  });

  test('may end where Python goes on deeper, and not inside a docstring', () => {
    expect(beginningsOf('if a:\n    b()\nc()', 'python')).toEqual(['if a:\n    b()', 'if a:']);
    expect(beginningsOf('"""A\n\nB."""\nc()', 'python')).toEqual(['"""A\n\nB."""']);
  });

  test('are at most six lines long', () => {
    const text = Array.from({ length: 12 }, (_, i) => `a(${i});`).join('\n');
    expect(beginningsOf(text).map((each) => each.split('\n').length)).toEqual([6, 5, 4, 3, 2, 1]);
  });

  test('come once for each text, and what was proposed as it stands keeps what is known of it', () => {
    const line = candidate('a();', { source: 'sampled', logProb: -1 });
    const all = withBeginnings(
      [candidate('a();\nb();'), line, candidate('a();\nc();', { source: 'copied' })],
      'typescript',
    );
    expect(all.map(({ text }) => text)).toEqual(['a();\nb();', 'a();', 'a();\nc();']);
    expect(all[1]).toEqual(line);
    expect(withBeginnings(all, 'typescript')).toEqual(all);
  });
});

describe('what is cut', () => {
  const block = candidate('a();\n  b();\nc();', {
    entropy: 1,
    logProb: -6,
    lineLogProbs: [-1, -3],
  });

  test('is as likely as the policy found it up to the end of its last line', () => {
    expect(cutTo('a();', block)).toEqual({
      ...candidate('a();', { entropy: 1, logProb: -1 }),
      tokenIds: [],
    });
    // Indented as the file is.
    expect(cutTo('a();\n\tb();', block)).toMatchObject({ logProb: -3, lineLogProbs: [-1] });
    expect(withBeginnings([block], 'typescript').map(({ logProb }) => logProb)).toEqual([
      -6, -3, -1,
    ]);
  });

  test('is given its share where nothing is known of its end', () => {
    expect(cutTo('a();\n  b', block).logProb).toBeCloseTo((-6 * 8) / 16);
    expect(cutTo('a(', candidate('a();')).logProb).toBe(-2);
    expect(cutTo('a();', candidate('a();\nb();', { logProb: NaN })).logProb).toBeNaN();
    expect(
      cutTo('a();', candidate('a();\nb();', { logProb: NaN, lineLogProbs: [-2] })).logProb,
    ).toBe(-2);
  });
});

test('of texts that go on from each other the shown one and the longest can be cycled to', () => {
  const scored = ['a();', 'a();\nb();', 'a();\nb();\nc();', 'd();'].map((text) => ({
    ...candidate(text),
    score: 0.5,
  }));
  const suggestion = { ...sampleSuggestion(1), candidates: scored, shownIndex: 0 };
  expect(scored.map((_, i) => isOffered(suggestion, i))).toEqual([true, false, true, true]);
});
