/**
 * Translates what happens in the editor into the words of the suggestion tracker: changes with
 * offsets, cursor moves, closes. It decides nothing about feedback; the tracker does, and what the
 * tracker records goes to the store.
 */
import * as vscode from 'vscode';
import type { RefusalMemory } from '../completion/refusals';
import type { Suggester } from '../completion/suggester';
import { suggestionVisibleKey } from '../contributions';
import type { Place } from '../feedback/followedPlaces';
import type { ChangeCause, Rating, SuggestionTracker } from '../feedback/suggestionTracker';
import type { Clock, Suggestion, TextChange } from '../types';
import { type Disposable, DisposableStore } from '../util/disposable';
import { type NewRating, type Rated, withRating } from './ratingText';

/** The suggestion shown last in this window. */
export type LastShown =
  | { readonly kind: 'none' }
  /** In a file that is never learned from. */
  | { readonly kind: 'unrecorded'; readonly suggestionId: string }
  | {
      readonly kind: 'recorded';
      readonly suggestionId: string;
      readonly documentUri: string;
      readonly text: string;
    };

export class FeedbackBridge implements Disposable {
  readonly #tracker: SuggestionTracker;
  readonly #suggester: Suggester;
  readonly #refusals: Pick<RefusalMemory, 'refuse' | 'forgetAll'>;
  readonly #clock: Clock;
  readonly #disposables = new DisposableStore();
  #visible = false;
  #last: LastShown = { kind: 'none' };
  /** Refuses what was shown last. */
  #refuseLast: () => void = () => undefined;
  #lastRating: { readonly suggestionId: string; readonly rating: Rating } | undefined;

  constructor(
    tracker: SuggestionTracker,
    suggester: Suggester,
    refusals: Pick<RefusalMemory, 'refuse' | 'forgetAll'>,
    clock: Clock,
  ) {
    this.#tracker = tracker;
    this.#suggester = suggester;
    this.#refusals = refusals;
    this.#clock = clock;

    const own = this.#disposables;
    own.add(vscode.workspace.onDidChangeTextDocument((event) => this.#documentChanged(event)));
    own.add(
      vscode.workspace.onDidCloseTextDocument(({ uri }) => tracker.documentClosed(uri.toString())),
    );
    own.add(
      vscode.window.onDidChangeTextEditorSelection(({ textEditor, selections }) => {
        const cursor = selections[0]?.active;
        if (!cursor || textEditor !== vscode.window.activeTextEditor) return;
        const { document } = textEditor;
        tracker.cursorMoved(document.uri.toString(), document.offsetAt(cursor));
      }),
    );
    own.add(
      vscode.window.onDidChangeActiveTextEditor((editor) => {
        tracker.activeDocumentChanged(editor?.document.uri.toString());
        suggester.left();
        this.#setVisible(false);
      }),
    );
    own.add(
      vscode.window.onDidChangeWindowState(({ focused }) => {
        // The editor takes ghost text away when it loses the focus.
        if (!focused) this.hidden();
      }),
    );
  }

  /**
   * Ghost text was handed to the editor and its place, from the candidate's first character to the
   * cursor, is still valid. Nothing is recorded of it in a file that is never learned from.
   */
  shown(suggestion: Suggestion, candidateIndex: number, place: Place, learns: boolean): void {
    const { id: suggestionId, documentUri, candidates } = suggestion;
    const text = candidates[candidateIndex]?.text ?? '';
    this.#last = learns
      ? { kind: 'recorded', suggestionId, documentUri, text }
      : { kind: 'unrecorded', suggestionId };
    this.#refuseLast = () => {
      if (learns) this.#refusals.refuse(suggestion, candidateIndex, place.end - place.start);
    };
    if (learns) this.#tracker.shown(suggestion, candidateIndex, place);
    this.#setVisible(true);
  }

  /** It was decided to show nothing at the cursor. */
  silent(suggestion: Suggestion): void {
    this.#tracker.silent(suggestion);
  }

  /** Hone has nothing to show any more. */
  hidden(): void {
    if (!this.#visible) return;
    this.#tracker.hidden();
    this.#setVisible(false);
  }

  accepted(suggestionId: string, candidateIndex: number): void {
    const last = this.#last;
    this.#suggester.taken(suggestionId);
    if (last.kind === 'recorded') this.#tracker.accepted(suggestionId, candidateIndex);
    // The next suggestion may be on screen before the editor says that this one was taken.
    if (last.kind !== 'none' && last.suggestionId === suggestionId) this.#setVisible(false);
  }

  dismissed(): void {
    if (this.#last.kind !== 'none') this.#suggester.refused(this.#last.suggestionId);
    this.#refuseLast();
    this.#tracker.dismissed();
    this.#setVisible(false);
  }

  /** All feedback was deleted: nothing shown before can be rated, offered again or is held back. */
  forgetAll(): void {
    this.#last = { kind: 'none' };
    this.#lastRating = undefined;
    this.#refuseLast = () => undefined;
    this.#refusals.forgetAll();
    this.#suggester.forgetAll();
  }

  /** What a rating by command is about. */
  get last(): LastShown {
    return this.#last;
  }

  /** Whether it is on screen, as far as this window knows. */
  get isVisible(): boolean {
    return this.#visible;
  }

  /** What was said of a suggestion in this window, if it was the last one rated. */
  ratingOf(suggestionId: string): Rating | undefined {
    return this.#lastRating?.suggestionId === suggestionId ? this.#lastRating.rating : undefined;
  }

  /** A thumb and a comment given one after the other make one rating. */
  rate({ suggestionId, earlier }: Pick<Rated, 'suggestionId' | 'earlier'>, said: NewRating): void {
    const rating = withRating(earlier, said);
    this.#lastRating = { suggestionId, rating };
    this.#tracker.rate(rating, suggestionId);
  }

  #documentChanged({ document, contentChanges, reason }: vscode.TextDocumentChangeEvent): void {
    // The editor also fires when only the unsaved mark changes.
    if (contentChanges.length === 0) return;
    const timeMs = this.#clock.now();
    const changes = contentChanges.map(({ rangeOffset, rangeLength, text }): TextChange => ({
      offset: rangeOffset,
      removedLength: rangeLength,
      insertedText: text,
      timeMs,
    }));
    this.#tracker.documentChanged(document.uri.toString(), changes, causeOf(document, reason));
  }

  /** Tells the Esc binding whether it is ours; see the keybinding in package.json. */
  #setVisible(visible: boolean): void {
    if (this.#visible === visible) return;
    this.#visible = visible;
    void vscode.commands.executeCommand('setContext', suggestionVisibleKey, visible);
  }

  dispose(): void {
    this.#setVisible(false);
    this.#disposables.dispose();
  }
}

/** Whose change it was, as far as the editor says. */
export function causeOf(
  document: vscode.TextDocument,
  reason: vscode.TextDocumentChangeReason | undefined,
): ChangeCause {
  if (reason === vscode.TextDocumentChangeReason.Undo) return 'undo';
  if (reason === vscode.TextDocumentChangeReason.Redo) return 'redo';
  // Typing leaves a document unsaved; one that changes and is saved was read anew from the disk. The
  // cells of a notebook do not say: theirs is the notebook's unsaved mark.
  const isFile = document.uri.scheme !== 'vscode-notebook-cell' && !document.isUntitled;
  return isFile && !document.isDirty ? 'outside' : 'edit';
}
