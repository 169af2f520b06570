/** Weights of a folder by the source's names: read back as they were, and changed in place. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FolderWeights } from '../../../src/model/folderWeights';
import type { SourceTensor } from '../../../src/model/llamaKernels';
import type { Precision } from '../../../src/model/modelFolder';
import { makeTinyModel, randomWeights, tinyConfig } from '../../helpers/tinyModel';

const { hiddenSize, feedForwardSize, heads, kvHeads, headSize } = tinyConfig('llama', 300);
const layer = 'model.layers.0';
const tensors: readonly SourceTensor[] = [
  { name: `${layer}.input_layernorm.weight`, dims: [hiddenSize] },
  { name: `${layer}.self_attn.q_proj.weight`, dims: [heads * headSize, hiddenSize] },
  { name: `${layer}.self_attn.v_proj.weight`, dims: [kvHeads * headSize, hiddenSize] },
  { name: `${layer}.self_attn.o_proj.weight`, dims: [hiddenSize, heads * headSize] },
  { name: `${layer}.mlp.up_proj.weight`, dims: [feedForwardSize, hiddenSize] },
  { name: `${layer}.mlp.down_proj.weight`, dims: [hiddenSize, feedForwardSize] },
];

describe.each<[Precision, number]>([
  ['fp32', 0],
  ['8bit', 0.04],
])('a folder of %s weights', (precision, tolerance) => {
  let directory: string;
  let weights: FolderWeights;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'hone-weights-'));
    const folder = await makeTinyModel(join(directory, 'model'), { precision });
    weights = await FolderWeights.open(folder, 'r+');
  });
  afterAll(async () => {
    await weights.close();
    await rm(directory, { recursive: true });
  });

  const expectNear = (actual: Float32Array, expected: Float32Array): void => {
    const largest = Math.max(...expected.map(Math.abs));
    expect(actual.length).toBe(expected.length);
    const errors = actual.map((value, i) => Math.abs(value - (expected[i] ?? NaN)));
    expect(Math.max(...errors)).toBeLessThanOrEqual(tolerance * largest);
  };

  test.each(tensors)('gives $name as it was in the source', async (tensor) => {
    const rows = tensor.dims[0] ?? 0;
    const expected = await randomWeights(1).read(tensor, 0, rows);
    expectNear(await weights.read(tensor, 0, rows), expected);
  });

  test.each(tensors.slice(1))('keeps a new $name, and what lies beside it', async (tensor) => {
    const rows = tensor.dims[0] ?? 0;
    const changed = await randomWeights(2).read(tensor, 0, rows);
    await weights.write(tensor, changed);
    expectNear(await weights.read(tensor, 0, rows), changed);
    const beside: SourceTensor = {
      name: `${layer}.self_attn.k_proj.weight`,
      dims: [kvHeads * headSize, hiddenSize],
    };
    const kept = await randomWeights(1).read(beside, 0, kvHeads * headSize);
    expectNear(await weights.read(beside, 0, kvHeads * headSize), kept);
  });
});
