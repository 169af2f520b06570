/**
 * Lists of names as the editor's own language servers give them, here a completion provider that is
 * told what to answer and when: quick, slow, for another text, or with ten thousand entries.
 */
import * as assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { LanguageList } from '../../../src/completion/languageList';
import { EditorLanguageServer } from '../../../src/editor/languageServer';
import { systemClock as clock } from '../../../src/util/clock';

const quiet = () => undefined;
const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet };
const never = new AbortController().signal;
const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** How the provider answers, and how often it has been asked. */
let answer: () => Promise<vscode.CompletionList>;
let asked = 0;
let subscription: vscode.Disposable;
let server: EditorLanguageServer;

function items(kind: vscode.CompletionItemKind, ...names: readonly string[]) {
  return names.map((name) => new vscode.CompletionItem(name, kind));
}

const methods = (...names: readonly string[]) =>
  new vscode.CompletionList(items(vscode.CompletionItemKind.Method, ...names));

/** Makes the provider slower than anyone waits; it answers when the function returned is called. */
function answerLater(): (list: vscode.CompletionList) => void {
  let give: (list: vscode.CompletionList) => void = () => undefined;
  const later = new Promise<vscode.CompletionList>((resolve) => (give = resolve));
  answer = () => later;
  return (list) => give(list);
}

/** An open document that ends with the cursor, in a language whose members are closed. */
async function open(content: string): Promise<vscode.TextDocument> {
  return vscode.workspace.openTextDocument({ language: 'go', content });
}

async function edit(document: vscode.TextDocument, at: vscode.Position, text: string) {
  const change = new vscode.WorkspaceEdit();
  change.insert(document.uri, at, text);
  await vscode.workspace.applyEdit(change);
}

const endOf = (document: vscode.TextDocument) => document.lineAt(document.lineCount - 1).range.end;

function ask(document: vscode.TextDocument, signal = never): Promise<LanguageList | undefined> {
  const position = endOf(document);
  return server.at(document, position).list(
    {
      uri: document.uri.toString(),
      path: 'main.go',
      repository: '',
      languageId: document.languageId,
      text: document.getText(),
      offset: document.offsetAt(position),
    },
    signal,
  );
}

/** The first answers take longer than anyone waits: the editor has to load for them. */
async function patiently(document: vscode.TextDocument): Promise<LanguageList | undefined> {
  for (let left = 100; left > 0; left--) {
    const list = await ask(document);
    if (list !== undefined) return list;
    await sleep(100);
  }
  return undefined;
}

const names = (list: LanguageList | undefined) => list?.items.map(({ name }) => name).sort();

describe('the list of a language server', () => {
  before(async () => {
    subscription = vscode.languages.registerCompletionItemProvider(
      { language: 'go' },
      {
        provideCompletionItems(): Promise<vscode.CompletionList> {
          asked += 1;
          return answer();
        },
      },
    );
    answer = () => Promise.resolve(methods('Warm'));
    server = new EditorLanguageServer({ clock, logger });
    await patiently(await open('warm.'));
  });

  after(() => {
    subscription.dispose();
  });

  beforeEach(() => {
    server = new EditorLanguageServer({ clock, logger });
    asked = 0;
  });

  it('is asked for once in a word, and holds for all of it', async () => {
    answer = () => Promise.resolve(methods('Grow', 'Water'));
    const document = await open('plant.');
    const first = await patiently(document);
    assert.deepEqual(names(first), ['Grow', 'Water']);
    assert.deepEqual(
      [first?.kind, first?.complete, first?.word],
      ['members', true, { start: 6, typed: '' }],
    );
    await edit(document, endOf(document), 'G');
    await edit(document, endOf(document), 'r');
    const later = await ask(document);
    assert.deepEqual(names(later), ['Grow', 'Water']);
    assert.deepEqual(later?.word, { start: 6, typed: 'Gr' });
    assert.equal(asked, 1);
  });

  it('is not waited for when it is slow, and serves the next key in the word', async () => {
    const give = answerLater();
    const document = await open('plant.');
    assert.equal(await ask(document), undefined);
    await edit(document, endOf(document), 'G');
    assert.equal(await ask(document), undefined);
    give(methods('Grow'));
    assert.deepEqual(names(await patiently(document)), ['Grow']);
    assert.equal(asked, 1);
  });

  it('is not asked for while an answer for another word is awaited', async () => {
    const give = answerLater();
    const document = await open('plant.');
    await ask(document);
    await edit(document, endOf(document), 'Grow().');
    assert.equal(await ask(document), undefined);
    assert.equal(asked, 1);
    give(methods('Grow'));
    answer = () => Promise.resolve(methods('Harvest'));
    assert.deepEqual(names(await patiently(document)), ['Harvest']);
  });

  it('is thrown away once something else has changed', async () => {
    answer = () => Promise.resolve(methods('Grow'));
    const document = await open('var plant Fern\nplant.');
    await patiently(document);
    await edit(document, new vscode.Position(0, 14), 'y');
    answer = () => Promise.resolve(methods('Wither'));
    assert.deepEqual(names(await patiently(document)), ['Wither']);
    assert.equal(asked, 2);
  });

  it('of ten thousand entries is cut short, and then is not all there is', async () => {
    answer = () =>
      Promise.resolve(methods(...Array.from({ length: 10_000 }, (_, i) => `Member${i}`)));
    const list = await patiently(await open('plant.'));
    assert.equal(list?.items.length, 5000);
    assert.equal(list?.complete, false);
  });

  it('is all there is only where the server is sure of that', async () => {
    const { Method, Text, Snippet } = vscode.CompletionItemKind;
    const answers: readonly [vscode.CompletionList, boolean][] = [
      [new vscode.CompletionList(items(Method, 'Grow'), true), false],
      [new vscode.CompletionList([...items(Method, 'Grow'), ...items(Text, 'guess')]), false],
      [new vscode.CompletionList([...items(Method, 'Grow'), ...items(Snippet, 'for')]), true],
    ];
    for (const [given, complete] of answers) {
      answer = () => Promise.resolve(given);
      const list = await patiently(await open('plant.'));
      assert.deepEqual([names(list), list?.complete], [['Grow'], complete]);
    }
  });

  it('takes plain names out of labels, and of names in scope those that need no import', async () => {
    const { Function: function_ } = vscode.CompletionItemKind;
    const signature = new vscode.CompletionItem('grow(days int) Plant', function_);
    const filtered = new vscode.CompletionItem('• growing', function_);
    filtered.filterText = '.growing';
    const elsewhere = new vscode.CompletionItem(
      { label: 'growAll', description: 'garden' },
      function_,
    );
    const odd = new vscode.CompletionItem('grow-bed', function_);
    const given = new vscode.CompletionList([signature, filtered, elsewhere, odd]);
    answer = () => Promise.resolve(given);
    assert.deepEqual(names(await patiently(await open('gro'))), ['grow', 'growing']);
  });

  it('is silence after an error, and rejects when nobody wants it any more', async () => {
    answer = () => Promise.reject(new Error('The server has ended.'));
    assert.equal(await ask(await open('plant.')), undefined);
    answer = () => sleep(100).then(() => methods('Grow'));
    const abort = new AbortController();
    server = new EditorLanguageServer({ clock, logger });
    const list = ask(await open('plant.'), abort.signal);
    abort.abort();
    await assert.rejects(list, { name: 'AbortError' });
  });
});
