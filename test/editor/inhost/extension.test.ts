/**
 * The extension as the extension host sees it, in the editor host and in desktop VS Code alike: what
 * package.json promises is there, a suggestion comes through the stable API, and nothing is sent.
 */
import * as assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as vscode from 'vscode';
import { acceptedCommand, commands, section, settingTypes } from '../../../src/contributions';
import { descendantsRunning } from '../processes';

interface Manifest {
  readonly enabledApiProposals?: readonly string[];
  readonly contributes: { readonly commands: readonly { readonly command: string }[] };
}

const extension = vscode.extensions.getExtension<unknown>('hone.hone');

describe('Hone in the extension host', () => {
  it('activates', async () => {
    assert.ok(extension, 'the extension is not installed');
    await extension.activate();
    assert.equal(extension.isActive, true);
  });

  it('asks for no proposed API', () => {
    const manifest = extension?.packageJSON as Manifest;
    assert.equal(manifest.enabledApiProposals, undefined);
  });

  it('registers every command that it contributes', async () => {
    const registered = new Set(await vscode.commands.getCommands(true));
    const manifest = extension?.packageJSON as Manifest;
    const contributed = manifest.contributes.commands.map(({ command }) => command);
    assert.deepEqual([...contributed].sort(), Object.values(commands).sort());
    for (const command of [...contributed, acceptedCommand]) {
      assert.ok(registered.has(command), `${command} is not registered`);
    }
  });

  it('has a default of the right type for every setting', () => {
    const settings = vscode.workspace.getConfiguration(section);
    for (const [name, type] of Object.entries(settingTypes)) {
      const value = settings.inspect(name)?.defaultValue;
      const actual = Array.isArray(value) ? 'array' : typeof value;
      assert.equal(actual, type === 'integer' ? 'number' : type, `${section}.${name}`);
    }
  });

  it('suggests on request, and stays silent once it is switched off', async () => {
    const line = 'export const total = items.reduce((sum, item) => sum + item.price, 0);\n';
    const content = `${line}${line}export const total = items.`;
    const document = await vscode.workspace.openTextDocument({ language: 'typescript', content });
    await vscode.window.showTextDocument(document, {
      selection: new vscode.Range(document.positionAt(1e6), document.positionAt(1e6)),
    });
    await until('a suggestion to be accepted', async () => {
      await vscode.commands.executeCommand(commands.suggest);
      await sleep(500);
      await vscode.commands.executeCommand('editor.action.inlineSuggest.commit');
      await sleep(100);
      return document.getText() !== content;
    });
    assert.ok(document.getText().startsWith(content), document.getText());

    const settings = vscode.workspace.getConfiguration(section);
    await settings.update('enabled', false, vscode.ConfigurationTarget.Global);
    const before = document.getText();
    await vscode.commands.executeCommand('editor.action.inlineSuggest.trigger');
    await sleep(1000);
    await vscode.commands.executeCommand('editor.action.inlineSuggest.commit');
    await sleep(100);
    assert.equal(document.getText(), before);
    await settings.update('enabled', undefined, vscode.ConfigurationTarget.Global);
  });

  it('runs the model in a process of its own that holds no network socket', function () {
    if (process.platform !== 'linux') this.skip();
    const script = `${extension?.extensionPath ?? ''}/dist/host.js`;
    const [modelHost] = descendantsRunning(process.pid, script);
    assert.ok(modelHost, 'no model host is running');
    assert.deepEqual(internetSockets(modelHost), []);
  });

  it('opens no connection from the extension host but those to this machine', function () {
    if (process.platform !== 'linux') this.skip();
    // The editor itself talks to its window, over the loopback device here.
    const remote = internetSockets(process.pid).filter((address) => !isLoopback(address));
    assert.deepEqual(remote, []);
  });
});

const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function until(what: string, isSo: () => Promise<boolean>, timeoutMs = 45_000) {
  const deadline = Date.now() + timeoutMs;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`Waited ${timeoutMs} ms for ${what}.`);
  }
}

/** Remote addresses, in the kernel's hexadecimal, of the TCP and UDP sockets that a process holds. */
function internetSockets(pid: number): string[] {
  const remoteOf = new Map<string, string>();
  for (const table of ['tcp', 'tcp6', 'udp', 'udp6']) {
    const file = `/proc/${pid}/net/${table}`;
    const rows = fs.existsSync(file)
      ? fs.readFileSync(file, 'utf8').trim().split('\n').slice(1)
      : [];
    for (const row of rows) {
      // sl local_address rem_address st tx_queue:rx_queue tr:when retrnsmt uid timeout inode ...
      const fields = row.trim().split(/\s+/);
      remoteOf.set(fields[9] ?? '', (fields[2] ?? '').split(':')[0] ?? '');
    }
  }
  return fs
    .readdirSync(`/proc/${pid}/fd`)
    .map((descriptor) => {
      try {
        return fs.readlinkSync(`/proc/${pid}/fd/${descriptor}`);
      } catch {
        // Closed meanwhile.
        return '';
      }
    })
    .map((target) => remoteOf.get(/^socket:\[(\d+)\]$/.exec(target)?.[1] ?? 'none'))
    .filter((address) => address !== undefined);
}

/** 127.0.0.1, ::1, ::ffff:127.0.0.1, and the unconnected addresses of a listening socket. */
const isLoopback = (address: string) =>
  /^(0{8}|[0-9A-F]{6}7F|0{32}|0{24}01000000|0{16}FFFF0000[0-9A-F]{6}7F)$/.test(address);
