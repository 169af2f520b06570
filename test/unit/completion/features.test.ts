import { describe, expect, test } from 'vitest';
import { buildContext } from '../../../src/completion/context';
import {
  type Decision,
  type FeatureName,
  featureNames,
  featuresOf,
} from '../../../src/completion/features';
import { noOutcomes, OutcomeMemory } from '../../../src/completion/outcomeMemory';
import type { Candidate } from '../../../src/types';
import { documentAtCursor } from '../../helpers/documentAtCursor';
import { sampleHistory, sampleSuggestion } from '../../helpers/sampleEvents';

function candidate(text: string, changes: Partial<Candidate> = {}): Candidate {
  return { text, tokenIds: [1, 2], logProb: -2, source: 'greedy', propensity: 1, ...changes };
}

function decision(marked: string, ...candidates: readonly Candidate[]): Decision {
  const document = documentAtCursor(marked);
  const context = buildContext(document, 'auto');
  return { documentUri: document.uri, trigger: 'automatic', context, candidates };
}

/** The features of the first candidate by name. */
function features(one: Decision, outcomes = noOutcomes): Readonly<Record<FeatureName, number>> {
  const [row] = featuresOf(one, outcomes);
  return Object.fromEntries(featureNames.map((name, i) => [name, row?.[i] ?? NaN])) as Record<
    FeatureName,
    number
  >;
}

/** The features named in `expected` of the first candidate. */
function check(one: Decision, expected: Partial<Record<FeatureName, number>>): void {
  const all = features(one);
  for (const [name, value] of Object.entries(expected))
    expect(all[name as FeatureName], name).toBeCloseTo(value, 5);
}

test('are finite and small whatever is known', () => {
  const copy = { runLength: 0, votes: 0, places: 0, sameFile: true };
  const odd = [
    candidate('x', { logProb: NaN, source: 'copied', copy }),
    candidate('\n\n', { logProb: -Infinity, entropy: NaN, firstLogProb: -1e9 }),
    candidate(')'.repeat(5_000), { logProb: 0, source: 'sampled' }),
    candidate('日本語 😀', { logProb: -1e6, source: 'listed' }),
  ];
  const decisions = [decision('█', ...odd), decision('é = █)', ...odd.slice(0, 1)), decision('█')];
  for (const one of decisions) {
    for (const row of featuresOf(one, noOutcomes)) {
      expect(row).toHaveLength(featureNames.length);
      for (const [i, value] of row.entries()) {
        expect(Number.isFinite(value), featureNames[i]).toBe(true);
        expect(Math.abs(value), featureNames[i]).toBeLessThan(14);
      }
    }
  }
});

test('do not depend on the order of the candidates, so that the store says the same', () => {
  const some = [
    candidate('load();', { entropy: 1 }),
    candidate('load', { source: 'sampled', logProb: -3 }),
    candidate('make(it)', {
      source: 'copied',
      logProb: NaN,
      copy: { runLength: 20, votes: 2, places: 3, sameFile: false },
    }),
  ];
  const forwards = featuresOf(decision('const it = █', ...some), noOutcomes);
  const backwards = featuresOf(decision('const it = █', ...some.toReversed()), noOutcomes);
  expect(backwards.toReversed()).toEqual(forwards);
});

test('of beginnings are as if all had been cut after as many lines', () => {
  const whole = [
    candidate('a();\nb();', { logProb: -5 }),
    candidate('c();\nd();', { source: 'sampled', logProb: -6 }),
  ];
  const beginnings = [
    candidate('a();', { logProb: -1 }),
    candidate('c();', { source: 'sampled', logProb: -2 }),
  ];
  const marked = 'if (x) {\n  █\n}';
  const alone = featuresOf(decision(marked, ...beginnings), noOutcomes);
  const together = featuresOf(decision(marked, ...whole, ...beginnings), noOutcomes);
  expect(together.slice(2)).toEqual(alone);
  expect(together.slice(0, 2)).toEqual(featuresOf(decision(marked, ...whole), noOutcomes));
});

describe('say of a candidate', () => {
  test('how likely the policy finds it, beside its rivals', () => {
    const rival = candidate('make();', { source: 'sampled', logProb: -6 });
    check(decision('a = █', candidate('load();', { logProb: -2 }), rival), {
      surprise: Math.SQRT2,
      unscored: 0,
      behindBest: 0,
      aheadOfRivals: 2,
      rivals: 1,
      noGreedy: 0,
    });
    check(decision('a = █', rival, candidate('load();')), { behindGreedy: 2, behindBest: 2 });
    check(decision('a = █', candidate('x', { logProb: NaN })), { surprise: 0, unscored: 1 });
  });

  test('what it rests on', () => {
    const copy = { runLength: 24, votes: 4, places: 8, sameFile: true };
    check(decision('a = █', candidate('load();', { source: 'copied', copy })), {
      copied: 1,
      supported: 0,
      run: 2,
      agreement: 0.5,
      votes: 2,
      sameFile: 1,
      outrun: 0,
    });
    check(decision('a = █', candidate('load();', { copy })), { copied: 0, supported: 1 });
  });

  test('what it looks like', () => {
    check(decision('a = █', candidate('f(b, [1'), candidate('f(b')), {
      opened: 2,
      closed: 0,
      stopShort: 1,
      goOn: 0,
      beginAlike: 1,
    });
    check(decision('f(b█', candidate(');')), { closed: 1, closersOnly: 1, endsStatement: 1 });
    check(decision('if (a) {█', candidate('\n  b();\n}')), {
      lines: Math.log2(3),
      indentChange: 0,
    });
    check(decision('█', candidate('// say it')), { comment: 1, lineStart: 1 });
    check(decision('a = █', candidate('b // say it')), {
      comment: 0,
      lineStart: 0,
      afterOperator: 1,
    });
    check(decision('user.na█', candidate('me')), { afterDot: 1, midWord: 1, oneWord: 1 });
    check(decision("say('hel█", candidate("lo')")), { inString: 1 });
  });

  test('whether its words are those of the code around it', () => {
    check(decision('const user = 1;\nsave(█)', candidate('user, other')), {
      inFile: 0.5,
      newWords: 1,
    });
    // A part of a word is not the word.
    check(decision('const users = 1;\nsave(█)', candidate('user')), { inFile: 0, newWords: 1 });
    check(decision('push(a);\n█\npush(b);', candidate('push(a);')), { asAbove: 1, asBelow: 0 });
    check(decision('push(a);\n█\npush(b);', candidate('push(b);')), { asAbove: 0, asBelow: 1 });
  });

  test('what became of others before', () => {
    const memory = new OutcomeMemory();
    for (let n = 0; n < 6; n += 3)
      for (const event of sampleHistory(n, 'dismissed')) memory.record(event);
    const after = features(sampleSuggestion(9), memory.at(Infinity));
    const before = features(sampleSuggestion(9));
    expect(after.takenOfText).toBeLessThan(before.takenOfText);
    expect(after.seenOfText).toBeGreaterThan(0);
    expect(after.refusedInARow).toBeCloseTo(Math.log2(3));
  });
});
