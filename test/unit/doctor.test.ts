import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { diagnose, type Finding, formatFindings } from '../../src/doctor';
import { copyGrammars } from '../../tools/grammars.mjs';
import { sampleHistory } from '../helpers/sampleEvents';
import { openStoreForTests, recordAll } from '../helpers/storeForTests';
import { temporaryFolder } from '../helpers/temporaryFolder';
import { makeTinyModel } from '../helpers/tinyModel';

const silent = () => undefined;
const logger = { debug: silent, info: silent, warn: silent, error: silent };

/** What is said of each of the subjects, after `without` was taken from where all is well. */
async function check(without: string, expected: readonly Partial<Finding>[]) {
  const folder = await temporaryFolder();
  const modelDirectory = path.join(folder, 'model');
  const grammarDirectory = path.join(folder, 'grammars');
  await makeTinyModel(modelDirectory);
  copyGrammars(grammarDirectory);
  if (without !== '') await rm(path.join(folder, without), { recursive: true });
  const found = await diagnose({ modelDirectory, grammarDirectory, database: undefined, logger });
  const asked = expected.map(({ subject }) => found.find((each) => each.subject === subject));
  expect(asked).toMatchObject(expected);
}

const message = (text: string): string => expect.stringContaining(text) as string;

describe('a doctor', () => {
  test('says what is there where nothing is wrong', () =>
    check('', [
      { subject: 'node', state: 'fine' },
      { subject: 'model', state: 'fine', message: message('tiny@00000000, 8bit, format ') },
      { subject: 'engine', state: 'fine', message: message('continues "return "') },
      { subject: 'training', state: 'fine', message: message(' MB of memory') },
      { subject: 'grammars', state: 'fine', message: message('syntax of 14 languages') },
    ]));

  test('says what was learned, and how to mend a reward model that is damaged', async () => {
    const folder = await temporaryFolder();
    const modelDirectory = path.join(folder, 'model');
    const learned = path.join(folder, 'learned');
    await makeTinyModel(modelDirectory);
    const look = async (): Promise<Finding | undefined> => {
      const others = { grammarDirectory: folder, database: undefined, logger };
      const found = await diagnose({ modelDirectory, learned, ...others });
      return found.find(({ subject }) => subject === 'learned');
    };
    expect(await look()).toMatchObject({
      state: 'fine',
      message: message('the original model is in use; 0 versions were made'),
    });
    await mkdir(learned);
    await writeFile(path.join(learned, 'reward.json'), '{');
    expect(await look()).toMatchObject({ state: 'broken', message: message('Delete it') });
  });

  test('says what the databases hold that were found, and mends none of them', async () => {
    const { store, file } = await openStoreForTests();
    await recordAll(store, sampleHistory(0, 'accepted'));
    const damaged = path.join(await temporaryFolder(), 'feedback.db');
    await writeFile(damaged, 'no database at all, and long enough to be taken for one '.repeat(9));
    const before = await readFile(damaged, 'utf8');
    const found = await diagnose({
      ...{ modelDirectory: damaged, grammarDirectory: damaged, database: undefined, logger },
      found: [file, damaged],
    });
    expect(found.filter(({ subject }) => subject === 'database')).toMatchObject([
      { state: 'fine', message: `1 suggestion in ${file}` },
      { state: 'broken', message: message(damaged) },
    ]);
    expect(await readFile(damaged, 'utf8')).toBe(before);
  });

  test('names the grammar that is missing, and looks at the rest', () =>
    check('grammars/tree-sitter-go.wasm', [
      { subject: 'grammars', state: 'broken', message: message('tree-sitter-go.wasm cannot be') },
      { subject: 'model', state: 'fine' },
    ]));

  test('says how to get a model that is missing, and looks at the rest', () =>
    check('model', [
      { subject: 'model', state: 'broken', message: message('Import it first') },
      { subject: 'training', state: 'broken', message: message('Import it first') },
      { subject: 'grammars', state: 'fine' },
    ]));

  test('begins what is wrong with FAIL', () => {
    const text = formatFindings([
      { subject: 'node', state: 'fine', message: '20' },
      { subject: 'model', state: 'broken', message: 'gone' },
    ]);
    expect(text).toBe(' ok   node: 20\nFAIL  model: gone');
  });
});
