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
