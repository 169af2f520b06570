import { describe, expect, test } from 'vitest';
import { commands } from '../../../src/contributions';
import { menuEntries, type MenuParams } from '../../../src/editor/menu';

const usual: MenuParams = {
  enabled: true,
  snoozedUntilMs: undefined,
  language: { id: 'typescript', enabled: true },
  canRate: true,
  modelFailed: false,
  learning: { isOff: false, isTraining: false, words: '', canRollBack: false },
};

function labels(params: Partial<MenuParams> = {}): string[] {
  return menuEntries({ ...usual, ...params }).map(({ label }) => label.replace(/\$\(.*?\) /, ''));
}

describe('the menu', () => {
  test('offers to rate only when there is a suggestion to rate', () => {
    expect(labels()).toContain('Good suggestion');
    expect(labels({ canRate: false })).not.toContain('Good suggestion');
    expect(labels({ canRate: false })).not.toContain('Last suggestion');
  });

  test('offers the opposite of what is', () => {
    expect(labels()).toContain('Turn suggestions off');
    expect(labels({ enabled: false })).toContain('Turn suggestions on');
    expect(labels({ language: { id: 'go', enabled: false } })).toContain('Turn on for go');
  });

  test('says nothing of languages and rest while all is off', () => {
    const off = labels({ enabled: false });
    expect(off.some((label) => /typescript|Snooze/.test(label))).toBe(false);
  });

  test('offers to train, or to stop that', () => {
    const { learning } = usual;
    expect(labels()).toContain('Train now');
    const training = labels({ learning: { ...learning, isTraining: true } });
    expect(training).toContain('Stop training');
    expect(training).not.toContain('Train now');
    expect(labels({ learning: { ...learning, isOff: true } })).not.toContain('Train now');
  });

  test('offers to learn from the history unless learning is off or under way', () => {
    const { learning } = usual;
    const entry = 'Learn from history...';
    expect(labels()).toContain(entry);
    expect(labels({ learning: { ...learning, isTraining: true } })).not.toContain(entry);
    expect(labels({ learning: { ...learning, isOff: true } })).not.toContain(entry);
  });

  test('offers to roll back what was learned, and nothing else', () => {
    expect(labels()).not.toContain('Roll back');
    expect(labels({ learning: { ...usual.learning, canRollBack: true } })).toContain('Roll back');
  });

  test('begins with the way out when the model failed', () => {
    expect(menuEntries({ ...usual, modelFailed: true })[0]).toMatchObject({
      command: commands.restartModel,
    });
  });

  test('never begins with what switches Hone off, as Enter takes the first entry', () => {
    for (const canRate of [true, false]) {
      const first = menuEntries({ ...usual, canRate }).find((entry) => entry.kind === 'entry');
      expect(first?.command).not.toBe(commands.toggle);
    }
  });

  test('has no group without entries', () => {
    const kinds = menuEntries({
      ...usual,
      enabled: false,
      language: undefined,
      canRate: false,
    }).map(({ kind }) => kind);
    kinds.forEach((kind, i) => {
      if (kind === 'group') expect(kinds[i + 1]).toBe('entry');
    });
  });
});
