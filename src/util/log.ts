/** What goes wrong, said on standard error: the log of commands and of child processes. */
import type { Logger } from '../types';

export const stderrLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: say,
  error: say,
};

function say(topic: string, message: string): void {
  process.stderr.write(`${topic}: ${message}\n`);
}
