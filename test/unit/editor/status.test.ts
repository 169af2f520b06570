import { describe, expect, test } from 'vitest';
import { learningWords, statusOf, type StatusParams } from '../../../src/editor/status';

const ready: StatusParams = {
  model: { kind: 'ready', version: 'smollm2-135m@b179c952', pid: 7 },
  availability: { kind: 'on' },
  thinking: false,
  learning: { kind: 'resting', reason: { kind: 'notIdle', minutes: 5 } },
  trained: undefined,
};

const progress = { stage: 'training', share: 0.427, leftMs: 180_000 };

describe('the status bar says', () => {
  test.each<[string, Partial<StatusParams>, string]>([
    ['ready', {}, '$(sparkle) Hone: ready'],
    ['ready without an editor', { availability: undefined }, '$(sparkle) Hone: ready'],
    ['the same words while it thinks', { thinking: true }, '$(loading~spin) Hone: ready'],
    [
      'how far a training is',
      { learning: { kind: 'training', progress } },
      '$(mortar-board) Hone: learning 42 %',
    ],
    [
      'how far learning from a history is',
      { learning: { kind: 'training', progress, history: 'shop' } },
      '$(mortar-board) Hone: learning 42 %',
    ],
    [
      'ready while the reward model is fitted',
      { learning: { kind: 'refitting' } },
      '$(sparkle) Hone: ready',
    ],
    ['starting', { model: { kind: 'starting' } }, '$(loading~spin) Hone: starting'],
    [
      'how far an import is',
      { model: { kind: 'importing', share: 0.427 } },
      '$(loading~spin) Hone: importing 42 %',
    ],
    [
      'restarting',
      { model: { kind: 'restarting', afterMs: 200, reason: 'was ended by SIGKILL' } },
      '$(loading~spin) Hone: restarting',
    ],
    [
      'failed',
      { model: { kind: 'failed', message: 'No model.', advice: 'Choose one.' } },
      '$(warning) Hone: failed',
    ],
    [
      'off here',
      { availability: { kind: 'off', reason: 'A reason.' } },
      '$(circle-slash) Hone: off here',
    ],
    ['snoozed', { availability: { kind: 'snoozed', untilMs: 0 } }, '$(bell-slash) Hone: snoozed'],
  ])('%s', (_, params, text) => {
    expect(statusOf({ ...ready, ...params }).text).toBe(text);
  });
});

test('a failure comes with what to do, and stands out', () => {
  const status = statusOf({
    ...ready,
    model: { kind: 'failed', message: 'The weights are gone.', advice: 'Run the set-up again.' },
  });
  expect(status.severity).toBe('error');
  expect(status.tooltip).toBe('Hone: The weights are gone. Run the set-up again.');
});

test('being off comes before trouble with the model', () => {
  const status = statusOf({
    ...ready,
    availability: { kind: 'off', reason: 'Suggestions are turned off.' },
    model: { kind: 'failed', message: 'No model.', advice: 'Choose one.' },
  });
  expect(status.severity).toBe('none');
  expect(status.tooltip).toBe('Hone: Suggestions are turned off.');
});

test('screen readers hear no icons', () => {
  expect(statusOf({ ...ready, thinking: true }).spoken).toBe('Hone: thinking');
  expect(statusOf(ready).spoken).toBe('Hone: ready');
});

describe('of learning it is said', () => {
  const trained = { endedMs: 0, isUnfinished: false, failures: 0, words: 'It is no better.' };

  test('how far it is and how long it takes', () => {
    const words = learningWords({ kind: 'training', progress }, undefined);
    expect(words).toBe('Learning from your feedback: training, 42 %, 3 minutes left.');
  });

  test('what came of it the last time, and when it goes on', () => {
    const words = learningWords(ready.learning, trained);
    expect(words).toMatch(/^Last trained at .+ It is no better\. Trains when you are away\.$/);
    expect(learningWords(ready.learning, undefined)).toBe('Trains when you are away.');
  });
});
