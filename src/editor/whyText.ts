/**
 * The answer to "Why nothing here?", as entries of a list: the reason and the ways out of it, then the
 * candidates with their scores, then what was left out and why. Pure, so that tests can read it.
 */
import type { SilentReason } from '../completion/gate';
import type { Inquiry } from '../completion/inquire';
import { evenChance } from '../completion/rerank';
import {
  type Rejection,
  scoreWords,
  type Silence,
  silenceWords,
  thresholdWords,
} from '../completion/silence';
import { commands } from '../contributions';
import type { CandidateSource } from '../types';
import { type Action, type OffText, openSetting } from './offText';

export type WhyEntry =
  | { readonly kind: 'group'; readonly label: string }
  | { readonly kind: 'fact'; readonly label: string; readonly description?: string }
  | ({ readonly kind: 'action' } & Action);

/** Of more candidates the rest is not told. */
const maxCandidates = 10;

/** Where Hone is off or resting, nobody need be asked. */
export function whyOff({ sentence, actions }: OffText): readonly WhyEntry[] {
  return [fact(`$(circle-slash) ${sentence}`), ...asEntries(actions)];
}

export function whyText(inquiry: Inquiry): readonly WhyEntry[] {
  const { silence, candidates, shownIndex, rejected, threshold, hasModel } = inquiry;
  const entries: WhyEntry[] = [
    fact(
      silence
        ? `$(info) ${silenceWords(silence)}`
        : '$(check) There is a suggestion for this place.',
    ),
  ];
  if (!hasModel && silence?.kind !== 'gate')
    entries.push(fact('$(loading) The model is not ready: only copied text was looked at.'));
  entries.push(...asEntries(waysOut(silence)));
  if (candidates.length > 0) {
    entries.push({
      kind: 'group',
      label: `Shown from ${thresholdWords(threshold)} on`,
    });
    candidates.slice(0, maxCandidates).forEach(({ text, source, score }, index) => {
      const icon = index === shownIndex ? 'eye' : 'eye-closed';
      const even = evenChance({ text, probability: score });
      const description = `${scoreWords(even)}, ${sourceWords[source]}`;
      entries.push(fact(`$(${icon}) ${oneLine(text)}`, description));
    });
  }
  if (rejected.length > 0) {
    entries.push({ kind: 'group', label: 'Left out' });
    for (const { text, source, why } of rejected.slice(0, maxCandidates))
      entries.push(
        fact(`$(close) ${oneLine(text)}`, `${rejectionWords[why]}, ${sourceWords[source]}`),
      );
  }
  return entries;
}

const suggestNow: Action = { label: 'Suggest now', command: commands.suggest };

function waysOut(silence: Silence | undefined): readonly Action[] {
  switch (silence?.kind) {
    case 'gate':
      return gateWaysOut[silence.reason];
    case 'unsure':
      return [suggestNow, openSetting('eagerness')];
    case 'drawn':
    case undefined:
      return [suggestNow];
    case 'nothing':
      return [];
  }
}

const gateWaysOut: Readonly<Record<SilentReason, readonly Action[]>> = {
  off: [{ label: 'Enable suggestions', command: commands.enable }],
  languageOff: [{ label: 'Enable for this language', command: commands.enableLanguage }],
  insideCharacter: [],
  insideWord: [suggestNow],
  insideComment: [openSetting('suggestInComments'), suggestNow],
  statementEnds: [suggestNow],
};

const sourceWords: Readonly<Record<CandidateSource, string>> = {
  greedy: 'generated',
  sampled: 'generated',
  copied: 'copied from your code',
  imported: 'a missing import',
  listed: 'from the language server',
};

const rejectionWords: Readonly<Record<Rejection, string>> = {
  refused: 'you dismissed it here',
  unlisted: 'no such member',
  unfit: 'does not fit here',
};

function fact(label: string, description?: string): WhyEntry {
  return { kind: 'fact', label, ...(description === undefined ? {} : { description }) };
}

function asEntries(actions: readonly Action[]): readonly WhyEntry[] {
  return actions.map((action) => ({
    kind: 'action',
    ...action,
    label: `$(lightbulb) ${action.label}`,
  }));
}

/** Code on one line; what looks like an icon in it is code too. */
function oneLine(text: string): string {
  const lines = text.split('\n').map((line) => line.trim());
  return lines.filter(Boolean).join(' ⏎ ').replaceAll('$(', '\\$(');
}
