import { describe, expect, test } from 'vitest';
import { defaultSettings, settingsFrom } from '../../../src/contributions';
import { languageEnabled } from '../../../src/editor/settings';
import type { Settings } from '../../../src/types';

const defaults = (name: keyof Settings): unknown => defaultSettings[name];

describe('settings', () => {
  test('are frozen, lists and maps included', () => {
    const settings = defaultSettings;
    expect(Object.isFrozen(settings)).toBe(true);
    expect(Object.isFrozen(settings.exclude)).toBe(true);
    expect(Object.isFrozen(settings.languages)).toBe(true);
  });

  test.each([
    ['enabled', 'yes', 'hone.enabled must be true or false'],
    ['debounceMs', -1, 'hone.debounceMs must be a whole number'],
    ['exclude', ['**', 3], 'hone.exclude must be a list of texts'],
    ['languages', { python: 'off' }, 'hone.languages must be an object'],
    ['multiline', 'sometimes', 'hone.multiline must be auto, never or always'],
  ])('a wrong value of %s is an error that names it', (name, value, message) => {
    expect(() => settingsFrom((key) => (key === name ? value : defaults(key)))).toThrow(message);
  });

  test('the path of the model is trimmed, as pasted paths carry spaces', () => {
    const settings = settingsFrom((key) => (key === 'model' ? ' /models/a.gguf\n' : defaults(key)));
    expect(settings.model).toBe('/models/a.gguf');
  });

  test('a language that is not listed follows the star', () => {
    const off = settingsFrom((key) =>
      key === 'languages' ? { '*': false, python: true } : defaults(key),
    );
    expect(languageEnabled(off, 'python')).toBe(true);
    expect(languageEnabled(off, 'go')).toBe(false);
    expect(languageEnabled(defaultSettings, 'go')).toBe(true);
  });
});
