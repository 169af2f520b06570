/**
 * Names that package.json and the code must agree on: commands, settings, context keys, the status
 * item, the walkthrough. Each is written once here; a unit test compares this file with
 * package.json, which alone holds titles, descriptions and default values.
 */
import { contributes } from '../package.json';
import type { LearningSettings, Settings } from './types';

/** The start of every setting's name, `hone.debounceMs` for example. */
export const section = 'hone';

/** Commands a user can run; each has a title in package.json. */
export const commands = {
  suggest: 'hone.suggest',
  dismiss: 'hone.dismiss',
  showMenu: 'hone.showMenu',
  whyNothing: 'hone.whyNothing',
  enable: 'hone.enable',
  disable: 'hone.disable',
  enableLanguage: 'hone.enableLanguage',
  disableLanguage: 'hone.disableLanguage',
  snooze: 'hone.snooze',
  endSnooze: 'hone.endSnooze',
  rateUp: 'hone.rateUp',
  rateDown: 'hone.rateDown',
  comment: 'hone.comment',
  exportFeedback: 'hone.exportFeedback',
  deleteFeedback: 'hone.deleteFeedback',
  trainNow: 'hone.trainNow',
  stopTraining: 'hone.stopTraining',
  learnFromHistory: 'hone.learnFromHistory',
  rollBack: 'hone.rollBack',
  showVersions: 'hone.showVersions',
  chooseModel: 'hone.chooseModel',
  restartModel: 'hone.restartModel',
  showLog: 'hone.showLog',
  openSettings: 'hone.openSettings',
  openWalkthrough: 'hone.openWalkthrough',
  openExample: 'hone.openExample',
} as const;

export type CommandId = (typeof commands)[keyof typeof commands];

/** Run by the editor after it has inserted a suggestion; never in the palette. */
export const acceptedCommand = 'hone.accepted';

/** Argument by which a command knows that its key was pressed in the editor; see package.json. */
export const fromKey = 'key';

/** What follows `hone.` in a setting's name. */
export type SettingName =
  Exclude<keyof Settings, 'learning'> | `learning.${keyof LearningSettings}`;

/** JSON type of each setting, as package.json must declare it. */
export const settingTypes = {
  enabled: 'boolean',
  model: 'string',
  debounceMs: 'integer',
  multiline: 'string',
  languages: 'object',
  exclude: 'array',
  suggestInComments: 'boolean',
  neverLearn: 'array',
  retentionDays: 'integer',
  maxStoreMegabytes: 'integer',
  threads: 'integer',
  eagerness: 'number',
  'learning.mode': 'string',
  'learning.minutesPerDay': 'integer',
  'learning.idleMinutes': 'number',
  'learning.onBattery': 'boolean',
  'learning.perWorkspace': 'boolean',
} as const satisfies Record<SettingName, keyof typeof wanted>;

/** True while the ghost text on screen is Hone's, so that Esc is ours only then. */
export const suggestionVisibleKey = 'hone.suggestionVisible';

/** By these the palette offers to enable or to disable, whichever is not so yet. */
export const switchKeys = {
  enabled: 'hone.enabled',
  languageEnabled: 'hone.languageEnabled',
  snoozed: 'hone.snoozed',
} as const;

/** Id of the status bar item; in the window's page it reads `hone.hone.status`. */
export const statusItemId = 'status';

/** Full id, as `workbench.action.openWalkthrough` wants it. */
export const walkthroughId = 'hone.hone#hone.start';

/** Documents Hone may work in. Everything else (output, diffs, search, chat, comments) is left alone. */
export const documentSchemes = ['file', 'untitled', 'vscode-notebook-cell', 'vscode-vfs'] as const;

/**
 * A frozen `Settings` from what a reader returns by name. A value of the wrong type (a settings file
 * is typed by hand) is an error that names the setting.
 */
export function settingsFrom(read: (name: SettingName) => unknown): Settings {
  const bad = (name: SettingName): Error =>
    new Error(`The setting ${section}.${name} must be ${wanted[settingTypes[name]]}.`);
  const boolean = (name: SettingName): boolean => {
    const value = read(name);
    if (typeof value !== 'boolean') throw bad(name);
    return value;
  };
  const text = (name: SettingName): string => {
    const value = read(name);
    if (typeof value !== 'string') throw bad(name);
    return value;
  };
  const number = (name: SettingName): number => {
    const value = read(name);
    if (typeof value !== 'number' || !(value >= 0 && value < Infinity)) throw bad(name);
    return value;
  };
  const count = (name: SettingName): number => {
    const value = read(name);
    if (!Number.isSafeInteger(value) || (value as number) < 0) throw bad(name);
    return value as number;
  };
  const share = (name: SettingName): number => {
    const value = number(name);
    if (value > 1) throw new Error(`The setting ${section}.${name} must be from 0 to 1.`);
    return value;
  };
  const texts = (name: SettingName): readonly string[] => {
    const value = read(name);
    if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) throw bad(name);
    return Object.freeze([...value]);
  };
  const switches = (name: SettingName): Readonly<Record<string, boolean>> => {
    const value = read(name);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw bad(name);
    const entries = Object.entries(value as Record<string, unknown>);
    return Object.freeze(
      Object.fromEntries(
        entries.map(([key, on]) => {
          if (typeof on !== 'boolean') throw bad(name);
          return [key, on];
        }),
      ),
    );
  };

  const multiline = text('multiline');
  if (multiline !== 'auto' && multiline !== 'never' && multiline !== 'always') {
    throw new Error(`The setting ${section}.multiline must be auto, never or always.`);
  }
  const mode = text('learning.mode');
  if (mode !== 'idle' && mode !== 'manual' && mode !== 'off') {
    throw new Error(`The setting ${section}.learning.mode must be idle, manual or off.`);
  }
  return Object.freeze({
    enabled: boolean('enabled'),
    model: text('model').trim(),
    debounceMs: count('debounceMs'),
    multiline,
    languages: switches('languages'),
    exclude: texts('exclude'),
    suggestInComments: boolean('suggestInComments'),
    neverLearn: texts('neverLearn'),
    retentionDays: count('retentionDays'),
    maxStoreMegabytes: count('maxStoreMegabytes'),
    threads: count('threads'),
    eagerness: share('eagerness'),
    learning: Object.freeze({
      mode,
      minutesPerDay: count('learning.minutesPerDay'),
      idleMinutes: number('learning.idleMinutes'),
      onBattery: boolean('learning.onBattery'),
      perWorkspace: boolean('learning.perWorkspace'),
    }),
  });
}

const wanted = {
  boolean: 'true or false',
  string: 'a text',
  integer: 'a whole number, 0 or more',
  number: 'a number, 0 or more',
  object: 'an object of names and true or false',
  array: 'a list of texts',
} as const;

/** The default value of one setting, as package.json has it. */
export function defaultOf(name: SettingName): unknown {
  const properties: Record<string, { readonly default: unknown } | undefined> =
    contributes.configuration.properties;
  return properties[`${section}.${name}`]?.default;
}

/** The default values of package.json, for where there is no editor. */
export const defaultSettings: Settings = settingsFrom(defaultOf);
