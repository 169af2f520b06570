/**
 * Deletes all feedback for good, and on request what was learned from it: asks once, says what will be
 * gone, and ends with what was done. Other windows hear of it and forget as well.
 */
import * as vscode from 'vscode';
import type { FeedbackStore } from '../store/feedbackStore';
import type { Clock } from '../types';
import { counted } from './exportText';
import { forgetEverything, forgetRows, hasLearned, noteDeletion } from './forgetting';
import type { LearningCommandParams } from './learningCommands';

export interface DeleteCommandParams extends Pick<
  LearningCommandParams,
  'files' | 'model' | 'reward'
> {
  /** Empties what this window remembers of feedback. */
  readonly forget: () => void;
  readonly clock: Clock;
}

const deleteOnly = 'Delete Feedback';
const forgetToo = 'Delete and Forget What Was Learned';

export async function deleteFeedback(
  store: FeedbackStore,
  params: DeleteCommandParams,
): Promise<void> {
  const { files, model, reward, forget, clock } = params;
  const { suggestions } = await store.counts();
  const isLearned = await hasLearned(files);
  const answer = await vscode.window.showWarningMessage(
    `Delete all feedback (${counted(suggestions, 'suggestion')})?`,
    { modal: true, detail: isLearned ? `${forGood}\n\n${whatStays}` : forGood },
    ...(isLearned ? [deleteOnly, forgetToo] : [deleteOnly]),
  );
  if (answer === undefined) return;
  const said = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: 'Deleting feedback' },
    async () => {
      const deleted = await store.deleteAll();
      forget();
      await noteDeletion(files, clock);
      const done = `Deleted ${counted(deleted, 'suggestion')}, with all feedback.`;
      if (answer === forgetToo) {
        await forgetEverything(files, clock, () => model.refresh());
        await reward.load();
        return `${done} What was learned is forgotten, and the model is as it came.`;
      }
      await forgetRows(files, clock);
      return isLearned ? `${done} What was learned from it stays in use.` : done;
    },
  );
  void vscode.window.showInformationMessage(said);
}

const forGood = 'It is removed from this machine for good. Export it first to keep it.';
const whatStays =
  'What Hone has learned from it stays in use until something better takes its place, unless it is forgotten too.';
