/**
 * The processes behind a window, found in /proc: for killing one where a crash would. Linux only, as
 * the editor host is.
 */
import * as fs from 'node:fs';

/** Ids of the processes that run the given script, among the descendants of `ancestor`. */
export function descendantsRunning(ancestor: number, script: string): number[] {
  const parents = new Map<number, number>();
  for (const name of fs.readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    // "pid (name) state parent ...", where the name may hold anything but ends at the last ")".
    const stat = read(`/proc/${name}/stat`);
    const parent = /.*\) \S (\d+)/s.exec(stat)?.[1];
    if (parent !== undefined) parents.set(Number(name), Number(parent));
  }
  const descends = (pid: number): boolean => {
    const parent = parents.get(pid);
    return parent !== undefined && (parent === ancestor || descends(parent));
  };
  return [...parents.keys()].filter(
    (pid) => descends(pid) && read(`/proc/${pid}/cmdline`).split('\0').includes(script),
  );
}

/** What a process takes at this moment, and has taken. */
export interface Usage {
  readonly residentBytes: number;
  /** Time on any processor since it was started. */
  readonly cpuMs: number;
}

/** In Linux a tick of the clock that processes are charged by is 10 ms everywhere. */
const tickMs = 10;

export function usageOf(pid: number): Usage {
  const kibibytes = Number(/VmRSS:\s+(\d+)/.exec(read(`/proc/${pid}/status`))?.[1]);
  // Fields 14 and 15 of the line, in user and in kernel mode; the name, the second, may hold blanks.
  const fields = read(`/proc/${pid}/stat`)
    .replace(/^.*\) /s, '')
    .split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return { residentBytes: kibibytes * 1024, cpuMs: ticks * tickMs };
}

/** Share of one processor that each process takes during `durationMs`, in percent. */
export async function cpuPercents(pids: readonly number[], durationMs: number): Promise<number[]> {
  const before = pids.map((pid) => usageOf(pid).cpuMs);
  const startMs = performance.now();
  await new Promise((resolve) => setTimeout(resolve, durationMs));
  const elapsedMs = performance.now() - startMs;
  return pids.map((pid, i) => (100 * (usageOf(pid).cpuMs - (before[i] ?? NaN))) / elapsedMs);
}

/** A process may end between being listed and being looked at. */
function read(file: string): string {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
