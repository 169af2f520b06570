import { describe, expect, it } from 'vitest';
import { tone } from '../../../src/feedback/tone';

describe('the tone of a comment', () => {
  const check = (comment: string, expected: number) =>
    it(`is ${expected} for ${JSON.stringify(comment)}`, () => expect(tone(comment)).toBe(expected));

  check('', 0);
  check('I meant the other function', 0);
  check('Great, thanks!', 1);
  check('This is wrong.', -1);
  check('not a good idea', -1);
  check("isn't bad", 1);
  check('I don’t like it', -1);
  check('Correct, but slow', 0);
  check('good name, wrong type, ugly', -1 / 3);
  check('👍', 1);
  check('👎 again', -1);
  check('never seen anything this good', 1);
});
