/**
 * What the menu of the status bar offers, as a function of what is known. Each entry runs a command
 * that also stands in the palette; the menu can do nothing of its own.
 */
import { type CommandId, commands } from '../contributions';
import { clockTime } from './status';

export interface MenuParams {
  readonly enabled: boolean;
  readonly snoozedUntilMs: number | undefined;
  /** Language of the active editor, and whether Hone suggests in it. */
  readonly language: { readonly id: string; readonly enabled: boolean } | undefined;
  /** Whether there is a suggestion that can be rated. */
  readonly canRate: boolean;
  readonly modelFailed: boolean;
  readonly learning: {
    readonly isOff: boolean;
    readonly isTraining: boolean;
    /** What was learned and when it goes on. */
    readonly words: string;
    /** Whether something that was learned is in use. */
    readonly canRollBack: boolean;
  };
}

export type MenuEntry =
  | { readonly kind: 'group'; readonly label: string }
  | {
      readonly kind: 'entry';
      readonly label: string;
      readonly description?: string;
      readonly command: CommandId;
    };

export function menuEntries(params: MenuParams): readonly MenuEntry[] {
  const { enabled, snoozedUntilMs, language, canRate, modelFailed, learning } = params;
  const entries: MenuEntry[] = [];
  const group = (label: string): void => void entries.push({ kind: 'group', label });
  const entry = (label: string, command: CommandId, description?: string): void =>
    void entries.push({
      kind: 'entry',
      label,
      command,
      ...(description === undefined ? {} : { description }),
    });

  if (modelFailed) entry('$(debug-restart) Restart model host', commands.restartModel);
  if (canRate) {
    group('Last suggestion');
    entry('$(thumbsup) Good suggestion', commands.rateUp);
    entry('$(thumbsdown) Bad suggestion', commands.rateDown);
    entry('$(comment) Comment...', commands.comment);
  }
  group('Suggestions');
  // Enter takes the first entry, so what is gone in a moment comes before what lasts.
  if (enabled) {
    entry(
      snoozedUntilMs === undefined ? '$(bell-slash) Snooze...' : '$(bell) Wake up, or snooze on...',
      commands.snooze,
      snoozedUntilMs === undefined ? undefined : `until ${clockTime(snoozedUntilMs)}`,
    );
    if (language) {
      entry(
        language.enabled
          ? `$(circle-slash) Turn off for ${language.id}`
          : `$(sparkle) Turn on for ${language.id}`,
        commands.toggleLanguage,
      );
    }
  }
  entry(
    enabled ? '$(circle-slash) Turn suggestions off' : '$(sparkle) Turn suggestions on',
    commands.toggle,
  );
  group('Feedback');
  entry('$(export) Export feedback...', commands.exportFeedback);
  group('Learning');
  if (learning.isTraining)
    entry('$(debug-stop) Stop training', commands.stopTraining, learning.words);
  else if (!learning.isOff) entry('$(mortar-board) Train now', commands.trainNow, learning.words);
  if (!learning.isOff && !learning.isTraining)
    entry('$(git-commit) Learn from history...', commands.learnFromHistory);
  entry('$(history) Versions...', commands.showVersions);
  if (learning.canRollBack) entry('$(discard) Roll back', commands.rollBack);
  group('Hone');
  entry('$(file-binary) Choose model file...', commands.chooseModel);
  entry('$(output) Show log', commands.showLog);
  entry('$(gear) Settings', commands.openSettings);
  entry('$(book) Get started', commands.openWalkthrough);
  return entries;
}
