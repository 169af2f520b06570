/**
 * SmolLM2-135M, which hone-135m is made of, against its reference: transformers, tokenizers and gguf
 * from PyPI, whose answers are in test/fixtures/parity/reference.json (made by make.py there).
 */
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ggmlTypes } from '../../../src/model/dequantize';
import { type Gguf, readGguf } from '../../../src/model/gguf';
import { tokenizerFromGguf } from '../../../src/model/ggufTokenizer';
import { importModel } from '../../../src/model/importModel';
import type { ModelFolder, Precision } from '../../../src/model/modelFolder';
import { type Session, openSession } from '../../../src/model/session';
import { type Tokenizer, createTokenizer, loadTokenizer } from '../../../src/model/tokenizer';
import { emptyCache, runStep } from '../../helpers/decode';
import reference from '../../fixtures/parity/reference.json';

const root = resolve(import.meta.dirname, '../../..');
const ggufPath =
  process.env['HONE_TEST_GGUF'] ?? join(root, '.cache/models/SmolLM2-135M-Instruct.Q4_1.gguf');

describe('graph of SmolLM2-135M', () => {
  let scratch: string;
  let folder: ModelFolder;
  let fp32: Session;
  let tokenizer: Tokenizer;

  const open = async (precision: Precision): Promise<Session> => {
    const destination = join(scratch, precision);
    folder = await importModel({ source: ggufPath, destination, precision });
    return openSession(folder.graphPath, { threads: 2 });
  };
  const logitsOf = async (session: Session, ids: readonly number[]) => {
    const { manifest } = folder;
    const prefix = emptyCache(manifest);
    return (await runStep(session, manifest, { ids: [ids], prefix })).logits[0] ?? [];
  };

  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'hone-parity-'));
    fp32 = await open('fp32');
    tokenizer = await loadTokenizer(folder);
  }, 120_000);
  afterAll(async () => {
    await fp32.release();
    await rm(scratch, { recursive: true });
  });

  test.each(reference.prompts.map((expected, index) => ({ index, expected })))(
    'fp32 gives the ids, logits within 1e-3 and greedy tokens of the reference for prompt $index',
    async ({ expected }) => {
      const { prompt } = folder.manifest;
      const ids = expected.prompt
        .split(/(<repo_name>|<file_sep>)/)
        .flatMap((part) =>
          part === '<repo_name>'
            ? [prompt.repository ?? -1]
            : part === '<file_sep>'
              ? [prompt.file ?? -1]
              : tokenizer.encode(part),
        );
      expect(ids).toEqual(expected.ids);

      // The greedy tokens are appended, so that one run says what would follow each of them.
      const rows = await logitsOf(fp32, [...ids, ...expected.greedy.slice(0, -1)]);
      const sampled = rows
        .slice(0, ids.length)
        .map((row) => row.filter((_, id) => id % 1021 === 0));
      expect(largestDifference(sampled, expected.logitsEvery1021)).toBeLessThan(1e-3);
      const last = rows[ids.length - 1]?.filter((_, id) => id % 24 === 0) ?? [];
      expect(largestDifference([last], [expected.lastLogitsEvery24])).toBeLessThan(1e-3);
      expect(rows.slice(ids.length - 1).map(largest)).toEqual(expected.greedy);
    },
    60_000,
  );

  // Half of what 8 bits change is for the better, so the loss wanders by a tenth of a point with the
  // text; over 15,841 tokens of 31 files it was 0.07 points (59.52 to 59.45).
  test('8bit loses at most 0.2 points of token accuracy on 5,000 tokens of TypeScript', async () => {
    const file = join(root, 'node_modules/@huggingface/gguf/src/gguf.ts');
    const ids = tokenizer.encode(await readFile(file, 'utf8')).slice(0, 5_120);
    const accuracy = async (session: Session): Promise<number> => {
      let right = 0;
      for (let at = 0; at < ids.length; at += 512) {
        const window = ids.slice(at, at + 512);
        const rows = await logitsOf(session, window.slice(0, -1));
        right += rows.filter((row, i) => largest(row) === window[i + 1]).length;
      }
      return (100 * right) / ids.length;
    };
    const quantised = await open('8bit');
    const [exact, lossy] = [await accuracy(fp32), await accuracy(quantised)];
    await quantised.release();
    expect(ids.length).toBe(5_120);
    expect(exact).toBeGreaterThan(40);
    expect(exact - lossy).toBeLessThanOrEqual(0.2);
  }, 180_000);
});

describe('tokenizer', () => {
  let gguf: Gguf;
  beforeAll(async () => {
    gguf = await readGguf(ggufPath);
  });
  const tokenizerFor = (pre: string): Tokenizer => {
    const metadata = { ...gguf.metadata, 'tokenizer.ggml.pre': pre };
    const { tokenizer, specialTokens } = tokenizerFromGguf({ ...gguf, metadata }, 49_152);
    return createTokenizer(tokenizer, new Set(specialTokens.specialIds));
  };

  test('a megabyte of mixed text gives the ids of the reference', () => {
    const tokenizer = tokenizerFor('smollm');
    const found = reference.tokenizer.smollm.map((_, piece) => hashOfIds(tokenizer, piece));
    expect(found).toEqual(reference.tokenizer.smollm);
  });

  test.each(Object.entries(reference.tokenizer.others))(
    'cutting text as %s does gives the ids of the reference',
    (pre, expected) => {
      const tokenizer = tokenizerFor(pre);
      expect(expected.map((_, piece) => hashOfIds(tokenizer, piece))).toEqual(expected);
    },
  );
});

describe('dequantisation', () => {
  test.each(Object.entries(reference.blocks))(
    '%s gives the values of the reference',
    (_, block) => {
      const bytes = Buffer.from(block.bytes, 'hex');
      const expected = new Float32Array(Uint8Array.from(Buffer.from(block.values, 'hex')).buffer);
      const values = new Float32Array(expected.length);
      ggmlTypes.get(block.type)?.dequantize(bytes, values);
      expect(largestDifference([values], [expected])).toBeLessThan(1e-6);
      expect(Math.max(...expected)).toBeGreaterThan(0);
    },
  );
});

/** The same text as `mixed_text` of make.py: a linear congruential generator picks its parts. */
function mixedText(piece: number): string {
  const { fragments, blocks, pieceLength } = reference.tokenizer;
  let state = piece + 1;
  const draw = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 8) % below;
  };
  let text = '';
  while (text.length < pieceLength) {
    if (draw(3) < 2) {
      text += fragments[draw(fragments.length)] ?? '';
    } else {
      const [low = 0, high = 0] = blocks[draw(blocks.length)] ?? [];
      const length = 1 + draw(6);
      for (let i = 0; i < length; i++) text += String.fromCodePoint(low + draw(high - low + 1));
    }
  }
  return text;
}

function hashOfIds(tokenizer: Tokenizer, piece: number): string {
  const ids = tokenizer.encode(mixedText(piece));
  const hash = createHash('sha256').update(Uint32Array.from(ids)).digest('hex');
  return `${ids.length}:${hash.slice(0, 16)}`;
}

/** Index of the largest value. A plain loop: it sees half a billion values. */
function largest(values: Float32Array): number {
  let best = 0;
  let highest = -Infinity;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? -Infinity;
    if (value > highest) {
      highest = value;
      best = i;
    }
  }
  return best;
}

function largestDifference(
  a: readonly ArrayLike<number>[],
  b: readonly ArrayLike<number>[],
): number {
  expect(a.map((row) => row.length)).toEqual(b.map((row) => row.length));
  return Math.max(
    ...a.flatMap((row, i) => Array.from(row, (value, j) => Math.abs(value - (b[i]?.[j] ?? NaN)))),
  );
}
