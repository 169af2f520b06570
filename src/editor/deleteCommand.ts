/**
 * Deletes feedback for good, all or a part, and on request what was learned: says what will be gone,
 * asks once, with the harmless answer first, and ends with what was done. Other windows hear of it and
 * forget as well.
 */
import * as vscode from 'vscode';
import type { FeedbackStore } from '../store/feedbackStore';
import type { Clock } from '../types';
import { chooseScope } from './chooseScope';
import { counted } from './exportText';
import { type FeedbackScope, isAllTime, isEverything } from './feedbackScope';
import { forgetEverything, forgetRows, hasLearned, noteDeletion } from './forgetting';
import type { LearningCommandParams } from './learningCommands';
import { findRepository, repositoryKey } from './repository';

export interface DeleteCommandParams extends Pick<
  LearningCommandParams,
  'files' | 'model' | 'reward'
> {
  /** Empties what this window remembers of feedback. */
  readonly forget: () => void;
  readonly clock: Clock;
}

type Answer = 'keep' | 'delete' | 'forget';

export async function deleteFeedback(
  store: FeedbackStore,
  params: DeleteCommandParams,
): Promise<void> {
  const { files, model, reward, forget, clock } = params;
  const scope = await chooseScope(store, 'Delete feedback', clock);
  if (scope === undefined) return;
  const count = await store.countOf(scope.range);
  if (count === 0 && !isEverything(scope)) {
    void vscode.window.showInformationMessage(`There is no feedback ${scope.words}.`);
    return;
  }
  const isLearned = await hasLearned(files);
  const answer = await confirm(scope, count, isLearned);
  if (answer === 'keep') return;
  const histories = await historiesOf(scope);
  const said = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: 'Deleting feedback' },
    async () => {
      const deleted = isEverything(scope)
        ? await store.deleteAll()
        : await store.deleteRange(scope.range);
      forget();
      await noteDeletion(files, clock);
      const done = `Deleted ${counted(deleted, 'suggestion')} ${scope.words}.`;
      if (answer === 'forget') {
        await forgetEverything(files, clock, () => model.refresh());
        await reward.load();
        return `${done} Everything learned is forgotten, and the original model is in use.`;
      }
      await forgetRows(files, clock, histories);
      return isLearned ? `${done} What was learned from it stays in use.` : done;
    },
  );
  void vscode.window.showInformationMessage(said);
}

/** Enter takes the first answer, which deletes nothing. */
async function confirm(scope: FeedbackScope, count: number, isLearned: boolean): Promise<Answer> {
  const answers: (vscode.QuickPickItem & { readonly answer: Answer })[] = [
    { answer: 'keep', label: '$(close) Keep feedback' },
    {
      answer: 'delete',
      label: `$(trash) Delete ${counted(count, 'suggestion')}`,
      detail: isLearned
        ? 'For good. What Hone learned from it stays in use until something better takes its place.'
        : 'For good. Export it first to keep a copy.',
    },
  ];
  if (isLearned) {
    answers.push({
      answer: 'forget',
      label: `$(trash) Delete ${counted(count, 'suggestion')} and forget everything learned`,
      detail:
        'For good, with every trained version, of other workspaces too. The original model is used again.',
    });
  }
  const picked = await vscode.window.showQuickPick(answers, {
    title: `Delete feedback ${scope.words}?`,
    placeHolder: 'Deleted feedback cannot be brought back',
  });
  return picked?.answer ?? 'keep';
}

/** Which replayed histories go too: what was read of a repository was not given in the last hour. */
async function historiesOf(scope: FeedbackScope): Promise<'all' | readonly string[]> {
  if (!isAllTime(scope)) return [];
  if (isEverything(scope)) return 'all';
  const folders = (vscode.workspace.workspaceFolders ?? []).filter(
    ({ uri }) => uri.scheme === 'file',
  );
  const found = await Promise.all(folders.map(({ uri }) => findRepository(uri.fsPath)));
  return found.flatMap((each) => (each.kind === 'repository' ? [repositoryKey(each)] : []));
}
