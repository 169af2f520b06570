import { beforeEach, describe, expect, test, vi } from 'vitest';
import { type HistoryCommandParams, HistoryOffer } from '../../../src/editor/historyCommand';
import { fewestCommits } from '../../../src/editor/repository';
import type { FeedbackEvent } from '../../../src/types';
import { gitRepository } from '../../helpers/gitRepository';
import { silentLogger } from '../../helpers/storeForTests';

/** The editor: one folder, what it was told to say and run, and what the user answers. */
const editor = vi.hoisted(() => ({
  directory: '',
  isTrusted: true,
  answer: 'Not Now',
  said: [] as string[],
  ran: [] as unknown[][],
}));

vi.mock('vscode', () => ({
  window: {
    activeTextEditor: { document: { uri: {} } },
    showInformationMessage: (message: string) => {
      editor.said.push(message);
      return Promise.resolve(editor.answer);
    },
  },
  workspace: {
    get isTrusted() {
      return editor.isTrusted;
    },
    getWorkspaceFolder: () => ({
      name: 'shop',
      uri: { scheme: 'file', fsPath: editor.directory, toString: () => 'file:///shop' },
    }),
  },
  commands: {
    executeCommand: (...args: unknown[]) => Promise.resolve(editor.ran.push(args)),
  },
}));

const taken: FeedbackEvent = {
  ...{ kind: 'outcome', suggestionId: 'a', outcome: 'accepted', candidateIndex: 0 },
  ...{ takenLength: 1, visibleMs: 900, timeMs: 0 },
};

/** A window; windows that share `remembered` are of one user. */
function offerOf(remembered: Map<string, unknown>, mode = 'idle', nowMs = 0): HistoryOffer {
  return new HistoryOffer({
    memory: {
      get: (key: string) => remembered.get(key),
      update: (key: string, value: unknown) => Promise.resolve(void remembered.set(key, value)),
    },
    learning: { settings: () => ({ learning: { mode } }), model: { base: {} } },
    clock: { now: () => nowMs },
    logger: silentLogger,
  } as unknown as HistoryCommandParams);
}

describe('the offer to learn from the history', () => {
  beforeEach(async () => {
    const repository = await gitRepository();
    const { directory } = repository;
    for (let i = 0; i < fewestCommits; i++) repository.commit({ 'cart.ts': String(i) });
    Object.assign(editor, { directory, isTrusted: true, answer: 'Not Now', said: [], ran: [] });
  });

  test('comes again on another day where it got no answer', async () => {
    const remembered = new Map<string, unknown>();
    Object.assign(editor, { answer: undefined });
    offerOf(remembered).notice(taken);
    await vi.waitFor(() => expect(editor.said).toHaveLength(1));
    offerOf(remembered, 'idle', 25 * 3_600_000).notice(taken);
    await vi.waitFor(() => expect(editor.said).toHaveLength(2));
  });

  test('comes once for a repository where it got one', async () => {
    const remembered = new Map<string, unknown>();
    const first = offerOf(remembered);
    first.notice(taken);
    first.notice(taken);
    await vi.waitFor(() => expect(editor.said).toHaveLength(1));
    const later = offerOf(remembered, 'idle', 25 * 3_600_000);
    const looked = vi.spyOn(remembered, 'get');
    later.notice(taken);
    await vi.waitFor(() => expect(looked).toHaveBeenCalled());
    // What would come of it comes before the next turn.
    await new Promise((resolve) => setImmediate(resolve));
    expect(editor.said).toHaveLength(1);
    expect(editor.ran).toEqual([]);
  });

  test('begins for that folder when it is taken', async () => {
    editor.answer = 'Start';
    offerOf(new Map()).notice(taken);
    await vi.waitFor(() => expect(editor.ran).toEqual([['hone.learnFromHistory', 'file:///shop']]));
  });

  test('does not come where learning is off, or the folder is not trusted', async () => {
    offerOf(new Map(), 'off').notice(taken);
    editor.isTrusted = false;
    const untrusted = offerOf(new Map());
    untrusted.notice(taken);
    expect(editor.said).toEqual([]);
    editor.isTrusted = true;
    untrusted.notice(taken);
    await vi.waitFor(() => expect(editor.said).toHaveLength(1));
  });
});
