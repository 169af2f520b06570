/**
 * What the commands say and how: results on standard output, everything else on standard error, a
 * bar where a person watches. Commands themselves decide nothing about terminals.
 */
import { SingleBar } from 'cli-progress';

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** To go on from what was said; '' where the end is not known or has come. */
export function leftWords(leftMs: number | null): string {
  if (leftMs === null || leftMs <= 0) return '';
  return leftMs < 60_000 ? ', under a minute left' : `, ${Math.round(leftMs / 60_000)} min left`;
}

/** A progress bar on a terminal, a line every tenth elsewhere, nothing on standard output. */
export function progressBar(title: string): {
  set(share: number, step: string): void;
  end(): void;
} {
  if (!process.stderr.isTTY) {
    let tenth = -1;
    return {
      set(share, step) {
        if (Math.floor(share * 10) === tenth) return;
        tenth = Math.floor(share * 10);
        note(`${title}: ${tenth * 10} % (${step})`);
      },
      end: () => undefined,
    };
  }
  const bar = new SingleBar({ format: `${title} [{bar}] {percentage} % {step}`, etaBuffer: 20 });
  bar.start(1, 0, { step: '' });
  return { set: (share, step) => bar.update(share, { step }), end: () => bar.stop() };
}
