/**
 * What a language server says may stand at the cursor, and what follows from it: which names are
 * worth scoring, and whether nothing but them may come next. It asks nobody itself: the lists come
 * through a port, from the editor's own language servers or from TypeScript's service in memory.
 */
import type { Words } from '../model/types';
import type { CompletionContext } from '../types';
import type { DocumentSnapshot } from './context';
import { scanSyntax } from './syntax';

export type LanguageItemKind = 'callable' | 'value' | 'type' | 'keyword';

/** One name that may stand at the cursor without anything being imported for it. */
export interface LanguageItem {
  readonly name: string;
  readonly kind: LanguageItemKind;
  /** Whether its type is known to be the one that is awaited here. */
  readonly fits: boolean;
}

/** The word that the cursor stands in, or at the beginning of. */
export interface TypedWord {
  /** Offset of its first character in the document's text. */
  readonly start: number;
  /** What stands of it before the cursor; may be ''. */
  readonly typed: string;
}

export interface LanguageList {
  readonly word: TypedWord;
  /** Members of what stands before the word, or names in scope. */
  readonly kind: 'members' | 'scope';
  /** Whether a name that is not listed does not exist; never so for names in scope. */
  readonly complete: boolean;
  /** In the server's own order, the likeliest first. Names that do not begin as typed are allowed. */
  readonly items: readonly LanguageItem[];
}

/** Somebody who knows what may stand at the cursor. */
export interface LanguageServer {
  /**
   * The list for the cursor of `document`; undefined when there is none, or not in time. Rejects
   * with an AbortError alone, when `signal` fires.
   */
  list(document: DocumentSnapshot, signal: AbortSignal): Promise<LanguageList | undefined>;
}

/** Languages in which no name can follow a dot that the type before it does not have. */
const closedLanguages: ReadonlySet<string> = new Set([
  ...['c', 'cpp', 'csharp', 'dart', 'go', 'java', 'javascript', 'javascriptreact', 'kotlin'],
  ...['rust', 'scala', 'swift', 'typescript', 'typescriptreact'],
]);

/** Whether a server's word on members can be final there: `self.█` of Python names what is new. */
export function membersAreClosed(languageId: string): boolean {
  return closedLanguages.has(languageId);
}

const identifier = /^#?[\p{L}_$][\p{L}\p{N}_$]*$/u;
const wordPart = /[\p{L}\p{N}_$]/u;
/** A longer word is no name. */
const maxWordLength = 100;

/** The word at the end of `before`; undefined in the middle of a word and in a number. */
export function wordAt(
  before: string,
  after: string,
): { readonly typed: string; readonly kind: LanguageList['kind'] } | undefined {
  if (wordPart.test(after.charAt(0))) return undefined;
  const tail = before.slice(-maxWordLength);
  const typed = /(?:(?<=\.)#)?(?<![\p{L}\p{N}_$])[\p{L}\p{N}_$]*$/u.exec(tail)?.[0] ?? '';
  if (typed !== '' && !identifier.test(typed)) return undefined;
  const front = before.slice(0, before.length - typed.length);
  return { typed, kind: followsReceiver(front) ? 'members' : 'scope' };
}

/** After `a.`, `a?.`, `a!.`, `a->` and `a::`, but not after `...` or within `1.5`. */
function followsReceiver(front: string): boolean {
  const operator = /(?:\?\.|!\.|\.|->|::)$/.exec(front.slice(-2))?.[0];
  if (operator === undefined) return false;
  const receiver = front.slice(-maxWordLength, -operator.length).trimEnd();
  return /[\p{L}\p{N}_$)\]}>"'`/]$/u.test(receiver) && !/(?:^|[^\p{L}\p{N}_$])\d+$/u.test(receiver);
}

/**
 * Whether a list is worth asking for: in code, for members, for a name that has been begun, and for
 * an argument of a call.
 */
export function wantsList({
  prefix,
  suffix,
  languageId,
}: Pick<CompletionContext, 'prefix' | 'suffix' | 'languageId'>): boolean {
  const word = wordAt(prefix, suffix);
  if (word === undefined) return false;
  const { kind, open } = scanSyntax(prefix, languageId);
  if (kind !== 'code') return false;
  return word.kind === 'members' || word.typed !== '' || beginsArgument(prefix, open);
}

function beginsArgument(prefix: string, open: string): boolean {
  return open.endsWith('(') && /(?:[\p{L}\p{N}_$>\])]\(|,)\s*$/u.test(prefix.slice(-maxWordLength));
}

/** Names worth handing on where they are mere proposals; a policy scores fewer than that. */
const maxProposals = 24;

/**
 * What a list means to the policy: names whose type is awaited first, then those that stand near the
 * cursor already, the nearest first, then the server's own order. Undefined when it means nothing.
 */
export function wordsOf(list: LanguageList, context: CompletionContext): Words | undefined {
  const { typed } = list.word;
  const isMembers = list.kind === 'members';
  const only = isMembers && list.complete;
  const named = new Map<string, LanguageItem>();
  for (const item of list.items) {
    if (!item.name.startsWith(typed) || !identifier.test(item.name)) continue;
    if (item.kind === 'keyword' && !isMembers) continue;
    const known = named.get(item.name);
    if (known === undefined || (item.fits && !known.fits)) named.set(item.name, item);
  }
  const nearness = lastPlaces(context.prefix.slice(0, context.prefix.length - typed.length));
  const rank = (item: LanguageItem) => (item.fits ? 1e9 : 0) + (nearness.get(item.name) ?? -1);
  const items = [...named.values()];
  const near = (item: LanguageItem) => item.fits || typed !== '' || nearness.has(item.name);
  const rests = (isMembers ? items : items.filter(near))
    .sort((a, b) => rank(b) - rank(a))
    .map(({ name }) => name.slice(typed.length));
  if (!only) return rests.length === 0 ? undefined : { rests: rests.slice(0, maxProposals), only };
  if (list.items.length === 0) return undefined;
  // Nothing that exists begins so: the name may be the user's own, and nothing is to be added to it.
  if (rests.length === 0) return { rests: [''], only };
  const mayBeCalled = typed === '' && context.prefix.endsWith('?.');
  return { rests: mayBeCalled ? [...rests, ''] : rests, only };
}

/**
 * What holds while nobody has been asked: a member that has been begun may be gone on from, but not
 * made longer, so that none is offered that may not exist. Undefined where names are free.
 */
export function nothingMore({ prefix, suffix, languageId }: CompletionContext): Words | undefined {
  const isMember = wordAt(prefix, suffix)?.kind === 'members';
  return isMember && membersAreClosed(languageId) ? { rests: [''], only: true } : undefined;
}

/** Where each name stands last in `text`. */
function lastPlaces(text: string): ReadonlyMap<string, number> {
  const places = new Map<string, number>();
  for (const { 0: name, index } of text.matchAll(/#?[\p{L}_$][\p{L}\p{N}_$]*/gu))
    places.set(name, index);
  return places;
}

/** Whether a text for the cursor begins with a name that exists, where that is known. */
export function obeys(text: string, words: Words | undefined): boolean {
  if (words === undefined || !words.only) return true;
  return words.rests.some(
    (rest) => text.startsWith(rest) && !wordPart.test(text.slice(rest.length, rest.length + 1)),
  );
}
