import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import manifest from '../../package.json';
import {
  acceptedCommand,
  commands,
  defaultOf,
  fromKey,
  section,
  type SettingName,
  settingTypes,
  suggestionVisibleKey,
  switchKeys,
  walkthroughId,
} from '../../src/contributions';

const { contributes } = manifest;

describe('package.json and contributions.ts agree', () => {
  test('on the commands', () => {
    const contributed = contributes.commands.map(({ command }) => command);
    expect(contributed.toSorted()).toEqual(Object.values(commands).toSorted());
    expect(contributed).not.toContain(acceptedCommand);
  });

  test('on the settings and their types', () => {
    const contributed = Object.entries(contributes.configuration.properties).map(
      ([name, { type }]) => [name, type],
    );
    const typed = Object.entries(settingTypes).map(([name, type]) => [`${section}.${name}`, type]);
    expect(contributed.toSorted()).toEqual(typed.toSorted());
  });

  test('on default values, each of which is set', () => {
    for (const name of Object.keys(settingTypes))
      expect(defaultOf(name as SettingName), name).toBeDefined();
  });

  test('on the walkthrough', () => {
    const ids = contributes.walkthroughs.map(
      ({ id }) => `${manifest.publisher}.${manifest.name}#${id}`,
    );
    expect(ids).toEqual([walkthroughId]);
  });
});

describe('package.json', () => {
  test('binds Esc only while the ghost text is ours', () => {
    const escape = contributes.keybindings.filter(({ key }) => key === 'escape');
    expect(escape).toHaveLength(1);
    for (const { when } of escape) {
      expect(when).toContain(suggestionVisibleKey);
      expect(when).toContain(' inlineSuggestionVisible');
    }
  });

  test('binds keys in a text editor alone', () => {
    for (const { when } of contributes.keybindings) expect(when).toMatch(/^editorTextFocus && /);
  });

  test('tells the commands that rate when it was by key', () => {
    const told = contributes.keybindings.filter(({ args }) => args === fromKey);
    expect(told.map(({ command }) => command)).toEqual([commands.rateUp, commands.rateDown]);
  });

  test('names only commands that exist', () => {
    const known = new Set<string>(Object.values(commands));
    const text = JSON.stringify(contributes);
    for (const [, id] of text.matchAll(/command:(hone\.\w+)/g)) expect(known).toContain(id);
  });

  test('offers in the palette to enable or to disable, never both', () => {
    const when = new Map(contributes.menus.commandPalette.map((item) => [item.command, item.when]));
    const { enabled, languageEnabled, snoozed } = switchKeys;
    expect(when.get(commands.enable)).toBe(`!${enabled}`);
    expect(when.get(commands.disable)).toBe(enabled);
    const inLanguage = `editorIsOpen && ${enabled} &&`;
    expect(when.get(commands.enableLanguage)).toBe(`${inLanguage} !${languageEnabled}`);
    expect(when.get(commands.disableLanguage)).toBe(`${inLanguage} ${languageEnabled}`);
    expect(when.get(commands.endSnooze)).toBe(snoozed);
  });

  test('has a walkthrough with one button a step, which deletes nothing and switches nothing off', () => {
    for (const { description } of contributes.walkthroughs.flatMap(({ steps }) => steps)) {
      const buttons = [...description.matchAll(/\]\(command:([\w.]+)\)/g)].map(([, id]) => id);
      expect(buttons).toHaveLength(1);
      expect([commands.deleteFeedback, commands.disable]).not.toContain(buttons[0]);
      expect(description).not.toContain('`');
    }
  });

  test('names only pictures that exist', () => {
    const media = contributes.walkthroughs.flatMap(({ steps }) => steps.map((s) => s.media.svg));
    for (const file of [manifest.icon, ...media]) expect(existsSync(file)).toBe(true);
  });

  test('describes every setting and titles every command', () => {
    for (const property of Object.values(contributes.configuration.properties)) {
      expect(property.markdownDescription.length).toBeGreaterThan(20);
    }
    for (const { title, category } of contributes.commands) {
      expect(title).not.toBe('');
      expect(category).toBe('Hone');
    }
  });
});
