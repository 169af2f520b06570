import { describe, expect, test } from 'vitest';
import type * as vscode from 'vscode';
import { defaultSettings } from '../../../src/contributions';
import { type Availability, availabilityOf } from '../../../src/editor/availability';
import type { DocumentVerdict } from '../../../src/editor/workspaceFiles';
import type { Settings } from '../../../src/types';

interface Situation {
  readonly scheme?: string;
  readonly languageId?: string;
  readonly settings?: Partial<Settings>;
  readonly verdict?: DocumentVerdict;
  readonly untilMs?: number;
}

function ask(situation: Situation): Availability {
  const { scheme = 'file', languageId = 'typescript', settings, verdict = 'open' } = situation;
  return availabilityOf({
    document: { uri: { scheme } as vscode.Uri, languageId },
    settings: { forDocument: () => ({ ...defaultSettings, ...settings }) },
    files: { verdict: () => verdict },
    snooze: { untilMs: situation.untilMs },
  });
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

describe('Hone is off', () => {
  test.each<[string, Situation, RegExp]>([
    ['in the output panel', { scheme: 'output' }, /kind of document/],
    ['in the input of source control', { scheme: 'vscode-scm' }, /kind of document/],
    ['on the old side of a diff', { scheme: 'git' }, /kind of document/],
    ['when switched off', { settings: { enabled: false } }, /turned off\./],
    ['in a language that is off', { languageId: 'markdown' }, /off for markdown/],
    ['in secret files', { verdict: 'secret' }, /secrets/],
    ['in files that git ignores', { verdict: 'gitIgnored' }, /Git ignores/],
    ['in excluded files', { verdict: 'excluded' }, /hone\.exclude/],
  ])('%s, and says so', (_, situation, reason) => {
    const availability = ask(situation);
    expect(availability.kind === 'off' && availability.reason).toMatch(reason);
  });

  test('in a secret file also while it is snoozed, so that the reason is the lasting one', () => {
    expect(ask({ verdict: 'secret', untilMs: 5 }).kind).toBe('off');
  });
});

test('Hone waits for the rules of a folder rather than guess', () => {
  expect(ask({ verdict: 'pending' })).toEqual({ kind: 'pending' });
});

test('Hone rests while it is snoozed', () => {
  expect(ask({ untilMs: 5 })).toEqual({ kind: 'snoozed', untilMs: 5 });
});
