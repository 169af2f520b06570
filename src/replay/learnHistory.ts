/**
 * A repository's history as feedback, before the first keystroke: replays what was committed, the
 * user's own commits where there are enough, with everything that the product proposes from, into a
 * store of its own that learning reads beside the user's. The file appears under its name only when it
 * is whole; what the policy said is kept beside it until then, so that a run which was ended goes on.
 */
import { mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Parser } from '../completion/parser';
import type { Policy } from '../model/types';
import type { Logger, Settings } from '../types';
import { type Commit, openHistory } from './history';
import { replay, type ReplayProgress } from './replay';

/** How much of a history is replayed, at most. */
export interface HistoryLimits {
  readonly commits: number;
  readonly decisions: number;
  readonly minutes: number;
}

export interface HistoryLearning {
  /** Folder of the repository. */
  readonly repository: string;
  /** Its address in the editor, so that learning knows where a document belongs; no slash at its end. */
  readonly address?: string | undefined;
  /** The store to make; one that is there is replaced. */
  readonly out: string;
  readonly limits: HistoryLimits;
  readonly policy: Policy;
  readonly parser: Parser;
  readonly settings: Settings;
  readonly logger: Logger;
  readonly onProgress?: (progress: ReplayProgress) => void;
}

export interface HistoryReport {
  readonly decisions: number;
  readonly accepted: number;
  readonly refused: number;
  readonly commits: { readonly walked: number; readonly asked: number };
  /** Whether only what the user committed was replayed. */
  readonly ownOnly: boolean;
  /** What it stopped at. */
  readonly ended: 'history' | 'decisions' | 'minutes';
}

/** Decisions that an ordinary commit yields, about. */
const decisionsOfCommit = 2;
const seed = 1;

/** Time may run out before the history does: the nearer of the two ends is the one that is told. */
export function withinLimit(
  progress: ReplayProgress,
  spentMs: number,
  limitMs: number,
): ReplayProgress {
  const { share, leftMs } = progress;
  return {
    ...progress,
    share: Math.min(1, Math.max(share, spentMs / limitMs)),
    leftMs: leftMs === null ? null : Math.min(leftMs, Math.max(0, limitMs - spentMs)),
  };
}

/**
 * @throws HistoryError where there is no history that can be read, AbortError when `signal` fires;
 * then there is no store, or the one that was.
 */
export async function learnHistory(
  learning: HistoryLearning,
  signal: AbortSignal,
): Promise<HistoryReport> {
  const { repository, address, out, limits, policy, parser, settings, logger } = learning;
  const history = await openHistory(repository, {
    ...{ commits: limits.commits, exclude: settings.exclude, signal },
  });
  const work = `${out}.learning`;
  const directory = path.join(work, 'store');
  try {
    const own = history.emails.filter((email) => email === history.ownEmail).length;
    const ownOnly = own * decisionsOfCommit >= limits.decisions;
    const isAsked = ({ author }: Commit): boolean => !ownOnly || author.email === history.ownEmail;
    // A store that was begun by a run that was ended would hold everything twice.
    await rm(directory, { recursive: true, force: true });
    await mkdir(directory, { recursive: true });
    const startMs = performance.now();
    const limitMs = limits.minutes * 60_000;
    const untilMs = startMs + limitMs;
    const { onProgress } = learning;
    const { records, commits } = await replay(
      {
        ...{ history, address, policy, parser, settings, seed, directory, logger, isAsked },
        ...{ decisions: limits.decisions, cache: path.join(work, 'answers') },
        arms: [{ name: 'cache', sees: 'workspace' }],
        isOver: () => performance.now() > untilMs,
        onProgress: (progress) =>
          onProgress?.(withinLimit(progress, performance.now() - startMs, limitMs)),
      },
      signal,
    );
    await rename(path.join(directory, 'cache.db'), out);
    await rm(work, { recursive: true, force: true });
    const figures = records.flatMap(({ arms }) => arms.cache ?? []);
    const ended =
      records.length >= limits.decisions
        ? 'decisions'
        : performance.now() > untilMs
          ? 'minutes'
          : 'history';
    return {
      decisions: records.length,
      accepted: figures.filter(({ accepted }) => accepted).length,
      refused: figures.filter(({ refused }) => refused).length,
      commits: { walked: commits.walked, asked: commits.asked },
      ...{ ownOnly, ended },
    };
  } finally {
    history.dispose();
  }
}
