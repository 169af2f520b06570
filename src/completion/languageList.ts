/**
 * What a language server says may stand at the cursor, and what follows from it: which names are
 * worth scoring, and whether nothing but them may come next. It asks nobody itself: the lists come
 * through a port, from the editor's own language servers or from TypeScript's service in memory.
 */
import type { DocumentSnapshot } from './context';

export type LanguageItemKind =
  'method' | 'property' | 'function' | 'variable' | 'type' | 'module' | 'keyword';

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
