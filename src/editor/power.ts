/**
 * Whether the machine runs on mains power and has nothing else to do, as the system says it. What a
 * system says is read by pure functions; where it says nothing, as a desktop computer does, the answer
 * is mains power.
 */
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { availableParallelism, loadavg } from 'node:os';
import * as path from 'node:path';
import { promisify } from 'node:util';

/** One entry of Linux' `/sys/class/power_supply`, by the names of its files. */
export interface PowerSupply {
  /** `Battery`, `Mains`, `USB`, ... */
  readonly type: string;
  /** `Charging`, `Discharging`, `Full`, ... */
  readonly status: string;
  /** `Device` for the battery of a mouse and the like; '' for most. */
  readonly scope: string;
}

const supplies = '/sys/class/power_supply';
const askTimeoutMs = 10_000;
/** Share of the processors that others may be using while the machine still counts as calm. */
const calmShare = 0.5;

/** Resolves to false only where the system says that the power comes from a battery. */
export async function isOnMains(): Promise<boolean> {
  const { platform } = process;
  try {
    if (platform === 'linux') return linuxOnMains(await readSupplies());
    if (platform === 'darwin') return macOnMains(await output('pmset', '-g', 'batt'));
    if (platform === 'win32')
      return windowsOnMains(await output('powershell.exe', '-NoProfile', '-Command', windowsAsks));
    return true;
  } catch {
    // A system that cannot be asked is taken for a desktop computer.
    return true;
  }
}

/** The load of the last minute. Windows knows none and counts as calm. */
export function isCalm(load = loadavg()[0] ?? 0, processors = availableParallelism()): boolean {
  return load <= processors * calmShare;
}

export function linuxOnMains(all: readonly PowerSupply[]): boolean {
  return !all.some(
    ({ type, status, scope }) =>
      type === 'Battery' && scope !== 'Device' && status === 'Discharging',
  );
}

/** What `pmset -g batt` prints begins with the source of the power. */
export function macOnMains(text: string): boolean {
  return !text.includes("'Battery Power'");
}

const windowsAsks =
  'Add-Type -AssemblyName System.Windows.Forms; [System.Windows.Forms.SystemInformation]::PowerStatus.PowerLineStatus';

/** `Online`, `Offline` or `Unknown`. */
export function windowsOnMains(text: string): boolean {
  return text.trim() !== 'Offline';
}

async function readSupplies(): Promise<PowerSupply[]> {
  const names = await readdir(supplies).catch(() => []);
  const read = (name: string, file: string): Promise<string> =>
    readFile(path.join(supplies, name, file), 'utf8').then(
      (text) => text.trim(),
      () => '',
    );
  return Promise.all(
    names.map(async (name) => ({
      type: await read(name, 'type'),
      status: await read(name, 'status'),
      scope: await read(name, 'scope'),
    })),
  );
}

async function output(program: string, ...args: readonly string[]): Promise<string> {
  const options = { timeout: askTimeoutMs, windowsHide: true };
  return (await promisify(execFile)(program, args, options)).stdout;
}
