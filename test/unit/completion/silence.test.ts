import { describe, expect, test } from 'vitest';
import {
  type Filters,
  type Proposal,
  rejectedOf,
  scoreWords,
  type Silence,
  silenceOf,
  type SilenceParams,
  silenceWords,
  thresholdWords,
} from '../../../src/completion/silence';
import type { ScoredCandidate } from '../../../src/types';

/** A text of the length that the threshold is for. */
const usual = 'secretCode()'.padEnd(31, '.');

const candidate = (score: number, text = usual): ScoredCandidate => ({
  ...{ text, tokenIds: [], logProb: -1, source: 'greedy', propensity: 1 },
  score,
});

const shown = (score: number, shownIndex: 0 | null, text = usual) => ({
  candidates: [candidate(score, text)],
  shownIndex,
});

describe('a silence', () => {
  test.each<[string, Omit<SilenceParams, 'threshold'>, Silence | undefined, RegExp]>([
    [
      'is the gate closed, whatever is there',
      { gate: 'insideWord', suggestion: shown(0.9, null) },
      { kind: 'gate', reason: 'insideWord' },
      /inside a word/,
    ],
    [
      'after a statement is the gate as well',
      { gate: 'statementEnds', suggestion: undefined },
      { kind: 'gate', reason: 'statementEnds' },
      /statement ends/,
    ],
    [
      'is nothing proposed',
      { gate: undefined, suggestion: { candidates: [], shownIndex: null } },
      { kind: 'nothing' },
      /Nothing was proposed/,
    ],
    [
      'is not being sure enough',
      { gate: undefined, suggestion: shown(0.03125, null) },
      { kind: 'unsure', score: 0.03125, threshold: 0.0625 },
      /not sure enough for its length: 0\.031 of 0\.063/,
    ],
    [
      'is a text so short that taking it saves nothing, however sure',
      { gate: undefined, suggestion: shown(0.9, null, '{') },
      { kind: 'unsure', score: 0, threshold: 0.0625 },
      /not sure enough for its length: 0 of/,
    ],
    [
      'is a draw, where the best was good enough',
      { gate: undefined, suggestion: shown(0.5, null) },
      { kind: 'drawn' },
      /at random/,
    ],
  ])('%s', (_, params, silence, words) => {
    const found = silenceOf({ ...params, threshold: 0.0625 });
    expect(found).toEqual(silence);
    expect(found && silenceWords(found)).toMatch(words);
    expect(found && silenceWords(found)).not.toContain('secretCode');
  });

  test('is none where a candidate is shown', () => {
    const suggestion = shown(0.03, 0);
    expect(silenceOf({ gate: undefined, suggestion, threshold: 0.0625 })).toBeUndefined();
  });

  test.each([
    'off',
    'languageOff',
    'insideCharacter',
    'insideWord',
    'insideComment',
    'statementEnds',
  ] as const)('because of %s is said in a sentence', (reason) => {
    expect(silenceWords({ kind: 'gate', reason })).toMatch(/^[A-Z].*\.$/);
  });
});

test('a score that misses a threshold looks smaller', () => {
  expect(scoreWords(0.0624)).toBe('0.062');
  expect(thresholdWords(0.0625)).toBe('0.063');
  expect(scoreWords(1)).toBe('1');
});

describe('of what was proposed and is no candidate', () => {
  const none: Filters = { refused: [], words: undefined };
  const members = { rests: ['load', 'save'], only: true };
  test.each<[string, readonly string[], readonly string[], Filters, readonly string[]]>([
    ['nothing is told where all became candidates', ['load()'], ['load()'], none, []],
    ['what was cut is a candidate all the same', ['a();\n  b();\n}'], ['a();'], none, []],
    ['indented anew as well', ['{\n\ta();'], ['{\n  a();'], none, []],
    ['what was refused', ['load()'], [], { ...none, refused: ['load()'] }, ['refused load()']],
    [
      'what was cut and then refused',
      ['load();\nsave();'],
      [],
      { ...none, refused: ['load();'] },
      ['refused load();\nsave();'],
    ],
    [
      'what is no member, beside one that is',
      ['store()', 'load()'],
      ['load()'],
      { ...none, words: members },
      ['unlisted store()'],
    ],
    ['what the checks left nothing of', [')'], [], none, ['unfit )']],
    ['each text once', [')', ')'], [], none, ['unfit )']],
    ['the shorter of two that are one', ['a(b', 'a(b).c'], [], none, ['unfit a(b']],
  ])('%s', (_, proposed, candidates, filters, rejected) => {
    const proposals = proposed.map((text): Proposal => ({ text, source: 'greedy' }));
    const kept = candidates.map((text) => ({ text }));
    expect(rejectedOf(proposals, kept, filters).map(({ why, text }) => `${why} ${text}`)).toEqual(
      rejected,
    );
  });
});
