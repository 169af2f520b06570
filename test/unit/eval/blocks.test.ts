import { expect, test } from 'vitest';
import { buildContext } from '../../../src/completion/context';
import { featureNames } from '../../../src/completion/features';
import type { RewardModel } from '../../../src/model/types';
import type { Answer } from '../../../tools/eval/answers';
import { blockCuts, isBlockCut, markOf } from '../../../tools/eval/blocks';
import { documentAtCursor } from '../../helpers/documentAtCursor';

const text = `export class Cache {
  constructor(name, maxAge) {
    this.name = name;
    this.maxAge = maxAge;
  }

  clear() {
    // Nothing yet.
  }
}
`;
const cuts = blockCuts([{ path: 'cache.js', text }], 10);

test('the body of a block is cut, all of it, and asked for after its indentation', () => {
  expect(cuts.map(({ target }) => target)).toContain(
    'this.name = name;\n    this.maxAge = maxAge;',
  );
  for (const { id, text: asked, offset, target } of cuts) {
    expect(isBlockCut(id)).toBe(true);
    expect(asked.slice(0, offset) + target + asked.slice(offset)).toBe(text);
  }
});

test('a body that begins with a comment is not asked for', () => {
  expect(cuts).toHaveLength(2);
  expect(cuts.some(({ target }) => target.startsWith('//'))).toBe(false);
});

test('a decision is marked by the lines that are written there', () => {
  const lines = featureNames.indexOf('lines');
  /** Believes in one line, or in two. */
  const believing = (wanted: number): RewardModel => ({
    version: 'test',
    judge: (rows) =>
      rows.map((row) => {
        const probability = 2 ** (row[lines] ?? 0) === wanted ? 0.5 : 0.01;
        return { probability, preference: 0 };
      }),
  });
  const answer = (...texts: readonly string[]): Answer => ({
    ...{ key: 'key', package: 'cache', cut: 'cache.js:3:5:block', kind: 'lineStart' },
    ...{ row: 'typing', target: 'this.name = name;\n    this.maxAge = maxAge;', text: '' },
    latencyMs: 1,
    candidates: texts.map((each) => ({
      ...{ text: each, logProb: -1, source: 'greedy', propensity: 1, score: 0.5 },
    })),
    context: buildContext(documentAtCursor('f(name) {\n    █\n}'), 'auto'),
  });
  const wrong = answer('this.name = name;\n    this.age = maxAge;', 'this.name = name;');
  const length = 'this.name = name;'.length;
  expect(markOf(wrong, believing(2))).toMatchObject({
    ...{ lines: 2, isRight: false, isFirstRight: true, kept: length },
  });
  expect(markOf(wrong, believing(1))).toMatchObject({ lines: 1, isRight: true, kept: length });
  expect(markOf(wrong, believing(1), ({ text: each }) => each.includes('\n'))).toBeUndefined();
  expect(markOf(wrong, believing(3))).toBeUndefined();
});
