import { describe, expect, test } from 'vitest';
import { defaultSettings } from '../../../src/contributions';
import { type Decision, decisionAfter, planCommit } from '../../../src/replay/decisions';
import type { Commit } from '../../../src/replay/history';

const body = Array.from({ length: 9 }, (_, i) => `    water(bed_${i}, 'often')`).join('\n');
const after = `import garden\n\ndef tend(bed):\n${body}\n\nprint('done')\n`;
const commit: Commit = {
  id: '1',
  timeMs: 0,
  author: { name: 'Ada', email: 'ada@example.org' },
  changes: [{ path: 'a.py', before: "import garden\n\nprint('done')\n", after }],
  untyped: undefined,
};
const plan = { seed: 1, settings: defaultSettings, repository: 'garden' };

/** A decision that stands for several lines. */
function blockDecision() {
  for (let seed = 1; ; seed++) {
    const options = { ...plan, seed, maxInCommit: 1, maxInEdit: 1 };
    for (const file of planCommit(commit, options)) {
      for (const planned of file.edits) {
        const [decision] = planned.decisions;
        if (decision && truthOf(decision).includes('\n')) return { file, planned, decision };
      }
    }
  }
}

const truthOf = ({ truth, written }: Decision) => truth.slice(0, written);

describe('whoever has taken a text', () => {
  const { file, planned, decision } = blockDecision();
  const next = (offset: number) => decisionAfter(commit, file, planned, decision, offset, plan);
  const end = decision.offset + decision.written;

  test('is asked in the line below where that text ends its line', () => {
    const line = decision.offset + decision.truth.indexOf('\n');
    const below = next(line);
    expect(below?.offset).toBe(line + 5);
    expect(below?.text.slice(0, below.offset)).toBe(after.slice(0, line + 5));
    expect(below && truthOf(below)).toBe(after.slice(line + 5, end));
    expect(below?.id).not.toBe(decision.id);
  });

  test('is asked right there where it does not', () => {
    const call = after.indexOf(', ', decision.offset);
    expect(next(call)).toMatchObject({ offset: call, written: end - call });
  });

  test('is not asked beyond what the decision stands for', () => {
    expect(next(end)).toBeUndefined();
    expect(next(end + 8)).toBeUndefined();
  });
});

describe('the editor has closed', () => {
  const written = [
    "import { plant, tend } from './garden';",
    '',
    'export function grow(beds: Bed[], year: number) {',
    '  for (const bed of beds) {',
    "    plant(bed, ['rose', 'tulip'], year);",
    '    tend(bed, { often: true, late: false });',
    '  }',
    '}',
    '',
  ].join('\n');
  const change = { path: 'garden.ts', before: '', after: written };
  const all = [...Array(40).keys()].flatMap((seed) =>
    planCommit({ ...commit, changes: [change] }, { ...plan, seed, maxInCommit: 4, maxInEdit: 4 }),
  );
  const planned = all.flatMap((file) =>
    file.edits.flatMap((edit) => edit.decisions.map((decision) => ({ file, edit, decision }))),
  );
  const closersAfter = ({ text, offset }: Decision) => text.slice(offset);
  const at = (marked: string) => {
    const offset = written.indexOf(marked.replace('█', '')) + marked.indexOf('█');
    const found = planned.find(({ decision }) => decision.offset === offset);
    if (found === undefined) throw new Error(`Nobody was asked at ${marked}`);
    return found;
  };

  test('what is open where somebody pauses, and nothing else is new', () => {
    expect(closersAfter(at('grow(█beds').decision)).toBe(')');
    expect(closersAfter(at('  █for (').decision)).toBe('\n}');
    expect(closersAfter(at('plant(█bed').decision)).toBe(')\n  }\n}');
    expect(closersAfter(at("['rose', █'tulip'").decision)).toBe('])\n  }\n}');
    for (const { decision } of planned) {
      const { text, offset, truth } = decision;
      expect(text.slice(0, offset) + truth).toBe(written);
      expect(closersAfter(decision).replace(/\s/g, '')).toMatch(/^[)\]}']*$/);
    }
  });

  test('nothing of what was taken, unless the text was put in front of closers', () => {
    const taken = ({ file, edit, decision }: (typeof planned)[number], text: string) => {
      const end = decision.offset + text.length;
      const next = decisionAfter(commit, file, edit, decision, end, plan);
      return next && closersAfter(next);
    };
    const body = '\n  }\n}';
    expect(taken(at('    █plant('), "plant(bed, ['rose', ")).toBe(body);
    expect(taken(at('plant(█bed'), "bed, ['rose', ")).toBe(`])${body}`);
    const loop = 'for (const bed of beds) {';
    expect(taken(at('  █for ('), loop)).toBe('\n}');
  });

  test('until all is written', () => {
    const { decision } = at('tend(█bed');
    const standing = (length: number) =>
      decision
        .closersAt(length, 0)
        .map(({ close }) => close)
        .join('');
    expect(standing(0)).toBe(')}}');
    expect(standing('bed, {'.length)).toBe('})}}');
    expect(standing('bed, { often: true, late: false }'.length)).toBe(')}}');
    expect(standing(decision.truth.length)).toBe('');
  });
});
