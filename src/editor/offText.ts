/**
 * What a user is told where Hone is off or resting: a few words for the status bar, the reason as a
 * sentence, and the ways out, the likeliest first. Pure, so that tests can read it.
 */
import { commands } from '../contributions';
import type { Availability, OffReason } from './availability';
import { maxLineCharacters } from './availability';

/** Something to click on: in a tooltip a link, in a menu an entry. */
export interface Action {
  readonly label: string;
  /** Id of a command, ours or the editor's. */
  readonly command: string;
  readonly argument?: string;
}

export interface OffText {
  /** What the status bar says after the name. */
  readonly word: string;
  readonly sentence: string;
  readonly actions: readonly Action[];
}

/** A language's name as the editor shows it. */
export type LanguageName = (languageId: string) => string;

/** Undefined where Hone suggests, and while that is not known yet. */
export function offText(
  availability: Availability,
  languageName: LanguageName,
): OffText | undefined {
  switch (availability.kind) {
    case 'on':
    case 'pending':
    case 'noEditor':
      return undefined;
    case 'snoozed': {
      const until = `until ${clockTime(availability.untilMs)}`;
      return {
        word: `snoozed ${until}`,
        sentence: `Suggestions are snoozed ${until}.`,
        actions: [{ label: 'End snooze', command: commands.endSnooze }],
      };
    }
    case 'off':
      return reasonText(availability.reason, languageName);
  }
}

function reasonText(reason: OffReason, languageName: LanguageName): OffText {
  switch (reason.kind) {
    case 'disabled': {
      if (reason.level === 'user') {
        return {
          word: 'off',
          sentence: 'Suggestions are off everywhere.',
          actions: [{ label: 'Enable suggestions', command: commands.enable }],
        };
      }
      const here = `in this ${reason.level}`;
      return {
        word: `off ${here}`,
        sentence: `Suggestions are off ${here}.`,
        actions: [
          { label: `Enable ${here}`, command: commands.enable, argument: 'here' },
          openSetting('enabled'),
        ],
      };
    }
    case 'language': {
      const forLanguage = `for ${languageName(reason.languageId)}`;
      return {
        word: `off ${forLanguage}`,
        sentence: `Suggestions are off ${forLanguage}${reason.isDefault ? ' by default' : ''}.`,
        actions: [
          { label: `Enable ${forLanguage}`, command: commands.enableLanguage },
          openSetting('languages'),
        ],
      };
    }
    case 'view':
      return {
        word: 'off in this view',
        sentence: 'Hone suggests in files, untitled files and notebooks, not in this view.',
        actions: [],
      };
    case 'secret':
      return {
        word: 'off (private file)',
        sentence: 'This file may hold secrets, so Hone never reads it.',
        actions: [],
      };
    case 'gitIgnored':
      return {
        word: 'off (ignored by Git)',
        sentence: 'Git ignores this file, so Hone does not read it.',
        actions: [
          {
            label: 'Find .gitignore',
            command: 'workbench.action.quickOpen',
            argument: '.gitignore',
          },
        ],
      };
    case 'excluded':
      return {
        word: 'off (excluded)',
        sentence: 'The setting hone.exclude leaves this file out.',
        actions: [openSetting('exclude')],
      };
    case 'longLine':
      return {
        word: 'off (line too long)',
        sentence: `This line has more than ${maxLineCharacters.toLocaleString('en')} characters.`,
        actions: [],
      };
    case 'binary':
      return { word: 'off (binary file)', sentence: 'This file is not text.', actions: [] };
  }
}

/** Opens the settings at one of ours. */
export function openSetting(name: string): Action {
  return { label: 'Open the setting', command: commands.openSettings, argument: name };
}

/** Hours and minutes in the user's own way of writing them. */
export function clockTime(timeMs: number): string {
  return new Date(timeMs).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
}
