/**
 * What the policy is asked: the file's path in the form the model was trained on, then the text
 * before the cursor, cut to a budget at a place that stays put while the user types. With
 * fill-in-the-middle tokens the text after the cursor goes in too. How it is asked moves exact
 * match from 1 to 15 % on HumanEval lines. Which text there is to ask about is `completion/`'s work.
 */
import type { CompletionContext } from '../types';
import { type HealedPrompt, type VocabularyIndex, cutForHealing } from './healing';
import type { ModelManifest } from './modelFolder';
import type { Tokenizer } from './tokenizer';

/**
 * Tokens of a prompt, header included. Reading them all, as in a file just opened, must take less
 * than 1.5 s on two cores.
 */
export const promptBudget = 640;
/** Of these, what the text after the cursor may take, where the model can use it. */
const suffixBudget = 96;
/** The budget is given up in such parts when the text grows past it, so it moves rarely. */
const windowStep = 128;
/** More text than this cannot fit any budget; it also bounds the time spent in the tokenizer. */
const maxPrefixCharacters = 8 * promptBudget;
const prefixCharacterStep = 1024;

export interface PromptParts {
  readonly tokenizer: Tokenizer;
  readonly index: VocabularyIndex;
  readonly manifest: ModelManifest;
  /** Whether the token at the cursor is healed; off only to measure what that is worth. */
  readonly heals?: boolean;
}

/**
 * Ids to read, and the bytes at the cursor to be generated again.
 * @param budget most ids, header and suffix included
 */
export function buildPrompt(
  context: CompletionContext,
  { tokenizer, index, manifest, heals = true }: PromptParts,
  budget: number,
): HealedPrompt {
  const header = promptHeader(context, tokenizer, manifest);
  const { fim } = manifest;
  const suffix = fim === null ? [] : suffixIds(context.suffix, tokenizer);
  const before = fim === null ? [] : [fim.prefix];
  const after = fim === null ? [] : [fim.suffix, ...suffix, fim.middle];
  const room = Math.max(1, budget - header.length - before.length - after.length);
  const prefix = windowed(tokenizer.encode(boundedPrefix(context.prefix)), room, index);
  const healed = heals ? cutForHealing(prefix, index) : { ids: prefix, cutIds: [], cut: '' };
  const ids = [...header, ...before, ...healed.ids, ...after];
  // Something must be read for anything to follow; documents were divided by the end token.
  if (ids.length === 0) ids.push(manifest.bosId ?? manifest.eosIds[0] ?? 0);
  return { ...healed, ids };
}

/** `<repo_name>NAME<file_sep>PATH\n` (Lozhkov et al., StarCoder 2, 2024), as far as it is known. */
export function promptHeader(
  context: Pick<CompletionContext, 'repository' | 'path'>,
  tokenizer: Tokenizer,
  manifest: ModelManifest,
): number[] {
  const { prompt, addBos, bosId } = manifest;
  const ids: number[] = addBos && bosId !== null ? [bosId] : [];
  if (prompt.repository !== null && context.repository !== '') {
    ids.push(prompt.repository, ...tokenizer.encode(context.repository.slice(0, maxNameLength)));
  }
  if (prompt.file !== null && context.path !== '') {
    // The end of a path says most about the file.
    ids.push(prompt.file, ...tokenizer.encode(`${context.path.slice(-maxNameLength)}\n`));
  }
  return ids;
}

const maxNameLength = 200;

/** Drops whole steps from the front until the rest fits, then goes on to the start of a line. */
function windowed(ids: readonly number[], room: number, index: VocabularyIndex): readonly number[] {
  if (ids.length <= room) return ids;
  const step = Math.max(1, Math.min(windowStep, Math.floor(room / 4)));
  const dropped = Math.ceil((ids.length - room) / step) * step;
  for (let start = dropped; start < dropped + step / 2; start++) {
    if (index.bytes(ids[start - 1] ?? -1).includes('\n')) return ids.slice(start);
  }
  return ids.slice(dropped);
}

function boundedPrefix(prefix: string): string {
  const excess = prefix.length - maxPrefixCharacters;
  if (excess <= 0) return prefix;
  return prefix.slice(Math.ceil(excess / prefixCharacterStep) * prefixCharacterStep);
}

function suffixIds(suffix: string, tokenizer: Tokenizer): number[] {
  return tokenizer.encode(suffix.slice(0, 8 * suffixBudget)).slice(0, suffixBudget);
}
