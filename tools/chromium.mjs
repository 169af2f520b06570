// Finds the Chromium that the editor tests drive, and installs Debian's where it may. No download of
// a browser build: those lie on servers that not every network reaches.
import * as fs from 'node:fs';
import * as path from 'node:path';
import { Problem } from './console.mjs';
import { installDebianPackages } from './debian.mjs';

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
  const title = 'Installing Chromium for the editor tests (a Debian package)';
  const installed = (await installDebianPackages(title, ['chromium'])) && findChromium();
  if (installed) return installed;
  throw new Problem(
    'The editor tests need Chromium, and it could not be installed.',
    'Install it (Debian: sudo apt-get install chromium), or name one in the variable CHROMIUM.',
  );
}
