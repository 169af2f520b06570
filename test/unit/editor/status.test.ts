import { describe, expect, test } from 'vitest';
import { commands } from '../../../src/contributions';
import { clockTime } from '../../../src/editor/offText';
import { learningWords, statusOf, type StatusParams } from '../../../src/editor/status';

const ready: StatusParams = {
  model: { kind: 'ready', version: 'smollm2-135m@b179c952', pid: 7 },
  availability: { kind: 'on' },
  languageName: (id) => id.toUpperCase(),
  thinking: false,
  learning: { kind: 'resting', reason: { kind: 'notIdle', minutes: 5 } },
  trained: undefined,
};

const progress = { stage: 'training', share: 0.427, leftMs: 180_000 };

describe('the status bar says', () => {
  test.each<[string, Partial<StatusParams>, string]>([
    ['ready', {}, '$(sparkle) Hone: ready'],
    ['ready without an editor', { availability: { kind: 'noEditor' } }, '$(sparkle) Hone: ready'],
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
      'off, and for what',
      {
        availability: {
          kind: 'off',
          reason: { kind: 'language', languageId: 'go', isDefault: false },
        },
      },
      '$(circle-slash) Hone: off for GO',
    ],
    [
      'until when it is snoozed',
      { availability: { kind: 'snoozed', untilMs: 0 } },
      `$(bell-slash) Hone: snoozed until ${clockTime(0)}`,
    ],
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
  expect(status.tooltip.sentences).toEqual(['The weights are gone.', 'Run the set-up again.']);
  expect(status.tooltip.actions[0]?.command).toBe(commands.restartModel);
});

test('being off comes before trouble with the model', () => {
  const status = statusOf({
    ...ready,
    availability: { kind: 'off', reason: { kind: 'disabled', level: 'user' } },
    model: { kind: 'failed', message: 'No model.', advice: 'Choose one.' },
  });
  expect(status.severity).toBe('none');
  expect(status.tooltip.sentences).toEqual(['Suggestions are off everywhere.']);
});

test('while the model loads, the log can be opened', () => {
  const { tooltip } = statusOf({ ...ready, model: { kind: 'starting' } });
  expect(tooltip.sentences).toEqual(['The model is loading.']);
  expect(tooltip.actions.map(({ command }) => command)).toEqual([commands.showLog]);
});

test('without an editor it is said that none is open, and an example offered', () => {
  const { tooltip } = statusOf({ ...ready, availability: { kind: 'noEditor' } });
  expect(tooltip.sentences[0]).toBe('No text editor is open.');
  expect(tooltip.actions[0]?.command).toBe(commands.openExample);
});

test('a tooltip stays the same while Hone thinks, so that it stays open', () => {
  expect(statusOf({ ...ready, thinking: true }).tooltip).toEqual(statusOf(ready).tooltip);
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
