/** Tokenizers of strangers, tried before a model is called ready. */
import { expect, test } from 'vitest';
import { tryTokenizer } from '../../../src/model/tokenizerTrial';
import { tinyTokenizer, tinyTokenizerParts } from '../../helpers/tinyModel';

const sound = () => {
  const { tokens, control } = tinyTokenizerParts();
  return tinyTokenizer(tokens, control);
};
const split = (expression: string) => ({
  ...{ type: 'Split', behavior: 'Isolated', invert: false },
  pattern: { Regex: expression },
});

test('a sound tokenizer passes', () => {
  expect(() => tryTokenizer(sound(), new Set([0]), 'a.gguf')).not.toThrow();
});

test.each(['(a+)+$', '(\\d+)+$', '( +)+$', '(?:\\w|_)*$'])(
  'an expression that goes astray (%s) is ended and told in words',
  (expression) => {
    const json = { ...sound(), pre_tokenizer: split(expression) };
    expect(() => tryTokenizer(json, new Set(), 'a.gguf', 500)).toThrow(
      expect.objectContaining({
        code: 'unsupported',
        message: expect.stringMatching(
          /tokenizer of a\.gguf cannot be used .*another model/,
        ) as string,
      }),
    );
  },
);
