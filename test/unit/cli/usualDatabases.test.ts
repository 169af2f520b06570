import path from 'node:path';
import { expect, test } from 'vitest';
import { type Machine, usualDatabases } from '../../../src/cli/usualDatabases';

const machine: Machine = {
  platform: 'linux',
  home: '/home/user',
  environment: {},
  clone: '/clone',
};

test.each<[string, Partial<Machine>, string]>([
  ['npm start', {}, '/clone/.cache/start/user'],
  ['VS Code on Linux', {}, '/home/user/.config/Code'],
  ['VSCodium on Linux', {}, '/home/user/.config/VSCodium'],
  ['VS Code with settings elsewhere', { environment: { XDG_CONFIG_HOME: '/xdg' } }, '/xdg/Code'],
  ['VS Code on a Mac', { platform: 'darwin' }, '/home/user/Library/Application Support/Code'],
  [
    'VS Code on Windows',
    { platform: 'win32', environment: { APPDATA: '/roaming' } },
    '/roaming/Code',
  ],
  ['a portable one', { environment: { VSCODE_PORTABLE: '/stick' } }, '/stick/user-data'],
  ['a remote window', {}, '/home/user/.vscode-server/data'],
  ['code-server', {}, '/home/user/.local/share/code-server'],
])('the feedback of %s is looked for', (_name, changes, userData) => {
  expect(usualDatabases({ ...machine, ...changes })).toContain(
    path.join(userData, 'User/globalStorage/hone.hone/feedback.db'),
  );
});
