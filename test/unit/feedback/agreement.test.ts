/** How far typed and suggested text agree: `taken│` marks the agreed beginning of each. */
import { describe, expect, it } from 'vitest';
import { agreement, isAutoClosed, isOneKeystroke } from '../../../src/feedback/agreement';

describe('agreement', () => {
  /** Both texts carry `│` at the place up to which they agree. */
  const check = (name: string, typed: string, suggested: string) =>
    it(name, () => {
      const found = agreement(typed.replace('│', ''), suggested.replace('│', ''));
      expect(found).toEqual({
        typedLength: typed.indexOf('│'),
        takenLength: suggested.indexOf('│'),
      });
    });

  check('of nothing typed', '│', '│foo');
  check('of a beginning', 'fo│', 'fo│o');
  check('of all', 'foo│', 'foo│');
  check('beyond the end', 'foo│ bar', 'foo│');
  check('none', '│x', '│foo');
  check('up to a difference', 'fo│x', 'fo│o');
  check('whatever the line end', 'a\r\nb│', 'a\nb│');
  check('whatever the indentation', 'a\n    b│', 'a\n\tb│');
  check('while the indentation is being typed', 'a\n  │', 'a\n  │  b');
  check('with deeper indentation than suggested', 'a\n    │', 'a\n  │b');
  check('but blanks within a line count', 'a│  b', 'a│\tb');
  check('never half an emoji', '│😀', '│😁');
  check('a whole emoji', '😀│', '😀│😁');
});

describe('one keystroke', () => {
  it('is what an editor inserts for it', () => {
    for (const text of ['a', '😀', '\n', '\r\n    ', '\n    \n', '()', '""', '\t', '    ']) {
      expect(isOneKeystroke(text), JSON.stringify(text)).toBe(true);
    }
    for (const text of ['ab', '(a)', '\nfoo', ' foo', ')(']) {
      expect(isOneKeystroke(text), JSON.stringify(text)).toBe(false);
    }
  });

  it('may bring closers with it, and those alone', () => {
    for (const text of [')', '")', '\n  }', '</div>', ' */']) {
      expect(isAutoClosed(text), JSON.stringify(text)).toBe(true);
    }
    for (const text of ['', '(', 'a)', '<div>']) {
      expect(isAutoClosed(text), JSON.stringify(text)).toBe(false);
    }
  });
});
