import { describe, expect, test } from 'vitest';
import { featureNames } from '../../../src/completion/features';
import { rewardOutputs, uncalibrated } from '../../../src/model/rewardNetwork';
import type { RewardWeights } from '../../../src/model/rewardModel';
import { rewardLearner } from '../../../src/replay/rewardLearner';
import type { FeedbackEvent, Outcome, Suggestion } from '../../../src/types';
import { FakeClock } from '../../helpers/fakeClock';
import { makeSuggestion } from '../../helpers/editSession';
import { openStoreForTests } from '../../helpers/storeForTests';

const never = new AbortController().signal;

/** Knows nothing: every candidate is as likely as not. */
const prior: RewardWeights = {
  format: 1,
  features: featureNames.map((name) => ({ name, mean: 0, deviation: 1 })),
  hidden: 0,
  outputs: [...rewardOutputs],
  parameters: new Array<number>((featureNames.length + 1) * rewardOutputs.length).fill(0),
  calibration: uncalibrated,
  labels: 0,
};

/** What is recorded of a suggestion that was shown and looked at. */
function outcomeOf({ id, timeMs }: Suggestion, outcome: Outcome): FeedbackEvent[] {
  const at = { suggestionId: id, candidateIndex: 0, timeMs: timeMs + 1_000 };
  return [
    { kind: 'shown', suggestionId: id, candidateIndex: 0, timeMs },
    {
      kind: 'outcome',
      ...at,
      outcome,
      takenLength: outcome === 'accepted' ? 9 : 0,
      visibleMs: 900,
    },
    ...(outcome === 'accepted'
      ? [
          {
            kind: 'survival' as const,
            suggestionId: id,
            afterSeconds: 30,
            survival: 1,
            state: 'present' as const,
            timeMs: timeMs + 31_000,
          },
        ]
      : []),
  ];
}

describe('an arm that learns', () => {
  const learnerWith = () => rewardLearner({ prior, eagerness: 0.5, seed: 1 });

  test('does not offer again what was dismissed at the same place', () => {
    const learner = learnerWith();
    const first = makeSuggestion('first', 0, ['compute(1)', 'other(2)'], 1_000);
    expect(learner.decide(first).candidates).toHaveLength(2);
    learner.notice({ kind: 'suggestion', suggestion: first });
    for (const event of outcomeOf(first, 'dismissed')) learner.notice(event);
    const again = learner.decide({ ...first, id: 'again', timeMs: 9_000 });
    expect(again.candidates.map(({ text }) => text)).toEqual(['other(2)']);
  });

  test('refits its reward model once it has twenty labels, from its own store', async () => {
    const learner = learnerWith();
    const clock = new FakeClock();
    const { store } = await openStoreForTests();
    const versions: string[] = [];
    for (let i = 0; i < 20; i++) {
      const liked = i % 2 === 0;
      const text = liked ? `plant(${i});` : `remove${i}()`;
      const suggestion = learner.decide({
        ...makeSuggestion(`s${i}`, i, [text], 100_000 * (i + 1)),
        shownIndex: 0,
      });
      versions.push(suggestion.rewardVersion);
      const events: FeedbackEvent[] = [
        { kind: 'suggestion', suggestion },
        ...outcomeOf(suggestion, liked ? 'accepted' : 'dismissed'),
      ];
      for (const event of events) {
        learner.notice(event);
        await store.record(event);
      }
      await learner.learn(store, clock, never);
    }
    expect(new Set(versions).size).toBe(1);
    const later = learner.decide(makeSuggestion('later', 99, ['plant(99);'], 9_000_000));
    expect(later.rewardVersion).not.toBe(versions[0]);
  });
});
