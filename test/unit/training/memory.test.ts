/** What a run is planned to take, and what gives way where that is more than it may. */
import { expect, test } from 'vitest';
import type { LlamaConfig } from '../../../src/model/llamaConfig';
import { type MemoryRequest, planMemory } from '../../../src/training/memory';

/** The sizes of SmolLM2-135M. */
const config: LlamaConfig = {
  ...{ architecture: 'llama', hiddenSize: 576, feedForwardSize: 1536, layers: 30 },
  ...{ heads: 9, kvHeads: 3, headSize: 64, vocabularySize: 49_152, maxPositions: 8192 },
  ...{ rmsEpsilon: 1e-5, ropeTheta: 1e5, tiedEmbedding: true, qkvBias: false },
};

function plan(changes: Partial<MemoryRequest> = {}) {
  const usual = { config, layers: 30, rank: 8, texts: 1, maxTokens: 512, maxMemoryBytes: 1.5e9 };
  return planMemory({ ...usual, ...changes });
}

test('what fits is left as it was asked for', () => {
  expect(plan({ maxTokens: 256 })).toMatchObject({ maxTokens: 256, wantedTokens: 256 });
  expect(plan({ maxTokens: 256 }).bytes).toBeLessThan(1.5e9);
});

test('texts are cut to what the memory allows, and no further', () => {
  const { maxTokens, wantedTokens, bytes } = plan({ maxTokens: 2048 });
  expect(wantedTokens).toBe(2048);
  expect(maxTokens).toBeLessThan(2048);
  expect(bytes).toBeLessThanOrEqual(1.5e9);
  expect(plan({ maxTokens: maxTokens + 16, maxMemoryBytes: 9e9 }).bytes).toBeGreaterThan(1.5e9);
});

test('fewer layers take less, pairs, dropout and a higher rank more', () => {
  const bytes = (changes: Partial<MemoryRequest>): number =>
    plan({ maxTokens: 256, maxMemoryBytes: 9e9, ...changes }).bytes;
  const usual = bytes({});
  expect(bytes({ layers: 10 })).toBeLessThan(usual);
  for (const more of [{ texts: 2 }, { dropout: 0.1 }, { rank: 64 }])
    expect(bytes(more)).toBeGreaterThan(usual);
});

test('a model that cannot be trained in so little is refused with how much it takes', () => {
  expect(() => plan({ maxMemoryBytes: 6e8 })).toThrow(
    /takes at least \d+ MB, and 600 MB are allowed\. Allow more, train fewer layers/,
  );
});
