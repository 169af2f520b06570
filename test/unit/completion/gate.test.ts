import { describe, expect, test } from 'vitest';
import { buildContext } from '../../../src/completion/context';
import { gate, type SilentReason } from '../../../src/completion/gate';
import type { Settings, Trigger } from '../../../src/types';
import { documentAtCursor } from '../../helpers/documentAtCursor';

const settings = { enabled: true, languages: {}, suggestInComments: false };

interface Options {
  readonly languageId?: string;
  readonly trigger?: Trigger;
  readonly settings?: Partial<Settings>;
}

function check(marked: string, expected: SilentReason | undefined, options: Options = {}) {
  const { languageId = 'typescript', trigger = 'automatic' } = options;
  const document = documentAtCursor(marked, { languageId });
  const context = buildContext(document, 'auto');
  const reason = gate(document, context, trigger, { ...settings, ...options.settings });
  expect(reason, marked).toBe(expected);
}

test('an ordinary place is open', () => {
  check('const a = █', undefined);
  check('const a = f(█);', undefined);
});

describe('the settings are kept, even on request', () => {
  test('for all languages', () => {
    check('const a = █', 'off', { settings: { enabled: false }, trigger: 'invoked' });
  });

  test('and for one', () => {
    check('a: █', 'languageOff', { languageId: 'yaml', settings: { languages: { yaml: false } } });
    check('a: █', undefined, { languageId: 'yaml', settings: { languages: { json: false } } });
    const only = { settings: { languages: { '*': false, python: true } } };
    check('a = █', 'languageOff', only);
    check('a = █', undefined, { ...only, languageId: 'python' });
  });
});

test('nothing is suggested within a word unless it is asked for', () => {
  check('const va█lue', 'insideWord');
  check('const va█é', 'insideWord');
  check('const va█lue', undefined, { trigger: 'invoked' });
});

test('nothing is suggested within one character', () => {
  const document = documentAtCursor('const a = "😀█";');
  const inside = { ...document, offset: document.offset - 1 };
  expect(gate(inside, buildContext(inside, 'auto'), 'invoked', settings)).toBe('insideCharacter');
});

test('comments are left alone unless the setting says otherwise', () => {
  check('// this is █', 'insideComment');
  check('const a = 1; /* this is █', 'insideComment');
  check('/**\n * This is █\n */', 'insideComment');
  check(`${'x = 1;\n'.repeat(600)} * out of sight █`, 'insideComment');
  check(`\`${'it is text\n'.repeat(200)}\`\n  // this is █`, 'insideComment');
  check('/* this is */ const a = █', undefined);
  check('# this is █', 'insideComment', { languageId: 'python' });
  check('// this is █', undefined, { settings: { suggestInComments: true } });
  check('const url = "https://█', undefined);
});

test('a finished statement is left alone', () => {
  check('const a = 1;█', 'statementEnds');
  check('const a = 1; █', 'statementEnds');
  check('for (let i = 0;█', undefined);
  check('for (let i = 0;█)', undefined);
  check('const a = 1;█', undefined, { trigger: 'invoked' });
});
