/**
 * What the menu of the status bar offers, as a function of what is known. Each entry runs a command
 * that also stands in the palette; the menu can do nothing of its own.
 */
import { type CommandId, commands } from '../contributions';
import type { Action } from './offText';

export interface MenuParams {
  /** What ends the present silence, the likeliest first; none where nothing is amiss. */
  readonly mends: readonly Action[];
  readonly enabled: boolean;
  readonly isSnoozed: boolean;
  /** Language of the active editor, and whether Hone suggests in it. */
  readonly language: { readonly name: string; readonly enabled: boolean } | undefined;
  /** Whether there is a suggestion that can be rated. */
  readonly canRate: boolean;
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
  | ({ readonly kind: 'entry'; readonly description?: string } & Action);

export function menuEntries(params: MenuParams): readonly MenuEntry[] {
  const { mends, enabled, isSnoozed, language, canRate, learning } = params;
  const entries: MenuEntry[] = [];
  const group = (label: string): void => void entries.push({ kind: 'group', label });
  const entry = (label: string, command: CommandId, description?: string): void => {
    if (mends.some((mend) => mend.command === command && mend.argument === undefined)) return;
    entries.push({
      kind: 'entry',
      label,
      command,
      ...(description === undefined ? {} : { description }),
    });
  };

  // Enter takes the first entry, so what mends comes first, and what is gone in a moment before what
  // lasts.
  for (const mend of mends)
    entries.push({ kind: 'entry', ...mend, label: `$(lightbulb) ${mend.label}` });
  if (canRate) {
    group('Last suggestion');
    entry('$(thumbsup) Good suggestion', commands.rateUp);
    entry('$(thumbsdown) Bad suggestion', commands.rateDown);
    entry('$(comment) Comment...', commands.comment);
  }
  group('Suggestions');
  if (enabled) {
    entry('$(bell-slash) Snooze...', commands.snooze);
    if (isSnoozed) entry('$(bell) End snooze', commands.endSnooze);
    if (language?.enabled === true)
      entry(`$(circle-slash) Disable for ${language.name}`, commands.disableLanguage);
    else if (language) entry(`$(sparkle) Enable for ${language.name}`, commands.enableLanguage);
    entry('$(circle-slash) Disable everywhere', commands.disable);
  } else entry('$(sparkle) Enable everywhere', commands.enable);
  entry('$(question) Why nothing here?', commands.whyNothing);
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
