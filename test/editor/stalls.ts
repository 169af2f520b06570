/**
 * How long the extension host could not answer: both functions run in it, through the bridge, and see
 * nothing else of this file.
 */

/**
 * Runs in the extension host: a timer every 5 ms writes down how late it came, but no more than the
 * process was at work since, so that the turns of other programs do not count.
 */
export function watchEventLoop(): void {
  const state = globalThis as { honeStalls?: number[]; honeTimer?: NodeJS.Timeout };
  const stalls: number[] = (state.honeStalls = []);
  const cpuMs = () => (process.cpuUsage().user + process.cpuUsage().system) / 1000;
  let last = [performance.now(), cpuMs()] as const;
  state.honeTimer = setInterval(() => {
    const now = [performance.now(), cpuMs()] as const;
    stalls.push(Math.min(Math.max(0, now[0] - last[0] - 5), now[1] - last[1]));
    last = now;
  }, 5);
}

/** Runs in the extension host: ends it; how late each came, in milliseconds. */
export function readStalls(): number[] {
  const { honeStalls = [], honeTimer } = globalThis as {
    honeStalls?: number[];
    honeTimer?: NodeJS.Timeout;
  };
  clearInterval(honeTimer);
  return honeStalls;
}
