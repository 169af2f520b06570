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

/** A process may end between being listed and being looked at. */
function read(file: string): string {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
