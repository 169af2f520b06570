/**
 * A stretch of a document followed through later edits: where it is now, and which of the characters
 * that the user took are still there. It sees edits as offsets and never decides what they mean.
 * Undo and redo bring back the very characters, by the region's own linear history.
 */
import type { RegionState } from '../types';
import type { Edit } from './minimalEdits';

/** Why a document changed. `outside` is a reload from disk: branch switch, revert, another program. */
export type ChangeCause = 'edit' | 'undo' | 'redo' | 'outside';

/** A run of the region: taken characters `from..from + length`, or text that came later (`from` null). */
interface Run {
  readonly from: number | null;
  readonly length: number;
}

/** Where the region stood at one moment; a value, so that history is a list of them. */
interface Shape {
  readonly start: number;
  readonly runs: readonly Run[];
  readonly state: RegionState;
  readonly endFixed: boolean;
}

/** A shape and what is needed to recognise the document it belonged to. */
interface Moment {
  readonly shape: Shape;
  readonly documentLength: number;
  readonly fingerprint: number;
}

/** Moments kept for undo and redo; older ones are treated like ordinary edits. */
const maxHistory = 100;
/** Characters on either side of the region that must agree as well. */
const fingerprintMargin = 32;

/**
 * Text inserted at an edge belongs to the region only where it stands in for something: at the start
 * while the first taken character is gone, at the end while the last is gone or was never taken.
 */
export class TrackedRegion {
  /** Characters taken, the denominator of survival; 0 for a place where nothing was taken. */
  readonly takenLength: number;
  readonly #tailTaken: boolean;
  /** Taken characters in front that the user typed, so that undoing the accept leaves them. */
  readonly #typedLength: number;
  /** Taken characters at most that stood there before as closers, so that undoing leaves them too. */
  readonly #closersLength: number;
  #shape: Shape;
  readonly #history: Moment[];
  #present = 0;

  /**
   * `laterLength` characters after the taken ones are already there and are not the suggestion's;
   * `tailTaken` says that nothing of the suggestion was left to take. The first `typedLength` of the
   * taken characters were typed before the rest was accepted, and up to `closersLength` of them closed
   * brackets there before. `text` is the live document.
   */
  constructor(
    text: string,
    start: number,
    takenLength: number,
    { laterLength = 0, tailTaken = true, typedLength = 0, closersLength = 0 } = {},
  ) {
    this.takenLength = takenLength;
    this.#typedLength = typedLength;
    this.#closersLength = closersLength;
    this.#tailTaken = tailTaken && takenLength > 0;
    const runs = [
      { from: 0, length: takenLength },
      { from: null, length: laterLength },
    ];
    this.#shape = {
      start,
      runs: runs.filter((run) => run.length > 0),
      state: 'present',
      endFixed: false,
    };
    this.#history = [this.#moment(text)];
  }

  get start(): number {
    return this.#shape.start;
  }

  get end(): number {
    return this.#shape.runs.reduce((end, run) => end + run.length, this.#shape.start);
  }

  get state(): RegionState {
    return this.#shape.state;
  }

  /** Share of the taken characters still there, 0..1; 0 where nothing was taken, or all undone. */
  get survival(): number {
    const { runs, state } = this.#shape;
    if (this.takenLength === 0 || state === 'undone') return 0;
    return keptLength(runs) / this.takenLength;
  }

  /** Offset behind the last taken character that is still there, or the start. */
  get keptEnd(): number {
    const { start, runs } = this.#shape;
    const last = runs.findLastIndex((run) => run.from !== null);
    return runs.slice(0, last + 1).reduce((end, run) => end + run.length, start);
  }

  /** Whether text inserted right at the end would belong to the region. */
  get endOpen(): boolean {
    const { runs, endFixed } = this.#shape;
    const last = runs.findLast((run) => run.from !== null);
    const tailStands = last?.from != null && last.from + last.length === this.takenLength;
    return !endFixed && !(this.#tailTaken && tailStands);
  }

  /**
   * Follows one change event. `edits` are in descending order and refer to the text before; `after`
   * is the document after all of them. Returns whether the region's own text changed.
   */
  follow(edits: readonly Edit[], cause: ChangeCause, after: string): boolean {
    const { runs } = this.#shape;
    if ((cause === 'undo' || cause === 'redo') && this.#travel(cause, after)) {
      return this.#shape.runs !== runs;
    }

    let touched = false;
    const keptBefore = keptLength(runs, this.#typedLength);
    for (const edit of edits) touched = this.#apply(edit) || touched;
    if (touched) this.#shape = { ...this.#shape, state: this.#stateAfter(cause, keptBefore) };
    this.#remember(cause, after);
    return touched;
  }

  /** Leaves what stands behind `end` (never before `keptEnd`) out of the region, for good. */
  fixEnd(end: number): void {
    const { start, runs } = this.#shape;
    const length = Math.max(end, this.keptEnd) - start;
    this.#amend({ ...this.#shape, runs: slice(runs, 0, length), endFixed: true });
  }

  /** What the last event left here is not the region's text any more; undoing the event brings it back. */
  lose(): void {
    this.#amend({ ...this.#shape, state: 'replacedOutside' });
  }

  #amend(shape: Shape): void {
    this.#shape = shape;
    const moment = this.#history[this.#present];
    if (moment) this.#history[this.#present] = { ...moment, shape };
  }

  #apply({ offset, removedLength, insertedText }: Edit): boolean {
    const { start, runs } = this.#shape;
    const end = this.end;
    const removedEnd = offset + removedLength;
    const inside =
      (offset > start && offset < end) ||
      (offset === start && (this.#startOpen() || (removedLength > 0 && end > start))) ||
      (offset === end && this.endOpen);

    if (!inside && removedEnd <= start) {
      this.#shape = { ...this.#shape, start: start + insertedText.length - removedLength };
      return false;
    }
    if (!inside && offset >= end) return false;

    const cutFrom = Math.max(offset, start) - start;
    const cutTo = Math.max(cutFrom, Math.min(removedEnd, end) - start);
    const later: Run = { from: null, length: inside ? insertedText.length : 0 };
    this.#shape = {
      ...this.#shape,
      start: inside ? start : offset + insertedText.length,
      runs: merge([...slice(runs, 0, cutFrom), later, ...slice(runs, cutTo, end - start)]),
    };
    return cutTo > cutFrom || later.length > 0;
  }

  #startOpen(): boolean {
    return this.takenLength === 0 || this.#shape.runs[0]?.from !== 0;
  }

  #stateAfter(cause: ChangeCause, keptBefore: number): RegionState {
    const { runs, state } = this.#shape;
    const kept = keptLength(runs, this.#typedLength);
    if (cause === 'outside') return 'replacedOutside';
    const isGone = kept <= this.#closersLength;
    if (cause === 'undo' && isGone && keptBefore > kept) return 'undone';
    return state === 'replacedOutside' || (state === 'undone' && isGone) ? state : 'edited';
  }

  /** Goes to the nearest earlier (undo) or later (redo) moment of which `after` is the document. */
  #travel(cause: 'undo' | 'redo', after: string): boolean {
    const step = cause === 'undo' ? -1 : 1;
    for (let index = this.#present + step; ; index += step) {
      const moment = this.#history[index];
      if (!moment) return false;
      if (
        moment.documentLength === after.length &&
        moment.fingerprint === fingerprint(after, moment.shape)
      ) {
        this.#present = index;
        this.#shape = moment.shape;
        return true;
      }
    }
  }

  #remember(cause: ChangeCause, after: string): void {
    const moment = this.#moment(after);
    if (cause === 'undo') {
      // Undone past the region's own history: whatever is redone from here comes later.
      this.#history.splice(0, this.#present, moment);
      this.#history.length = Math.min(this.#history.length, maxHistory);
      this.#present = 0;
      return;
    }
    if (cause !== 'redo') this.#history.length = this.#present + 1;
    this.#history.push(moment);
    if (this.#history.length > maxHistory) this.#history.shift();
    this.#present = this.#history.length - 1;
  }

  #moment(text: string): Moment {
    return {
      shape: this.#shape,
      documentLength: text.length,
      fingerprint: fingerprint(text, this.#shape),
    };
  }
}

/** Taken characters that are there, those before the first `beyond` not counted. */
function keptLength(runs: readonly Run[], beyond = 0): number {
  const kept = ({ from, length }: Run): number =>
    from === null ? 0 : Math.max(0, from + length - Math.max(from, beyond));
  return runs.reduce((sum, run) => sum + kept(run), 0);
}

/** The part of the runs between two offsets from the region's start. */
function slice(runs: readonly Run[], from: number, to: number): Run[] {
  const result: Run[] = [];
  let position = 0;
  for (const run of runs) {
    const cutStart = Math.max(from - position, 0);
    const cutEnd = Math.min(to - position, run.length);
    if (cutEnd > cutStart) {
      const start = run.from === null ? null : run.from + cutStart;
      result.push({ from: start, length: cutEnd - cutStart });
    }
    position += run.length;
  }
  return result;
}

/** Joins neighbours that continue each other, so that the list stays as short as the edits were few. */
function merge(runs: readonly Run[]): Run[] {
  const result: Run[] = [];
  for (const run of runs) {
    const last = result.at(-1);
    if (run.length === 0) continue;
    const continues =
      last &&
      (last.from === null || run.from === null
        ? last.from === run.from
        : last.from + last.length === run.from);
    if (continues) result[result.length - 1] = { ...last, length: last.length + run.length };
    else result.push(run);
  }
  return result;
}

/** FNV-1a over the region and its margins (a number, since a kept slice would keep the whole text). */
function fingerprint(text: string, { start, runs }: Shape): number {
  const end = runs.reduce((sum, run) => sum + run.length, start);
  let hash = 0x811c9dc5;
  const to = Math.min(text.length, end + fingerprintMargin);
  for (let index = Math.max(0, start - fingerprintMargin); index < to; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}
