/**
 * Where the editor keeps feedback, in each of the editors that run the extension, on this machine or as
 * the server of a remote window. It names files and opens none.
 */
import * as path from 'node:path';

export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly home: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Folder of a clone, where `npm start` keeps its own. */
  readonly clone: string;
}

const desktops = ['Code', 'Code - Insiders', 'VSCodium', 'Code - OSS', 'Cursor', 'Windsurf'];
const servers = [
  '.vscode-server/data',
  '.vscode-server-insiders/data',
  '.vscodium-server/data',
  '.local/share/code-server',
];
const fromUserData = 'User/globalStorage/hone.hone/feedback.db';

/** Files that may be there; the one of `npm start` first. */
export function usualDatabases({ platform, home, environment, clone }: Machine): readonly string[] {
  const settings = {
    win32: environment['APPDATA'] ?? path.join(home, 'AppData/Roaming'),
    darwin: path.join(home, 'Library/Application Support'),
    other: environment['XDG_CONFIG_HOME'] ?? path.join(home, '.config'),
  }[platform === 'win32' || platform === 'darwin' ? platform : 'other'];
  const portable = environment['VSCODE_PORTABLE'];
  return [
    path.join(clone, '.cache/start/user'),
    ...(portable === undefined ? [] : [path.join(portable, 'user-data')]),
    ...desktops.map((name) => path.join(settings, name)),
    ...servers.map((name) => path.join(home, name)),
  ].map((userData) => path.join(userData, fromUserData));
}
