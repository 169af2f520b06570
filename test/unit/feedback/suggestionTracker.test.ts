/** Recorded edit sessions: what a person did, and the facts that must come of it. */
import { describe, expect, it } from 'vitest';
import { EditSession, type Step } from '../../helpers/editSession';

interface Recording {
  readonly source: string;
  readonly steps: readonly Step[];
  readonly facts: readonly string[];
}

/** Plays a session, and checks what must hold of any: one outcome, order, no timer left. */
function check({ source, steps, facts }: Recording): void {
  const session = new EditSession(source).play(steps);
  expect(session.facts).toEqual(facts);
  session.tracker.dispose();
  expect(session.clock.pending).toBe(0);

  const shown = new Set(
    session.events.flatMap((e) => (e.kind === 'shown' ? [e.suggestionId] : [])),
  );
  for (const id of shown) {
    const kinds = session.events.flatMap((e) =>
      e.kind === 'suggestion'
        ? e.suggestion.id === id
          ? ['suggestion']
          : []
        : e.suggestionId === id
          ? [e.kind]
          : [],
    );
    expect(kinds.indexOf('suggestion')).toBe(0);
    expect(kinds.indexOf('shown')).toBe(1);
    expect(kinds).toContain('outcome');
  }
  const times = session.events.flatMap((e) => (e.kind === 'suggestion' ? [] : [e.timeMs]));
  expect(times).toEqual(times.toSorted((a, b) => a - b));
}

const sessions = (recordings: Readonly<Record<string, Recording>>) => {
  for (const [name, recording] of Object.entries(recordings)) it(name, () => check(recording));
};

const source = 'const x = █;\nnext();\n';
const above = 'first();\nconst x = █;\nnext();\n';
/** More lines than are compared one by one. */
const long = `${Array.from({ length: 400 }, (_, n) => `line${n}();\n`).join('')}const x = █;\n`;

describe('the eight outcomes', () => {
  sessions({
    'accepted is told by the change, and the command that follows adds nothing': {
      source,
      steps: [['suggest', 'foo(bar)'], ['wait', 900], 'accept'],
      facts: ['accepted #0, 8 taken, 900 ms'],
    },
    'accepted counts even before it was visible long enough to be seen': {
      source,
      steps: [['suggest', 'foo(bar)'], ['wait', 100], 'accept'],
      facts: ['accepted #0, 8 taken, 100 ms'],
    },
    'accepted after some of it was typed is still accepted whole': {
      source,
      steps: [['suggest', 'foo(bar)'], ['wait', 100], ['type', 'fo'], 'accept'],
      facts: ['accepted #0, 8 taken, 100 ms'],
    },
    'typed through to the last character': {
      source,
      steps: [
        ['suggest', 'foo()'],
        ['wait', 100],
        ['type', 'foo()'],
      ],
      facts: ['typedThrough #0, 5 taken, 100 ms'],
    },
    'partly accepted word by word, then left': {
      source,
      steps: [['suggest', 'foo(bar)'], ['wait', 900], 'acceptWord', 'acceptWord', ['move', 0]],
      facts: ['partial #0, 4 taken, 900 ms'],
    },
    'partly accepted, then dismissed, is partial': {
      source,
      steps: [['suggest', 'foo(bar)'], ['wait', 900], 'acceptWord', 'esc'],
      facts: ['partial #0, 3 taken, 900 ms'],
    },
    'accepted word by word to its end is accepted': {
      source,
      steps: [
        ['suggest', 'foo(bar)'],
        ['wait', 900],
        'acceptWord',
        'acceptWord',
        'acceptWord',
        'acceptWord',
      ],
      facts: ['accepted #0, 8 taken, 900 ms'],
    },
    'dismissed with Esc after being seen': {
      source,
      steps: [['suggest', 'foo(bar)'], ['wait', 750], 'esc'],
      facts: ['dismissed #0, 0 taken, 750 ms'],
    },
    'typed against after being seen': {
      source,
      steps: [
        ['suggest', 'foo(bar)'],
        ['wait', 800],
        ['type', 'q'],
      ],
      facts: ['typedAgainst #0, 0 taken, 800 ms'],
    },
    'typed against counts what agreed before': {
      source,
      steps: [
        ['suggest', 'foo(bar)'],
        ['wait', 800],
        ['type', 'foq'],
      ],
      facts: ['typedAgainst #0, 2 taken, 800 ms'],
    },
    'superseded by the next suggestion while typing on': {
      source,
      steps: [
        ['suggest', 'foo(bar)'],
        ['wait', 800],
        ['type', 'f'],
        ['suggest', 'oo(baz)'],
      ],
      facts: ['superseded #0, 1 taken, 800 ms'],
    },
    'left when the cursor goes elsewhere': {
      source,
      steps: [
        ['suggest', 'foo(bar)'],
        ['wait', 800],
        ['move', 3],
      ],
      facts: ['left #0, 0 taken, 800 ms'],
    },
    'left when another document is looked at': {
      source,
      steps: [
        ['suggest', 'foo(bar)'],
        ['wait', 800],
        ['switch', 'file:///project/other.ts'],
      ],
      facts: ['left #0, 0 taken, 800 ms'],
    },
    'left when the document is closed': {
      source,
      steps: [['suggest', 'foo(bar)'], ['wait', 800], 'close'],
      facts: ['left #0, 0 taken, 800 ms'],
    },
    'left when it vanished for no known reason': {
      source,
      steps: [['suggest', 'foo(bar)'], ['wait', 800], 'hide'],
      facts: ['left #0, 0 taken, 800 ms'],
    },
    'left when the text before it is deleted': {
      source,
      steps: [
        ['suggest', 'foo(bar)'],
        ['wait', 800],
        ['backspace', 2],
      ],
      facts: ['left #0, 0 taken, 800 ms'],
    },
    'left, not refused, when the document is read anew from the disk': {
      source,
      steps: [
        ['suggest', 'foo(bar)'],
        ['wait', 800],
        ['reload', 'import a;\n'],
      ],
      facts: ['left #0, 0 taken, 800 ms'],
    },
    'left, not refused, when a redo puts something else there': {
      source,
      steps: [['type', 'q'], 'undo', ['suggest', 'foo(bar)'], ['wait', 800], 'redo'],
      facts: ['left #0, 0 taken, 800 ms'],
    },
    'unseen whatever ended it too early': {
      source,
      steps: [
        ...(['esc', 'hide', ['move', 1], ['type', 'q'], ['suggest', 'c']] as const).flatMap(
          (end): Step[] => [['suggest', 'foo(bar)'], ['wait', 749], end, 'hide', ['move', 10]],
        ),
      ],
      facts: [
        'unseen #0, 0 taken, 749 ms',
        'unseen #0, 0 taken, 749 ms',
        'unseen #0, 0 taken, 749 ms',
        'unseen #0, 0 taken, 749 ms',
        'unseen #0, 0 taken, 749 ms',
        'unseen #0, 0 taken, 0 ms',
      ],
    },
  });
});

describe('late accepts', () => {
  sessions({
    'the command overwrites an outcome that was wrong, and the text is followed': {
      source,
      steps: [
        ['suggest', 'foo'],
        ['wait', 800],
        'hide',
        ['paste', 'foo'],
        ['acceptCommand', 0],
        ['wait', 15_000],
      ],
      facts: [
        'left #0, 0 taken, 800 ms',
        'accepted #0, 3 taken, 800 ms',
        'settled "foo"',
        '15 s: 1 present',
      ],
    },
    'a command that comes before its change is believed, and the text followed when it comes': {
      source,
      steps: [
        ['suggest', 'foo'],
        ['wait', 800],
        ['acceptCommand', 0],
        ['paste', 'foo'],
        ['wait', 15_000],
      ],
      facts: ['accepted #0, 3 taken, 800 ms', 'settled "foo"', '15 s: 1 present'],
    },
    'a last single character looks typed until the command says accepted': {
      source,
      steps: [['suggest', ')'], ['wait', 800], 'accept'],
      facts: ['typedThrough #0, 1 taken, 800 ms', 'accepted #0, 1 taken, 800 ms'],
    },
    'the same command twice is one accept': {
      source,
      steps: [['suggest', 'foo'], ['wait', 800], 'accept', ['acceptCommand', 0]],
      facts: ['accepted #0, 3 taken, 800 ms'],
    },
    'accepted once more after it was undone, it is followed anew': {
      source,
      steps: [
        ['suggest', 'foo'],
        ['wait', 800],
        'accept',
        'undo',
        'suggestAgain',
        'accept',
        ['wait', 15_000],
      ],
      facts: ['accepted #0, 3 taken, 800 ms', 'settled "foo"', '15 s: 1 present'],
    },
    'a command that comes after the undo takes nothing back': {
      source,
      steps: [
        ['suggest', 'foo'],
        ['wait', 800],
        'acceptWithoutCommand',
        'undo',
        ['acceptCommand', 0],
        ['wait', 15_000],
      ],
      facts: ['accepted #0, 3 taken, 800 ms', 'settled ""', '15 s: 0 undone'],
    },
    'a command for a suggestion that was never shown is ignored': {
      source,
      steps: [['acceptCommand', 0]],
      facts: [],
    },
  });
});

describe('more than one candidate, and suggestions shown again', () => {
  sessions({
    'cycling shows another candidate and its time starts anew': {
      source,
      steps: [['suggest', 'foo', 'bar'], ['wait', 800], ['cycle', 1], ['wait', 900], 'accept'],
      facts: ['accepted #1, 3 taken, 900 ms'],
    },
    'cycling that nobody reported shows when another candidate is inserted whole': {
      source,
      steps: [
        ['suggest', 'foo', 'bar()'],
        ['wait', 800],
        ['paste', 'bar()'],
      ],
      facts: ['accepted #1, 5 taken, 800 ms'],
    },
    'nor is it taken for the first lines of it that were shown': {
      source,
      steps: [
        ['suggest', 'foo();', 'foo();\n  bar();'],
        ['wait', 800],
        ['paste', 'foo();\n  bar();'],
      ],
      facts: ['accepted #1, 15 taken, 800 ms'],
    },
    'reuse while typing is the same suggestion and no new fact': {
      source,
      steps: [
        ['suggest', 'foo'],
        ['wait', 400],
        ['type', 'f'],
        'suggestAgain',
        ['wait', 400],
        'esc',
      ],
      facts: ['dismissed #0, 1 taken, 800 ms'],
    },
    'a refused suggestion that comes back and is accepted is accepted': {
      source,
      steps: [
        ['suggest', 'foo'],
        ['wait', 800],
        ['type', 'fx'],
        ['backspace', 1],
        'suggestAgain',
        ['wait', 100],
        'accept',
      ],
      facts: ['typedAgainst #0, 1 taken, 800 ms', 'accepted #0, 3 taken, 100 ms'],
    },
    'a refused suggestion that comes back and is refused again has one outcome': {
      source,
      steps: [
        ['suggest', 'foo'],
        ['wait', 800],
        ['type', 'x'],
        ['backspace', 1],
        'suggestAgain',
        ['wait', 900],
        'esc',
      ],
      facts: ['typedAgainst #0, 0 taken, 800 ms'],
    },
  });
});

describe('what an editor adds by itself', () => {
  sessions({
    'a closing bracket put in by the editor is still typing through': {
      source,
      steps: [
        ['suggest', 'foo(a, b)'],
        ['type', 'foo'],
        ['key', '()', 1],
        ['type', 'a, b'],
      ],
      facts: ['typedThrough #0, 9 taken, 0 ms'],
    },
    'typing the closing bracket that is already there completes it': {
      source: 'call(█)',
      steps: [['suggest', 'a)'], ['type', 'a'], 'overtype'],
      facts: ['typedThrough #0, 2 taken, 0 ms'],
    },
    'a pair that agrees as a whole leaves the cursor inside it': {
      source,
      steps: [
        ['suggest', 'f() + 1'],
        ['wait', 800],
        ['type', 'f'],
        ['key', '()', 1],
        'overtype',
        ['type', ' + 1'],
      ],
      facts: ['typedThrough #0, 7 taken, 800 ms'],
    },
    'quotes are pairs too': {
      source,
      steps: [
        ['suggest', '"ab"'],
        ['key', '""', 1],
        ['type', 'ab'],
      ],
      facts: ['typedThrough #0, 4 taken, 0 ms'],
    },
    'typing against the suggestion inside an auto-closed pair': {
      source,
      steps: [
        ['suggest', 'f(a)'],
        ['wait', 800],
        ['type', 'f'],
        ['key', '()', 1],
        ['type', 'q'],
      ],
      facts: ['typedAgainst #0, 2 taken, 800 ms'],
    },
    'a suggestion that takes the place of the closing bracket is accepted': {
      source: 'call(█)',
      steps: [
        ['suggest', 'a, b)'],
        ['wait', 800],
        ['replace', ')', 'a, b)'],
        ['wait', 15_000],
      ],
      facts: ['accepted #0, 5 taken, 800 ms', 'settled "a, b)"', '15 s: 1 present'],
    },
    'an accept that replaces the word before the cursor by itself and more': {
      source: 'const foo = fo█;',
      steps: [
        ['suggest', 'oBar()'],
        ['wait', 800],
        ['replace', '= fo', '= fooBar()'],
        ['wait', 15_000],
      ],
      facts: ['accepted #0, 6 taken, 800 ms', 'settled "oBar()"', '15 s: 1 present'],
    },
    'Enter with the indentation of the suggestion agrees': {
      source: '  if (a) █\n',
      steps: [
        ['suggest', '{\n    b();\n  }'],
        ['type', '{'],
        ['key', '\n    ', 0],
        ['type', 'b();'],
        ['key', '\n  ', 0],
        ['type', '}'],
      ],
      facts: ['typedThrough #0, 14 taken, 0 ms'],
    },
    'Enter with another indentation agrees all the same': {
      source: '  if (a) █\n',
      steps: [
        ['suggest', '{\n\tb();\n}'],
        ['key', '{}', 1],
        ['key', '\n    \n  ', 3],
        ['type', 'b();'],
      ],
      facts: ['typedThrough #0, 9 taken, 0 ms'],
    },
    'an end tag put in by the editor is no disagreement': {
      source: '█',
      steps: [
        ['suggest', '<b>bold'],
        ['type', '<b>'],
        ['key', '</b>', 4],
        ['type', 'bold'],
      ],
      facts: ['typedThrough #0, 7 taken, 0 ms'],
    },
    'an import put in at the top by the same event moves the place': {
      source: 'top();\nx = █',
      steps: [
        ['suggest', 'y.z'],
        ['wait', 800],
        ['acceptWithImport', 'import y;\n'],
        ['wait', 15_000],
      ],
      facts: ['accepted #0, 3 taken, 800 ms', 'settled "y.z"', '15 s: 1 present'],
    },
    'typing with a second cursor above does not disturb it': {
      source: 'ab;\nab;\nx = █',
      steps: [
        ['suggest', 'y.z'],
        ['wait', 800],
        ['replaceAll', 'ab', 'abc'],
        ['type', 'y.z'],
      ],
      facts: ['typedThrough #0, 3 taken, 800 ms'],
    },
    'a line end of another kind agrees': {
      source: 'if (a) █\r\n',
      steps: [
        ['suggest', '{\n  b\n}'],
        ['wait', 800],
        ['paste', '{\r\n  b\r\n}'],
        ['wait', 15_000],
      ],
      facts: ['accepted #0, 7 taken, 800 ms', 'settled "{\\r\\n  b\\r\\n}"', '15 s: 1 present'],
    },
    'half an emoji is no agreement': {
      source,
      steps: [
        ['suggest', '"😀"'],
        ['wait', 800],
        ['type', '"'],
        ['paste', '😁'],
      ],
      facts: ['typedAgainst #0, 1 taken, 800 ms'],
    },
    'an emoji is one keystroke': {
      source,
      steps: [
        ['suggest', '😀!'],
        ['paste', '😀'],
        ['type', '!'],
      ],
      facts: ['typedThrough #0, 3 taken, 0 ms'],
    },
  });
});

const accept = (text: string): readonly Step[] => [['suggest', text], ['wait', 800], 'accept'];

describe('survival and settled text', () => {
  sessions({
    'nothing happens to it': {
      source,
      steps: [...accept('foo(bar)'), ['wait', 3_600_000]],
      facts: [
        'accepted #0, 8 taken, 800 ms',
        'settled "foo(bar)"',
        '15 s: 1 present',
        '30 s: 1 present',
        '120 s: 1 present',
        '300 s: 1 present',
        '600 s: 1 present',
      ],
    },
    'edits before and after leave it alone': {
      source,
      steps: [
        ...accept('foo(bar)'),
        ['replace', 'const', 'let'],
        ['type', '.baz'],
        ['wait', 15_000],
      ],
      facts: ['accepted #0, 8 taken, 800 ms', 'settled "foo(bar)"', '15 s: 1 present'],
    },
    'an edit inside': {
      source,
      steps: [...accept('foo(bar)'), ['wait', 5_000], ['replace', 'bar', 'baz'], ['wait', 10_000]],
      facts: ['accepted #0, 8 taken, 800 ms', '15 s: 0.875 edited', 'settled "foo(baz)"'],
    },
    'an edit over its left edge': {
      source,
      steps: [...accept('foo(bar)'), ['replace', 'x = fo', 'y = g'], ['wait', 15_000]],
      facts: ['accepted #0, 8 taken, 800 ms', 'settled "go(bar)"', '15 s: 0.75 edited'],
    },
    'an edit over its right edge': {
      source,
      steps: [...accept('foo(bar)'), ['replace', 'ar);', 'oo'], ['wait', 15_000]],
      facts: ['accepted #0, 8 taken, 800 ms', 'settled "foo(boo"', '15 s: 0.625 edited'],
    },
    'its end is rewritten: what is typed there belongs to it': {
      source,
      steps: [...accept('foo(bar)'), ['backspace', 5], ['type', '.baz'], ['wait', 15_000]],
      facts: ['accepted #0, 8 taken, 800 ms', 'settled "foo.baz"', '15 s: 0.375 edited'],
    },
    'its end is rewritten and more lines follow: they do not belong to it': {
      source,
      steps: [...accept('foo(bar)'), ['backspace', 1], ['type', ';\nmore();'], ['wait', 15_000]],
      facts: ['accepted #0, 8 taken, 800 ms', 'settled "foo(bar;"', '15 s: 0.875 edited'],
    },
    'all of it is deleted': {
      source,
      steps: [...accept('foo(bar)'), ['wait', 1_000], ['backspace', 8], ['wait', 15_000]],
      facts: ['accepted #0, 8 taken, 800 ms', 'settled ""', '15 s: 0 edited'],
    },
    'cut and pasted elsewhere is gone from here': {
      source,
      steps: [
        ...accept('foo(bar)'),
        ['backspace', 8],
        ['move', 0],
        ['paste', 'foo(bar)'],
        ['wait', 15_000],
      ],
      facts: ['accepted #0, 8 taken, 800 ms', 'settled ""', '15 s: 0 edited'],
    },
    'undone at once': {
      source,
      steps: [...accept('foo(bar)'), 'undo', ['wait', 15_000]],
      facts: ['accepted #0, 8 taken, 800 ms', 'settled ""', '15 s: 0 undone'],
    },
    'undone at once after some of it was typed': {
      source,
      steps: [
        ['suggest', 'foo(bar)'],
        ['wait', 800],
        ['type', 'fo'],
        'accept',
        'undo',
        ['wait', 15_000],
      ],
      facts: ['accepted #0, 8 taken, 800 ms', 'settled "fo"', '15 s: 0 undone'],
    },
    'undone and redone after some of it was typed': {
      source,
      steps: [
        ['suggest', 'foo(bar)'],
        ['wait', 800],
        ['type', 'fo'],
        'accept',
        'undo',
        'redo',
        ['wait', 15_000],
      ],
      facts: ['accepted #0, 8 taken, 800 ms', 'settled "foo(bar)"', '15 s: 1 present'],
    },
    'deleted by hand down to what was typed is edited, not undone': {
      source,
      steps: [
        ['suggest', 'foo(bar)'],
        ['wait', 800],
        ['type', 'fo'],
        'accept',
        ['backspace', 6],
        ['wait', 15_000],
      ],
      facts: ['accepted #0, 8 taken, 800 ms', 'settled "fo"', '15 s: 0.25 edited'],
    },
    'undone and redone': {
      source,
      steps: [...accept('foo(bar)'), 'undo', 'redo', ['wait', 15_000]],
      facts: ['accepted #0, 8 taken, 800 ms', 'settled "foo(bar)"', '15 s: 1 present'],
    },
    'undone, then something else typed there': {
      source,
      steps: [...accept('foo(bar)'), 'undo', ['type', 'qux'], ['wait', 15_000]],
      facts: ['accepted #0, 8 taken, 800 ms', 'settled "qux"', '15 s: 0 undone'],
    },
    'an edit inside taken back brings the very characters back': {
      source,
      steps: [
        ...accept('foo(bar)'),
        ['replace', 'o(b', ''],
        ['wait', 15_000],
        'undo',
        ['wait', 15_000],
      ],
      facts: [
        'accepted #0, 8 taken, 800 ms',
        'settled "foar)"',
        '15 s: 0.625 edited',
        'settled "foo(bar)"',
        '30 s: 1 present',
      ],
    },
    'typing the same text again does not': {
      source,
      steps: [
        ...accept('foo(bar)'),
        ['replace', 'bar', ''],
        ['replace', 'foo()', 'foo(bar)'],
        ['wait', 15_000],
      ],
      facts: ['accepted #0, 8 taken, 800 ms', 'settled "foo(bar)"', '15 s: 0.625 edited'],
    },
    'a formatter that writes the whole document anew takes nothing that is equal': {
      source,
      steps: [
        ...accept('foo(bar,baz)'),
        ['format', 'const x = foo(bar, baz);\nnext();\n\n'],
        ['wait', 15_000],
      ],
      facts: ['accepted #0, 12 taken, 800 ms', 'settled "foo(bar, baz)"', '15 s: 1 edited'],
    },
    'all is deleted and written anew: what stands there then is about nothing': {
      source: above,
      steps: [
        ...accept('foo(bar)'),
        ['wait', 1_000],
        ['format', ''],
        ['move', 0],
        ['type', 'const x = foo(bar);\n'],
        ['wait', 15_000],
      ],
      facts: ['accepted #0, 8 taken, 800 ms', '15 s: 0 replacedOutside'],
    },
    'a paste over it and the lines above': {
      source: above,
      steps: [
        ...accept('foo(bar)'),
        ['replace', 'first();\nconst x = foo(bar)', 'completely(different)'],
        ['type', '.more'],
        ['wait', 15_000],
      ],
      facts: ['accepted #0, 8 taken, 800 ms', '15 s: 0.25 replacedOutside'],
    },
    'a formatter that changes every line of a long file': {
      source: long,
      steps: [
        ...accept('foo(bar)'),
        ['format', long.replace('█', 'foo(bar)').replaceAll(/\w+/g, (word) => `${word}_`)],
        ['wait', 15_000],
      ],
      facts: ['accepted #0, 8 taken, 800 ms', '15 s: 0.125 replacedOutside'],
    },
    'all is deleted, and that is undone': {
      source: above,
      steps: [...accept('foo(bar)'), ['format', ''], ['wait', 1_000], 'undo', ['wait', 15_000]],
      facts: ['accepted #0, 8 taken, 800 ms', 'settled "foo(bar)"', '15 s: 1 present'],
    },
    'its line is written anew: it is gone, and the new line is about nothing': {
      source: above,
      steps: [
        ...accept('foo(bar)'),
        ['replace', 'const x = foo(bar);', ''],
        ['move', above.indexOf('const')],
        ['type', 'let y = qux();'],
        ['wait', 15_000],
      ],
      facts: ['accepted #0, 8 taken, 800 ms', '15 s: 0 edited'],
    },
    'it is deleted before the lines above are: it was gone': {
      source: above,
      steps: [
        ...accept('foo(bar)'),
        ['backspace', 8],
        ['wait', 1_000],
        ['replace', 'first();\nconst x = ;', ''],
        ['wait', 15_000],
      ],
      facts: ['accepted #0, 8 taken, 800 ms', 'settled ""', '15 s: 0 edited'],
    },
    'several cursors edit inside and outside': {
      source: 'bar();\nx = █;\nbar();\n',
      steps: [...accept('foo(bar, bar)'), ['replaceAll', 'bar', 'b'], ['wait', 15_000]],
      facts: ['accepted #0, 13 taken, 800 ms', 'settled "foo(b, b)"', '15 s: 0.692 edited'],
    },
    'emoji count as they are stored': {
      source,
      steps: [...accept('"😀😁"'), ['replace', '😁', '😂'], ['wait', 15_000]],
      facts: [
        'accepted #0, 6 taken, 800 ms',
        'settled "\\"😀😂\\""'.replaceAll('\\\\', '\\'),
        '15 s: 0.667 edited',
      ],
    },
    'a branch switch that replaces it': {
      source,
      steps: [...accept('foo(bar)'), ['wait', 16_000], ['reload', 'import a;\n'], ['wait', 15_000]],
      facts: [
        'accepted #0, 8 taken, 800 ms',
        'settled "foo(bar)"',
        '15 s: 1 present',
        '30 s: 0 replacedOutside',
      ],
    },
    'a branch switch that keeps it': {
      source,
      steps: [
        ...accept('foo(bar)'),
        ['reload', '// main\nconst x = foo(bar);\n'],
        ['wait', 15_000],
      ],
      facts: ['accepted #0, 8 taken, 800 ms', 'settled "foo(bar)"', '15 s: 1 present'],
    },
    'a branch switch there and back is told from an edit': {
      source,
      steps: [
        ...accept('foo(bar)'),
        ['reload', 'a;\n'],
        ['reload', 'const x = foo(bar);\nnext();\n'],
        ['wait', 15_000],
      ],
      facts: ['accepted #0, 8 taken, 800 ms', '15 s: 0 replacedOutside'],
    },
    'the document is closed': {
      source,
      steps: [
        ...accept('foo(bar)'),
        ['wait', 16_000],
        ['backspace', 2],
        ['wait', 4_000],
        'close',
        ['wait', 99_000],
      ],
      facts: [
        'accepted #0, 8 taken, 800 ms',
        'settled "foo(bar)"',
        '15 s: 1 present',
        '20 s: 0.75 closed',
      ],
    },
    'line ends of another kind move it and take the carriage returns': {
      source: 'a\r\nb\r\nx = █\r\n',
      steps: [
        ...accept('foo(bar)'),
        ['lineEnds', '\n'],
        ['replace', 'bar', 'baz'],
        ['wait', 15_000],
      ],
      facts: ['accepted #0, 8 taken, 800 ms', 'settled "foo(baz)"', '15 s: 0.875 edited'],
    },
    'a clock put back an hour makes no time negative and no fact late': {
      source,
      steps: [
        ['suggest', 'foo'],
        ['wait', 800],
        ['correctClock', -3_600_000],
        ['wait', 100],
        'accept',
        ['wait', 5_000],
        ['correctClock', -3_600_000],
        ['wait', 10_000],
      ],
      facts: ['accepted #0, 3 taken, 0 ms', 'settled "foo"', '15 s: 1 present'],
    },
    'a last edit settles after the last measurement': {
      source,
      steps: [
        ...accept('foo(bar)'),
        ['wait', 595_000],
        ['replace', 'bar', 'baz'],
        ['wait', 99_000],
      ],
      facts: [
        'accepted #0, 8 taken, 800 ms',
        'settled "foo(bar)"',
        '15 s: 1 present',
        '30 s: 1 present',
        '120 s: 1 present',
        '300 s: 1 present',
        '600 s: 0.875 edited',
        'settled "foo(baz)"',
      ],
    },
    'and is let go when the editing goes on even then': {
      source,
      steps: [
        ...accept('foo(bar)'),
        ['wait', 595_000],
        ['replace', 'bar', 'baz'],
        ['wait', 7_000],
        ['replace', 'baz', 'bat'],
        ['wait', 99_000],
      ],
      facts: [
        'accepted #0, 8 taken, 800 ms',
        'settled "foo(bar)"',
        '15 s: 1 present',
        '30 s: 1 present',
        '120 s: 1 present',
        '300 s: 1 present',
        '600 s: 0.875 edited',
      ],
    },
    'closed at the very moment of a measurement it is measured once': {
      source,
      steps: [...accept('foo(bar)'), ['wait', 15_000], 'close'],
      facts: ['accepted #0, 8 taken, 800 ms', 'settled "foo(bar)"', '15 s: 1 present'],
    },
    'settled text is recorded again when it changes, at most five times': {
      source,
      steps: [
        ...accept('f'),
        ...Array.from({ length: 8 }, (_, n): readonly Step[] => [
          ['replace', n === 0 ? 'f' : `${n}`, `${n + 1}`],
          ['wait', 10_000],
        ]).flat(),
        ['wait', 600_000],
      ],
      facts: [
        'typedThrough #0, 1 taken, 800 ms',
        'accepted #0, 1 taken, 800 ms',
        'settled "1"',
        '15 s: 0 edited',
        'settled "2"',
        '30 s: 0 edited',
        'settled "3"',
        'settled "4"',
        'settled "5"',
        '120 s: 0 edited',
        '300 s: 0 edited',
        '600 s: 0 edited',
      ],
    },
  });
});

describe('what is written instead', () => {
  sessions({
    'of a dismissed suggestion': {
      source,
      steps: [['suggest', 'foo(bar)'], ['wait', 800], 'esc', ['type', 'qux'], ['wait', 99_000]],
      facts: ['dismissed #0, 0 taken, 800 ms', 'settled "qux"'],
    },
    'of one typed against, with what agreed before': {
      source,
      steps: [
        ['suggest', 'foo(bar)'],
        ['wait', 800],
        ['type', 'fox'],
        ['key', '()', 1],
        ['type', 'y'],
        ['wait', 99_000],
      ],
      facts: ['typedAgainst #0, 2 taken, 800 ms', 'settled "fox(y)"'],
    },
    'as many lines as were suggested': {
      source: '█\n',
      steps: [
        ['suggest', 'a\nb'],
        ['wait', 800],
        'esc',
        ['type', 'one\ntwo\nthree'],
        ['wait', 10_000],
      ],
      facts: ['dismissed #0, 0 taken, 800 ms', 'settled "one\\ntwo"'],
    },
    'and is quiet although the next lines are not': {
      source: '█\n',
      steps: [
        ['suggest', 'foo'],
        ['wait', 800],
        'esc',
        ['type', 'one\n'],
        ['wait', 6_000],
        ['type', 'two'],
        ['wait', 6_000],
      ],
      facts: ['dismissed #0, 0 taken, 800 ms', 'settled "one"'],
    },
    'is unknown while nothing is written': {
      source,
      steps: [['suggest', 'foo(bar)'], ['wait', 800], 'esc', ['wait', 99_000]],
      facts: ['dismissed #0, 0 taken, 800 ms'],
    },
    'is unknown when all was deleted and written anew, also from an empty line': {
      source: 'first();\n█\n',
      steps: [
        ['suggest', 'foo(bar)'],
        ['wait', 800],
        'esc',
        ['format', ''],
        ['move', 0],
        ['type', 'first();\nqux();\n'],
        ['wait', 99_000],
      ],
      facts: ['dismissed #0, 0 taken, 800 ms'],
    },
    'is unknown when the line before it changed as well': {
      source,
      steps: [
        ['suggest', 'foo(bar)'],
        ['wait', 800],
        'esc',
        ['type', 'qux'],
        ['replace', 'x =', 'y ='],
        ['wait', 99_000],
      ],
      facts: ['dismissed #0, 0 taken, 800 ms'],
    },
    'of the rest of one that was taken in part': {
      source,
      steps: [
        ['suggest', 'foo(bar)'],
        ['wait', 800],
        'acceptWord',
        ['type', '.baz'],
        ['wait', 15_000],
      ],
      facts: ['partial #0, 3 taken, 800 ms', 'settled "foo.baz"', '15 s: 1 edited'],
    },
    'is recorded where the suggestion was replaced by another while typing on': {
      source,
      steps: [
        ['suggest', 'foo(bar)'],
        ['wait', 800],
        ['type', 'f'],
        ['suggest', 'oo(baz)'],
        ['wait', 100],
        ['type', 'ill()\nnext()'],
        ['wait', 60_000],
      ],
      facts: ['superseded #0, 1 taken, 800 ms', 'unseen #0, 0 taken, 100 ms', 'settled "fill()"'],
    },
    'is recorded where the user came back to what was left': {
      source,
      steps: [
        ['suggest', 'foo(bar)'],
        ['wait', 800],
        ['move', 0],
        ['wait', 30_000],
        ['move', 10],
        ['type', 'qux()'],
        ['wait', 99_000],
      ],
      facts: ['left #0, 0 taken, 800 ms', 'settled "qux()"'],
    },
    'is not recorded where that took longer than a late accept may': {
      source,
      steps: [
        ['suggest', 'foo(bar)'],
        ['wait', 800],
        ['move', 0],
        ['wait', 61_000],
        ['move', 10],
        ['type', 'qux()'],
        ['wait', 99_000],
      ],
      facts: ['left #0, 0 taken, 800 ms'],
    },
    'is not asked of one that was never seen, nor where nothing is written': {
      source,
      steps: [
        ['suggest', 'foo(bar)'],
        'esc',
        ['type', 'qux'],
        ['suggest', 'a'],
        ['wait', 800],
        ['suggest', 'b'],
        ['wait', 800],
        ['move', 0],
        ['wait', 99_000],
      ],
      facts: [
        'unseen #0, 0 taken, 0 ms',
        'superseded #0, 0 taken, 800 ms',
        'left #0, 0 taken, 800 ms',
      ],
    },
  });
});

describe('silence', () => {
  /** How many silences were recorded, and the facts that followed. */
  function checkSilence(steps: readonly Step[], recorded: number, facts: readonly string[]): void {
    check({ source, steps, facts });
    const { events } = new EditSession(source).play(steps);
    const silences = events.flatMap((e) => (e.kind === 'suggestion' ? [e.suggestion] : []));
    expect(silences.filter(({ shownIndex }) => shownIndex === null)).toHaveLength(recorded);
  }
  const silent: Step = ['silent', 'foo(bar)'];

  it('is recorded once it was rested on, and so is what is written there', () => {
    checkSilence([silent, ['wait', 750], ['type', 'qux()'], ['wait', 10_000]], 1, [
      'settled "qux()"',
    ]);
  });
  it('is recorded where there was nothing to propose', () => {
    checkSilence([['silent'], ['wait', 800], ['type', 'q'], ['wait', 10_000]], 1, ['settled "q"']);
  });
  it('is no decision where the user typed on, went away, or another one was taken', () => {
    checkSilence([silent, ['wait', 700], ['type', 'q'], ['wait', 20_000]], 0, []);
    checkSilence([silent, ['wait', 700], ['move', 0], ['wait', 20_000]], 0, []);
    checkSilence([silent, ['switch', 'file:///other'], ['wait', 20_000]], 0, []);
    checkSilence([silent, 'close', ['wait', 20_000]], 0, []);
    checkSilence([silent, ['wait', 700], ['suggest', 'foo'], 'accept'], 0, [
      'accepted #0, 3 taken, 0 ms',
    ]);
  });
  it('asked for again where nothing has happened is the same one', () => {
    const again: readonly Step[] = [silent, ['wait', 500], silent, ['wait', 500], silent];
    checkSilence([...again, ['wait', 99_000]], 1, []);
    checkSilence([...again, ['type', 'q'], silent, ['wait', 10_000]], 2, ['settled "q"']);
  });
  it('is followed beside what is shown and accepted at its place later', () => {
    const steps: readonly Step[] = [silent, ['wait', 800], ['suggest', 'foo()'], 'accept'];
    checkSilence([...steps, ['wait', 10_000]], 1, [
      'accepted #0, 5 taken, 0 ms',
      'settled "foo()"',
      'settled "foo()"',
    ]);
  });
  it('is recorded sixty times an hour at most', () => {
    const pause: readonly Step[] = [silent, ['wait', 1_000], ['type', 'x']];
    const many = Array.from({ length: 70 }, () => pause).flat();
    const { events } = new EditSession(source).play(many);
    const count = (): number => events.filter(({ kind }) => kind === 'suggestion').length;
    expect(count()).toBe(60);
    const later = new EditSession(source).play([...many, ['wait', 3_600_000], ...pause]);
    expect(later.events.filter(({ kind }) => kind === 'suggestion')).toHaveLength(61);
  });
});
