// Finds the Chromium that the editor tests drive, and installs Debian's where it may. No download of
// a browser build: those lie on servers that not every network reaches.
import * as fs from 'node:fs';
import * as path from 'node:path';
import { Problem, run, step } from './console.mjs';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** The path of a Chromium, or undefined. The variable CHROMIUM goes before what is installed. */
export function findChromium() {
  const named = process.env['CHROMIUM'];
  if (named) return named;
  const folders = (process.env['PATH'] ?? '').split(path.delimiter);
  return names
    .flatMap((name) => folders.map((folder) => path.join(folder, name)))
    .find((file) => fs.existsSync(file));
}

/** The path of a Chromium, installed with apt-get if need be and allowed. */
export async function provideChromium() {
  const found = findChromium();
  if (found) return found;
  const asRoot = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
  await step('Installing Chromium for the editor tests (a Debian package)', async () => {
    for (const args of [
      ['apt-get', 'update', '-qq'],
      ['apt-get', 'install', '-y', '-qq', '--no-install-recommends', 'chromium'],
    ]) {
      const [command = '', ...rest] = [...asRoot, ...args];
      const { code, output } = await run(command, rest, {
        quiet: true,
        env: { DEBIAN_FRONTEND: 'noninteractive' },
      });
      if (code === 0) continue;
      console.error(output.trimEnd().split('\n').slice(-5).join('\n'));
      throw new Problem(
        'The editor tests need Chromium, and it could not be installed.',
        'Install it (Debian: sudo apt-get install chromium), or name one in the variable CHROMIUM.',
      );
    }
  });
  return findChromium() ?? 'chromium';
}
