/** A small version of `npm run eval -- gate`: one imagined user of each kind. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../helpers/temporaryFolder';
import { challenge, type FeedbackKind, teachLanguage } from '../../../tools/eval/gate';

test('what was learned from honest feedback passes, from poisoned feedback it does not', async () => {
  const folder = await temporaryFolder();
  const base = await teachLanguage(folder);
  const outcomes: Record<string, string> = {};
  for (const kind of [
    'honest',
    'flipped',
    'garbage',
    'repeated',
    'mixed',
  ] satisfies FeedbackKind[]) {
    const { outcome } = await challenge(base, join(folder, kind), kind, 1000);
    outcomes[kind] = outcome;
  }
  expect(outcomes).toEqual({
    ...{ honest: 'passed', flipped: 'refused', garbage: 'refused' },
    ...{ repeated: 'refused', mixed: 'refused' },
  });
}, 180_000);
