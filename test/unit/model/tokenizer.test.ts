/** What a code model needs of a tokenizer beyond ids; the ids themselves are held in parity.test.ts. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type TokenizerJson, createTokenizer } from '../../../src/model/tokenizer';
import { tinyTokenizer, tinyTokenizerParts } from '../../helpers/tinyModel';

const { tokens, control } = tinyTokenizerParts();
const special = new Set(control.keys());
const tokenizer = createTokenizer(tinyTokenizer(tokens, control), special);

test('any text comes back from its ids, and from the bytes of its ids', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const ids = tokenizer.encode(text);
      expect(tokenizer.decode(ids)).toBe(text);
      expect(Buffer.concat(ids.map((id) => tokenizer.decodeBytes(id))).toString('utf8')).toBe(text);
    }),
  );
});

test('control tokens spelled out in text are plain characters', () => {
  const text = 'a <|endoftext|><fim_prefix> b';
  const ids = tokenizer.encode(text);
  expect(ids.filter((id) => special.has(id))).toEqual([]);
  expect(tokenizer.decode(ids)).toBe(text);
});

test.each([
  ['a high surrogate alone', 'x\ud83d y'],
  ['a low surrogate alone', '\ude00y'],
  ['two in the wrong order', '\ude00\ud83d'],
])('%s is read as the replacement character', (_, text) => {
  const replaced = text.replace(/[\ud800-\udfff]/g, '\ufffd');
  expect(tokenizer.encode(text)).toEqual(tokenizer.encode(replaced));
});

test('control tokens and ids without a token stand for no bytes', () => {
  for (const id of [...special, tokens.length, 1_000_000]) {
    expect(tokenizer.decodeBytes(id)).toEqual(new Uint8Array(0));
  }
  expect(tokenizer.decode([...special])).toBe('');
});

test('a character that is cut between tokens is whole only together', () => {
  const ids = tokenizer.encode('\u{1f680}');
  expect(ids.length).toBe(4);
  expect(tokenizer.decode(ids.slice(0, 3))).toBe('\ufffd');
  expect(tokenizer.decode(ids)).toBe('\u{1f680}');
});

test('no text has no ids, and a long word is encoded too', () => {
  expect(tokenizer.encode('')).toEqual([]);
  expect(tokenizer.decode([])).toBe('');
  const word = 'const'.repeat(4000);
  expect(tokenizer.decode(tokenizer.encode(word))).toBe(word);
});

test('a SentencePiece-like vocabulary keeps spaces, and writes rare characters as bytes', () => {
  const pieces = ['<unk>', '<s>', '\u2581', 'a', '\u2581a', '<0xC3>', '<0xA9>', '<0x0A>'];
  const json: TokenizerJson = {
    added_tokens: [{ id: 1, content: '<s>', special: true }],
    normalizer: { type: 'Replace', pattern: { String: ' ' }, content: '\u2581' },
    model: {
      type: 'BPE',
      byte_fallback: true,
      unk_token: '<unk>',
      vocab: Object.fromEntries(pieces.map((piece, id) => [piece, id])),
      merges: ['\u2581 a'],
    },
  };
  const sentencePiece = createTokenizer(json, new Set([0, 1]));
  expect(sentencePiece.encode('a aé\n')).toEqual([3, 4, 5, 6, 7]);
  expect(sentencePiece.decode([3, 4, 5, 6, 7])).toBe('a aé\n');
});
