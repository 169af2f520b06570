import { expect, test } from 'vitest';
import { VocabularyIndex } from '../../../src/model/healing';
import { Row, type Rules } from '../../../src/model/row';
import { stopRules } from '../../../src/model/stop';
import type { Tokenizer } from '../../../src/model/tokenizer';

const texts = ['', 'a', 'b', ');', ');\n', '\n', '\n  ', ')', ' )', '\xc3', '\xa9'] as const;
const end = 0;
const idOf = (text: (typeof texts)[number]): number => texts.indexOf(text);
const index = new VocabularyIndex(
  {
    vocabularySize: texts.length,
    decodeBytes: (id) => Buffer.from(texts[id] ?? '', 'latin1'),
    decode: (ids) => ids.map((id) => texts[id]).join(''),
    encode: () => [],
  } satisfies Tokenizer,
  new Set(),
);

function rules(changes: Partial<Rules> = {}): Rules {
  return {
    ...{ index, cut: '', endIds: new Int32Array(0), lineRest: '', temperature: 1, maxTokens: 9 },
    stop: stopRules('', 'typescript', false),
    words: null,
    ...changes,
  };
}

/** Logits of a distribution over tokens; what is not named cannot come. */
function logitsOf(shares: Readonly<Record<number, number>>): Float32Array {
  return Float32Array.from(texts, (_, id) => Math.log(shares[id] ?? 0));
}

/** A greedy row that was given these distributions one after the other. */
function greedy(own: Rules, ...steps: readonly Readonly<Record<number, number>>[]): Row {
  const row = new Row(own, null);
  for (const shares of steps) row.advance(row.place(logitsOf(shares)));
  return row;
}

test('that the line ends counts as all tokens that end it just there', () => {
  const row = greedy(
    rules(),
    { [idOf('a')]: 0.5, [idOf('b')]: 0.5 },
    { [idOf('\n')]: 0.5, [idOf('\n  ')]: 0.1, [idOf('b')]: 0.4 },
  );
  expect(row.ended).toBe(true);
  const candidate = row.candidate();
  expect(candidate).toMatchObject({ text: 'a', tokenIds: [idOf('a')], propensity: 1 });
  expect(candidate?.logProb).toBeCloseTo(Math.log(0.5 * 0.6), 5);
});

test('a token that ends the line in its middle belongs to the text', () => {
  const row = greedy(
    rules(),
    { [idOf('a')]: 1 },
    { [idOf(');\n')]: 0.5, [idOf(');')]: 0.3, [idOf('\n')]: 0.2 },
  );
  const candidate = row.candidate();
  expect(candidate).toMatchObject({ text: 'a);', tokenIds: [idOf('a'), idOf(');\n')] });
  expect(candidate?.logProb).toBeCloseTo(Math.log(0.5), 5);
});

test('of several lines each knows how likely the text is up to its end', () => {
  const own = rules({ stop: stopRules('', 'typescript', true) });
  const row = greedy(
    own,
    { [idOf('a')]: 0.5, [idOf('b')]: 0.5 },
    { [idOf('\n  ')]: 0.4, [idOf('\n')]: 0.3, [idOf('b')]: 0.3 },
    { [idOf(');\n')]: 0.5, [idOf(')')]: 0.5 },
    { [idOf(')')]: 1 },
    { [idOf('\n')]: 1 },
  );
  const candidate = row.candidate();
  expect(candidate?.text).toBe('a\n  );\n)');
  const [first, second, ...others] = candidate?.lineLogProbs ?? [];
  expect(first).toBeCloseTo(Math.log(0.5 * 0.7), 5);
  expect(second).toBeCloseTo(Math.log(0.5 * 0.4 * 0.5), 5);
  expect(others).toEqual([]);
});

test('an end token ends the row and is no part of the candidate', () => {
  const own = rules({ endIds: Int32Array.of(end) });
  const row = greedy(own, { [idOf('a')]: 1 }, { [end]: 0.75, [idOf('b')]: 0.25 });
  expect(row.ended).toBe(true);
  const candidate = row.candidate();
  expect(candidate).toMatchObject({ text: 'a', tokenIds: [idOf('a')] });
  expect(candidate?.logProb).toBeCloseTo(Math.log(0.75), 5);
});

test('nothing but white space is no candidate', () => {
  expect(greedy(rules(), { [idOf('\n')]: 1 }).candidate()).toBeNull();
});

test('bytes that are no character end the row before them, unfinished characters are dropped', () => {
  const broken = greedy(rules(), { [idOf('a')]: 1 }, { [idOf('\xa9')]: 1 });
  expect(broken.ended).toBe(true);
  expect(broken.candidate()?.text).toBe('a');
  const cutOff = rules({ maxTokens: 2 });
  expect(greedy(cutOff, { [idOf('a')]: 1 }, { [idOf('\xc3')]: 1 }).candidate()?.text).toBe('a');
  const whole = greedy(rules(), { [idOf('\xc3')]: 1 }, { [idOf('\xa9')]: 1 }, { [idOf('\n')]: 1 });
  expect(whole.candidate()?.text).toBe('é');
});

test('a row that grows too long ends behind a whole word', () => {
  const long = rules({ maxTokens: 3 });
  const row = greedy(long, { [idOf('a')]: 1 }, { [idOf(')')]: 1 }, { [idOf('b')]: 1 });
  expect(row.ended).toBe(true);
  expect(row.candidate()?.text).toBe('a)');
});

test('tokens that agree with the cut share the probability of those that do', () => {
  const own = rules({ cut: ')' });
  const row = greedy(own, { [idOf(');')]: 0.1, [idOf(')')]: 0.05, [idOf('a')]: 0.85 });
  expect(row.ids).toEqual([idOf(');')]);
  expect(row.ended).toBe(false);
  row.advance(row.place(logitsOf({ [idOf('\n')]: 1 })));
  const candidate = row.candidate();
  expect(candidate?.text).toBe(';');
  expect(candidate?.logProb).toBeCloseTo(Math.log(0.1 / 0.15), 5);
});

test('where the line goes on after the cursor, a text ends by going on so', () => {
  const logits = logitsOf({ [idOf(')')]: 0.3, [idOf(');')]: 0.2, [idOf('\n')]: 0.5 });
  const ending = (lineRest: string, head: string): number =>
    Math.exp(new Row(rules({ lineRest }), null).place(logits).endLogProb(head));
  expect(ending('', '')).toBeCloseTo(0.5, 5);
  expect(ending(')', '')).toBeCloseTo(0.5, 5);
  expect(ending(';', ')')).toBeCloseTo(0.2, 5);
  expect(ending('x', '')).toBe(0);
});

test('what else may come is told likeliest first, and tokens that end the line alike as one', () => {
  const shares = {
    ...{ [idOf('a')]: 0.3, [idOf(');')]: 0.2, [idOf('\n')]: 0.15, [idOf('\n  ')]: 0.1 },
    ...{ [idOf(');\n')]: 0.05, [idOf('b')]: 0.2 * 0.99, [idOf(')')]: 0.002 },
  };
  const place = greedy(rules()).place(logitsOf(shares));
  const told = (without: number, least: number): [number, number][] =>
    place.others(without, Math.log(least)).map(({ id, logProb }) => [id, Math.exp(logProb)]);
  expect(told(idOf('a'), 0.01)).toEqual([
    [idOf(');'), expect.closeTo(0.2, 5)],
    [idOf('b'), expect.closeTo(0.198, 5)],
    [idOf('\n'), expect.closeTo(0.25, 5)],
    [idOf(');\n'), expect.closeTo(0.05, 5)],
  ]);
  expect(told(idOf('\n  '), 0.06).map(([id]) => id)).toEqual([idOf('a'), idOf(');'), idOf('b')]);
  expect(place.others(-1, -Infinity, Int32Array.of(idOf('b')))).toHaveLength(1);
});

test('a row that goes on from the first tokens of another is as likely up to there', () => {
  const row = greedy(rules(), { [idOf('a')]: 0.9, [idOf('b')]: 0.1 }, { [idOf(')')]: 0.6 });
  const other = row.until(1);
  expect(other.ids).toEqual([idOf('a')]);
  expect(other.logProb).toBeCloseTo(Math.log(0.9), 5);
  expect(row.logProbOf(1)).toBeCloseTo(Math.log(0.9), 5);
  expect([row.logProbOf(0), row.logProbOf(9)]).toEqual([0, row.logProb]);
});
