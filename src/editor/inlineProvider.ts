/**
 * Ghost text: the editor asks, this answers. It decides whether to answer at all, reuses what was
 * suggested before while it still fits, otherwise asks for a suggestion, newest request first, and
 * hands back only what is valid in the live document. It defines none of the editor's proposed
 * life-cycle callbacks: a stable editor refuses a provider that has them.
 */
import * as vscode from 'vscode';
import type { DocumentSnapshot } from '../completion/context';
import type { CopyIndex } from '../completion/copyIndex';
import type { Neighbours } from '../completion/neighbours';
import type { Parser } from '../completion/parser';
import { suggest } from '../completion/suggest';
import type { Remainder, SuggestionCache } from '../completion/typeThrough';
import { acceptedCommand } from '../contributions';
import type { Policy } from '../model/types';
import type { Clock, Logger, Suggestion, Trigger } from '../types';
import { Emitter, type Event } from '../util/event';
import type { Random } from '../util/random';
import { availabilityOf } from './availability';
import { snapshotOf } from './documentText';
import type { FeedbackBridge } from './feedbackBridge';
import { isAbortError } from './log';
import type { SettingsSource } from './settings';
import type { Snooze } from './snooze';
import type { WorkspaceFiles } from './workspaceFiles';

export interface InlineProviderParams {
  readonly policy: () => Policy | undefined;
  readonly copyIndex: CopyIndex;
  readonly neighbours: Neighbours;
  readonly parser: Parser;
  readonly cache: SuggestionCache;
  readonly bridge: FeedbackBridge;
  readonly settings: SettingsSource;
  readonly files: WorkspaceFiles;
  readonly snooze: Snooze;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** The editor draws nothing beyond this column, ghost text included. */
const maxLineCharacters = 10_000;

/** What the model may have to read before it answers; a warm-up reads the rest. About 0.4 s. */
const maxUnreadTokens = 160;

/** One question of the editor. */
interface Request {
  readonly document: vscode.TextDocument;
  readonly position: vscode.Position;
  readonly selected: vscode.SelectedCompletionInfo | undefined;
  readonly token: vscode.CancellationToken;
  /** Version of the document when the question was asked. */
  readonly version: number;
  readonly trigger: Trigger;
}

export class InlineProvider implements vscode.InlineCompletionItemProvider {
  readonly #params: InlineProviderParams;
  readonly #busy = new Emitter<boolean>();
  #running: AbortController | undefined;

  /** True while a suggestion is being made. */
  readonly onDidChangeBusy: Event<boolean> = this.#busy.event;

  constructor(params: InlineProviderParams) {
    this.#params = params;
  }

  async provideInlineCompletionItems(
    document: vscode.TextDocument,
    position: vscode.Position,
    context: vscode.InlineCompletionContext,
    token: vscode.CancellationToken,
  ): Promise<vscode.InlineCompletionItem[]> {
    const request: Request = {
      document,
      position,
      selected: context.selectedCompletionInfo,
      token,
      version: document.version,
      trigger:
        context.triggerKind === vscode.InlineCompletionTriggerKind.Invoke ? 'invoked' : 'automatic',
    };
    try {
      const items = await this.#answer(request);
      if (items.length === 0 && isCurrent(request)) this.#params.bridge.hidden();
      return items;
    } catch (error) {
      if (!isAbortError(error)) {
        this.#params.logger.error('suggest', 'No suggestion could be made.', error);
      }
      return [];
    }
  }

  async #answer(request: Request): Promise<vscode.InlineCompletionItem[]> {
    const { document, position, trigger } = request;
    if (!(await this.#mayAnswer(request))) return [];
    if (document.lineAt(position).text.length > maxLineCharacters) return [];

    const { snapshot, windowStart } = snapshotOf(document, position);
    if (snapshot.text.includes('\0')) return [];
    const { cache, settings } = this.#params;
    const before = cache.reuse(snapshot);
    if (before) return this.#offer(request, before.suggestion, before.remainders);

    const suggestion = await this.#newest(request, async (signal) => {
      if (trigger === 'automatic') {
        await this.#quiet(settings.forDocument(document.uri).debounceMs, signal);
      }
      return this.#suggest(request, snapshot, windowStart, signal);
    });
    cache.remember(suggestion);
    return this.#offer(request, suggestion, wholeCandidates(suggestion));
  }

  async #mayAnswer({ document, trigger }: Request): Promise<boolean> {
    const { settings, files, snooze } = this.#params;
    const ask = () => availabilityOf({ document, settings, files, snooze });
    let availability = ask();
    if (availability.kind === 'pending') {
      await files.ready();
      availability = ask();
    }
    return availability.kind === 'on' || (availability.kind === 'snoozed' && trigger === 'invoked');
  }

  async #suggest(
    { document, trigger }: Request,
    snapshot: DocumentSnapshot,
    windowStart: number,
    signal: AbortSignal,
  ): Promise<Suggestion> {
    const { policy, copyIndex, neighbours, parser, settings, clock, random, logger } = this.#params;
    const suggestion = await suggest(
      {
        document: snapshot,
        trigger,
        settings: settings.forDocument(document.uri),
        policy: policy(),
        copyIndex,
        neighbours,
        parser,
        clock,
        random,
        options: { maxUnreadTokens },
        onPolicyError: (error) => logger.error('model', 'The model gave no answer.', error),
      },
      signal,
    );
    const { total, prefill, decode } = suggestion.latencyMs;
    logger.debug(
      'suggest',
      `${suggestion.candidates.length} candidates in ${Math.round(total)} ms ` +
        `(prefill ${Math.round(prefill)}, decode ${Math.round(decode)}).`,
    );
    return { ...suggestion, offset: suggestion.offset + windowStart };
  }

  /** Puts a suggestion before the user, if the document still is what it was made for. */
  #offer(
    request: Request,
    suggestion: Suggestion,
    remainders: readonly Remainder[],
  ): vscode.InlineCompletionItem[] {
    const { bridge, cache, files } = this.#params;
    const learns = !files.neverLearn(request.document.uri);
    const fitting = remainders.flatMap((remainder) => {
      const item = itemFor(request, suggestion, remainder);
      return item ? [{ item, ...remainder }] : [];
    });
    const first = fitting[0];
    if (!first || !isCurrent(request)) {
      // Nothing was proposed at most places, and such a decision teaches nothing.
      if (learns && suggestion.candidates.length > 0) bridge.notShown(suggestion);
      return [];
    }
    cache.shown(suggestion, first.candidateIndex);
    const end = request.document.offsetAt(request.position);
    const place = { start: end - first.typedLength, end };
    bridge.shown(suggestion, first.candidateIndex, place, learns);
    return fitting.map(({ item }) => item);
  }

  /** Runs `work` after ending what was running: never more than one suggestion in the making. */
  async #newest<T>({ token }: Request, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    this.#running?.abort();
    const running = new AbortController();
    this.#running = running;
    const subscription = token.onCancellationRequested(() => running.abort());
    if (token.isCancellationRequested) running.abort();
    this.#busy.fire(true);
    try {
      return await work(running.signal);
    } finally {
      subscription.dispose();
      if (this.#running === running) {
        this.#running = undefined;
        this.#busy.fire(false);
      }
    }
  }

  /** Resolves after `delayMs`; rejects with an AbortError as soon as `signal` fires. */
  #quiet(delayMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        cancel();
        reject(new DOMException('This operation was aborted', 'AbortError'));
      };
      const cancel = this.#params.clock.after(delayMs, () => {
        signal.removeEventListener('abort', abort);
        resolve();
      });
      if (signal.aborted) abort();
      else signal.addEventListener('abort', abort, { once: true });
    });
  }
}

function isCurrent({ document, version, token }: Request): boolean {
  return !token.isCancellationRequested && !document.isClosed && document.version === version;
}

/** Every candidate from its first character, the one to show first in front. */
function wholeCandidates({ candidates, shownIndex }: Suggestion): readonly Remainder[] {
  if (shownIndex === null) return [];
  return candidates
    .map(({ text }, candidateIndex): Remainder => ({ candidateIndex, text, typedLength: 0 }))
    .sort(
      (a, b) => Number(b.candidateIndex === shownIndex) - Number(a.candidateIndex === shownIndex),
    );
}

/**
 * The item for one candidate. While the completion list is open the editor accepts only what goes on
 * from the selected entry, over the same range; a candidate that does not is left out.
 */
function itemFor(
  { document, position, selected }: Request,
  suggestion: Suggestion,
  { text, candidateIndex }: Remainder,
): vscode.InlineCompletionItem | undefined {
  const command: vscode.Command = {
    command: acceptedCommand,
    title: '',
    arguments: [suggestion.id, candidateIndex],
  };
  if (!selected) {
    return new vscode.InlineCompletionItem(text, new vscode.Range(position, position), command);
  }
  const { range } = selected;
  if (!range.end.isEqual(position)) return undefined;
  const whole = document.getText(range) + text;
  if (!whole.startsWith(selected.text)) return undefined;
  return new vscode.InlineCompletionItem(whole, range, command);
}
