// Installs Debian packages for the other tools, where there is apt-get and the right to use it.
// Asks for no password: where sudo would want one, the caller gives advice instead.
import { run, step } from './console.mjs';

/**
 * Installs packages, and says whether that worked.
 *
 * @param {string} title What they are for, as a line to print.
 * @param {readonly string[]} packages
 * @returns {Promise<boolean>}
 */
export function installDebianPackages(title, packages) {
  const asRoot = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
  return step(title, async () => {
    for (const args of [
      ['update', '-qq'],
      ['install', '-y', '-qq', '--no-install-recommends', ...packages],
    ]) {
      const [command = '', ...rest] = [...asRoot, 'apt-get', ...args];
      const env = { DEBIAN_FRONTEND: 'noninteractive' };
      const { code, output } = await run(command, rest, { quiet: true, env });
      if (code === 0) continue;
      console.error(output.trimEnd().split('\n').slice(-5).join('\n'));
      return false;
    }
    return true;
  });
}
