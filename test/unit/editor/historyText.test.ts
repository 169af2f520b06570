import { describe, expect, test } from 'vitest';
import {
  answered,
  costWords,
  failureWords,
  historyEndWords,
  type HistoryEnd,
  isOfferDue,
  isUsedEnough,
  noHistoryWords,
  noOffers,
  noUse,
  type Offers,
  offerWords,
  tooFewPlacesWords,
  withEvent,
} from '../../../src/editor/historyText';
import type { NoHistory } from '../../../src/editor/repository';
import { StoreError } from '../../../src/store/errors';
import type { FeedbackEvent, Outcome } from '../../../src/types';

const minuteMs = 60_000;
const nowMs = Date.UTC(2026, 4, 20);

function shown(timeMs: number): FeedbackEvent {
  return { kind: 'shown', suggestionId: 'a', candidateIndex: 0, timeMs };
}

function became(outcome: Outcome): FeedbackEvent {
  const facts = { candidateIndex: 0, takenLength: 1, visibleMs: 900, timeMs: 0 };
  return { kind: 'outcome', suggestionId: 'a', outcome, ...facts };
}

describe('learning from the history is offered', () => {
  function check(events: readonly FeedbackEvent[], nowMs: number, expected: boolean): void {
    expect(isUsedEnough(events.reduce(withEvent, noUse), nowMs)).toBe(expected);
  }

  test('not before Hone was used', () => {
    check([], 100 * minuteMs, false);
    check([shown(0), became('dismissed'), became('unseen')], minuteMs, false);
  });

  test('once something was taken, whole or in part', () => {
    check([shown(0), became('accepted')], 1, true);
    check([shown(0), became('partial'), became('left')], 1, true);
  });

  test('ten minutes after the first suggestion was shown', () => {
    check([shown(5), shown(9 * minuteMs)], 9 * minuteMs, false);
    check([shown(5), shown(9 * minuteMs)], 5 + 10 * minuteMs, true);
  });

  test('with what it costs, and that nothing leaves the machine', () => {
    expect(offerWords('shop')).toMatch(
      /style of shop .* about 20 minutes.*nothing leaves this machine.*status bar/,
    );
    const { question, detail } = costWords('shop', { commits: 123, isShallow: true });
    expect(question).toContain('shop');
    expect(detail).toMatch(/^Hone reads all 123 commits that were cloned, your own commits first/);
    expect(detail).toContain('Nothing leaves this machine');
    expect(costWords('shop', { commits: 2_000, isShallow: false }).detail).toMatch(
      /^Hone reads the newest 2000 commits,/,
    );
  });
});

test.each<[string, Partial<Offers>, boolean]>([
  ['first', {}, true],
  ['again on the same day', { times: 1, lastMs: nowMs - 23 * 60 * minuteMs }, false],
  ['again on the next day', { times: 1, lastMs: nowMs - 24 * 60 * minuteMs }, true],
  ['a fourth time', { times: 3, lastMs: 0 }, false],
  ['after an answer', answered, false],
  ['after the clock was set back', { times: 1, lastMs: nowMs + minuteMs }, true],
])('whether it is offered %s', (_name, offers, expected) => {
  expect(isOfferDue({ ...noOffers, ...offers }, nowMs)).toBe(expected);
});

describe('what cannot be learned from', () => {
  test.each<[NoHistory, RegExp]>([
    [{ kind: 'noGit' }, /Install git/],
    [{ kind: 'noRepository', said: 'not a git repository' }, /shop .*: not a git repository/],
    [{ kind: 'noCommits' }, /no commits yet/],
    [{ kind: 'untracked' }, /Nothing in shop is committed/],
    [{ kind: 'tooFewCommits', commits: 1, isShallow: false }, /has 1 commit;.* from 10 on/],
    [{ kind: 'tooFewCommits', commits: 1, isShallow: true }, /1 commit of shop was .*--unshallow/],
  ])('is told with what to do: %o', (reason, expected) => {
    expect(noHistoryWords('shop', reason)).toMatch(expected);
  });

  test('has too few places, for want of time or of what a person typed', () => {
    expect(tooFewPlacesWords('shop', { decisions: 0, ended: 'history' })).toMatch(
      /no place.*typed/,
    );
    expect(tooFewPlacesWords('shop', { decisions: 3, ended: 'minutes' })).toMatch(
      /only 3 places.*within 10 minutes/,
    );
  });

  test('is told from a disk that is full', () => {
    const noSpace = Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' });
    for (const error of [noSpace, new StoreError('full', 'No space.')])
      expect(failureWords('shop', error)).toMatch(/^The disk is full/);
    expect(failureWords('shop', new Error('It died.'))).toMatch(/shop could not be read: It died/);
  });
});

describe('what came of it', () => {
  const report = { decisions: 412, accepted: 88, ownOnly: false };

  test.each<[HistoryEnd, RegExp]>([
    [
      { kind: 'tooLittle', examples: { have: 3, needed: 100 } },
      /counts from now on\. Not enough examples yet: 3 of 100\.$/,
    ],
    [{ kind: 'elsewhere' }, /the next training/],
    [{ kind: 'stopped' }, /was stopped/],
    [{ kind: 'failed', error: new Error('No memory.') }, /training failed: No memory\.$/],
  ])('is one sentence: %o', (end, expected) => {
    const words = historyEndWords('shop', report, end);
    expect(words).toMatch(/^Hone practised at 412 places in the history of shop .*right at 88; /);
    expect(words).toMatch(expected);
  });

  test('says where only what the user committed was read', () => {
    const words = historyEndWords('shop', { ...report, ownOnly: true }, { kind: 'stopped' });
    expect(words).toContain('the history of your commits in shop');
  });
});
