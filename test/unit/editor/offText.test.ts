import { describe, expect, test } from 'vitest';
import type { Availability, OffReason } from '../../../src/editor/availability';
import { clockTime, offText } from '../../../src/editor/offText';

const languageName = (id: string): string => ({ markdown: 'Markdown' })[id] ?? id;
const until = clockTime(0);

const off = (reason: OffReason): Availability => ({ kind: 'off', reason });

describe('where Hone is silent, it says why and what to do', () => {
  test.each<[Availability, string, string, readonly string[]]>([
    [
      off({ kind: 'disabled', level: 'user' }),
      'off',
      'Suggestions are off everywhere.',
      ['Enable suggestions: hone.enable'],
    ],
    [
      off({ kind: 'disabled', level: 'folder' }),
      'off in this folder',
      'Suggestions are off in this folder.',
      ['Enable in this folder: hone.enable here', 'Open the setting: hone.openSettings enabled'],
    ],
    [
      off({ kind: 'disabled', level: 'workspace' }),
      'off in this workspace',
      'Suggestions are off in this workspace.',
      ['Enable in this workspace: hone.enable here', 'Open the setting: hone.openSettings enabled'],
    ],
    [
      off({ kind: 'language', languageId: 'markdown', isDefault: true }),
      'off for Markdown',
      'Suggestions are off for Markdown by default.',
      ['Enable for Markdown: hone.enableLanguage', 'Open the setting: hone.openSettings languages'],
    ],
    [
      off({ kind: 'language', languageId: 'go', isDefault: false }),
      'off for go',
      'Suggestions are off for go.',
      ['Enable for go: hone.enableLanguage', 'Open the setting: hone.openSettings languages'],
    ],
    [
      off({ kind: 'view' }),
      'off in this view',
      'Hone suggests in files, untitled files and notebooks, not in this view.',
      [],
    ],
    [
      off({ kind: 'secret' }),
      'off (private file)',
      'This file may hold secrets, so Hone never reads it.',
      [],
    ],
    [
      off({ kind: 'gitIgnored' }),
      'off (ignored by Git)',
      'Git ignores this file, so Hone does not read it.',
      ['Find .gitignore: workbench.action.quickOpen .gitignore'],
    ],
    [
      off({ kind: 'excluded' }),
      'off (excluded)',
      'The setting hone.exclude leaves this file out.',
      ['Open the setting: hone.openSettings exclude'],
    ],
    [
      off({ kind: 'longLine' }),
      'off (line too long)',
      'This line has more than 10,000 characters.',
      [],
    ],
    [off({ kind: 'binary' }), 'off (binary file)', 'This file is not text.', []],
    [
      { kind: 'snoozed', untilMs: 0 },
      `snoozed until ${until}`,
      `Suggestions are snoozed until ${until}.`,
      ['End snooze: hone.endSnooze'],
    ],
  ])('%j', (availability, word, sentence, actions) => {
    const text = offText(availability, languageName);
    expect(text?.word).toBe(word);
    expect(text?.sentence).toBe(sentence);
    expect(
      text?.actions.map(({ label, command, argument }) =>
        [`${label}: ${command}`, argument].filter(Boolean).join(' '),
      ),
    ).toEqual(actions);
  });
});

test('where Hone suggests, and before that is known, there is nothing to say', () => {
  for (const kind of ['on', 'pending', 'noEditor'] as const)
    expect(offText({ kind }, languageName)).toBeUndefined();
});
