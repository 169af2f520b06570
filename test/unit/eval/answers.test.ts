import * as fs from 'node:fs';
import * as path from 'node:path';
import { expect, test } from 'vitest';
import { type Answer, AnswerFile, codeKey } from '../../../tools/eval/answers';
import { temporaryFolder } from '../../helpers/temporaryFolder';

const answer = (cut: string, more: Partial<Answer> = {}): Answer => ({
  key: 'k1',
  package: 'shop',
  cut,
  kind: 'midLine',
  row: 'copied',
  target: 'x',
  text: 'x',
  latencyMs: 1,
  candidates: [],
  ...more,
});

test('what was answered is known again when the file is opened anew', async () => {
  const file = path.join(await temporaryFolder(), 'deep', 'answers.jsonl');
  new AnswerFile(file).add(answer('a:1:1'));
  const again = new AnswerFile(file);
  expect(again.has(answer('a:1:1'))).toBe(true);
  expect(again.has(answer('a:1:2'))).toBe(false);
  for (const other of [{ key: 'k2' }, { package: 'toys' }, { row: 'syntax' }])
    expect(again.has(answer('a:1:1', other))).toBe(false);
  again.add(answer('b:1:1', { key: 'k2' }));
  expect(again.of('k1')).toEqual([answer('a:1:1')]);
  expect(again.newestKey(() => true)).toBe('k2');
  expect(again.newestKey(({ cut }) => cut === 'a:1:1')).toBe('k1');
  expect(again.newestKey(() => false)).toBeUndefined();
});

test('a line that a kill cut off is answered again, and nothing else', async () => {
  const file = path.join(await temporaryFolder(), 'answers.jsonl');
  const first = new AnswerFile(file);
  first.add(answer('é:1:1'));
  first.add(answer('b:1:1'));
  fs.truncateSync(file, fs.statSync(file).size - 20);
  const again = new AnswerFile(file);
  expect(again.of('k1').map(({ cut }) => cut)).toEqual(['é:1:1']);
  again.add(answer('c:1:1'));
  expect(new AnswerFile(file).of('k1').map(({ cut }) => cut)).toEqual(['é:1:1', 'c:1:1']);
});

test('the key changes with the code that answers, and not with what is ignored', async () => {
  const root = await temporaryFolder();
  const write = (file: string, text: string) => {
    fs.mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    fs.writeFileSync(path.join(root, file), text);
  };
  write('src/completion/trim.ts', 'one');
  write('src/completion/score.ts', 'one');
  const before = codeKey(root, [], 'model');
  const unscored = codeKey(root, ['src/completion/score.ts'], 'model');
  write('src/completion/score.ts', 'two');
  expect(codeKey(root, [], 'model')).not.toBe(before);
  expect(codeKey(root, ['src/completion/score.ts'], 'model')).toBe(unscored);
  expect(codeKey(root, ['src/completion/score.ts'], 'other')).not.toBe(unscored);
});
