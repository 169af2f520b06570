/**
 * What VS Code, with its own settings, puts after the cursor while a text is typed, key by key, is what
 * replays and evaluations take it to be.
 */
import * as assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { automaticClosers, standingClosers, textOf } from '../../../src/replay/autoClosing';

/** Typed up to the bar; Enter also types the blanks behind it. */
const texts: readonly (readonly [languageId: string, marked: string])[] = [
  ['typescript', 'foo(a, [b], {c: \'d\'}, "e");█'],
  ['typescript', "say('it\\'s (a)', tag`b ${c(d)} e`);█"],
  ['typescript', 'if (a) {\n    for (const b of c) {\n        d(█);\n    }\n}'],
  ['typescript', "test('a', () => {\n    run(b,█ c);\n});"],
  ['typescript', 'run(a,\n    b█\n)'],
  ['python', "foo(f'{a}', \"b\", d, 'c(d)')█"],
  ['python', '"""docs"""█'],
  ['python', 'run(\n    [a, █b],\n)'],
  ['jsonc', '{"a": ["(b)", {"c": []}]}█'],
  ['go', 'f(`a`, \'b\', "c(d)")█'],
  ['rust', 'let a: &\'static str = f("b(c)", [d]);█'],
  ['css', 'a { content: "(b)"; color: rgb(0, 0, 0); }█'],
  ['shellscript', 'echo "a" \'b\' $(ls c)█'],
];

/** The document after each key, as VS Code has it. */
async function typed(languageId: string, text: string, end: number): Promise<string[]> {
  const document = await vscode.workspace.openTextDocument({ language: languageId });
  await vscode.window.showTextDocument(document);
  const states: string[] = [];
  for (let at = 0; at < end; at++) {
    const key = text.charAt(at);
    await vscode.commands.executeCommand('type', { text: key });
    if (key === '\n') at += /^ */.exec(text.slice(at + 1))?.[0].length ?? 0;
    states.push(document.getText());
  }
  await vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor');
  return states;
}

function expected(languageId: string, text: string, end: number): string[] {
  const whole = { text, below: '', start: 0, languageId };
  const closers = automaticClosers(whole);
  const states: string[] = [];
  for (let at = 1; at <= end; at++) {
    if (text.charAt(at - 1) === '\n') at += /^ */.exec(text.slice(at))?.[0].length ?? 0;
    states.push(text.slice(0, at) + textOf(standingClosers(whole, closers, at)));
  }
  return states;
}

describe('VS Code closes brackets and quotes as replays have it', () => {
  const settings = () => vscode.workspace.getConfiguration('editor');
  const set = (value: boolean | undefined) =>
    settings().update('acceptSuggestionOnCommitCharacter', value, true);
  // A bracket would take what the editor's own list happens to offer.
  before(() => set(false));
  after(() => set(undefined));

  for (const [languageId, marked] of texts) {
    it(`${languageId}: ${marked}`, async () => {
      const text = marked.replace('█', '');
      const end = marked.indexOf('█');
      const wanted = expected(languageId, text, end);
      let found: string[] = [];
      // Until the language's grammar is there, nothing is known to be a string.
      for (let attempt = 0; attempt < 4 && found.join('\0') !== wanted.join('\0'); attempt++) {
        if (attempt > 0) await new Promise((resolve) => setTimeout(resolve, 2_000));
        found = await typed(languageId, text, end);
      }
      assert.deepEqual(found, wanted);
    });
  }
});
