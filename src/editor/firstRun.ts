/**
 * Points whoever runs Hone from its sources for the first time to the walkthrough. After an
 * installation the editor opens that by itself. It says so once, and nothing to those who have asked
 * the editor for nothing at its start.
 */
import * as vscode from 'vscode';
import { commands } from '../contributions';
import type { Memory } from './snooze';

const key = 'wasWelcomed';

export async function welcome(mode: vscode.ExtensionMode, memory: Memory): Promise<void> {
  const startup = vscode.workspace.getConfiguration('workbench').get('startupEditor');
  if (mode !== vscode.ExtensionMode.Development || startup === 'none') return;
  if (memory.get(key) === true) return;
  await memory.update(key, true);
  const getStarted = 'Get Started';
  const answer = await vscode.window.showInformationMessage(
    'Hone suggests code as you type. Tab takes it, Esc dismisses it.',
    getStarted,
  );
  if (answer === getStarted) await vscode.commands.executeCommand(commands.openWalkthrough);
}
