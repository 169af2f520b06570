/** Vocabularies of published families, as far as their special tokens go. */
import { expect, test } from 'vitest';
import { findSpecialTokens } from '../../../src/model/specialTokens';

const specialTokensOf = (tokens: readonly string[], control: readonly string[]) => {
  const found = findSpecialTokens({
    size: tokens.length,
    tokens,
    controlIds: new Set(control.map((token) => tokens.indexOf(token))),
    bosId: null,
    addBos: false,
    eosId: tokens.indexOf(control[0] ?? ''),
  });
  const names = (ids: readonly number[]) => ids.map((id) => tokens[id]);
  return { ...found, ends: names(found.eosIds), specials: names(found.specialIds) };
};

const qwenMarks = ['<|fim_prefix|>', '<|fim_middle|>', '<|fim_suffix|>', '<|fim_pad|>'];
const qwenEnds = ['<|endoftext|>', '<|im_end|>', ...qwenMarks, '<|repo_name|>', '<|file_sep|>'];
const qwen = ['a', '</s>', 'b', '<|im_start|>', ...qwenEnds];

test('Qwen2.5-Coder is told what follows the cursor first, and every mark ends its text', () => {
  const { fim, ends, specials } = specialTokensOf(qwen, ['<|im_end|>', '<|im_start|>']);
  const id = (token: string) => qwen.indexOf(token);
  expect(fim).toEqual({
    prefix: id('<|fim_prefix|>'),
    suffix: id('<|fim_suffix|>'),
    middle: id('<|fim_middle|>'),
    first: 'suffix',
  });
  expect(ends).toEqual(qwenEnds);
  expect(specials).toEqual(['<|im_start|>', ...qwenEnds]);
});

test('</s> is text where the vocabulary does not call it an end, and an end where it does', () => {
  expect(specialTokensOf(qwen, ['<|im_end|>']).specials).not.toContain('</s>');
  expect(specialTokensOf(['a', '</s>', '<s>'], ['<s>', '</s>']).ends).toEqual(['</s>', '<s>']);
});

test.each([
  ['StarCoder', '<fim_prefix>', '<fim_suffix>', '<fim_middle>', 'suffix'],
  ['SantaCoder', '<fim-prefix>', '<fim-suffix>', '<fim-middle>', 'suffix'],
  ['DeepSeek-Coder', '<｜fim▁begin｜>', '<｜fim▁hole｜>', '<｜fim▁end｜>', 'prefix'],
  ['CodeLlama', '▁<PRE>', '▁<SUF>', '▁<MID>', 'prefix'],
])(
  '%s is asked in the order of its paper and ends at its marks',
  (_, prefix, suffix, middle, first) => {
    const marks = [prefix, suffix, middle];
    const { fim, ends } = specialTokensOf(['</s>', 'a', ...marks], ['</s>']);
    expect(fim).toEqual({ prefix: 2, suffix: 3, middle: 4, first });
    expect(ends).toEqual(['</s>', ...marks]);
  },
);

test('a vocabulary without marks of holes ends only where its own end is', () => {
  const tokens = ['<|endoftext|>', '<|im_end|>', '<repo_name>', '<file_sep>', 'a'];
  const { fim, ends, prompt } = specialTokensOf(tokens, ['<|endoftext|>']);
  expect(fim).toBeNull();
  expect(ends).toEqual(['<|endoftext|>', '<|im_end|>']);
  expect(prompt).toEqual({ repository: 2, file: 3 });
});
