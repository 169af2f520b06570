import { describe, expect, test } from 'vitest';
import type { Inquiry } from '../../../src/completion/inquire';
import { commands } from '../../../src/contributions';
import { whyOff, whyText } from '../../../src/editor/whyText';

const shown: Inquiry = {
  silence: undefined,
  candidates: [],
  shownIndex: null,
  rejected: [],
  threshold: 0.0625,
  hasModel: true,
};

/** Each entry in one line, groups with a rule before them. */
function lines(inquiry: Partial<Inquiry>): string[] {
  return whyText({ ...shown, ...inquiry }).map((entry) => {
    if (entry.kind === 'group') return `-- ${entry.label}`;
    if (entry.kind === 'action')
      return [entry.label, '->', entry.command, entry.argument].filter(Boolean).join(' ');
    return entry.description === undefined ? entry.label : `${entry.label} | ${entry.description}`;
  });
}

/** A text of the length that the threshold is for. */
const usual = 'a'.repeat(31);

const suggestNow = `$(lightbulb) Suggest now -> ${commands.suggest}`;

describe('why nothing here?', () => {
  test.each<[string, Partial<Inquiry>, readonly string[]]>([
    [
      'a place where the gate is closed',
      { silence: { kind: 'gate', reason: 'statementEnds' } },
      ['$(info) The statement ends here.', suggestNow],
    ],
    [
      'a comment, which a setting leaves out',
      { silence: { kind: 'gate', reason: 'insideComment' } },
      [
        '$(info) Suggestions in comments are off.',
        '$(lightbulb) Open the setting -> hone.openSettings suggestInComments',
        suggestNow,
      ],
    ],
    [
      'nothing proposed',
      { silence: { kind: 'nothing' } },
      ['$(info) Nothing was proposed that fits here.'],
    ],
    [
      'nothing proposed while the model loads',
      { silence: { kind: 'nothing' }, hasModel: false },
      [
        '$(info) Nothing was proposed that fits here.',
        '$(loading) The model is not ready: only copied text was looked at.',
      ],
    ],
    [
      'a candidate that is not sure enough, and what was left out',
      {
        silence: { kind: 'unsure', score: 0.03, threshold: 0.0625 },
        candidates: [{ text: 'a();\n  b();', source: 'copied', score: 0.03 }],
        rejected: [
          { text: 'c', source: 'greedy', why: 'refused' },
          { text: 'd', source: 'listed', why: 'unlisted' },
          { text: ')', source: 'sampled', why: 'unfit' },
        ],
      },
      [
        '$(info) The best candidate is not sure enough for its length: 0.03 of 0.063.',
        suggestNow,
        '$(lightbulb) Open the setting -> hone.openSettings eagerness',
        '-- Shown from 0.063 on',
        '$(eye-closed) a(); ⏎ b(); | 0.01, copied from your code',
        '-- Left out',
        '$(close) c | you dismissed it here, generated',
        '$(close) d | no such member, from the language server',
        '$(close) ) | does not fit here, generated',
      ],
    ],
    [
      'a draw',
      { silence: { kind: 'drawn' } },
      ['$(info) A candidate was withheld at random, to learn whether that was right.', suggestNow],
    ],
    [
      'a place with a suggestion',
      { candidates: [{ text: usual, source: 'greedy', score: 0.5 }], shownIndex: 0 },
      [
        '$(check) There is a suggestion for this place.',
        suggestNow,
        '-- Shown from 0.063 on',
        `$(eye) ${usual} | 0.5, generated`,
      ],
    ],
  ])('at %s', (_, inquiry, expected) => {
    expect(lines(inquiry)).toEqual(expected);
  });

  test('code that looks like an icon stays code', () => {
    const candidates = [{ text: '$(check)', source: 'greedy', score: 0.5 }] as const;
    expect(lines({ candidates }).at(-1)).toMatch(/^\$\(eye-closed\) \\\$\(check\) \| /);
  });

  test('where Hone is off it tells the reason and the ways out', () => {
    const off = {
      ...{ word: 'off', sentence: 'Suggestions are off everywhere.' },
      actions: [{ label: 'Enable suggestions', command: commands.enable }],
    };
    expect(whyOff(off)).toEqual([
      { kind: 'fact', label: '$(circle-slash) Suggestions are off everywhere.' },
      { kind: 'action', label: '$(lightbulb) Enable suggestions', command: commands.enable },
    ]);
  });
});
