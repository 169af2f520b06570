/* global require, exports, process */
// Lets a test run a function inside the extension host: it listens on the Unix sockets that
// TEST_BRIDGE names, one for each window in the order of their opening. A test's tool, in no package.
const fs = require('node:fs');
const net = require('node:net');
const vscode = require('vscode');

exports.activate = (/** @type {import('vscode').ExtensionContext} */ context) => {
  const folder = process.env['TEST_BRIDGE'];
  if (!folder) return;
  const server = net.createServer((connection) => {
    let text = '';
    connection.on('data', async (data) => {
      text += data;
      if (!text.endsWith('\0')) return;
      /** @type {object} */
      let answer;
      try {
        const { body, args } = JSON.parse(text.slice(0, -1));
        answer = { value: await (0, eval)(`(${body})`)(vscode, ...args) };
      } catch (error) {
        answer = { error: error instanceof Error ? error.stack : String(error) };
      }
      connection.end(JSON.stringify(answer));
    });
  });
  // A window's identity is its workspace folder; reloading the window takes the socket over.
  const name = vscode.workspace.workspaceFolders?.[0]?.name ?? 'none';
  const socket = `${folder}/${name}.sock`;
  fs.rmSync(socket, { force: true });
  server.listen(socket);
  context.subscriptions.push({ dispose: () => server.close() });
};
