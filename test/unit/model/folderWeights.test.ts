/** Weights of a folder by the source's names: read back as they were, and changed in place. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FolderWeights } from '../../../src/model/folderWeights';
import type { SourceTensor } from '../../../src/model/llamaKernels';
import type { Precision } from '../../../src/model/modelFolder';
import { addProduct } from '../../../src/model/product';
import { transpose } from '../../../src/model/quantize';
import { seededRandom } from '../../../src/util/random';
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

const keyRows = kvHeads * headSize;
const keyTensor = { name: `${layer}.self_attn.k_proj.weight`, dims: [keyRows, hiddenSize] };

function noise(length: number, seed: number): Float32Array {
  const random = seededRandom(seed);
  return Float32Array.from({ length }, () => random() - 0.5);
}

const largestOf = (values: Float32Array): number => Math.max(...values.map(Math.abs));

describe.each<[Precision, number]>([
  ['fp32', 1e-6],
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

  const read = (tensor: SourceTensor): Promise<Float32Array> =>
    weights.read(tensor, 0, tensor.dims[0] ?? 0);
  const expectNear = (actual: Float32Array, expected: Float32Array): void => {
    const largest = largestOf(expected);
    expect(actual.length).toBe(expected.length);
    const errors = actual.map((value, i) => Math.abs(value - (expected[i] ?? NaN)));
    expect(Math.max(...errors)).toBeLessThanOrEqual(tolerance * largest);
  };

  test.each(tensors)('gives $name as it was in the source', async (tensor) => {
    const rows = tensor.dims[0] ?? 0;
    const expected = await randomWeights(1).read(tensor, 0, rows);
    expectNear(await weights.read(tensor, 0, rows), expected);
  });

  test.each(tensors.slice(1))(
    'adds a product to $name, and to nothing beside it',
    async (tensor) => {
      const [rows = 0, columns = 0] = tensor.dims;
      const [beside, before] = [await weights.read(keyTensor, 0, keyRows), await read(tensor)];
      const product = { rank: 3, a: noise(3 * columns, 1), b: noise(3 * rows, 2) };
      await weights.add(new Map([[tensor.name, product]]));
      const expected = transpose(before, rows, columns); // [K, N]
      addProduct(expected, rows, 0, product);
      expectNear(await read(tensor), transpose(expected, columns, rows));
      expect(largestOf(expected)).toBeGreaterThan(1.2 * largestOf(before));
      expectNear(await weights.read(keyTensor, 0, keyRows), beside);
    },
  );

  test('adds to matrices that are kept as one at the same time', async () => {
    const parts = ['gate_proj', 'up_proj'].map((kind) => ({
      name: `${layer}.mlp.${kind}.weight`,
      dims: [feedForwardSize, hiddenSize],
    }));
    const before = await Promise.all(parts.map(read));
    const product = (seed: number) => ({
      rank: 5,
      a: noise(5 * hiddenSize, seed),
      b: noise(5 * feedForwardSize, seed + 1),
    });
    const shares: number[] = [];
    const products = parts.map(({ name }, i) => [name, product(10 * i)] as const);
    await weights.add(new Map(products), (share) => shares.push(share));
    expect(shares).toEqual([1]);
    for (const [i, part] of parts.entries()) {
      const expected = transpose(before[i] ?? noise(0, 0), feedForwardSize, hiddenSize);
      addProduct(expected, feedForwardSize, 0, product(10 * i));
      expectNear(await read(part), transpose(expected, hiddenSize, feedForwardSize));
    }
  });

  test('adds to linear layers alone', async () => {
    const product = { rank: 1, a: noise(1, 1), b: noise(hiddenSize, 1) };
    for (const name of ['model.embed_tokens.weight', `${layer}.input_layernorm.weight`]) {
      await expect(weights.add(new Map([[name, product]]))).rejects.toThrow(/not a linear layer/);
    }
  });
});
