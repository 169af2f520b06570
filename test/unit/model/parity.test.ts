/**
 * The default model against its reference: transformers, tokenizers and gguf from PyPI, whose answers
 * are in test/fixtures/parity/reference.json (made by make.py there).
 */
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ggmlTypes } from '../../../src/model/dequantize';
import { type Gguf, readGguf } from '../../../src/model/gguf';
import { tokenizerFromGguf } from '../../../src/model/ggufTokenizer';
import { importModel } from '../../../src/model/importModel';
import type { ModelFolder } from '../../../src/model/modelFolder';
import { type Session, openSession } from '../../../src/model/session';
import { type Tokenizer, createTokenizer, loadTokenizer } from '../../../src/model/tokenizer';
import { type Cache, emptyCache, joinCaches, runStep } from '../../helpers/decode';
import reference from '../../fixtures/parity/reference.json';

const root = resolve(import.meta.dirname, '../../..');
const ggufPath =
  process.env['HONE_TEST_GGUF'] ?? join(root, '.cache/models/SmolLM2-135M-Instruct.Q4_1.gguf');

describe('fp32 graph of the default model', () => {
  let scratch: string;
  let folder: ModelFolder;
  let session: Session;
  let tokenizer: Tokenizer;

  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'hone-parity-'));
    folder = await importModel({
      source: ggufPath,
      destination: join(scratch, 'fp32'),
      precision: 'fp32',
    });
    session = await openSession(folder.graphPath, { threads: 2 });
    tokenizer = await loadTokenizer(folder);
  }, 120_000);
  afterAll(async () => {
    await session.release();
    await rm(scratch, { recursive: true });
  });

  test.each(reference.prompts.map((expected, index) => ({ index, expected })))(
    'prompt $index gives the reference ids, logits within 1e-3 and the same greedy tokens',
    async ({ expected }) => {
      const { manifest } = folder;
      const ids = expected.prompt
        .split(/(<repo_name>|<file_sep>)/)
        .flatMap((part) =>
          part === '<repo_name>'
            ? [manifest.prompt.repository ?? -1]
            : part === '<file_sep>'
              ? [manifest.prompt.file ?? -1]
              : tokenizer.encode(part),
        );
      expect(ids).toEqual(expected.ids);

      let step = await runStep(session, manifest, { ids: [ids], prefix: emptyCache(manifest) });
      const rows = step.logits[0] ?? [];
      const sampled = rows.map((row) => row.filter((_, id) => id % 1021 === 0));
      expect(largestDifference(sampled, expected.logitsEvery1021)).toBeLessThan(1e-3);
      const last = (rows.at(-1) ?? new Float32Array(0)).filter((_, id) => id % 24 === 0);
      expect(largestDifference([last], [expected.lastLogitsEvery24])).toBeLessThan(1e-3);

      const greedy: number[] = [];
      let prefix: Cache = emptyCache(manifest);
      while (greedy.length < expected.greedy.length) {
        prefix = joinCaches(manifest, prefix, step.added[0] ?? emptyCache(manifest));
        const next = largest(step.logits[0]?.at(-1) ?? new Float32Array(0));
        greedy.push(next);
        step = await runStep(session, manifest, { ids: [[next]], prefix });
      }
      expect(greedy).toEqual(expected.greedy);
    },
    60_000,
  );
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

function largest(values: Float32Array): number {
  return values.reduce((best, value, id) => (value > (values[best] ?? -Infinity) ? id : best), 0);
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
