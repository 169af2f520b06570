/**
 * Which hunks are typed: those in which a replay would ask, of a length that a person types in seconds,
 * drawn by a seed from the newest commits and kept in the order of time, so that nothing later is on
 * disk when something earlier is typed.
 */
import { defaultSettings } from '../../src/contributions';
import { planCommit, seedOf, type Decision } from '../../src/replay/decisions';
import type { TypedEdit } from '../../src/replay/edits';
import type { History } from '../../src/replay/history';
import type { Aim } from './keys';

export interface Hunk {
  /** The same for the same history, whatever the seed. */
  readonly id: string;
  readonly commit: string;
  readonly path: string;
  readonly languageId: string;
  /** The file when it begins, with what is to be removed. */
  readonly start: string;
  readonly removedLength: number;
  /** Where it begins in both texts. */
  readonly at: number;
  readonly aim: Aim;
  /** Where the person pauses, in the order of typing. */
  readonly decisions: readonly Decision[];
}

export interface HunkOptions {
  readonly seed: number;
  readonly count: number;
}

/** Fewer characters are an edit, more take too long. */
const length = { min: 20, max: 240 } as const;
/** Lines that are replaced by more than one edit are not typed by a person who goes on. */
const maxRemoved = 600;
const plan = { maxInCommit: 12, maxInEdit: 3, maxHunksInCommit: 4 } as const;

export async function chooseHunks(
  history: History,
  { seed, count }: HunkOptions,
): Promise<readonly Hunk[]> {
  const found: Hunk[] = [];
  const options = {
    ...{ seed, settings: defaultSettings, repository: history.name, isLeftOut },
    ...{ maxInCommit: plan.maxInCommit, maxInEdit: plan.maxInEdit },
  };
  for await (const commit of history.commits()) {
    const hunks = planCommit(commit, options).flatMap(({ edits, ...file }) =>
      edits.flatMap(({ edit, decisions }) => {
        if (decisions.length === 0) return [];
        const { at, from, removedLength, insertedLength } = edit;
        const { path, languageId, before, after } = file;
        const head = after.slice(0, at);
        const tail = before.slice(from + removedLength);
        const end = at + insertedLength;
        const hunk: Hunk = {
          ...{ id: `${commit.id}:${path}:${at}`, commit: commit.id, path, languageId },
          ...{ start: head + before.slice(from), removedLength, at, decisions },
          aim: { target: after.slice(0, end) + tail, end },
        };
        return [hunk];
      }),
    );
    found.push(...byLot(hunks, plan.maxHunksInCommit, seed));
  }
  return byLot(found, count, seed);
}

function isLeftOut({ insertedLength, removedLength }: TypedEdit): boolean {
  return insertedLength < length.min || insertedLength > length.max || removedLength > maxRemoved;
}

/** So many of them, in their order; more of them include the same. */
function byLot(hunks: readonly Hunk[], count: number, seed: number): Hunk[] {
  const lot = ({ id }: Hunk): number => seedOf(`${seed} ${id}`);
  const drawn = new Set([...hunks].sort((a, b) => lot(a) - lot(b)).slice(0, count));
  return hunks.filter((hunk) => drawn.has(hunk));
}
