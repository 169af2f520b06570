/**
 * The gradient of every tensor of an adapter against central differences through the whole decoder,
 * along the gradient itself: there the loss must grow by the gradient's norm.
 */
import path from 'node:path';
import { expect, test } from 'vitest';
import { openGradients } from '../../../src/training/engine';
import type { Example } from '../../../src/training/examples';
import { stepTotals } from '../../../src/training/feeds';
import { type LinearKind, linearKinds, targetModules } from '../../../src/training/modules';
import { seededRandom } from '../../../src/util/random';
import { temporaryFolder } from '../../helpers/temporaryFolder';
import { makeTinyModel } from '../../helpers/tinyModel';

const examples: readonly Example[] = [
  [7, 40, 81, 12],
  [19, 3, 77, 60, 61, 62, 5],
].map((ids, i) => ({ line: i + 1, weight: 1, liked: true, sequences: [{ ids, start: 2 }] }));
const inputs = { frozenScores: [0, 0], totals: stepTotals(examples), referencePoint: 0 };

async function check(kinds: readonly LinearKind[], layers: number): Promise<void> {
  const directory = path.join(await temporaryFolder(), 'tiny');
  const { manifest: config } = await makeTinyModel(directory, { precision: 'fp32' });
  const modules = targetModules(config, { kinds, layers });
  const engine = await openGradients(
    { config, modules, lora: { rank: 4, alpha: 8 }, directory, threads: 1 },
    { method: 'sft' },
  );
  try {
    const random = seededRandom(3);
    const draw = (count: number): Float32Array =>
      Float32Array.from({ length: count }, () => 0.2 * (2 * random() - 1));
    const parameters = modules.flatMap(({ rows, columns }) => [draw(4 * columns), draw(4 * rows)]);
    const { gradients } = await engine.run(examples, inputs, parameters);
    expect(gradients).toHaveLength(parameters.length);
    for (const [i, gradient] of gradients.entries()) {
      const norm = Math.hypot(...gradient);
      const at = async (step: number): Promise<number> => {
        const moved = parameters.map((values, j) =>
          i === j ? values.map((value, k) => value + (step * (gradient[k] ?? NaN)) / norm) : values,
        );
        return (await engine.run(examples, inputs, moved)).loss;
      };
      // Steps large enough that the loss changes by far more than float32 rounds it by.
      const h = Math.min(0.1, 0.02 / norm);
      const near = (await at(h)) - (await at(-h));
      const far = (await at(2 * h)) - (await at(-2 * h));
      const slope = (8 * near - far) / (12 * h);
      expect(Math.abs(slope / norm - 1), `tensor ${i}`).toBeLessThan(1e-3);
    }
  } finally {
    await engine.release();
  }
}

test('every tensor of an adapter on all linear layers has the gradient that differences say', async () => {
  await check(linearKinds, 2);
});

test('so has an adapter on some kinds of layer, where a matrix is shared with others', async () => {
  await check(['v_proj', 'k_proj', 'up_proj', 'down_proj'], 2);
});

test('so has an adapter on the last layer alone', async () => {
  await check(['q_proj', 'gate_proj'], 1);
});
