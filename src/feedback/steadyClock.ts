/**
 * A view of a Clock whose time never runs backwards. A machine clock does when it is corrected; a
 * duration measured across such a step would be negative, and a fact would precede its cause.
 */
import type { Clock } from '../types';

/** The same clock, which after a step back goes on from the latest time it ever told. */
export function steadyClock(clock: Clock): Clock {
  let latestMs = clock.now();
  let correctionMs = 0;
  return {
    now() {
      const nowMs = clock.now() + correctionMs;
      if (nowMs < latestMs) correctionMs += latestMs - nowMs;
      else latestMs = nowMs;
      return latestMs;
    },
    after: (delayMs, run) => clock.after(delayMs, run),
  };
}
