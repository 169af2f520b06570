/**
 * A Hugging Face folder (`config.json`, `tokenizer.json`, `*.safetensors`) as a source of a model.
 * The tokenizer is taken over as it stands; weights are read by `safetensors.ts`.
 */
import { access } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { z } from 'zod';
import { ModelError } from './errors';
import { configFromHuggingFace } from './llamaConfig';
import { modelName } from './modelFolder';
import { SafetensorsWeights, safetensorsFiles } from './safetensors';
import { readSourceJson } from './sourceFile';
import { findSpecialTokens } from './specialTokens';
import { type TokenizerJson, looksLikeControlToken, tokenizerSchema } from './tokenizer';
import type { SourceModel } from './writeModel';

const tokenNameSchema = z
  .union([z.string(), z.object({ content: z.string() }).transform(({ content }) => content)])
  .nullish();

const tokenizerConfigSchema = z.object({
  add_bos_token: z.boolean().nullish(),
  bos_token: tokenNameSchema,
  eos_token: tokenNameSchema,
});

/** The files that make the model what it is, in a fixed order. */
export async function huggingFaceFiles(folder: string): Promise<readonly string[]> {
  const names = ['config.json', 'tokenizer.json', ...(await safetensorsFiles(folder))];
  const optional = join(folder, 'tokenizer_config.json');
  const there = await access(optional).then(
    () => true,
    () => false,
  );
  return [...names.map((name) => join(folder, name)), ...(there ? [optional] : [])];
}

/** @throws ModelError saying what is missing or not supported. */
export async function readHuggingFaceFolder(folder: string): Promise<SourceModel> {
  const configPath = join(folder, 'config.json');
  const config = configFromHuggingFace(await readSourceJson(configPath), configPath);
  const tokenizerPath = join(folder, 'tokenizer.json');
  const tokenizer = tokenizerSchema.safeParse(await readSourceJson(tokenizerPath));
  if (!tokenizer.success) {
    throw new ModelError(
      'unsupported',
      `${tokenizerPath} is not a BPE tokenizer, the only kind that Hone reads. Choose another model.`,
      { cause: tokenizer.error },
    );
  }
  const settings = tokenizerConfigSchema.parse(
    await readSourceJson(join(folder, 'tokenizer_config.json')).catch(() => ({})),
  );
  const tokens = tokensById(tokenizer.data);
  if (tokens.length > config.vocabularySize) {
    throw new ModelError(
      'damaged',
      `${tokenizerPath} has ${tokens.length} tokens, but the model knows ${config.vocabularySize}. Download the folder again.`,
    );
  }
  const control = tokenizer.data.added_tokens.filter(
    (token) => token.special === true || looksLikeControlToken(token.content),
  );
  const idOf = (token: string | null | undefined): number | null => {
    const id = token === null || token === undefined ? -1 : tokens.indexOf(token);
    return id < 0 ? null : id;
  };
  const bosId = idOf(settings.bos_token);
  const weights = await SafetensorsWeights.open(folder, await safetensorsFiles(folder));
  return {
    name: modelName(basename(resolve(folder))),
    // Some folders say nothing of tying and simply leave the head out.
    config: { ...config, tiedEmbedding: config.tiedEmbedding || !weights.has('lm_head.weight') },
    tokenizer: tokenizer.data,
    specialTokens: findSpecialTokens({
      size: config.vocabularySize,
      tokens,
      controlIds: new Set(control.map(({ id }) => id)),
      bosId,
      addBos: settings.add_bos_token ?? templateAddsBos(tokenizer.data, settings.bos_token),
      eosId: idOf(settings.eos_token),
    }),
    weights,
  };
}

function tokensById(tokenizer: TokenizerJson): readonly (string | undefined)[] {
  const tokens: (string | undefined)[] = [];
  for (const [token, id] of Object.entries(tokenizer.model.vocab)) tokens[id] = token;
  for (const { id, content } of tokenizer.added_tokens) tokens[id] = content;
  return tokens;
}

/** Whether the tokenizer's own template for a single text begins with the BOS. */
function templateAddsBos(tokenizer: TokenizerJson, bos: string | null | undefined): boolean {
  const schema = z.object({
    single: z.array(z.object({ SpecialToken: z.object({ id: z.string() }) })),
  });
  const template = z
    .object({ processors: z.array(z.unknown()) })
    .safeParse(tokenizer['post_processor']).data?.processors ?? [tokenizer['post_processor']];
  return template.some((step) => {
    const single = z.object({ single: z.array(z.unknown()) }).safeParse(step).data?.single ?? [];
    const first = schema.safeParse({ single: single.slice(0, 1) }).data?.single[0];
    return first !== undefined && first.SpecialToken.id === bos;
  });
}
