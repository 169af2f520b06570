/**
 * The words about learning from a repository's history, and when it is offered: what it costs, what
 * came of it, why it cannot be done. Pure, so that tests can read them.
 */
import { z } from 'zod';
import type { Result } from '../host/protocol';
import { tooFewWords } from '../training/dataset';
import type { FeedbackEvent } from '../types';
import { counted } from './exportText';
import type { TrainingEnd } from './learning';
import { commandMinutes } from './learningPlan';
import { messageOf } from './log';
import { fewestCommits, mostCommits, type NoHistory, type Repository } from './repository';

export type HistoryReport = Result<'replayHistory'>;

/** What of a history is read at most: enough to learn from, in minutes. */
export const historyLimits = { commits: mostCommits, decisions: 600, minutes: 10 } as const;
/** Places with less than which nothing is trained. */
export const fewestPlaces = 10;
/** Reading at most, and training about. */
const totalMinutes = historyLimits.minutes + commandMinutes;
/** What must be free on the disk; most of it for a version of the model, while it is put together. */
export const neededBytes = 1_000_000_000;

/** How Hone was used in a window so far. */
export interface Use {
  readonly firstShownMs: number | undefined;
  readonly hasTaken: boolean;
}

/** What a window knows when it opens. */
export const noUse: Use = { firstShownMs: undefined, hasTaken: false };

/** Whoever used it for so long knows what is offered. */
const usedEnoughMs = 10 * 60_000;

export function withEvent(use: Use, event: FeedbackEvent): Use {
  if (event.kind === 'shown') return { ...use, firstShownMs: use.firstShownMs ?? event.timeMs };
  const isTaken =
    event.kind === 'outcome' && (event.outcome === 'accepted' || event.outcome === 'partial');
  return isTaken ? { ...use, hasTaken: true } : use;
}

/** Whether Hone was used for long enough to offer to learn from what was written before. */
export function isUsedEnough({ firstShownMs, hasTaken }: Use, nowMs: number): boolean {
  return hasTaken || (firstShownMs !== undefined && nowMs - firstShownMs >= usedEnoughMs);
}

/** How often a repository was offered, and when last, milliseconds since the epoch. */
export const offersSchema = z.object({
  times: z.number(),
  lastMs: z.number(),
  isAnswered: z.boolean(),
});
export type Offers = Readonly<z.infer<typeof offersSchema>>;

export const noOffers: Offers = { times: 0, lastMs: 0, isAnswered: false };
export const answered: Offers = { ...noOffers, isAnswered: true };

/** A notification is soon gone, so that no answer is none; after so many it is one. */
const mostOffers = 3;
const offerAgainMs = 24 * 60 * 60_000;

export function isOfferDue({ times, lastMs, isAnswered }: Offers, nowMs: number): boolean {
  const isLongAgo = nowMs - lastMs >= offerAgainMs || nowMs < lastMs;
  return !isAnswered && times < mostOffers && (times === 0 || isLongAgo);
}

/** The offer, in one breath with what it costs and where it is found later. */
export function offerWords(name: string): string {
  return `Hone can learn the style of ${name} from its git history. It takes about ${totalMinutes} minutes, in the background; nothing leaves this machine. Later: Hone in the status bar, "Learn from history".`;
}

/** What is asked before it begins, and what it will cost. */
export function costWords(
  name: string,
  { commits, isShallow }: Pick<Repository, 'commits' | 'isShallow'>,
): { readonly question: string; readonly detail: string } {
  const which = commits >= mostCommits ? `the newest ${commits} commits` : `all ${commits} commits`;
  const here = isShallow ? ' that were cloned' : '';
  return {
    question: `Learn from the history of ${name}?`,
    detail: [
      `Hone reads ${which}${here}, your own commits first, and practises on them.`,
      `It takes about ${totalMinutes} minutes: up to ${historyLimits.minutes} to read and about ${commandMinutes} to train, at the lowest priority. A new version is used only if it does better.`,
      'It needs a few megabytes of disk space, and the size of the model for a version that is used.',
      'Nothing leaves this machine, and the repository is not changed. Stop it at any time.',
    ].join('\n\n'),
  };
}

/** Why there is nothing to learn from, and what can be done about it. */
export function noHistoryWords(name: string, reason: NoHistory): string {
  switch (reason.kind) {
    case 'noGit':
      return 'The git program was not found. Install git, or put it on the PATH, and start the editor anew.';
    case 'noRepository':
      return `${name} is not in a git repository that can be read: ${reason.said}`;
    case 'noCommits':
      return `The repository of ${name} has no commits yet. Hone learns from what you write from now on.`;
    case 'untracked':
      return `Nothing in ${name} is committed. Hone learns from what you write from now on.`;
    case 'tooFewCommits': {
      const { commits, isShallow } = reason;
      if (isShallow)
        return `Only the newest ${counted(commits, 'commit')} of ${name} ${commits === 1 ? 'was' : 'were'} cloned, too little to learn from. "git fetch --unshallow" brings the others.`;
      return `The repository of ${name} has ${counted(commits, 'commit')}; there is something to learn from ${fewestCommits} on.`;
    }
  }
}

export function fullDiskWords(freeBytes: number): string {
  const megabytes = (bytes: number): string => `${Math.floor(bytes / 1_000_000)} MB`;
  return `The disk has ${megabytes(freeBytes)} free; learning from a history needs ${megabytes(neededBytes)}. Free some space and try again.`;
}

/** What became of the training that followed; `elsewhere` where one was under way. */
export type HistoryEnd =
  | TrainingEnd
  | { readonly kind: 'elsewhere' }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'failed'; readonly error: unknown };

/** What came of it, as a sentence. */
export function historyEndWords(
  name: string,
  { decisions, accepted, ownOnly }: Pick<HistoryReport, 'decisions' | 'accepted' | 'ownOnly'>,
  end: HistoryEnd,
): string {
  const whose = ownOnly ? 'your commits in ' : '';
  const tried = `Hone practised at ${counted(decisions, 'place')} in the history of ${whose}${name} and was right at ${accepted}`;
  switch (end.kind) {
    case 'promoted':
      return `${tried}; what it learned does better and is in use.`;
    case 'refused':
      return `${tried}; that counts from now on, but the version trained on it is not used: ${end.version.verdict.reasons[0] ?? 'it is no better.'}`;
    case 'tooLittle':
      return `${tried}; that counts from now on. ${tooFewWords(end.examples)}`;
    case 'notInPlace':
      return `${tried}; what it learned does better but could not be put in place: ${messageOf(end.error)}`;
    case 'elsewhere':
      return `${tried}; Hone is being trained already, and the next training learns from it.`;
    case 'stopped':
      return `${tried}; training was stopped, and the next one goes on from there.`;
    case 'failed':
      return `${tried}; that counts from now on, but training failed: ${messageOf(end.error)}`;
  }
}

/** Too few places, or none, in what was read. */
export function tooFewPlacesWords(
  name: string,
  { decisions, ended }: Pick<HistoryReport, 'decisions' | 'ended'>,
): string {
  const found = `Hone found ${decisions === 0 ? 'no place' : `only ${counted(decisions, 'place')}`} in the history of ${name} to practise on`;
  return ended === 'minutes'
    ? `${found} within ${historyLimits.minutes} minutes. Try again when the machine has less to do.`
    : `${found}: commits count that a person typed, in languages that Hone suggests in. It learns from what you write from now on.`;
}

export const stoppedWords =
  'Stopped; nothing has changed. Started again, it goes on from where it was.';

/** Why reading the history came to nothing. */
export function failureWords(name: string, error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'full')
    return `The disk is full, so the history of ${name} was not read. Free some space and try again; it goes on from where it was.`;
  return `The history of ${name} could not be read: ${messageOf(error)}`;
}
