/** Recorded sessions in front of brackets and quotes that the editor closed by itself. */
import { expect, test } from 'vitest';
import { EditSession, type Step } from '../../helpers/editSession';

interface Recording {
  readonly source: string;
  readonly steps: readonly Step[];
  /** The document after them, `█` where the cursor is. */
  readonly text: string;
  readonly facts: readonly string[];
}

const parameters = 'beds: readonly Bed[], today: Date): Task[] {';
const callback = 'withServer, async (t, server) => {';
const body = '\n  return 1;\n}';

const recordings: Readonly<Record<string, Recording>> = {
  'a parameter list taken whole': {
    source: 'function due(█)\n',
    steps: [['suggest', parameters], ['wait', 800], 'accept', ['wait', 15_000]],
    text: `function due(${parameters}█\n`,
    facts: [
      'accepted #0, 44 taken, 800 ms',
      `settled ${JSON.stringify(parameters)}`,
      '15 s: 1 present',
    ],
  },
  'a parameter list typed, with what the editor closes on the way': {
    source: 'function due(█)\n',
    steps: [
      ['suggest', parameters],
      ['wait', 800],
      ['type', 'beds: readonly Bed'],
      ['key', '[]', 1],
      'overtype',
      ['type', ', today: Date'],
      'overtype',
      ['type', ': Task'],
      ['key', '[]', 1],
      'overtype',
      ['type', ' '],
      ['key', '{}', 1],
      ['wait', 15_000],
    ],
    text: `function due(${parameters}█}\n`,
    facts: [
      'typedThrough #0, 44 taken, 800 ms',
      `settled ${JSON.stringify(parameters)}`,
      '15 s: 1 present',
    ],
  },
  'a parameter list taken by words, over the closer': {
    source: 'function due(█)\n',
    steps: [['suggest', 'a: B): C {'], ['wait', 800], ...words(6), ['wait', 15_000]],
    text: 'function due(a: B): C {█\n',
    facts: ['accepted #0, 10 taken, 800 ms', 'settled "a: B): C {"', '15 s: 1 present'],
  },
  'a parameter list taken in part, then sent away': {
    source: 'function due(█)\n',
    steps: [['suggest', 'a: B): C {'], ['wait', 800], ...words(3), 'esc', ['wait', 15_000]],
    text: 'function due(a: B█)\n',
    facts: ['partial #0, 4 taken, 800 ms', 'settled "a: B)"', '15 s: 1 present'],
  },
  'a parameter list taken whole and undone': {
    source: 'function due(█)\n',
    steps: [['suggest', parameters], ['wait', 800], 'accept', 'undo', ['wait', 15_000]],
    text: 'function due()█\n',
    facts: ['accepted #0, 44 taken, 800 ms', 'settled ""', '15 s: 0 undone'],
  },
  'a parameter list sent away, and another written over the closer': {
    source: 'function due(█)\n',
    steps: [
      ['suggest', parameters],
      ['wait', 800],
      'esc',
      ['type', 'plants'],
      'overtype',
      ['type', ' {'],
      ['wait', 15_000],
    ],
    text: 'function due(plants) {█\n',
    facts: ['dismissed #0, 0 taken, 800 ms', 'settled "plants) {"'],
  },
  'a parameter list sent away, and nothing written': {
    source: 'function due(█)\n',
    steps: [['suggest', parameters], ['wait', 800], 'esc', ['wait', 15_000]],
    text: 'function due(█)\n',
    facts: ['dismissed #0, 0 taken, 800 ms'],
  },
  'silence, and a parameter list written over the closer': {
    source: 'function due(█)\n',
    steps: [
      ['silent', parameters],
      ['wait', 800],
      ['type', 'a'],
      'overtype',
      ['type', ' {'],
      ['wait', 15_000],
    ],
    text: 'function due(a) {█\n',
    facts: ['settled "a) {"'],
  },
  'silence, and nothing written': {
    source: 'function due(█)\n',
    steps: [
      ['silent', parameters],
      ['wait', 800],
      ['wait', 15_000],
    ],
    text: 'function due(█)\n',
    facts: [],
  },
  'the closer typed over where the text goes on': {
    source: 'function due(█)\n',
    steps: [['suggest', parameters], ['wait', 800], ['type', 'beds'], 'overtype'],
    text: 'function due(beds)█\n',
    facts: ['typedAgainst #0, 4 taken, 800 ms'],
  },
  'a callback taken whole': {
    source: "a();\ntest('x', █)\n",
    steps: [
      ['suggest', callback],
      ['wait', 800],
      'accept',
      ['type', 't.pass();'],
      ['wait', 15_000],
    ],
    text: `a();\ntest('x', ${callback}\n  t.pass();█\n});\n`,
    facts: [
      `accepted #0, ${callback.length} taken, 800 ms`,
      `settled ${JSON.stringify(callback)}`,
      '15 s: 1 present',
    ],
  },
  'the body of a block taken whole': {
    source: 'function due() {█}\n',
    steps: [['suggest', body], ['wait', 800], 'accept', ['wait', 15_000]],
    text: `function due() {${body}█\n`,
    facts: [
      `accepted #0, ${body.length} taken, 800 ms`,
      `settled ${JSON.stringify(body)}`,
      '15 s: 1 present',
    ],
  },
  'the body of a block typed': {
    source: 'function due() {█}\n',
    steps: [
      ['suggest', body],
      ['wait', 800],
      ['key', '\n  \n', 1],
      ['type', 'return 1;'],
    ],
    text: 'function due() {\n  return 1;█\n}\n',
    facts: [`typedThrough #0, ${body.length} taken, 800 ms`],
  },
  'the first line of a block taken whole': {
    source: 'function due() {█}\n',
    steps: [['suggest', '\n  const now = 1;'], ['wait', 800], 'accept', ['type', '\n']],
    text: 'function due() {\n  const now = 1;\n█\n}\n',
    facts: ['accepted #0, 17 taken, 800 ms'],
  },
  'the rest of a string and of its call typed over': {
    source: "load('█')\n",
    steps: [
      ['suggest', "beds', 3);"],
      ['wait', 800],
      ['type', 'beds'],
      'overtype',
      ['type', ', 3'],
      'overtype',
      ['type', ';'],
    ],
    text: "load('beds', 3);█\n",
    facts: ['typedThrough #0, 10 taken, 800 ms'],
  },
  'a candidate that was cycled to, taken whole': {
    source: 'load(█)\n',
    steps: [['suggest', 'a, b);', 'c);'], ['wait', 800], ['cycle', 1], 'accept'],
    text: 'load(c);█\n',
    facts: ['accepted #1, 3 taken, 0 ms'],
  },
  'a text in a document with Windows line ends': {
    source: 'function due() {█}\r\nb();\r\n',
    steps: [['suggest', '\r\n  return 1;\r\n}'], ['wait', 800], 'accept'],
    text: 'function due() {\r\n  return 1;\r\n}█\r\nb();\r\n',
    facts: ['accepted #0, 16 taken, 800 ms'],
  },
};

function words(count: number): Step[] {
  return Array.from({ length: count }, () => 'acceptWord');
}

test.each(Object.entries(recordings))('%s', (_, { source, steps, text, facts }) => {
  const session = new EditSession(source).play(steps);
  const { text: now = '', cursor } = session;
  expect(`${now.slice(0, cursor)}█${now.slice(cursor)}`).toBe(text);
  expect(session.facts).toEqual(facts);
  session.tracker.dispose();
  expect(session.clock.pending).toBe(0);
});
