/**
 * Notices what another window has done, by looking now and then: a file that was replaced, say. The
 * system's own notifications differ from one file system to the next; a look costs nothing.
 */
import { stat } from 'node:fs/promises';
import type { Clock } from '../types';
import type { Disposable } from '../util/disposable';

export interface WatchParams {
  /** Changes whenever what is watched does. */
  readonly stamp: () => Promise<string>;
  readonly everyMs: number;
  readonly onChange: () => void;
  readonly clock: Clock;
}

/** Calls `onChange` after each change from now on. */
export function watch({ stamp, everyMs, onChange, clock }: WatchParams): Disposable {
  let last: string | undefined;
  let isOver = false;
  let cancel: () => void = () => undefined;
  const look = async (): Promise<void> => {
    const now = await stamp();
    if (isOver) return;
    if (last !== undefined && now !== last) onChange();
    last = now;
    cancel = clock.after(everyMs, () => void look());
  };
  void look();
  return {
    dispose() {
      isOver = true;
      cancel();
    },
  };
}

/** Tells one state of a file from the next; '' while there is none. */
export function stampOf(file: string): Promise<string> {
  return stat(file).then(
    ({ mtimeMs, size, ino }) => `${mtimeMs} ${size} ${ino}`,
    () => '',
  );
}
