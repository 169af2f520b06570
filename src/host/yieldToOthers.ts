/**
 * Gives way to everything else on the machine: the lowest priority, and on Linux the class of work
 * that runs only where a processor has nothing else to do. A suggestion wakes its threads thousands of
 * times, and at the lowest priority alone each of them may find its processor taken for milliseconds.
 */
import { execFile } from 'node:child_process';
import * as os from 'node:os';

/** Threads that are made later inherit it, so it comes before the engine is opened. */
export async function yieldToOthers(): Promise<void> {
  os.setPriority(os.constants.priority.PRIORITY_LOW);
  if (os.platform() !== 'linux') return;
  const asked = ['--idle', '--all-tasks', '--pid', '0', String(process.pid)];
  // Where there is no such program the lowest priority has to do.
  await new Promise<void>((resolve) => execFile('chrt', asked, () => resolve()));
}
