/**
 * Which ids of a vocabulary have a meaning beyond their text: ends, fill-in-the-middle marks, the
 * names that introduce a repository and a file. Known sets are found by spelling, since published
 * models do not declare them.
 */
import type { ModelManifest } from './modelFolder';

export type SpecialTokens = Pick<
  ModelManifest,
  'bosId' | 'addBos' | 'eosIds' | 'specialIds' | 'fim' | 'prompt'
>;

export interface Vocabulary {
  /** Rows of the logits; ids from `tokens.length` on have no token. */
  readonly size: number;
  /** Token by id; undefined where an id has none. */
  readonly tokens: readonly (string | undefined)[];
  /** Ids that the source itself calls special. */
  readonly controlIds: ReadonlySet<number>;
  readonly bosId: number | null;
  readonly addBos: boolean;
  readonly eosId: number | null;
}

/**
 * Fill-in-the-middle marks: StarCoder and hone-base (arXiv 2305.06161), SantaCoder (arXiv 2301.03988),
 * Qwen2.5-Coder (arXiv 2409.12186), DeepSeek-Coder (arXiv 2401.14196), CodeLlama (arXiv 2308.12950).
 * Told the suffix first a prompt only grows while the user types, so that is how those are asked that
 * were trained on both orders, and Qwen2.5-Coder, which is better at it than in its paper's order.
 * CodeLlama's paper finds the prefix first the better of its two; DeepSeek-Coder knows no other.
 */
const fimSets = [
  {
    prefix: '<fim_prefix>',
    suffix: '<fim_suffix>',
    middle: '<fim_middle>',
    pad: '<fim_pad>',
    first: 'suffix',
  },
  {
    prefix: '<fim-prefix>',
    suffix: '<fim-suffix>',
    middle: '<fim-middle>',
    pad: '<fim-pad>',
    first: 'suffix',
  },
  {
    prefix: '<|fim_prefix|>',
    suffix: '<|fim_suffix|>',
    middle: '<|fim_middle|>',
    pad: '<|fim_pad|>',
    first: 'suffix',
  },
  {
    prefix: '<｜fim▁begin｜>',
    suffix: '<｜fim▁hole｜>',
    middle: '<｜fim▁end｜>',
    pad: null,
    first: 'prefix',
  },
  { prefix: '▁<PRE>', suffix: '▁<SUF>', middle: '▁<MID>', pad: null, first: 'prefix' },
] as const;

const repositoryTokens = ['<repo_name>', '<|repo_name|>', '<reponame>'];
const fileTokens = ['<file_sep>', '<|file_sep|>', '<filename>'];
const endTokens = [
  '<|endoftext|>',
  '<|end_of_text|>',
  '<|im_end|>',
  '<|eot_id|>',
  '<｜end▁of▁sentence｜>',
  '▁<EOT>',
];
/** An end in some vocabularies, but HTML's end of a struck-out text in others. */
const ambiguousEndToken = '</s>';

export function findSpecialTokens(vocabulary: Vocabulary): SpecialTokens {
  const { size, tokens, controlIds, bosId, addBos, eosId } = vocabulary;
  const ids = new Map<string, number>();
  for (const [id, token] of tokens.entries()) if (token !== undefined) ids.set(token, id);
  const find = (names: readonly string[]): number[] =>
    names.map((name) => ids.get(name)).filter((id) => id !== undefined);

  const known = fimSets.find((set) => find([set.prefix, set.suffix, set.middle]).length === 3);
  const fim = known === undefined ? [] : find([known.prefix, known.suffix, known.middle]);
  const [prefix, suffix, middle] = fim;
  const prompt = {
    repository: find(repositoryTokens)[0] ?? null,
    file: find(fileTokens)[0] ?? null,
  };
  const ends = [
    ...find(endTokens),
    ...find([ambiguousEndToken]).filter((id) => controlIds.has(id)),
  ];
  // A model that fills holes ends one with whatever mark began the next text in its training.
  const marks =
    known === undefined
      ? []
      : [...fim, ...find(known.pad === null ? [] : [known.pad]), prompt.repository, prompt.file];
  const eosIds = unique([eosId, ...ends, ...marks].filter((id) => id !== null));
  const withoutToken = Array.from({ length: size }, (_, id) => id).filter(
    (id) => tokens[id] === undefined,
  );
  const named = [bosId, prompt.repository, prompt.file].filter((id) => id !== null);
  return {
    bosId,
    addBos: addBos && bosId !== null,
    eosIds,
    specialIds: unique([...controlIds, ...withoutToken, ...eosIds, ...named]),
    fim:
      known === undefined || prefix === undefined || suffix === undefined || middle === undefined
        ? null
        : { prefix, suffix, middle, first: known.first },
    prompt,
  };
}

function unique(ids: readonly number[]): number[] {
  return [...new Set(ids)].sort((a, b) => a - b);
}
