/**
 * Notices what another window has done, a file that was replaced for one, by looking when something is
 * done in this one: before that nobody needs to know. The system's own notifications differ from one
 * file system to the next; a look costs nothing, and while nobody is at work there is none.
 */
import { stat } from 'node:fs/promises';
import type { Clock } from '../types';
import type { Disposable } from '../util/disposable';
import type { Event } from '../util/event';

export interface WatchParams {
  /** Changes whenever what is watched does. */
  readonly stamp: () => Promise<string>;
  /** Fires with everything that the user does in this window. */
  readonly onDidAct: Event<void>;
  /** How often it looks at most. */
  readonly everyMs: number;
  readonly onChange: () => void;
  readonly clock: Clock;
}

/** Calls `onChange` after each change from now on, once the user does something. */
export function watch({ stamp, onDidAct, everyMs, onChange, clock }: WatchParams): Disposable {
  let last: string | undefined;
  let lookedMs = clock.now();
  let isOver = false;
  let cancel: (() => void) | undefined;
  const look = async (): Promise<void> => {
    cancel = undefined;
    lookedMs = clock.now();
    const now = await stamp();
    if (isOver) return;
    if (last !== undefined && now !== last) onChange();
    last = now;
  };
  const acts = onDidAct(() => {
    // A clock that was set back makes nobody wait for longer.
    const restMs = Math.min(everyMs, Math.max(0, lookedMs + everyMs - clock.now()));
    cancel ??= clock.after(restMs, () => void look());
  });
  void look();
  return {
    dispose() {
      isOver = true;
      acts.dispose();
      cancel?.();
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
