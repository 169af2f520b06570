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
      for (const { edit, decisions } of file.edits) {
        const [decision] = decisions;
        if (decision && truthOf(decision).includes('\n')) return { file, edit, decision };
      }
    }
  }
}

const truthOf = ({ truth, written }: Decision) => truth.slice(0, written);

describe('whoever has taken a text', () => {
  const { file, edit, decision } = blockDecision();
  const next = (offset: number) => decisionAfter(commit, file, edit, decision, offset, plan);
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
