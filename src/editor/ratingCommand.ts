/**
 * Rating and commenting by command. The suggestion that is meant is named before anything is noted;
 * only a key pressed while it stands on screen notes at once.
 */
import * as vscode from 'vscode';
import type { FeedbackBridge } from './feedbackBridge';
import { notedWords, quoted, type Rated } from './ratingText';
import type { StoreOwner } from './storeOwner';

type Thumb = 'up' | 'down';

const labels: Readonly<Record<Thumb, string>> = {
  up: '$(thumbsup) Good suggestion',
  down: '$(thumbsdown) Bad suggestion',
};
const noteMs = 4_000;

/** @param isKey whether a key was pressed in the editor, where the suggestion may be on screen */
export async function rate(
  bridge: FeedbackBridge,
  store: StoreOwner,
  thumb: Thumb,
  isKey: boolean,
): Promise<void> {
  const isOnScreen = isKey && bridge.isVisible;
  const rated = await lastShown(bridge, store);
  if (rated === undefined) return;
  if (isOnScreen) return note(bridge, rated, { thumb });
  const thumbs: readonly Thumb[] = thumb === 'up' ? ['up', 'down'] : ['down', 'up'];
  const entries = thumbs.map((each) => ({
    label: labels[each],
    description: rated.earlier?.thumb === each ? 'as you said before' : '',
    thumb: each,
  }));
  const comment = { label: '$(comment) Comment...', thumb: undefined };
  const picked = await vscode.window.showQuickPick([...entries, comment], {
    title: `Rate the last suggestion, in ${rated.path}`,
    placeHolder: quoted(rated.text),
  });
  if (picked === undefined) return;
  if (picked.thumb === undefined) await askComment(bridge, rated);
  else note(bridge, rated, { thumb: picked.thumb });
}

export async function comment(bridge: FeedbackBridge, store: StoreOwner): Promise<void> {
  const rated = await lastShown(bridge, store);
  if (rated !== undefined) await askComment(bridge, rated);
}

async function askComment(bridge: FeedbackBridge, rated: Rated): Promise<void> {
  const text = await vscode.window.showInputBox({
    title: `Comment on ${quoted(rated.text)} in ${rated.path}`,
    prompt: 'What was good or bad about it? The comment stays on this machine.',
    value: rated.earlier?.comment ?? '',
  });
  if (text?.trim()) note(bridge, rated, { comment: text.trim() });
}

function note(
  bridge: FeedbackBridge,
  rated: Rated,
  rating: Parameters<FeedbackBridge['rate']>[1],
): void {
  bridge.rate(rated, rating);
  vscode.window.setStatusBarMessage(`$(check) Hone: ${notedWords(rated, rating)}`, noteMs);
}

/** Undefined where there is nothing to rate, which the user is told. */
async function lastShown(bridge: FeedbackBridge, store: StoreOwner): Promise<Rated | undefined> {
  const { last } = bridge;
  if (last.kind === 'recorded') {
    const path = vscode.workspace.asRelativePath(vscode.Uri.parse(last.documentUri));
    return { ...last, path, earlier: bridge.ratingOf(last.suggestionId) };
  }
  if (last.kind === 'unrecorded') {
    await vscode.window.showInformationMessage(
      'Nothing is recorded in this file, as the setting hone.neverLearn says.',
    );
    return undefined;
  }
  // After a reload the window has shown nothing yet, but the store knows what came last.
  const stored = await (await store.open()).lastSuggestion();
  if (stored === undefined) {
    await vscode.window.showInformationMessage('There is no suggestion to rate yet.');
    return undefined;
  }
  const { id: suggestionId, candidates, context, shownIndex } = stored.suggestion;
  const index = stored.outcomes.at(-1)?.candidateIndex ?? shownIndex ?? 0;
  return {
    ...{ suggestionId, text: candidates[index]?.text ?? '', path: context.path },
    earlier: bridge.ratingOf(suggestionId) ?? stored.rating,
  };
}
