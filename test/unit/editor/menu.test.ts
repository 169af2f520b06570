import { describe, expect, test } from 'vitest';
import { commands } from '../../../src/contributions';
import { menuEntries, type MenuParams } from '../../../src/editor/menu';

const usual: MenuParams = {
  mends: [],
  enabled: true,
  isSnoozed: false,
  language: { name: 'TypeScript', enabled: true },
  canRate: true,
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
    expect(labels()).toContain('Disable everywhere');
    expect(labels()).toContain('Disable for TypeScript');
    expect(labels({ enabled: false })).toContain('Enable everywhere');
    expect(labels({ language: { name: 'Go', enabled: false } })).toContain('Enable for Go');
    expect(labels()).not.toContain('End snooze');
    expect(labels({ isSnoozed: true })).toContain('End snooze');
  });

  test('says nothing of languages and rest while all is off', () => {
    const off = labels({ enabled: false });
    expect(off.some((label) => /TypeScript|[Ss]nooze/.test(label))).toBe(false);
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

  test('begins with what mends, before any rating, and offers it once', () => {
    const mend = { label: 'End snooze', command: commands.endSnooze };
    const entries = labels({ mends: [mend], isSnoozed: true });
    expect(entries[0]).toBe('End snooze');
    expect(entries.filter((label) => label === 'End snooze')).toHaveLength(1);
    expect(entries).toContain('Good suggestion');
  });

  test('still opens all settings where one of them mends', () => {
    const mends = [{ label: 'Open the setting', command: commands.openSettings, argument: 'x' }];
    expect(labels({ mends })).toContain('Settings');
  });

  test('never begins with what switches Hone off, as Enter takes the first entry', () => {
    for (const canRate of [true, false]) {
      const first = menuEntries({ ...usual, canRate }).find((entry) => entry.kind === 'entry');
      expect(first?.command).not.toBe(commands.disable);
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
