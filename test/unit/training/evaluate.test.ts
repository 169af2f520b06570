/** What is measured of a tiny model, against the likelihood of the same text by its own inference. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ModelFolder } from '../../../src/model/modelFolder';
import type { HeldOutText } from '../../../src/training/dataset';
import { type EvaluateRequest, evaluate, evaluateGeneral } from '../../../src/training/evaluate';
import { generalSet } from '../../../src/training/generalSet';
import { temporaryFolder } from '../../helpers/temporaryFolder';
import { makeTinyModel } from '../../helpers/tinyModel';

function place(n: number, refused: string | null = null): HeldOutText {
  const prefix = `const a = ${n};\nconst b = `;
  return {
    suggestionId: `${n}`,
    context: {
      ...{ repository: 'shop', path: 'a.ts', languageId: 'typescript', snippets: [] },
      ...{ prefix, suffix: '', multiline: true },
    },
    prompt: prefix,
    text: `make(${n});`,
    refused,
  };
}

async function request(
  heldOut: readonly HeldOutText[],
): Promise<EvaluateRequest & { readonly folder: string; readonly model: ModelFolder }> {
  const folder = await temporaryFolder();
  const model = await makeTinyModel(join(folder, 'model'));
  const sizes = { maxTokens: 128, trials: 2, threads: 1 };
  return { folder, model, heldOut, scratch: join(folder, 'scratch'), ...sizes };
}

test('every text, every refused text and the general set are scored, and some places tried', async () => {
  const asked = await request([place(1), place(2, 'other();'), place(3)]);
  const { texts, refused, general, trials } = await evaluate(asked);
  expect(texts).toHaveLength(3);
  expect(refused.map((each) => each === null)).toEqual([true, false, true]);
  expect(general).toHaveLength(generalSet.length);
  expect(trials).toHaveLength(2);
  for (const { nats, tokens } of [...texts, ...general]) {
    // Weights drawn at random know about as much as guessing does.
    expect(nats / tokens).toBeGreaterThan(2);
    expect(nats / tokens).toBeLessThan(12);
  }
  expect(await readdir(asked.folder)).toEqual(['model']);
  expect((await evaluateGeneral(asked)).map(({ nats }) => nats)).toEqual(
    general.map(({ nats }) => nats),
  );
});

test('a text scores the same whatever else is asked', async () => {
  const asked = await request([place(1), place(2)]);
  const { texts } = await evaluate(asked);
  const alone = await evaluate({ ...asked, heldOut: [place(2)] });
  expect(alone.texts).toEqual(texts.slice(1));
});

test('it ends when it is cancelled and leaves nothing behind', async () => {
  const asked = await request([place(1), place(2)]);
  const abort = new AbortController();
  const onProgress = (): void => abort.abort();
  await expect(evaluate({ ...asked, onProgress, signal: abort.signal })).rejects.toThrow(
    expect.objectContaining({ name: 'AbortError' }),
  );
  expect(await readdir(asked.folder)).toEqual(['model']);
});

test('the general set has many languages, and no text twice', () => {
  const endings = new Set(generalSet.map(({ path }) => path.slice(path.lastIndexOf('.'))));
  expect(endings.size).toBeGreaterThanOrEqual(14);
  expect(new Set(generalSet.map(({ text }) => text)).size).toBe(generalSet.length);
});
