/**
 * Ghost text: the editor asks, this answers. It decides whether to answer at all, hands the question
 * to the suggester, and hands back only what is valid in the live document. It defines none of the
 * editor's proposed life-cycle callbacks: a stable editor refuses a provider that has them.
 */
import * as vscode from 'vscode';
import { closersAfter } from '../completion/closers';
import { buildContext } from '../completion/context';
import { gate } from '../completion/gate';
import { type Insertion, insertionAt } from '../completion/insertion';
import { thresholdOf } from '../completion/rerank';
import { silenceOf, silenceWords } from '../completion/silence';
import type { Answer, Question, Suggester } from '../completion/suggester';
import type { Remainder } from '../completion/typeThrough';
import { acceptedCommand } from '../contributions';
import type { Logger, Suggestion, Trigger } from '../types';
import { availabilityOf } from './availability';
import { snapshotOf } from './documentText';
import type { CursorPlace } from './cursorPlace';
import type { FeedbackBridge } from './feedbackBridge';
import type { EditorLanguageServer } from './languageServer';
import { isAbortError } from './log';
import { type LanguageName, offText } from './offText';
import type { SettingsSource } from './settings';
import type { Snooze } from './snooze';
import type { WorkspaceFiles } from './workspaceFiles';

export interface InlineProviderParams {
  readonly suggester: Suggester;
  readonly languageServer: EditorLanguageServer;
  readonly bridge: FeedbackBridge;
  readonly settings: SettingsSource;
  readonly files: WorkspaceFiles;
  readonly snooze: Snooze;
  readonly languageName: LanguageName;
  readonly logger: Logger;
}

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
    const { document, position, trigger, token } = request;
    if (!(await this.#mayAnswer(request))) return [];

    const { snapshot, windowStart } = snapshotOf(document, position);
    if (snapshot.text.includes('\0')) return [];
    const { suggester, settings, languageServer } = this.#params;
    const question: Question = {
      document: snapshot,
      windowStart,
      trigger,
      settings: settings.forDocument(document.uri),
      languageServer: languageServer.at(document, position),
    };
    const answer = await whileWanted(token, (signal) => suggester.ask(question, signal));
    this.#logSilence(question, answer);
    return answer ? this.#offer(request, question, answer) : [];
  }

  /** A line for each silence, without any code in it. */
  #logSilence({ document, trigger, settings }: Question, answer: Answer | undefined): void {
    if (answer && answer.remainders.length > 0) return;
    const context = buildContext(document, settings.multiline);
    const silence = silenceOf({
      gate: answer ? undefined : gate(document, context, trigger, settings),
      suggestion: answer?.suggestion,
      threshold: thresholdOf(settings.eagerness),
    });
    if (silence) this.#params.logger.debug('silent', silenceWords(silence));
  }

  async #mayAnswer({ document, position, trigger }: Request): Promise<boolean> {
    const { settings, files, snooze, logger, languageName } = this.#params;
    const { line } = position;
    const ask = () => availabilityOf({ document, line, settings, files, snooze });
    let availability = ask();
    if (availability.kind === 'pending') {
      await files.ready();
      availability = ask();
    }
    if (availability.kind === 'on') return true;
    if (availability.kind === 'snoozed' && trigger === 'invoked') return true;
    logger.debug('silent', offText(availability, languageName)?.sentence ?? availability.kind);
    return false;
  }

  /** Puts a suggestion before the user, if the document still is what it was made for. */
  #offer(
    request: Request,
    question: Question,
    { suggestion, remainders, isNew }: Answer,
  ): vscode.InlineCompletionItem[] {
    const { bridge, suggester, files } = this.#params;
    const learns = !files.neverLearn(request.document.uri);
    if (suggestion.shownIndex === null) {
      if (learns && isNew && isCurrent(request)) bridge.silent(suggestion);
      return [];
    }
    const inserted = insertionAt(question.document);
    const fitting = remainders.flatMap((remainder) => {
      const insertion = inserted(remainder.text);
      const item = insertion && itemFor(request, suggestion, remainder, insertion);
      return item ? [{ item, remainder }] : [];
    });
    const first = fitting[0]?.remainder;
    // What comes too late is no decision: nobody could see what was decided.
    if (!first || !isCurrent(request)) return [];
    suggester.shown(question, suggestion, first);
    const end = request.document.offsetAt(request.position);
    const closers = closersAfter(question.document);
    const place = { start: end - first.typedLength, end, closers };
    bridge.shown(suggestion, first.candidateIndex, place, learns);
    return fitting.map(({ item }) => item);
  }
}

/** Gives `work` a signal that fires when the editor no longer wants the answer. */
async function whileWanted<T>(
  token: vscode.CancellationToken,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const abort = new AbortController();
  if (token.isCancellationRequested) abort.abort();
  const subscription = token.onCancellationRequested(() => abort.abort());
  try {
    return await work(abort.signal);
  } finally {
    subscription.dispose();
  }
}

function isCurrent({ document, version, token }: Request): boolean {
  return !token.isCancellationRequested && !document.isClosed && document.version === version;
}

/**
 * The item for one candidate. While the completion list is open the editor accepts only what goes on
 * from the selected entry, over the same range or more; a candidate that does not is left out.
 */
function itemFor(
  { document, position, selected }: Request,
  suggestion: Suggestion,
  { candidateIndex }: Remainder,
  insertion: Insertion,
): vscode.InlineCompletionItem | undefined {
  const { text, replacedLength } = insertion;
  const command: vscode.Command = {
    command: acceptedCommand,
    title: '',
    arguments: [suggestion.id, candidateIndex, cursorPlace(position, insertion)],
  };
  const end = position.translate(0, replacedLength);
  if (!selected) {
    return new vscode.InlineCompletionItem(text, new vscode.Range(position, end), command);
  }
  const { range } = selected;
  if (!range.end.isEqual(position)) return undefined;
  const whole = document.getText(range) + text;
  if (!whole.startsWith(selected.text)) return undefined;
  return new vscode.InlineCompletionItem(whole, new vscode.Range(range.start, end), command);
}

/** Where the cursor belongs once the item is accepted; undefined where the editor puts it there itself. */
function cursorPlace(
  { line, character }: vscode.Position,
  { text, whole, cursorAt }: Insertion,
): CursorPlace | undefined {
  if (cursorAt === text.length) return undefined;
  const lines = whole.slice(0, cursorAt).split('\n');
  const before = lines.at(-1) ?? '';
  const isSameLine = lines.length === 1;
  return {
    line: line + lines.length - 1,
    character: isSameLine ? character + before.length : before.length,
    before,
  };
}
