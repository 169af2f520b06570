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

/** The suggestion shown last in this window. */
export type LastShown =
  | { readonly kind: 'none' }
  /** In a file that is never learned from. */
  | { readonly kind: 'unrecorded'; readonly suggestionId: string }
  | { readonly kind: 'recorded'; readonly suggestionId: string };

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
  #lastRating: (Rating & { readonly suggestionId: string }) | undefined;

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
    this.#last = { kind: learns ? 'recorded' : 'unrecorded', suggestionId: suggestion.id };
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
    this.#refuseLast = () => undefined;
    this.#refusals.forgetAll();
    this.#suggester.forgetAll();
  }

  /** What a rating by command is about. */
  get last(): LastShown {
    return this.#last;
  }

  /** A thumb and a comment given one after the other make one rating. False if nothing can be rated. */
  rate(rating: Pick<Rating, 'comment'> | Pick<Rating, 'thumb'>, suggestionId: string): boolean {
    const earlier = this.#lastRating?.suggestionId === suggestionId ? this.#lastRating : undefined;
    const whole = { thumb: null, ...earlier, ...rating, suggestionId };
    this.#lastRating = whole;
    return this.#tracker.rate(whole, suggestionId);
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
