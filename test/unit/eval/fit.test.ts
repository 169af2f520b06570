import * as fs from 'node:fs';
import * as path from 'node:path';
import { expect, test } from 'vitest';
import {
  type Fit,
  fitReport,
  fitScore,
  logistic,
  type Question,
  writeWeights,
} from '../../../tools/eval/fit';
import { featureNames } from '../../../src/completion/score';
import { seededRandom } from '../../../src/util/random';
import { temporaryFolder } from '../../helpers/temporaryFolder';

/** Questions of two options whose labels are drawn from known weights: a bias and one feature. */
function drawn(count: number, bias: number, slope: number): Question[] {
  const random = seededRandom(3);
  return Array.from({ length: count }, (_, i) => ({
    package: ['zoo', 'shop', 'bank'][i % 3] ?? '',
    kind: i % 2 === 0 ? 'midLine' : 'lineStart',
    options: ['greedy', 'copied'].map((source) => {
      const value = random() * 4 - 2;
      const exact = random() < 1 / (1 + Math.exp(-(bias + slope * value)));
      return { source, run: 0, values: [1, value], exact };
    }),
  }));
}

test('weights that labels were drawn from are found again', () => {
  const [bias = 0, slope = 0] = logistic(drawn(6000, -0.5, 1.5));
  expect(bias).toBeCloseTo(-0.5, 1);
  expect(slope).toBeCloseTo(1.5, 1);
});

test('at the weights found nothing pulls any more', () => {
  const questions = drawn(300, 0.3, -1);
  const weights = logistic(questions);
  const pull = weights.map((weight) => -weight);
  for (const { values, exact } of questions.flatMap(({ options }) => options)) {
    const logit = values.reduce((sum, value, i) => sum + value * (weights[i] ?? 0), 0);
    const rest = (exact ? 1 : 0) - 1 / (1 + Math.exp(-logit));
    for (const [i, value] of values.entries()) pull[i] = (pull[i] ?? 0) + rest * value;
  }
  for (const value of pull) expect(value).toBeCloseTo(0, 6);
});

test('a feature that separates everything gets a weight that is large and finite', () => {
  const questions = drawn(60, 0, 0).map(({ options, ...rest }) => ({
    ...rest,
    options: options.map((option) => ({ ...option, exact: (option.values[1] ?? 0) > 0 })),
  }));
  const [, slope = NaN] = logistic(questions);
  expect(slope).toBeGreaterThan(2);
  expect(slope).toBeLessThan(20);
});

/** The option whose feature is 1 is right; where there is none, nobody is. */
const telling: Question[] = ['zoo', 'shop', 'zoo', 'shop'].map((name, i) => ({
  package: name,
  kind: i < 2 ? 'midLine' : 'lineStart',
  options: [
    { source: 'greedy', run: 0, values: [1, i === 0 ? 1 : 0], exact: i === 0 },
    {
      source: 'copied',
      run: 9,
      values: [1, i === 1 || i === 2 ? 1 : 0],
      exact: i === 1 || i === 2,
    },
  ],
}));

test('the report tells the score from its sources and from a perfect choice', () => {
  const fit = fitScore(telling);
  expect(fit.overall).toEqual({ cuts: 4, score: 0.75, greedy: 0.25, copied: 0.5, perfect: 0.75 });
  expect(fit.byKind.lineStart).toMatchObject({ cuts: 2, greedy: 0, copied: 0.5, perfect: 0.5 });
  expect(fitReport(fit)).toContain('| all (4) | 25.0 % | 50.0 % | 75.0 % | 75.0 % |');
});

test('a package is judged by weights that did not see it', () => {
  // In the zoo the feature tells what is right, in the shop what is wrong.
  const misleading = telling.map((question) => ({
    ...question,
    options: question.options.map((option) => ({
      ...option,
      exact: question.package === 'zoo' ? option.exact : !option.exact,
    })),
  }));
  const shop = misleading.filter((each) => each.package === 'shop');
  expect(fitScore(misleading).overall.score).toBeLessThan(0.5);
  expect(fitScore(shop.map((each, i) => ({ ...each, package: `shop ${i}` }))).overall.score).toBe(
    1,
  );
});

test('the constants are written with the figures they rest on', async () => {
  const file = path.join(await temporaryFolder(), 'weights.ts');
  const fit: Fit = {
    ...fitScore(telling),
    names: featureNames,
    weights: featureNames.map((_, i) => i + 0.125),
  };
  writeWeights(fit, file);
  const text = fs.readFileSync(file, 'utf8');
  for (const [i, name] of featureNames.entries())
    expect(text).toContain(`  ${name}: ${(i + 0.125).toFixed(2)},`);
  expect(text).toContain('75 %');
});
