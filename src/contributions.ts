/**
 * Names that package.json and the code must agree on: commands, settings, context keys, the status
 * item, the walkthrough. Each is written once here; a unit test compares this file with
 * package.json, which alone holds titles, descriptions and default values.
 */
import type { Settings } from './types';

/** The start of every setting's name, `hone.debounceMs` for example. */
export const section = 'hone';

/** Commands a user can run; each has a title in package.json. */
export const commands = {
  suggest: 'hone.suggest',
  dismiss: 'hone.dismiss',
  showMenu: 'hone.showMenu',
  toggle: 'hone.toggle',
  snooze: 'hone.snooze',
  toggleLanguage: 'hone.toggleLanguage',
  rateUp: 'hone.rateUp',
  rateDown: 'hone.rateDown',
  comment: 'hone.comment',
  exportFeedback: 'hone.exportFeedback',
  deleteFeedback: 'hone.deleteFeedback',
  chooseModel: 'hone.chooseModel',
  restartModel: 'hone.restartModel',
  showLog: 'hone.showLog',
  openSettings: 'hone.openSettings',
  openWalkthrough: 'hone.openWalkthrough',
} as const;

export type CommandId = (typeof commands)[keyof typeof commands];

/** Run by the editor after it has inserted a suggestion; never in the palette. */
export const acceptedCommand = 'hone.accepted';

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
} as const satisfies Record<keyof Settings, 'boolean' | 'string' | 'integer' | 'object' | 'array'>;

/** True while the ghost text on screen is Hone's, so that Esc is ours only then. */
export const suggestionVisibleKey = 'hone.suggestionVisible';

/** Id of the status bar item; in the window's page it reads `hone.hone.status`. */
export const statusItemId = 'status';

/** Full id, as `workbench.action.openWalkthrough` wants it. */
export const walkthroughId = 'hone.hone#hone.start';

/** Documents Hone may work in. Everything else (output, diffs, search, chat, comments) is left alone. */
export const documentSchemes = ['file', 'untitled', 'vscode-notebook-cell', 'vscode-vfs'] as const;
