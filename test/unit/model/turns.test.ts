import { expect, test } from 'vitest';
import { Place, Row } from '../../../src/model/row';
import { stopRules } from '../../../src/model/stop';
import { type Turn, Turns } from '../../../src/model/turns';
import { VocabularyIndex } from '../../../src/model/healing';

const texts = ['', 'a', 'b', 'c', 'd'];
const index = new VocabularyIndex(
  {
    vocabularySize: texts.length,
    decodeBytes: (id) => Buffer.from(texts[id] ?? '', 'latin1'),
    decode: (ids) => ids.map((id) => texts[id]).join(''),
    encode: () => [],
  },
  new Set(),
);
const rules = {
  ...{ index, cut: '', endIds: new Int32Array(0), lineRest: '', temperature: 1, maxTokens: 9 },
  ...{ stop: stopRules('', 'typescript', false), words: null },
};

/** A place after `at` tokens where the greedy row says `a`, and others may say the rest. */
function turn(at: number, logOffset: number, shares: readonly number[]): Turn {
  const logits = Float32Array.from([-Infinity, ...shares.map(Math.log)]);
  const begin = (): Row => {
    const row = new Row(rules, null);
    const sure = row.place(Float32Array.from([-Infinity, 0]));
    for (let i = 0; i < at; i++) row.push(sure.step(1, 0));
    return row;
  };
  const place = new Place(logits, 'a'.repeat(at), rules);
  return { place, at, without: 1, ids: null, logOffset, least: -Infinity, begin };
}

const first = turn(0, 0, [0.5, 0.3, 0.2]);
const second = turn(1, Math.log(0.5), [0.4, 0.1, 0.2, 0.3]);
/** Probabilities of what can be drawn, by place and token. */
const weights = { '0 2': 0.3, '0 3': 0.2, '1 2': 0.05, '1 3': 0.1, '1 4': 0.15 };
const total = 0.8;

function drawn(turns: Turns<Turn>): string[] {
  return turns.rows.map(({ row, turn }) => `${turn.at} ${row.lastId}`);
}

function turnsOf(
  seed: number,
  offered: readonly Turn[],
  temperature = 1,
  samples = 2,
): Turns<Turn> {
  const turns = new Turns({ samples, temperature, seed });
  for (const each of offered) turns.offer(each);
  return turns;
}

test('what is drawn first comes as often as it is likely, and never what the greedy row says', () => {
  const rounds = 4000;
  const counts = new Map<string, number>();
  for (let seed = 0; seed < rounds; seed++) {
    const [name = ''] = drawn(turnsOf(seed, [first, second]));
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  expect([...counts.keys()].sort()).toEqual(Object.keys(weights).sort());
  for (const [name, weight] of Object.entries(weights))
    expect((counts.get(name) ?? 0) / rounds).toBeCloseTo(weight / total, 1.5);
});

test('each is another, with its share of what was left as its propensity', () => {
  for (let seed = 0; seed < 100; seed++) {
    const turns = turnsOf(seed, [first, second], 1, 9);
    const names = drawn(turns);
    expect([...names].sort()).toEqual(Object.keys(weights).sort());
    let left = total;
    for (const [i, propensity] of turns.propensities().entries()) {
      const weight = Object.entries(weights).find(([name]) => name === names[i])?.[1] ?? 0;
      expect(propensity).toBeCloseTo(weight / left, 5);
      left -= weight;
    }
    expect(turns.rows.map(({ row, turn }) => row.length - turn.at)).toEqual(names.map(() => 1));
  }
});

test('what is drawn does not hang on when it was offered, or with how many others', () => {
  for (let seed = 0; seed < 100; seed++) {
    const both = turnsOf(seed, [first, second]);
    expect(drawn(turnsOf(seed, [second, first]))).toEqual(drawn(both));
    const one = drawn(turnsOf(seed, [first, second], 1, 1));
    expect(drawn(both).slice(0, 1)).toEqual(one);
  }
});

test('the colder it is, the more surely it is the likeliest', () => {
  const names = Array.from({ length: 50 }, (_, seed) =>
    drawn(turnsOf(seed, [second, first], 0.01)),
  );
  expect(new Set(names.map((each) => each.join()))).toEqual(new Set(['0 2,0 3']));
});

test('nothing is drawn where nothing comes close, or nothing is wanted', () => {
  const close = { ...first, least: Math.log(0.25) };
  expect(drawn(turnsOf(1, [close]))).toEqual(['0 2']);
  expect(drawn(turnsOf(1, [{ ...first, least: 0 }]))).toEqual([]);
  expect(drawn(turnsOf(1, [first], 1, 0))).toEqual([]);
  expect(turnsOf(1, []).propensities()).toEqual([]);
});
