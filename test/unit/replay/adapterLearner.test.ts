import path from 'node:path';
import { expect, test } from 'vitest';
import { featureNames } from '../../../src/completion/features';
import { rewardOutputs, uncalibrated } from '../../../src/model/rewardNetwork';
import { adapterLearner } from '../../../src/replay/adapterLearner';
import { FakeClock } from '../../helpers/fakeClock';
import { openStoreForTests } from '../../helpers/storeForTests';
import { temporaryFolder } from '../../helpers/temporaryFolder';
import { makeTinyModel } from '../../helpers/tinyModel';

test('an arm trains after so many decisions, and keeps the frozen policy while it knows too little', async () => {
  const folder = await temporaryFolder();
  const { store } = await openStoreForTests();
  const runs: string[] = [];
  const learner = adapterLearner({
    prior: {
      ...{ format: 1, hidden: 0, calibration: uncalibrated, labels: 0 },
      features: featureNames.map((name) => ({ name, mean: 0, deviation: 1 })),
      outputs: [...rewardOutputs],
      parameters: new Array<number>((featureNames.length + 1) * rewardOutputs.length).fill(0),
    },
    base: await makeTinyModel(path.join(folder, 'base')),
    registryDir: path.join(folder, 'versions'),
    ...{ eagerness: 0.5, seed: 1, everySuggestions: 2, minutes: 1, threads: 1 },
    onRun: ({ outcome }) => runs.push(outcome),
  });
  const signal = new AbortController().signal;
  for (let decision = 1; decision <= 5; decision++) {
    await learner.learn(store, new FakeClock(), signal);
    expect(runs).toHaveLength(Math.floor(decision / 2));
  }
  expect(new Set(runs)).toEqual(new Set(['notEnough']));
  expect(learner.policy).toBeUndefined();
  await learner.dispose();
});
