/** A remembered answer is the answer, and it is given without asking again. */
import { readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { GenerateRequest, GenerateResult, Policy } from '../../../src/model/types';
import { rememberedPolicy } from '../../../src/replay/rememberedPolicy';
import { temporaryFolder } from '../../helpers/temporaryFolder';

const request: GenerateRequest = {
  context: {
    ...{ repository: 'shop', path: 'a.ts', languageId: 'typescript', snippets: [] },
    ...{ prefix: 'const a = ', suffix: '\n', multiline: false },
  },
  ...{ samples: 0, temperature: 1, maxTokens: 8, seed: 1, drafts: [] },
};
const copy = { text: 'load()', tokenIds: [], source: 'copied', propensity: 1 } as const;
const answer: GenerateResult = {
  // One text that was scored, and one that was too long for it.
  candidates: [
    { ...copy, logProb: -1.5 },
    { ...copy, text: 'load(everything)', logProb: NaN },
  ],
  ...{ snippets: [], state: [0.25], promptTokens: 3, cachedTokens: 0 },
  latencyMs: { queue: 0, prefill: 1, decode: 2 },
};

function counting(): { policy: Policy; asked: () => number } {
  let asked = 0;
  return {
    policy: {
      version: 'tiny',
      warm: () => Promise.resolve(),
      generate: () => {
        asked++;
        return Promise.resolve(answer);
      },
    },
    asked: () => asked,
  };
}

test('what was answered once is answered again in the same way, unscored texts too', async () => {
  const folder = await temporaryFolder();
  const { policy, asked } = counting();
  const signal = new AbortController().signal;
  const first = await rememberedPolicy(policy, folder).generate(request, signal);
  const again = await rememberedPolicy(policy, folder).generate(request, signal);
  expect(first).toEqual(answer);
  expect(again).toEqual(answer);
  expect(asked()).toBe(1);
  await rememberedPolicy(policy, folder).generate({ ...request, seed: 2 }, signal);
  expect(asked()).toBe(2);
});

test('an answer that was cut short is asked for again', async () => {
  const folder = await temporaryFolder();
  const { policy, asked } = counting();
  const signal = new AbortController().signal;
  await rememberedPolicy(policy, folder).generate(request, signal);
  const [file = ''] = (await readdir(folder, { recursive: true })).filter((name) =>
    name.endsWith('.json'),
  );
  await writeFile(path.join(folder, file), '{"candidates":[');
  expect(await rememberedPolicy(policy, folder).generate(request, signal)).toEqual(answer);
  expect(asked()).toBe(2);
});
