import { describe, expect, test } from 'vitest';
import type * as vscode from 'vscode';
import { capabilities } from '../../../package.json';
import {
  defaultOf,
  defaultSettings,
  type SettingName,
  settingsFrom,
} from '../../../src/contributions';
import { languageEnabled, type SettingsHost, SettingsSource } from '../../../src/editor/settings';

describe('settings', () => {
  test('are frozen, lists and maps included', () => {
    const settings = defaultSettings;
    expect(Object.isFrozen(settings)).toBe(true);
    expect(Object.isFrozen(settings.exclude)).toBe(true);
    expect(Object.isFrozen(settings.languages)).toBe(true);
    expect(Object.isFrozen(settings.learning)).toBe(true);
  });

  test.each([
    ['enabled', 'yes', 'hone.enabled must be true or false'],
    ['debounceMs', -1, 'hone.debounceMs must be a whole number'],
    ['exclude', ['**', 3], 'hone.exclude must be a list of texts'],
    ['languages', { python: 'off' }, 'hone.languages must be an object'],
    ['eagerness', 1.5, 'hone.eagerness must be from 0 to 1'],
    ['learning.idleMinutes', 'five', 'hone.learning.idleMinutes must be a number'],
    ['learning.mode', 'always', 'hone.learning.mode must be idle, manual or off'],
    ['multiline', 'sometimes', 'hone.multiline must be auto, never or always'],
  ])('a wrong value of %s is an error that names it', (name, value, message) => {
    expect(() => settingsFrom((key) => (key === name ? value : defaultOf(key)))).toThrow(message);
  });

  test('the path of the model is trimmed, as pasted paths carry spaces', () => {
    const settings = settingsFrom((key) =>
      key === 'model' ? ' /models/a.gguf\n' : defaultOf(key),
    );
    expect(settings.model).toBe('/models/a.gguf');
  });

  test('a language that is not listed follows the star', () => {
    const off = settingsFrom((key) =>
      key === 'languages' ? { '*': false, python: true } : defaultOf(key),
    );
    expect(languageEnabled(off, 'python')).toBe(true);
    expect(languageEnabled(off, 'go')).toBe(false);
    expect(languageEnabled(defaultSettings, 'go')).toBe(true);
  });
});

/** A window with one folder, `file:///a`, and a configuration that a test may change. */
function editor(
  values: Record<string, unknown>,
  inFolder: Record<string, unknown> = {},
  ofUser: Record<string, unknown> = {},
) {
  let changed: (event: vscode.ConfigurationChangeEvent) => unknown = () => undefined;
  let reads = 0;
  const folder = { uri: { toString: () => 'file:///a' } } as vscode.WorkspaceFolder;
  const host: SettingsHost = {
    getConfiguration(_section, scope) {
      reads++;
      const own = { ...ofUser, ...values, ...(scope && inFolder) };
      return {
        get: (name: SettingName) => own[name] ?? defaultOf(name),
        inspect: (name: SettingName) => ({
          key: name,
          globalValue: ofUser[name],
          workspaceValue: values[name],
          ...(scope && { workspaceFolderValue: inFolder[name] }),
        }),
      } as vscode.WorkspaceConfiguration;
    },
    onDidChangeConfiguration(listener) {
      changed = listener;
      return { dispose: () => undefined };
    },
    getWorkspaceFolder: (uri) => (uri.toString().startsWith('file:///a/') ? folder : undefined),
  };
  return {
    host,
    reads: () => reads,
    change: (prefix: string) => changed({ affectsConfiguration: (section) => section === prefix }),
  };
}

const uri = (text: string) => ({ toString: () => text }) as vscode.Uri;

describe('the source of settings', () => {
  test('reads once, until a setting of its own changes', () => {
    const { host, reads, change } = editor({});
    const source = new SettingsSource(host, () => expect.unreachable());
    let told = 0;
    source.onDidChange(() => told++);
    expect(source.current).toBe(source.current);
    change('editor');
    expect([source.current && reads(), told]).toEqual([1, 0]);
    change('hone');
    expect([source.current && reads(), told]).toEqual([2, 1]);
  });

  test('gives each folder its own values', () => {
    const { host } = editor({ enabled: true }, { enabled: false });
    const source = new SettingsSource(host, () => expect.unreachable());
    expect(source.forDocument(uri('file:///a/x.ts')).enabled).toBe(false);
    expect(source.forDocument(uri('file:///b/x.ts')).enabled).toBe(true);
  });

  test('tells where the value that holds is set', () => {
    const { host } = editor({ enabled: false, exclude: [] }, { enabled: true });
    const source = new SettingsSource(host, () => expect.unreachable());
    const file = uri('file:///a/x.ts');
    expect(source.levelOf('enabled', file)).toBe('folder');
    expect(source.levelOf('exclude', file)).toBe('workspace');
    expect(source.levelOf('languages', file)).toBe('user');
    expect(source.levelOf('enabled', undefined)).toBe('workspace');
  });

  describe.each(['exclude', 'neverLearn'] as const)('of %s', (name) => {
    const usual = defaultSettings[name];
    test.each([
      ['nothing is set', {}, {}, {}, usual],
      ['a workspace empties it', {}, { [name]: [] }, {}, usual],
      [
        'a workspace adds to it',
        {},
        { [name]: ['w', 'w'] },
        { [name]: ['f'] },
        [...usual, 'w', 'f'],
      ],
      ['a workspace tries to replace it', { [name]: ['u'] }, { [name]: ['w'] }, {}, ['u', 'w']],
      ['the user replaces it', { [name]: [] }, {}, {}, []],
    ])('takes what the user wants left out, where %s', (_, ofUser, workspace, folder, expected) => {
      const { host } = editor(workspace, folder, ofUser);
      const source = new SettingsSource(host, () => expect.unreachable());
      expect(source.forDocument(uri('file:///a/x.ts'))[name]).toEqual(expected);
    });

    test('the list of a workspace that cannot be used takes nothing from it', () => {
      const messages: string[] = [];
      const { host } = editor({ [name]: 'all' }, {}, { [name]: ['u'] });
      const { current } = new SettingsSource(host, (message) => messages.push(message));
      expect(current[name]).toContain('u');
      expect(messages).toHaveLength(1);
    });
  });

  test('an untrusted workspace chooses neither the model nor what is left out', () => {
    const { restrictedConfigurations } = capabilities.untrustedWorkspaces;
    const names = ['model', 'threads', 'exclude', 'neverLearn'].map((name) => `hone.${name}`);
    expect(restrictedConfigurations.toSorted()).toEqual(names.toSorted());
  });

  test('uses the default in place of a value it cannot use, and says so, keeping the others', () => {
    const { host } = editor({ debounceMs: 'soon', neverLearn: ['*.md'] });
    const messages: string[] = [];
    const settings = new SettingsSource(host, (message) => messages.push(message)).current;
    expect(settings.debounceMs).toBe(defaultSettings.debounceMs);
    expect(settings.neverLearn).toEqual(['*.md']);
    expect(messages).toHaveLength(1);
    expect(messages[0]).toContain('hone.debounceMs');
  });
});
