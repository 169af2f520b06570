import fc from 'fast-check';
import { expect, test } from 'vitest';
import { promptText } from '../../../src/feedback/trainingRows';
import { readSpelledPrompt } from '../../../src/training/spelledPrompt';
import { sampleSuggestion } from '../../helpers/sampleEvents';

const plain = { repository: '', path: '', snippets: [] };

test.each([0, 1, 2])('what an export spells out is read back, sample %i', (n) => {
  const { context } = sampleSuggestion(n);
  expect(readSpelledPrompt(promptText(context))).toEqual({
    repository: context.repository,
    path: context.path,
    snippets: context.snippets.map(({ path, text }) => ({ path, text })),
    text: context.prefix,
  });
});

test('a file outside any repository is read back too', () => {
  const prompt = '<file_sep>a.ts\nlet a;\n<file_sep>b.ts\nlet b';
  expect(readSpelledPrompt(prompt)).toEqual({
    repository: '',
    path: 'b.ts',
    snippets: [{ path: 'a.ts', text: 'let a;' }],
    text: 'let b',
  });
});

test('any other text stays as it is', () => {
  for (const text of [
    '',
    'const a = 1;',
    'split("<file_sep>")\nlet',
    '<repo_name>x',
    '<file_sep>a',
  ])
    expect(readSpelledPrompt(text)).toEqual({ ...plain, text });
});

/** Text full of what looks like marks, whole, escaped and in parts. */
const piece = fc.constantFrom(
  ...['<file_sep>', '<repo_name>', '<fim_middle>', '<|endoftext|>', '<\\file_sep>', '<', '\\', '>'],
  ...['file_sep>', '|', ' ', '\n', '\r\n', 'a.ts', '🌱'],
);
const text = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''));
const name = text.map((spelled) => spelled.replace(/[\r\n]/g, ''));

const kindOfSnippet = 'declaration' as const;

test('whatever the user wrote is read back exactly, marks and all', () => {
  const snippet = fc.record({ path: name, text });
  const told = fc.record({ repository: name, path: name, snippets: fc.array(snippet), text });
  fc.assert(
    fc.property(told, ({ text: prefix, ...rest }) => {
      const snippets = rest.snippets.map((each) => ({ ...each, kind: kindOfSnippet }));
      const context = { ...sampleSuggestion(0).context, ...rest, snippets, prefix };
      expect(readSpelledPrompt(promptText(context))).toEqual({ ...rest, text: prefix });
    }),
    { seed: 1, numRuns: 1000 },
  );
});

test('nothing that the user wrote is a mark in an export', () => {
  const prefix = 'split("<file_sep>") + "<|im_end|>"';
  const context = { ...sampleSuggestion(0).context, snippets: [], path: 'a.ts', prefix };
  expect(promptText({ ...context, repository: '' })).toBe(
    '<file_sep>a.ts\nsplit("<\\file_sep>") + "<\\|im_end|>"',
  );
});

test('ordinary text is exported as it is', () => {
  const prefix =
    'if (a < b && c > d) html = "<b>x</b>" + "C:\\\\dir" + f<T>(x) // <filename> <|> \\<';
  const context = { ...sampleSuggestion(0).context, snippets: [], path: 'a.ts', prefix };
  expect(promptText({ ...context, repository: 'shop' })).toBe(
    `<repo_name>shop<file_sep>a.ts\n${prefix}`,
  );
});
