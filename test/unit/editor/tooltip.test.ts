import { expect, test } from 'vitest';
import { tooltipMarkdown } from '../../../src/editor/tooltip';

test('a tooltip has a title, sentences and links, and names the commands that it links', () => {
  expect(
    tooltipMarkdown({
      title: 'Hone: off for Markdown',
      sentences: ['Suggestions are off.'],
      actions: [
        { label: 'Enable for Markdown', command: 'hone.enableLanguage' },
        { label: 'Open the setting', command: 'hone.openSettings', argument: 'languages' },
      ],
    }),
  ).toEqual({
    value: [
      '**Hone: off for Markdown**',
      'Suggestions are off\\.',
      '[Enable for Markdown](command:hone.enableLanguage) · ' +
        '[Open the setting](command:hone.openSettings?%5B%22languages%22%5D)',
    ].join('\n\n'),
    commands: ['hone.enableLanguage', 'hone.openSettings'],
  });
});

test('without actions there are no links, and nothing is trusted', () => {
  const { value, commands } = tooltipMarkdown({ title: 'Hone', sentences: [], actions: [] });
  expect(value).toBe('**Hone**');
  expect(commands).toEqual([]);
});

test.each([
  '[a](command:workbench.action.quit)',
  '<img src=x>',
  '**bold** _text_ `code`',
  '$(warning) no icon',
])('%s in a sentence is text', (sentence) => {
  const { value } = tooltipMarkdown({ title: 'Hone', sentences: [sentence], actions: [] });
  expect(value).not.toContain(sentence);
  expect(value.replace(/\\(.)/g, '$1')).toContain(sentence);
});

test('an argument cannot end its link', () => {
  const actions = [{ label: 'Open', command: 'hone.openSettings', argument: 'a) [b](c' }];
  const { value } = tooltipMarkdown({ title: 'Hone', sentences: [], actions });
  expect(value.match(/\)/g)).toHaveLength(1);
});
