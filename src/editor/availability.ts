/**
 * Answers whether Hone suggests in a document right now, and if not, why not. One answer for the
 * provider and for the status bar, so that the two cannot disagree; its words are in `offText.ts`.
 */
import type * as vscode from 'vscode';
import { defaultSettings, documentSchemes } from '../contributions';
import { languageEnabled, type SettingLevel, type SettingsSource } from './settings';
import type { Snooze } from './snooze';
import type { DocumentVerdict } from './workspaceFiles';

export type Availability =
  | { readonly kind: 'on' }
  /** The rules of the folder are still being read. */
  | { readonly kind: 'pending' }
  | { readonly kind: 'noEditor' }
  | { readonly kind: 'snoozed'; readonly untilMs: number }
  | { readonly kind: 'off'; readonly reason: OffReason };

export type OffReason =
  | { readonly kind: 'disabled'; readonly level: SettingLevel }
  | { readonly kind: 'language'; readonly languageId: string; readonly isDefault: boolean }
  | { readonly kind: 'view' | 'secret' | 'gitIgnored' | 'excluded' | 'longLine' | 'binary' };

export interface AvailabilityParams {
  /** The active editor's; undefined where there is none. */
  readonly document:
    Pick<vscode.TextDocument, 'uri' | 'languageId' | 'lineAt' | 'lineCount'> | undefined;
  /** The cursor's line, from 0; left out to ask about the document alone. */
  readonly line?: number;
  readonly settings: Pick<SettingsSource, 'forDocument' | 'current' | 'levelOf'>;
  readonly files: { verdict(uri: vscode.Uri): DocumentVerdict };
  readonly snooze: Pick<Snooze, 'untilMs'>;
}

/** The editor draws nothing beyond this column, ghost text included. */
export const maxLineCharacters = 10_000;
/** A file that is not text says so at its beginning, as git has it. */
const binaryCharacters = 8_000;

export function availabilityOf(params: AvailabilityParams): Availability {
  const { document, snooze } = params;
  const settings = document ? params.settings.forDocument(document.uri) : params.settings.current;
  if (!settings.enabled) {
    return off({ kind: 'disabled', level: params.settings.levelOf('enabled', document?.uri) });
  }
  const reason = document && offReason(params, document);
  if (reason === 'pending') return { kind: 'pending' };
  if (reason) return off(reason);
  if (snooze.untilMs !== undefined) return { kind: 'snoozed', untilMs: snooze.untilMs };
  return { kind: document ? 'on' : 'noEditor' };
}

function offReason(
  { line, settings, files }: AvailabilityParams,
  document: NonNullable<AvailabilityParams['document']>,
): OffReason | 'pending' | undefined {
  const { uri, languageId } = document;
  if (!(documentSchemes as readonly string[]).includes(uri.scheme)) return { kind: 'view' };
  if (!languageEnabled(settings.forDocument(uri), languageId)) {
    const isDefault = !languageEnabled(defaultSettings, languageId);
    return { kind: 'language', languageId, isDefault };
  }
  const verdict = files.verdict(uri);
  if (verdict === 'pending') return 'pending';
  if (verdict !== 'open') return { kind: verdict };
  if (isBinary(document)) return { kind: 'binary' };
  // The cursor may stand in what was just deleted.
  const isLong =
    line !== undefined &&
    line < document.lineCount &&
    document.lineAt(line).text.length > maxLineCharacters;
  return isLong ? { kind: 'longLine' } : undefined;
}

function isBinary(document: Pick<vscode.TextDocument, 'lineAt' | 'lineCount'>): boolean {
  for (let line = 0, read = 0; line < document.lineCount && read < binaryCharacters; line++) {
    const { text } = document.lineAt(line);
    if (text.slice(0, binaryCharacters - read).includes('\0')) return true;
    read += text.length + 1;
  }
  return false;
}

function off(reason: OffReason): Availability {
  return { kind: 'off', reason };
}
