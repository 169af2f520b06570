/** Imports of tiny models in both published forms, and of files that are broken in every way. */
import { execFileSync } from 'node:child_process';
import {
  access,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  rm,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ModelError, type ModelErrorCode, storageError } from '../../../src/model/errors';
import { hashFiles } from '../../../src/model/fileHash';
import { importModel } from '../../../src/model/importModel';
import { readModelFolder } from '../../../src/model/modelFolder';
import { openSession } from '../../../src/model/session';
import { loadTokenizer } from '../../../src/model/tokenizer';
import { bytesOf } from '../../../src/onnx/model';
import { emptyCache, runStep } from '../../helpers/decode';
import { type GgufContents, ggufBytes, tinyGguf } from '../../helpers/ggufFile';
import { referenceLogits } from '../../helpers/referenceLlama';
import {
  makeTinyModel,
  randomWeights,
  tinyConfig,
  tinyTokenizer,
  tinyTokenizerParts,
} from '../../helpers/tinyModel';

const vocabularySize = tinyTokenizerParts().tokens.length;
const ids = [7, 260, 34, 99, 120, 3, 201, 75, 76, 77, 78, 12];
let scratch: string;

beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'hone-import-'));
});
afterEach(async () => {
  await rm(scratch, { recursive: true });
});

const importTo = (source: string, destination = join(scratch, 'model')) =>
  importModel({ source, destination, precision: 'fp32' });

async function expectReferenceLogits(source: string, architecture: 'llama' | 'qwen2') {
  const folder = await importTo(source);
  const session = await openSession(folder.graphPath, { threads: 1 });
  const config = tinyConfig(architecture, vocabularySize);
  const expected = await referenceLogits(config, randomWeights(1), ids);
  const { manifest } = folder;
  const { logits } = await runStep(session, manifest, { ids: [ids], prefix: emptyCache(manifest) });
  await session.release();
  for (const [t, row] of expected.entries()) {
    for (const [id, value] of row.entries()) expect(logits[0]?.[t]?.[id]).toBeCloseTo(value, 3);
  }
  return folder;
}

describe.each(['llama', 'qwen2'] as const)('a sound %s model', (architecture) => {
  test('from GGUF computes what its weights say', async () => {
    const source = join(scratch, 'tiny.gguf');
    await writeFile(source, ggufBytes(await tinyGguf(tinyConfig(architecture, vocabularySize))));
    const { manifest } = await expectReferenceLogits(source, architecture);
    expect(manifest).toMatchObject({
      name: 'tiny-model',
      architecture,
      eosIds: [0, 1, 2, 3, 4, 5],
      specialIds: [0, 1, 2, 3, 4, 5],
      fim: { prefix: 3, suffix: 4, middle: 5, first: 'suffix' },
      prompt: { repository: 1, file: 2 },
    });
    expect(manifest.version).toBe(`tiny-model@${manifest.sourceSha256.slice(0, 8)}`);
  });

  test('from a Hugging Face folder computes what its weights say', async () => {
    const source = join(scratch, 'Tiny');
    await writeHuggingFaceFolder(source, architecture);
    const folder = await expectReferenceLogits(source, architecture);
    expect(folder.manifest).toMatchObject({ name: 'tiny', specialIds: [0, 1, 2, 3, 4, 5] });
    const tokenizer = await loadTokenizer(folder);
    expect(tokenizer.decode(tokenizer.encode('const é = ();'))).toBe('const é = ();');
  });
});

test.each([
  [0.05, true],
  [0.5, false],
])('a head that is %f from the embedding is one matrix with it: %s', async (apart, tied) => {
  const source = join(scratch, 'tiny.gguf');
  const contents = await tinyGguf(tinyConfig('qwen2', vocabularySize));
  const embedding = contents.tensors.find(({ name }) => name === 'token_embd.weight')?.data;
  const tensors = contents.tensors.map((tensor) =>
    tensor.name === 'output.weight'
      ? { ...tensor, data: tensor.data.map((_, i) => (embedding?.[i] ?? 0) * (1 + apart)) }
      : tensor,
  );
  await writeFile(source, ggufBytes({ ...contents, tensors }));
  const { manifest } = await importTo(source);
  expect(manifest.tiedEmbedding).toBe(tied);
});

describe('an import', () => {
  const writeTiny = async (): Promise<string> => {
    const source = join(scratch, 'tiny.gguf');
    await writeFile(source, ggufBytes(await tinyGguf(tinyConfig('llama', vocabularySize))));
    return source;
  };

  test('reports progress from nothing to all, in two stages', async () => {
    const seen: [string, number][] = [];
    await importModel({
      source: await writeTiny(),
      destination: join(scratch, 'model'),
      precision: '8bit',
      onProgress: ({ stage, share }) => seen.push([stage, share]),
    });
    expect(seen.at(-1)).toEqual(['converting', 1]);
    expect(seen.find(([stage]) => stage === 'converting')?.[1]).toBeLessThan(0.5);
    expect(seen.filter(([stage]) => stage === 'hashing').at(-1)).toEqual(['hashing', 1]);
  });

  test('of the same file again leaves the folder as it is, of another one replaces it', async () => {
    const source = await writeTiny();
    const first = await importTo(source);
    const inodeNow = async () => (await stat(first.directory)).ino;
    const inode = await inodeNow();
    await importTo(source);
    expect(await inodeNow()).toBe(inode);
    await writeFile(source, ggufBytes(await tinyGguf(tinyConfig('llama', vocabularySize), 2)));
    const second = await importTo(source);
    expect(second.manifest.sourceSha256).not.toBe(first.manifest.sourceSha256);
    expect(await inodeNow()).not.toBe(inode);
  });

  test.each([
    ['a folder of somebody', async (place: string) => writeFile(join(place, 'thesis.txt'), 'work')],
    [
      'a model with a file of somebody beside it',
      async (place: string) => {
        await makeTinyModel(place);
        await writeFile(join(place, 'notes.txt'), 'mine');
      },
    ],
  ])('refuses to replace %s, and leaves all of it', async (_, fill) => {
    const source = await writeTiny();
    const place = join(scratch, 'taken');
    await mkdir(place);
    await fill(place);
    const before = await readdir(place);
    await expectModelError(importTo(source, place), 'storage', /Name a new folder/);
    expect(await readdir(place)).toEqual(before);
  });

  test('refuses the folder that its source lies in, and the source itself', async () => {
    const source = join(scratch, 'Tiny');
    await writeHuggingFaceFolder(source, 'llama');
    const before = await readdir(source);
    for (const place of [source, scratch])
      await expectModelError(importTo(source, place), 'storage', /Name a new folder/);
    expect(await readdir(source)).toEqual(before);
  });

  test('that is cancelled rejects with an AbortError, leaves nothing, and keeps the older model', async () => {
    const source = await writeTiny();
    const { manifest } = await importTo(source);
    await writeFile(source, ggufBytes(await tinyGguf(tinyConfig('llama', vocabularySize), 2)));
    const controller = new AbortController();
    const importing = importModel({
      source,
      destination: join(scratch, 'model'),
      precision: 'fp32',
      signal: controller.signal,
      onProgress: ({ stage }) => {
        if (stage === 'converting') controller.abort();
      },
    });
    await expect(importing).rejects.toMatchObject({ name: 'AbortError' });
    expect((await readdir(scratch)).sort()).toEqual(['model', 'tiny.gguf']);
    expect((await readModelFolder(join(scratch, 'model'))).manifest).toEqual(manifest);
  });

  test('clears what a killed import left behind, but not what a running one is writing', async () => {
    const dead = join(scratch, 'model.importing-999999999-dead');
    const alive = join(scratch, `model.importing-${process.ppid}-alive`);
    await mkdir(dead);
    await mkdir(alive);
    await importTo(await writeTiny());
    expect(await readdir(scratch)).not.toContain('model.importing-999999999-dead');
    await access(alive);
  });

  test('to a place where a file is in the way says so', async () => {
    const source = await writeTiny();
    await expectModelError(importTo(source, join(source, 'model')), 'storage', /in its way/);
  });

  test.each([
    ['ENOSPC', /disk is full.*Free some space/],
    ['EFBIG', /larger than a file may be.*another folder/],
    ['EROFS', /may not be written/],
    ['EACCES', /may not be written/],
  ])('that meets %s says what to do', (code, message) => {
    const error = storageError(Object.assign(new Error('x'), { code }), '/models/a');
    expect(error).toBeInstanceOf(ModelError);
    expect(error).toMatchObject({
      code: 'storage',
      message: expect.stringMatching(message) as string,
    });
  });

  test('of nothing says where it looked', async () => {
    await expectModelError(importTo('/no/such.gguf'), 'notFound', /no model at \/no\/such.gguf/);
  });
});

describe('a broken GGUF file', () => {
  type Change = (sound: GgufContents) => GgufContents;
  const metadata =
    (changes: GgufContents['metadata']): Change =>
    (sound) => ({ ...sound, metadata: { ...sound.metadata, ...changes } });
  const without =
    (key: string): Change =>
    (sound) => ({
      ...sound,
      metadata: Object.fromEntries(Object.entries(sound.metadata).filter(([name]) => name !== key)),
    });
  const firstTensor =
    (changes: Partial<GgufContents['tensors'][number]>): Change =>
    (sound) => ({
      ...sound,
      tensors: sound.tensors.map((tensor, i) => (i === 0 ? { ...tensor, ...changes } : tensor)),
    });

  const cases: readonly [string, Change, ModelErrorCode, RegExp][] = [
    ['of version 1', (s) => ({ ...s, claims: { version: 1 } }), 'unsupported', /version 1/],
    ['of the other byte order', (s) => ({ ...s, claims: { version: 0x03000000 } }), 'unsupported', /version/],
    ['with absurdly many tensors', (s) => ({ ...s, claims: { tensors: 1n << 60n } }), 'damaged', /claims/],
    ['with more settings than it has', (s) => ({ ...s, claims: { metadata: 5000n } }), 'damaged', /./],
    ['with a tensor beyond its end', firstTensor({ claims: { offset: 1n << 40n } }), 'damaged', /beyond the end/],
    ['with an offset that wraps around', firstTensor({ claims: { offset: 0xffffffffffffffe0n } }), 'damaged', /beyond the end/],
    ['with a shape of petabytes', firstTensor({ claims: { dims: [2 ** 31, 2 ** 30] } }), 'damaged', /beyond the end|impossible/],
    ['with an empty shape', firstTensor({ claims: { dims: [0, 64] } }), 'damaged', /impossible shape/],
    ['with a type of the future', firstTensor({ claims: { type: 39 } }), 'unsupported', /type 39.*Q4_1/],
    ['with another shape than it says', metadata({ 'llama.embedding_length': { u32: 128 } }), 'damaged', /./],
    ['with a tensor twice', (s) => ({ ...s, tensors: [...s.tensors, ...s.tensors.slice(0, 1)] }), 'damaged', /two tensors/],
    ['without a tensor', (s) => ({ ...s, tensors: s.tensors.slice(0, -1) }), 'damaged', /output_norm.weight is missing/],
    ['without its sizes', without('llama.block_count'), 'damaged', /block_count/],
    ['with a huge number of layers', metadata({ 'llama.block_count': { u32: 4_000_000_000 } }), 'damaged', /contradict/],
    ['with no layers', metadata({ 'llama.block_count': { u32: 0 } }), 'damaged', /block_count/],
    ['with heads that do not divide', metadata({ 'llama.attention.head_count_kv': { u32: 3 } }), 'damaged', /contradict/],
    ['of another architecture', metadata({ 'general.architecture': { text: 'mamba' } }), 'unsupported', /mamba.*SmolLM2/],
    ['of scaled positions', metadata({ 'llama.rope.scaling.type': { text: 'yarn' } }), 'unsupported', /yarn/],
    ['of experts', metadata({ 'llama.expert_count': { u32: 8 } }), 'unsupported', /experts/],
    ['that is one of several parts', metadata({ 'split.count': { u32: 3 } }), 'unsupported', /gguf-split/],
    ['of an unknown tokenizer', metadata({ 'tokenizer.ggml.pre': { text: 'tekken' } }), 'unsupported', /gpt2\/tekken.*Hugging Face folder/],
    ['of a SentencePiece tokenizer', metadata({ 'tokenizer.ggml.model': { text: 'llama' } }), 'unsupported', /Hugging Face folder/],
    ['without a vocabulary', without('tokenizer.ggml.tokens'), 'damaged', /tokenizer is incomplete/],
    ['with merges of unknown tokens', metadata({ 'tokenizer.ggml.merges': { texts: ['qq zz'] } }), 'damaged', /merges/],
    ['with more tokens than rows', metadata({ 'tokenizer.ggml.tokens': { texts: Array.from({ length: 999 }, (_, i) => `t${i}`) } }), 'damaged', /vocabulary/],
    ['with values that are no numbers', firstTensor({ data: new Float32Array(vocabularySize * 64).fill(NaN) }), 'damaged', /not numbers/],
  ]; // prettier-ignore

  test.each(cases)('%s is refused with advice', async (_, change, code, message) => {
    const source = join(scratch, 'broken.gguf');
    const sound = await tinyGguf(tinyConfig('llama', vocabularySize));
    await writeFile(source, ggufBytes(change(sound)));
    const importing = importModel({
      source,
      destination: join(scratch, 'model'),
      precision: '8bit',
    });
    await expectModelError(importing, code, message);
    expect(await readdir(scratch)).toEqual(['broken.gguf']);
  });

  test('cut at any length is refused as damaged', async () => {
    const whole = ggufBytes(await tinyGguf(tinyConfig('llama', vocabularySize)));
    const source = join(scratch, 'cut.gguf');
    for (const share of [0, 0.00001, 0.001, 0.02, 0.1, 0.5, 0.99]) {
      const length = Math.floor(whole.length * share);
      await writeFile(source, whole.subarray(0, length));
      await expectModelError(importTo(source), length < 4 ? 'unsupported' : 'damaged', /./);
    }
  });

  test('that is something else altogether is refused', async () => {
    const source = join(scratch, 'photo.gguf');
    await writeFile(source, Buffer.alloc(5000, 7));
    await expectModelError(importTo(source), 'unsupported', /damaged or not a GGUF model/);
  });

  test('never takes a path from a name inside it', async () => {
    const source = join(scratch, 'named.gguf');
    const sound = await tinyGguf(tinyConfig('llama', vocabularySize));
    const named = metadata({ 'general.name': { text: '../../etc/passwd' } })(sound);
    await writeFile(source, ggufBytes(named));
    expect((await importTo(source)).manifest.name).toBe('etc-passwd');
    expect((await readdir(scratch)).sort()).toEqual(['model', 'named.gguf']);
  });
});

test('a pipe or a file of terabytes is refused before it is read', async () => {
  const pipe = join(scratch, 'pipe.gguf');
  execFileSync('mkfifo', [pipe]);
  await expectModelError(importTo(pipe), 'unsupported', /not an ordinary file/);
  const sparse = join(scratch, 'sparse.gguf');
  await writeFile(sparse, ggufBytes(await tinyGguf(tinyConfig('llama', vocabularySize))));
  await truncate(sparse, 2 ** 41);
  await expectModelError(importTo(sparse), 'unsupported', /smaller model/);
  await expect(hashFiles([pipe])).rejects.toMatchObject({ code: 'unsupported' });
  await expect(hashFiles([sparse])).rejects.toMatchObject({ code: 'unsupported' });
});

describe('a broken Hugging Face folder', () => {
  const source = () => join(scratch, 'Tiny');
  const edit = async (name: string, change: (json: Record<string, unknown>) => unknown) => {
    const path = join(source(), name);
    const json = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
    await writeFile(path, JSON.stringify(change(json)));
  };
  const config = (changes: object) => () =>
    edit('config.json', (json) => ({ ...json, ...changes }));
  const weightsHeader = (change: (header: Record<string, TensorEntry>) => unknown) => async () => {
    const path = join(source(), 'model.safetensors');
    const bytes = await readFile(path);
    const length = Number(bytes.readBigUInt64LE());
    const header = JSON.parse(bytes.toString('utf8', 8, 8 + length)) as Record<string, TensorEntry>;
    await writeFile(path, safetensors(change(header), bytes.subarray(8 + length)));
  };

  const tokenizerPart = (part: object) => () =>
    edit('tokenizer.json', (json) => ({ ...json, ...part }));
  const splitAt = (expression: string) => ({
    ...{ type: 'Split', behavior: 'Isolated', invert: false },
    pattern: { Regex: expression },
  });
  const nestedSteps = (depth: number): object =>
    Array.from({ length: depth }).reduce<object>(
      (inner) => ({ type: 'Sequence', pretokenizers: [inner] }),
      { type: 'ByteLevel' },
    );
  const pipe = async (path: string): Promise<void> => {
    await rm(path, { force: true });
    execFileSync('mkfifo', [path]);
  };

  const cases: readonly [string, () => Promise<void>, ModelErrorCode, RegExp][] = [
    ['without config.json', () => rm(join(source(), 'config.json')), 'notFound', /config.json/],
    ['without weights', () => rm(join(source(), 'model.safetensors')), 'notFound', /model.safetensors/],
    ['without a tokenizer', () => rm(join(source(), 'tokenizer.json')), 'notFound', /tokenizer.json/],
    ['with a config that is not JSON', () => writeFile(join(source(), 'config.json'), '{'), 'damaged', /not JSON/],
    ['of another architecture', config({ model_type: 'gemma' }), 'unsupported', /gemma/],
    ['of scaled positions', config({ rope_scaling: { rope_type: 'llama3', factor: 8 } }), 'unsupported', /llama3/],
    ['that is quantised', config({ quantization_config: {} }), 'unsupported', /quantised already/],
    ['with another width', config({ hidden_size: 96 }), 'damaged', /model.embed_tokens.weight is/],
    ['with an odd width', config({ hidden_size: 100, num_attention_heads: 5, num_key_value_heads: 5 }), 'unsupported', /multiple of 32/],
    ['of another tokenizer', () => edit('tokenizer.json', (json) => ({ ...json, model: { type: 'Unigram', vocab: [] } })), 'unsupported', /BPE/],
    ['whose index leaves the folder', () => writeFile(join(source(), 'model.safetensors.index.json'), '{"weight_map":{"a":"../../secret.safetensors"}}'), 'damaged', /outside its folder/],
    ['whose header is longer than the file', () => writeFile(join(source(), 'model.safetensors'), Buffer.alloc(64, 0x7f)), 'damaged', /longer than the file/],
    ['whose header is no JSON', () => writeFile(join(source(), 'model.safetensors'), Buffer.concat([Buffer.from([4, 0, 0, 0, 0, 0, 0, 0]), Buffer.from('nope')])), 'damaged', /header cannot be read/],
    ['whose tensor ends beyond the file', weightsHeader((header) => ({ ...header, extra: { dtype: 'F32', shape: [4_000_000], data_offsets: [0, 16_000_000] } })), 'damaged', /beyond the end/],
    ['whose tensor runs backwards', weightsHeader((header) => ({ ...header, extra: { dtype: 'I64', shape: [1], data_offsets: [8, 0] } })), 'damaged', /beyond the end/],
    ['whose tensor has too few bytes', weightsHeader((header) => ({ ...header, extra: { dtype: 'F32', shape: [4], data_offsets: [0, 8] } })), 'damaged', /8 bytes for 4 values/],
    ['whose element type is the name of a method', weightsHeader((header) => ({ ...header, 'model.norm.weight': { ...header['model.norm.weight'], dtype: 'constructor' } })), 'unsupported', /constructor.*BF16/],
    ['whose tokenizer is a pipe', () => pipe(join(source(), 'tokenizer.json')), 'unsupported', /not an ordinary file/],
    ['whose weights are a pipe', () => pipe(join(source(), 'model.safetensors')), 'unsupported', /not an ordinary file/],
    ['whose index is a pipe', () => pipe(join(source(), 'model.safetensors.index.json')), 'unsupported', /not an ordinary file/],
    ['whose tokenizer is too large', () => truncate(join(source(), 'tokenizer.json'), 2 ** 40), 'unsupported', /1,048,576 MB.*smaller model/],
    ['whose weights are too large', () => truncate(join(source(), 'model.safetensors'), 2 ** 41), 'unsupported', /2,097,152 MB.*smaller model/],
    ['whose tokenizer only opens brackets', () => writeFile(join(source(), 'tokenizer.json'), '['.repeat(5_000_000)), 'damaged', /not JSON/],
    ['whose header only opens brackets', () => writeFile(join(source(), 'model.safetensors'), safetensorsText('['.repeat(5_000_000))), 'damaged', /header cannot be read/],
    ['whose header is longer than any', () => writeFile(join(source(), 'model.safetensors'), safetensorsText(' '.repeat(11_000_000))), 'damaged', /too long/],
    ['whose tokenizer nests its steps without end', tokenizerPart({ pre_tokenizer: nestedSteps(1_000) }), 'damaged', /not JSON/],
    ['whose tokenizer has an expression that is none', tokenizerPart({ pre_tokenizer: splitAt('(') }), 'unsupported', /tokenizer of .*cannot be used/],
    ['whose tokenizer has a step that nobody knows', tokenizerPart({ pre_tokenizer: { type: 'X' } }), 'unsupported', /tokenizer of .*cannot be used/],
    ['whose tokenizer has merges that are numbers', tokenizerPart({ model: { type: 'BPE', vocab: { a: 0 }, merges: [1] } }), 'unsupported', /tokenizer of .*cannot be used/],
    ['whose tokenizer has a token between two', tokenizerPart({ added_tokens: [{ id: 1.5, content: 'x' }] }), 'unsupported', /not a BPE tokenizer/],
    ['of an unknown element type', weightsHeader((header) => ({ ...header, 'model.norm.weight': { ...header['model.norm.weight'], dtype: 'F8_E4M3' } })), 'unsupported', /F8_E4M3.*BF16/],
  ]; // prettier-ignore

  test.each(cases)('%s is refused with advice', async (_, damage, code, message) => {
    await writeHuggingFaceFolder(source(), 'llama');
    await damage();
    await expectModelError(importTo(source()), code, message);
    expect(await readdir(scratch)).toEqual(['Tiny']);
  });
});

interface TensorEntry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

/** Writes a tiny model the way `save_pretrained` does. */
async function writeHuggingFaceFolder(folder: string, architecture: 'llama' | 'qwen2') {
  const shape = tinyConfig(architecture, vocabularySize);
  const { tokens, control } = tinyTokenizerParts();
  const { hiddenSize: D, feedForwardSize: F, heads, kvHeads, headSize } = shape;
  const dims: Record<string, number[]> = { 'model.embed_tokens.weight': [vocabularySize, D] };
  for (let layer = 0; layer < shape.layers; layer++) {
    const prefix = `model.layers.${layer}`;
    dims[`${prefix}.input_layernorm.weight`] = [D];
    dims[`${prefix}.post_attention_layernorm.weight`] = [D];
    for (const [part, count] of [
      ['q', heads],
      ['k', kvHeads],
      ['v', kvHeads],
    ] as const) {
      // prettier-ignore
      dims[`${prefix}.self_attn.${part}_proj.weight`] = [count * headSize, D];
      if (shape.qkvBias) dims[`${prefix}.self_attn.${part}_proj.bias`] = [count * headSize];
    }
    dims[`${prefix}.self_attn.o_proj.weight`] = [D, heads * headSize];
    dims[`${prefix}.mlp.gate_proj.weight`] = [F, D];
    dims[`${prefix}.mlp.up_proj.weight`] = [F, D];
    dims[`${prefix}.mlp.down_proj.weight`] = [D, F];
  }
  dims['model.norm.weight'] = [D];
  if (!shape.tiedEmbedding) dims['lm_head.weight'] = [vocabularySize, D];

  const weights = randomWeights(1);
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  const data: Buffer[] = [];
  let offset = 0;
  for (const [name, size] of Object.entries(dims)) {
    const bytes = bytesOf(await weights.read({ name, dims: size }, 0, size[0] ?? 0));
    header[name] = { dtype: 'F32', shape: size, data_offsets: [offset, offset + bytes.length] };
    data.push(Buffer.from(bytes));
    offset += bytes.length;
  }
  await mkdir(folder);
  await writeFile(join(folder, 'model.safetensors'), safetensors(header, Buffer.concat(data)));
  await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(tinyTokenizer(tokens, control)));
  const eos = { eos_token: { content: '<|endoftext|>' } };
  await writeFile(join(folder, 'tokenizer_config.json'), JSON.stringify(eos));
  await writeFile(
    join(folder, 'config.json'),
    JSON.stringify({
      model_type: architecture,
      vocab_size: vocabularySize,
      num_hidden_layers: shape.layers,
      hidden_size: D,
      intermediate_size: F,
      num_attention_heads: heads,
      num_key_value_heads: kvHeads,
      max_position_embeddings: shape.maxPositions,
      rope_theta: shape.ropeTheta,
      rms_norm_eps: shape.rmsEpsilon,
      tie_word_embeddings: shape.tiedEmbedding,
    }),
  );
}

function safetensors(header: unknown, data: Buffer): Buffer {
  return Buffer.concat([safetensorsText(JSON.stringify(header)), data]);
}

/** The part before the data, whatever it says. */
function safetensorsText(header: string): Buffer {
  const text = Buffer.from(header);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text]);
}

async function expectModelError(
  promise: Promise<unknown>,
  code: ModelErrorCode,
  message: RegExp,
): Promise<void> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ModelError);
  expect(error).toMatchObject({ code, message: expect.stringMatching(message) as string });
}
