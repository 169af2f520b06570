import { describe, expect, test } from 'vitest';
import {
  PreferencePairs,
  promptText,
  sftRows,
  unpairedRows,
} from '../../../src/feedback/trainingRows';
import type { Outcome, StoredSuggestion } from '../../../src/types';
import { sampleCandidate, sampleSuggestion } from '../../helpers/sampleEvents';

const before = 'const total = ';
const prompt = `<repo_name>shop<file_sep>src/cart.ts\n${before}`;
const shown = 'sum(items);';

interface Case {
  readonly outcome?: Outcome;
  readonly texts?: readonly string[];
  readonly prefix?: string;
  readonly taken?: number;
  readonly visibleMs?: number;
  readonly survival?: number;
  readonly settled?: string;
  readonly thumb?: 'up' | 'down';
  /** Indices of the candidates shown one after another; the outcome is about the last. */
  readonly shownIndices?: readonly number[];
  readonly documentUri?: string;
}

function stored(facts: Case): StoredSuggestion {
  const texts = facts.texts ?? [shown, 'reduce(items);', 'items.length;'];
  const { id: suggestionId, ...rest } = sampleSuggestion(0);
  const shownIndices = facts.shownIndices ?? [0];
  const candidateIndex = shownIndices.at(-1) ?? 0;
  const common = { suggestionId, timeMs: 0 };
  const isTaken = facts.outcome === 'accepted' || facts.outcome === 'typedThrough';
  return {
    suggestion: {
      ...rest,
      id: suggestionId,
      documentUri: facts.documentUri ?? 'file:///a.ts',
      context: { ...rest.context, prefix: facts.prefix ?? before },
      candidates: texts.map(sampleCandidate),
    },
    shown: shownIndices.map((index) => ({ kind: 'shown', ...common, candidateIndex: index })),
    outcomes:
      facts.outcome === undefined
        ? []
        : [
            {
              kind: 'outcome',
              ...common,
              outcome: facts.outcome,
              candidateIndex,
              takenLength: facts.taken ?? (isTaken ? (texts[candidateIndex]?.length ?? 0) : 0),
              visibleMs: facts.visibleMs ?? 2_000,
            },
          ],
    survival:
      facts.survival === undefined
        ? []
        : [
            {
              kind: 'survival',
              ...common,
              afterSeconds: 15,
              survival: facts.survival,
              state: 'present',
            },
          ],
    settled:
      facts.settled === undefined ? undefined : { kind: 'settled', ...common, text: facts.settled },
    rating:
      facts.thumb === undefined
        ? undefined
        : { kind: 'rating', ...common, thumb: facts.thumb, aspects: {}, comment: '' },
  };
}

const kept = { outcome: 'accepted', survival: 1 } as const;

test('the prompt is what the policy was told, each file under its path', () => {
  const snippets = [
    { kind: 'declaration', path: 'src/item.ts', text: 'interface Item {}' },
    { kind: 'edit', path: 'src/tax.ts', text: '-a\n+b' },
  ] as const;
  const context = { ...sampleSuggestion(0).context, snippets, prefix: before };
  expect(promptText(context)).toBe(
    [
      '<repo_name>shop<file_sep>src/item.ts\ninterface Item {}\n<file_sep>src/tax.ts\n-a\n+b\n',
      '<file_sep>src/cart.ts\nconst total = ',
    ].join(''),
  );
  expect(promptText({ ...context, repository: '', snippets: [] })).toBe(
    '<file_sep>src/cart.ts\nconst total = ',
  );
});

describe('supervised rows', () => {
  test.each<[string, Case, string | undefined]>([
    ['accepted and kept', kept, shown],
    ['accepted, then edited', { ...kept, survival: 0.8, settled: 'sum(all);' }, 'sum(all);'],
    ['typed through', { ...kept, outcome: 'typedThrough' }, shown],
    ['taken in part', { outcome: 'partial', taken: 3 }, 'sum'],
    ['refused, and written otherwise', { outcome: 'dismissed', settled: 'count;' }, 'count;'],
    [
      'refused, then written all the same but disliked',
      { outcome: 'dismissed', settled: shown },
      undefined,
    ],
    ['accepted and gone', { ...kept, survival: 0, settled: '' }, undefined],
    ['accepted, nothing measured yet', { outcome: 'accepted' }, undefined],
    ['dismissed', { outcome: 'dismissed' }, undefined],
    ['left', { outcome: 'left' }, undefined],
    ['nothing known', {}, undefined],
    ['accepted with a secret in it', { ...kept, texts: ['"<secret:password>"'] }, undefined],
    ['accepted at the start of a file', { ...kept, prefix: '\n' }, undefined],
  ])('%s', (_, facts, completion) => {
    const expected = completion === undefined ? [] : [{ prompt, completion }];
    expect(sftRows(stored(facts))).toEqual(expected);
  });
});

describe('unpaired rows', () => {
  test.each<[string, Case, readonly [string, boolean] | undefined]>([
    ['accepted and kept', kept, [shown, true]],
    ['accepted, then edited', { ...kept, survival: 0.5, settled: 'other' }, [shown, true]],
    ['accepted and gone', { ...kept, survival: 0 }, [shown, false]],
    ['taken in part', { outcome: 'partial', taken: 3 }, ['sum', true]],
    ['dismissed after being seen', { outcome: 'dismissed' }, [shown, false]],
    ['dismissed before it could be seen', { outcome: 'dismissed', visibleMs: 100 }, undefined],
    ['typed against after being seen', { outcome: 'typedAgainst' }, [shown, false]],
    ['unseen', { outcome: 'unseen' }, undefined],
    ['superseded', { outcome: 'superseded' }, undefined],
    ['left', { outcome: 'left' }, undefined],
    ['accepted but rated down', { ...kept, thumb: 'down' }, [shown, false]],
    ['left but rated up', { outcome: 'left', thumb: 'up' }, [shown, true]],
    ['rated, no outcome', { thumb: 'up' }, [shown, true]],
  ])('%s', (_, facts, row) => {
    const expected = row === undefined ? [] : [{ prompt, completion: row[0], label: row[1] }];
    expect(unpairedRows(stored(facts))).toEqual(expected);
  });
});

describe('preference rows', () => {
  const check = (history: readonly Case[], pairs: readonly (readonly [string, string])[]) => {
    const maker = new PreferencePairs();
    const rows = history.flatMap((facts) => maker.rowsOf(stored(facts)));
    expect(rows).toEqual(pairs.map(([chosen, rejected]) => ({ prompt, chosen, rejected })));
  };

  test('accepted after cycling is better than what was passed over', () => {
    check(
      [{ ...kept, shownIndices: [0, 1, 2] }],
      [
        ['items.length;', shown],
        ['items.length;', 'reduce(items);'],
      ],
    );
  });

  test('what was written after a refusal is better than what was refused', () => {
    check([{ outcome: 'dismissed', settled: 'count;' }], [['count;', shown]]);
  });

  test('accepted at a place is better than what was refused there before, once', () => {
    check(
      [{ outcome: 'dismissed' }, { ...kept, texts: ['better;'] }, { ...kept, texts: ['better;'] }],
      [['better;', shown]],
    );
  });

  test('what was refused at another place says nothing here', () => {
    check(
      [
        { outcome: 'dismissed', documentUri: 'file:///b.ts' },
        { ...kept, texts: ['x;'] },
      ],
      [],
    );
  });

  test('what was not seen, left or superseded was not refused', () => {
    check(
      [
        { outcome: 'unseen' },
        { outcome: 'left' },
        { outcome: 'superseded' },
        { ...kept, texts: ['x;'] },
      ],
      [],
    );
  });

  test('the same text is never on both sides', () => {
    check([{ outcome: 'dismissed', settled: `${shown}\n` }], []);
    check([{ outcome: 'dismissed' }, kept], []);
  });
});
