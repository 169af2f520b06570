/**
 * The lists of the editor's own language servers. They are asked for members as soon as a key has been
 * pressed, beside everything else; for names in scope, of which there are a thousand and more, when a
 * suggestion is being made; once for each word. Only members do not wait for an answer awaited. What comes
 * too late for one suggestion serves the next one in the same word. Nothing is shown, resolved or
 * imported for it. How servers write their lists differs, so only what is sure is taken from them.
 */
import * as vscode from 'vscode';
import {
  type LanguageItem,
  type LanguageList,
  type LanguageServer,
  membersAreClosed,
  wantsList,
  wordAt,
} from '../completion/languageList';
import type { Clock, Logger } from '../types';
import { messageOf } from './log';

export interface EditorLanguageServerParams {
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * How long a suggestion waits for a list, in milliseconds from when the list was asked for. A member
 * is worth a longer wait: one that does not exist would be wrong whatever follows it.
 */
const patienceMs: Readonly<Record<LanguageList['kind'], number>> = { members: 800, scope: 150 };
/** A server that has said nothing for so long is taken to be stuck, and asked anew elsewhere. */
const giveUpMs = 10_000;
/** Of a longer list the rest is not looked at. */
const maxItems = 5_000;
/** Lines above the cursor that are looked at to tell code from strings and comments. */
const linesAbove = 40;

/** One word, and what is known or will be known of it. */
interface Question {
  readonly document: vscode.TextDocument;
  readonly version: number;
  readonly wordStart: vscode.Position;
  readonly typedLength: number;
  /** The word's line as far as the word. */
  readonly head: string;
  readonly kind: LanguageList['kind'];
  readonly askedMs: number;
  readonly answer: Promise<Names | undefined>;
  answered: boolean;
}

/** A list as it came, in our terms. */
type Names = Pick<LanguageList, 'complete' | 'items'>;

export class EditorLanguageServer {
  readonly #params: EditorLanguageServerParams;
  #question: Question | undefined;

  constructor(params: EditorLanguageServerParams) {
    this.#params = params;
  }

  /** The server for one cursor in the document as it stands. */
  at(document: vscode.TextDocument, position: vscode.Position): LanguageServer {
    const { version } = document;
    const word = wordIn(document, position);
    const ask = () => word && this.#ask(document, position, word);
    const early = word?.kind === 'members' ? ask() : undefined;
    return {
      list: async ({ offset }, signal) => {
        if (word === undefined || (word.kind === 'scope' && document.version !== version))
          return undefined;
        const question = word.kind === 'members' ? early : ask();
        if (question === undefined) return undefined;
        const names = await this.#inTime(question, signal);
        if (names === undefined) return undefined;
        const { typed, kind } = word;
        return { word: { start: offset - typed.length, typed }, kind, ...names };
      },
    };
  }

  /** The question about this word, asked now if need be; undefined while another is unanswered. */
  #ask(
    document: vscode.TextDocument,
    position: vscode.Position,
    { typed, kind }: Word,
  ): Question | undefined {
    const { clock } = this.#params;
    const before = this.#question;
    const wordStart = position.translate(0, -typed.length);
    const head = document.getText(new vscode.Range(wordStart.with({ character: 0 }), wordStart));
    const place = { document, version: document.version, wordStart, head };
    const asked = { ...place, typedLength: typed.length, kind, askedMs: clock.now() };
    if (before && isSameWord(before, asked)) return before;
    const isAwaited = before && !before.answered && clock.now() - before.askedMs < giveUpMs;
    // Names in scope are asked for late, and a member must not go without its list for them.
    if (isAwaited && (kind === 'scope' || before.kind === 'members')) return undefined;
    const question: Question = {
      ...asked,
      answered: false,
      answer: this.#namesAt(document, position, kind).finally(() => (question.answered = true)),
    };
    this.#question = question;
    return question;
  }

  async #namesAt(
    document: vscode.TextDocument,
    position: vscode.Position,
    kind: LanguageList['kind'],
  ): Promise<Names | undefined> {
    try {
      const list = await vscode.commands.executeCommand<vscode.CompletionList | undefined>(
        'vscode.executeCompletionItemProvider',
        document.uri,
        position,
      );
      const names = list && namesOf(list, kind, document.languageId);
      return names && names.items.length > 0 ? names : undefined;
    } catch (error) {
      this.#params.logger.debug('list', `No list of names: ${messageOf(error)}`);
      return undefined;
    }
  }

  /** The answer, or undefined where it takes too long. Rejects with an AbortError alone. */
  #inTime({ answer, askedMs, kind }: Question, signal: AbortSignal): Promise<Names | undefined> {
    const { clock } = this.#params;
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        cancel();
        signal.removeEventListener('abort', abort);
      };
      const abort = (): void => {
        stop();
        reject(new DOMException('This operation was aborted', 'AbortError'));
      };
      const left = Math.max(0, askedMs + patienceMs[kind] - clock.now());
      const cancel = clock.after(left, () => {
        stop();
        resolve(undefined);
      });
      void answer.then((names) => {
        stop();
        resolve(names);
      });
      if (signal.aborted) abort();
      else signal.addEventListener('abort', abort, { once: true });
    });
  }
}

interface Word {
  readonly typed: string;
  readonly kind: LanguageList['kind'];
}

/** The word at a cursor, where a list is of any use. */
function wordIn(document: vscode.TextDocument, position: vscode.Position): Word | undefined {
  const from = new vscode.Position(Math.max(0, position.line - linesAbove), 0);
  const prefix = document.getText(new vscode.Range(from, position));
  const suffix = document.getText(new vscode.Range(position, position.translate(0, 1)));
  const { languageId } = document;
  return wantsList({ prefix, suffix, languageId }) ? wordAt(prefix, suffix) : undefined;
}

type Place = Omit<Question, 'answer' | 'answered'>;

/** Whether nothing has been typed since but letters of the word, or taken away. */
function isSameWord(before: Place, now: Place): boolean {
  return (
    before.document === now.document &&
    before.wordStart.isEqual(now.wordStart) &&
    before.head === now.head &&
    Math.abs(now.version - before.version) === Math.abs(now.typedLength - before.typedLength)
  );
}

const { CompletionItemKind } = vscode;

/** What is left out: guesses from spelling, templates, paths. */
const noNames: ReadonlySet<vscode.CompletionItemKind | undefined> = new Set([
  CompletionItemKind.Text,
  CompletionItemKind.Snippet,
  CompletionItemKind.File,
  CompletionItemKind.Folder,
  CompletionItemKind.Color,
  CompletionItemKind.User,
  CompletionItemKind.Issue,
]);

/** What is sure of a list. */
function namesOf(
  list: vscode.CompletionList,
  kind: LanguageList['kind'],
  languageId: string,
): Names {
  const considered = list.items.slice(0, maxItems);
  const named = considered.filter((item) => !noNames.has(item.kind));
  const items = named.flatMap((item): LanguageItem[] => {
    const name = nameOf(item);
    if (name === undefined || (kind === 'scope' && needsImport(item))) return [];
    return [{ name, kind: kinds.get(item.kind) ?? 'value', fits: item.preselect === true }];
  });
  const isGuessed = considered.some((item) => item.kind === CompletionItemKind.Text);
  const isWhole = list.isIncomplete !== true && considered.length === list.items.length;
  const complete =
    kind === 'members' &&
    isWhole &&
    !isGuessed &&
    membersAreClosed(languageId) &&
    (!isTypeScript.test(languageId) || named.some(mayBeCommitted));
  return { complete, items };
}

const isTypeScript = /^(?:type|java)script(?:react)?$/;

/** TypeScript gives no such characters where a name that it does not know may be written. */
function mayBeCommitted({ commitCharacters = [] }: vscode.CompletionItem): boolean {
  return commitCharacters.length > 0;
}

/**
 * The plain name that an entry stands for. Labels come with signatures, marks and dots around it;
 * an entry whose text is anything else, such as `['a-b']`, has none.
 */
function nameOf({ filterText, label }: vscode.CompletionItem): string | undefined {
  const text = filterText ?? (typeof label === 'string' ? label : label.label);
  return /^[\s•.?]*(#?[\p{L}_$][\p{L}\p{N}_$]*)(?:$|[\s(<:?!…,{])/u.exec(text)?.[1];
}

/** An entry that would bring its import with it, or names the module where it is to be found. */
function needsImport({ additionalTextEdits, label }: vscode.CompletionItem): boolean {
  const isElsewhere = typeof label !== 'string' && (label.description ?? '') !== '';
  return isElsewhere || (additionalTextEdits?.length ?? 0) > 0;
}

const kinds: ReadonlyMap<vscode.CompletionItemKind | undefined, LanguageItem['kind']> = new Map([
  [CompletionItemKind.Method, 'callable'],
  [CompletionItemKind.Function, 'callable'],
  [CompletionItemKind.Constructor, 'callable'],
  [CompletionItemKind.Class, 'type'],
  [CompletionItemKind.Interface, 'type'],
  [CompletionItemKind.Enum, 'type'],
  [CompletionItemKind.Struct, 'type'],
  [CompletionItemKind.Module, 'type'],
  [CompletionItemKind.TypeParameter, 'type'],
  [CompletionItemKind.Keyword, 'keyword'],
]);
