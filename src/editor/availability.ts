/**
 * Whether Hone suggests in a document right now, and if not, why not in words a user understands.
 * One answer for the provider and for the status bar, so that the two cannot disagree.
 */
import type * as vscode from 'vscode';
import { documentSchemes } from '../contributions';
import { languageEnabled, type SettingsSource } from './settings';
import type { Snooze } from './snooze';
import type { DocumentVerdict } from './workspaceFiles';

export type Availability =
  | { readonly kind: 'on' }
  /** The rules of the folder are still being read. */
  | { readonly kind: 'pending' }
  | { readonly kind: 'snoozed'; readonly untilMs: number }
  | { readonly kind: 'off'; readonly reason: string };

export interface AvailabilityParams {
  readonly document: Pick<vscode.TextDocument, 'uri' | 'languageId'>;
  readonly settings: Pick<SettingsSource, 'forDocument'>;
  readonly files: { verdict(uri: vscode.Uri): DocumentVerdict };
  readonly snooze: Pick<Snooze, 'untilMs'>;
}

export function availabilityOf(params: AvailabilityParams): Availability {
  const { document, files, snooze } = params;
  if (!(documentSchemes as readonly string[]).includes(document.uri.scheme)) {
    return off('Hone does not work in this kind of document.');
  }
  const settings = params.settings.forDocument(document.uri);
  if (!settings.enabled) return off('Suggestions are turned off.');
  if (!languageEnabled(settings, document.languageId)) {
    return off(`Suggestions are turned off for ${document.languageId}.`);
  }
  const verdict = files.verdict(document.uri);
  switch (verdict) {
    case 'pending':
      return { kind: 'pending' };
    case 'secret':
      return off('This file may hold secrets, so Hone does not read it.');
    case 'gitIgnored':
      return off('Git ignores this file, so Hone does not read it.');
    case 'excluded':
      return off('The setting hone.exclude leaves this file out.');
    case 'open':
      break;
  }
  const { untilMs } = snooze;
  return untilMs === undefined ? { kind: 'on' } : { kind: 'snoozed', untilMs };
}

function off(reason: string): Availability {
  return { kind: 'off', reason };
}
