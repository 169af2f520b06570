/**
 * Where it is better to be silent before anything is asked of anyone: what the settings switch off,
 * and places where an unasked suggestion is in the way. An explicit request passes the latter.
 */
import type { CompletionContext, Settings, Trigger } from '../types';
import { type DocumentSnapshot, splitsPair } from './context';
import { isBlank, lineHead, lineRest } from './indentation';
import { beginsWithComment, isBlockCommentLine, scanSyntax } from './syntax';

export type SilentReason =
  'off' | 'languageOff' | 'insideCharacter' | 'insideWord' | 'insideComment' | 'statementEnds';

/** Why to be silent here; undefined if there is no reason. */
export function gate(
  document: DocumentSnapshot,
  context: CompletionContext,
  trigger: Trigger,
  settings: Pick<Settings, 'enabled' | 'languages' | 'suggestInComments'>,
): SilentReason | undefined {
  const { languageId, text, offset } = document;
  if (!settings.enabled) return 'off';
  if (!languageEnabled(languageId, settings.languages)) return 'languageOff';
  if (splitsPair(text, offset)) return 'insideCharacter';
  if (trigger === 'invoked') return undefined;
  if (beginsWithWord(context.suffix)) return 'insideWord';
  const syntax = scanSyntax(context.prefix, languageId);
  if (!settings.suggestInComments && (syntax.kind === 'comment' || looksLikeComment(context)))
    return 'insideComment';
  const ended =
    lineHead(context.prefix).trimEnd().endsWith(';') && isBlank(lineRest(context.suffix));
  if (ended && syntax.kind === 'code' && !syntax.open.endsWith('(')) return 'statementEnds';
  return undefined;
}

function languageEnabled(languageId: string, languages: Settings['languages']): boolean {
  if (Object.hasOwn(languages, languageId)) return languages[languageId] ?? true;
  return languages['*'] ?? true;
}

function beginsWithWord(text: string): boolean {
  return /^[\p{L}\p{N}_$]/u.test(text);
}

/** A line of a comment, whatever the window that ends with it began in. */
function looksLikeComment({ prefix, languageId }: CompletionContext): boolean {
  const head = lineHead(prefix);
  return isBlockCommentLine(head, languageId) || beginsWithComment(head, languageId);
}
