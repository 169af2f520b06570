/** Asks which part of the feedback is meant, with how much each part holds. */
import * as vscode from 'vscode';
import type { FeedbackStore } from '../store/feedbackStore';
import type { Clock } from '../types';
import { counted } from './exportText';
import {
  everywhere,
  type FeedbackScope,
  type Place,
  scopeOf,
  spans,
  workspacePlace,
} from './feedbackScope';

/** Undefined where the user changed their mind. */
export async function chooseScope(
  store: FeedbackStore,
  title: string,
  clock: Clock,
): Promise<FeedbackScope | undefined> {
  const place = await choosePlace(store, title);
  if (place === undefined) return undefined;
  const scopes = spans.map((span) => ({
    label: span.label,
    scope: scopeOf(place, span, clock.now()),
  }));
  const picked = await vscode.window.showQuickPick(
    Promise.all(
      scopes.map(async (each) => ({
        ...each,
        description: await countOf(store, each.scope.range),
      })),
    ),
    { title: `${title} from ${place.label}`, placeHolder: 'From what time?' },
  );
  return picked?.scope;
}

async function choosePlace(store: FeedbackStore, title: string): Promise<Place | undefined> {
  const folders = vscode.workspace.workspaceFolders ?? [];
  if (folders.length === 0) return everywhere;
  const places = [workspacePlace(folders), everywhere].map(async (place) => ({
    label: place.label,
    description: await countOf(store, place),
    place,
  }));
  const picked = await vscode.window.showQuickPick(Promise.all(places), {
    title,
    placeHolder: 'Which feedback?',
  });
  return picked?.place;
}

async function countOf(
  store: FeedbackStore,
  range: { readonly fromMs?: number; readonly documents: readonly string[] },
): Promise<string> {
  return counted(await store.countOf(range), 'suggestion');
}
