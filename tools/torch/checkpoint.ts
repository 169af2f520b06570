/**
 * A model folder as transformers loads it: config.json and model.safetensors in float32, the numbers
 * being what the folder's weights stand for. PyTorch and Hone then begin at the very same model.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FolderWeights } from '../../src/model/folderWeights';
import { buildLlamaGraph } from '../../src/model/llamaGraph';
import type { ModelFolder } from '../../src/model/modelFolder';
import { type NamedTensor, writeSafetensors } from '../../src/model/writeSafetensors';

/** How large a model is, in the words of `transformers`. */
export function torchShape({ manifest }: ModelFolder): Readonly<Record<string, number | boolean>> {
  return {
    vocab_size: manifest.vocabularySize,
    hidden_size: manifest.hiddenSize,
    intermediate_size: manifest.feedForwardSize,
    num_hidden_layers: manifest.layers,
    num_attention_heads: manifest.heads,
    num_key_value_heads: manifest.kvHeads,
    tie_word_embeddings: manifest.tiedEmbedding,
  };
}

/** Writes into `directory`, which need not exist; four bytes for each parameter. */
export async function writeTorchCheckpoint(base: ModelFolder, directory: string): Promise<void> {
  const { manifest } = base;
  await mkdir(directory, { recursive: true });
  const config = {
    model_type: manifest.architecture,
    architectures: [manifest.architecture === 'llama' ? 'LlamaForCausalLM' : 'Qwen2ForCausalLM'],
    ...torchShape(base),
    head_dim: manifest.headSize,
    max_position_embeddings: manifest.maxPositions,
    rms_norm_eps: manifest.rmsEpsilon,
    rope_theta: manifest.ropeTheta,
  };
  await writeFile(join(directory, 'config.json'), JSON.stringify(config));
  const weights = await FolderWeights.open(base);
  try {
    const parts = buildLlamaGraph(manifest, 'fp32').weights.flatMap((recipe) => recipe.parts);
    const tensors: NamedTensor[] = [];
    for (const part of parts) {
      tensors.push({ ...part, data: await weights.read(part, 0, part.dims[0] ?? 0) });
    }
    await writeSafetensors(join(directory, 'model.safetensors'), tensors, { format: 'pt' });
  } finally {
    await weights.close();
  }
}
