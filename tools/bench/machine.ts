/** What a figure is, what it was measured on, and how figures are summed up. */
import * as fs from 'node:fs';
import * as os from 'node:os';
import { quantile } from '../../src/util/statistics';

/** One figure: what was measured, what came out, what is wanted. */
export interface Figure {
  readonly what: string;
  readonly value: string;
  readonly wanted: string;
}

/** One line: processor, cores, the vector instructions that matter to 8-bit weights, node. */
export function describeMachine(): string {
  const cpus = os.cpus();
  const info = fs.existsSync('/proc/cpuinfo') ? fs.readFileSync('/proc/cpuinfo', 'utf8') : '';
  const flags = ['avx2', 'avx512f', 'avx512_vnni', 'avx_vnni', 'amx_int8'].filter((flag) =>
    new RegExp(`\\b${flag}\\b`).test(info),
  );
  const memory = Math.round(os.totalmem() / 2 ** 30);
  return `${cpus[0]?.model ?? 'unknown processor'}, ${cpus.length} cores, ${memory} GiB, ${flags.join(' ')}, node ${process.versions.node}`;
}

export interface Spread {
  readonly p50: number;
  readonly p10: number;
  readonly p90: number;
}

export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  return { p50: quantile(sorted, 0.5), p10: quantile(sorted, 0.1), p90: quantile(sorted, 0.9) };
}

/** `142 ms (128 to 190)` */
export function format({ p50, p10, p90 }: Spread, unit: string): string {
  const digits = p50 < 10 ? 2 : 0;
  return `${p50.toFixed(digits)} ${unit} (${p10.toFixed(digits)} to ${p90.toFixed(digits)})`;
}

/** Resident memory of a process in megabytes (10^6 bytes), NaN where the system does not say. */
export function residentMegabytes(pid: number): number {
  const status = `/proc/${pid}/status`;
  if (!fs.existsSync(status)) return NaN;
  const kibibytes = /VmRSS:\s+(\d+)/.exec(fs.readFileSync(status, 'utf8'))?.[1];
  return (Number(kibibytes) * 1024) / 1e6;
}
