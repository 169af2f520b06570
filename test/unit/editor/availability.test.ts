import { describe, expect, test } from 'vitest';
import type * as vscode from 'vscode';
import { defaultSettings } from '../../../src/contributions';
import {
  type Availability,
  availabilityOf,
  type OffReason,
} from '../../../src/editor/availability';
import type { SettingLevel } from '../../../src/editor/settings';
import type { DocumentVerdict } from '../../../src/editor/workspaceFiles';
import type { Settings } from '../../../src/types';

interface Situation {
  readonly scheme?: string;
  readonly languageId?: string;
  readonly lines?: readonly string[];
  readonly settings?: Partial<Settings>;
  readonly level?: SettingLevel;
  readonly verdict?: DocumentVerdict;
  readonly untilMs?: number;
}

/** Asks with the cursor on the first line. */
function ask(situation: Situation): Availability {
  const { scheme = 'file', languageId = 'typescript', lines = [''] } = situation;
  return availabilityOf({
    document: {
      uri: { scheme } as vscode.Uri,
      languageId,
      lineCount: lines.length,
      lineAt: (line) => ({ text: lines[line as number] ?? '' }) as vscode.TextLine,
    },
    line: 0,
    ...surroundings(situation),
  });
}

function surroundings({ settings, level = 'user', verdict = 'open', untilMs }: Situation) {
  const current = { ...defaultSettings, ...settings };
  return {
    settings: { current, forDocument: () => current, levelOf: () => level },
    files: { verdict: () => verdict },
    snooze: { untilMs },
  };
}

describe('Hone is available', () => {
  test.each(['file', 'untitled', 'vscode-notebook-cell'])('in documents of %s', (scheme) => {
    expect(ask({ scheme })).toEqual({ kind: 'on' });
  });

  test('in a language that is switched on by name while others are off', () => {
    const settings = { languages: { '*': false, go: true } };
    expect(ask({ languageId: 'go', settings })).toEqual({ kind: 'on' });
    expect(ask({ languageId: 'rust', settings }).kind).toBe('off');
  });
});

const tooLong = 'x'.repeat(10_001);

describe('Hone is off', () => {
  test.each<[string, Situation, OffReason]>([
    ['in the output panel', { scheme: 'output' }, { kind: 'view' }],
    ['in the input of source control', { scheme: 'vscode-scm' }, { kind: 'view' }],
    ['on the old side of a diff', { scheme: 'git' }, { kind: 'view' }],
    [
      'everywhere, whatever the view',
      { scheme: 'output', settings: { enabled: false } },
      { kind: 'disabled', level: 'user' },
    ],
    [
      'in a folder',
      { settings: { enabled: false }, level: 'folder' },
      { kind: 'disabled', level: 'folder' },
    ],
    [
      'in Markdown by default',
      { languageId: 'markdown' },
      { kind: 'language', languageId: 'markdown', isDefault: true },
    ],
    [
      'in a language that the user switched off',
      { languageId: 'go', settings: { languages: { go: false } } },
      { kind: 'language', languageId: 'go', isDefault: false },
    ],
    ['in secret files', { verdict: 'secret' }, { kind: 'secret' }],
    ['in files that git ignores', { verdict: 'gitIgnored' }, { kind: 'gitIgnored' }],
    ['in excluded files', { verdict: 'excluded' }, { kind: 'excluded' }],
    ['on a line that is too long', { lines: [tooLong] }, { kind: 'longLine' }],
    ['in a file that is not text', { lines: ['a', 'b\0'] }, { kind: 'binary' }],
  ])('%s, and tells the reason', (_, situation, reason) => {
    expect(ask(situation)).toEqual({ kind: 'off', reason });
  });

  test('in a secret file also while it is snoozed, so that the reason is the lasting one', () => {
    expect(ask({ verdict: 'secret', untilMs: 5 }).kind).toBe('off');
  });
});

test('a long line elsewhere in the file does not matter', () => {
  expect(ask({ lines: ['', tooLong] })).toEqual({ kind: 'on' });
});

describe('without an editor', () => {
  const nowhere = (situation: Situation) =>
    availabilityOf({ document: undefined, ...surroundings(situation) });

  test('it is said that there is none', () => {
    expect(nowhere({})).toEqual({ kind: 'noEditor' });
  });

  test('being off or snoozed is said all the same', () => {
    expect(nowhere({ settings: { enabled: false } }).kind).toBe('off');
    expect(nowhere({ untilMs: 5 }).kind).toBe('snoozed');
  });
});

test('Hone waits for the rules of a folder rather than guess', () => {
  expect(ask({ verdict: 'pending' })).toEqual({ kind: 'pending' });
});

test('Hone rests while it is snoozed', () => {
  expect(ask({ untilMs: 5 })).toEqual({ kind: 'snoozed', untilMs: 5 });
});
