import { describe, expect, test } from 'vitest';
import { versionItems } from '../../../src/editor/versionList';
import type { Version } from '../../../src/training/registry';

const version = (id: string, state: Version['state'], reason: string): Version => ({
  id,
  createdMs: 0,
  base: { version: 'base@1', sourceSha256: '1' },
  policyVersion: 'base@2',
  trainedRows: 120,
  heldOut: 60,
  untilMs: 0,
  minutes: 4,
  tokensPerSecond: 180,
  directory: `/versions/${id}`,
  state,
  verdict: {
    passed: state !== 'refused',
    reasons: [reason],
    checks: [
      { name: 'likelihood', passed: true, champion: 0.92, challenger: 0.8512, sentence: reason },
    ],
  },
});

const shown = (versions: readonly Version[]) =>
  versionItems(versions, 'base@1', () => '20 May').map(({ label, description, detail }) =>
    [label, description, detail].filter((text) => text !== '').join(' | '),
  );

describe('the list of versions', () => {
  test('says of each what it is, on what it rests and what decided', () => {
    expect(
      shown([
        version('c', 'refused', 'It is no better.'),
        version('b', 'champion', 'It is better.'),
      ]),
    ).toEqual([
      '$(circle-slash) 20 May: refused | loss 0.920 → 0.851 · learned from 120, judged on 60 · c | It is no better.',
      '$(check) 20 May: in use | loss 0.920 → 0.851 · learned from 120, judged on 60 · b | It is better.',
      '$(history) Original model | base@1 | Without anything learned from you.',
    ]);
  });

  test('has the original model in use where no version is', () => {
    expect(shown([])).toEqual([
      '$(check) Original model: in use | base@1 | Without anything learned from you.',
    ]);
    expect(shown([version('a', 'passed', 'It is better.')])[1]).toMatch(
      /^\$\(check\) Original model: in use/,
    );
  });

  test('says when files are gone, and when a version is for another model', () => {
    const lines = shown([version('b', 'gone', ''), version('a', 'otherBase', '')]);
    expect(lines[0]).toMatch(/its files are gone/);
    expect(lines[1]).toMatch(/for another model/);
  });

  test('has no numbers where nothing was measured', () => {
    const { verdict, ...rest } = version('a', 'refused', 'There is too little feedback.');
    const unmeasured = { ...rest, trainedRows: 0, verdict: { ...verdict, checks: [] } };
    expect(shown([unmeasured])[0]).toBe(
      '$(circle-slash) 20 May: refused | a | There is too little feedback.',
    );
  });
});
