/**
 * Training rows as token ids, cut to the window: what is too long loses the front of its prompt, as
 * a prompt does at inference. Prompt and completion are encoded as one text, since that is how text
 * is tokenised elsewhere; the token that spans both belongs to the completion, and at inference
 * healing (`model/healing.ts`) generates it anew in the same way.
 */
import type { ModelManifest } from '../model/modelFolder';
import { aroundPrefix, promptHeader } from '../model/prompt';
import type { Tokenizer } from '../model/tokenizer';
import type { TrainingRow } from './rows';
import { readSpelledPrompt } from './spelledPrompt';

/** One text to score: the tokens from `start` on are the completion. */
export interface Sequence {
  readonly ids: readonly number[];
  /** At least 1, so that every token of the completion has one before it. */
  readonly start: number;
}

/** A row that is ready to be learned from. */
export interface Example {
  /** Of the row in its file. */
  readonly line: number;
  readonly weight: number;
  readonly liked: boolean;
  readonly rehearsed?: boolean | undefined;
  /** One text, or the chosen and the rejected one. */
  readonly sequences: readonly Sequence[];
  /** Ids [R, K] that the frozen model would say in place of each of the R tokens; of rehearsed rows. */
  readonly expected?: Int32Array;
}

export interface ExamplesReport {
  /** Rows whose prompt lost its front. */
  readonly cutPrompts: number;
  /** Rows whose completion lost its end. */
  readonly cutCompletions: number;
  /** Longest sequence, in tokens. */
  readonly longest: number;
  /** All tokens of all sequences. */
  readonly tokens: number;
}

export interface EncodingParts {
  readonly tokenizer: Tokenizer;
  readonly manifest: ModelManifest;
}

/** A completion leaves at least this share of the window to its prompt. */
const promptShare = 0.25;

/** Characters of a prompt or a completion that can matter, for each token of the window. */
const charactersPerToken = 8;

/**
 * @param maxTokens the window, at least 8
 * @param onRow called before each row with its index; what it throws ends the work
 */
export function encodeRows(
  rows: readonly TrainingRow[],
  parts: EncodingParts,
  maxTokens: number,
  onRow?: (index: number) => void,
): { readonly examples: readonly Example[]; readonly report: ExamplesReport } {
  let cutPrompts = 0;
  let cutCompletions = 0;
  const examples = rows.map((row, index) => {
    onRow?.(index);
    const encoded = row.texts.map((text) => encode(row, text, parts, maxTokens));
    if (encoded.some(({ cut }) => cut.prompt)) cutPrompts++;
    if (encoded.some(({ cut }) => cut.completion)) cutCompletions++;
    const { line, weight, liked, rehearsed } = row;
    const sequences = encoded.map(({ sequence }) => sequence);
    return { line, weight, liked, rehearsed, sequences };
  });
  const lengths = examples.flatMap(({ sequences }) => sequences.map(({ ids }) => ids.length));
  const longest = lengths.reduce((most, length) => Math.max(most, length), 0);
  const tokens = lengths.reduce((sum, length) => sum + length, 0);
  return { examples, report: { cutPrompts, cutCompletions, longest, tokens } };
}

interface Encoded {
  readonly sequence: Sequence;
  readonly cut: { readonly prompt: boolean; readonly completion: boolean };
}

function encode(
  row: TrainingRow,
  text: string,
  { tokenizer, manifest }: EncodingParts,
  maxTokens: number,
): Encoded {
  const { repository, path, snippets, text: prefix } = readSpelledPrompt(row.prompt);
  const place = { repository: row.repository || repository, path: row.path || path, snippets };
  const shown = prefix.slice(-maxTokens * charactersPerToken);
  const parts = { tokenizer, manifest };
  const kept = text.slice(0, maxTokens * charactersPerToken);
  const hole = holeOf(row, kept, parts);
  const before = tokenizer.encode(shown);
  const whole = [...tokenizer.encode(shown + hole.text), ...hole.end];
  let common = 0;
  while (common < before.length && before[common] === whole[common]) common++;
  const told = maxTokens - hole.before.length - hole.after.length;
  const room = Math.floor(told * (1 - promptShare));
  const completion = whole.slice(common, common + room);
  // Where a window is too short for all, the file's own name says more than its neighbours do.
  const headerRoom = Math.floor(Math.min(told / 2, told - completion.length));
  const names = promptHeader({ ...place, snippets: [] }, parts, 0);
  const header = promptHeader(place, parts, headerRoom - names.length).slice(0, headerRoom);
  // Something must stand before the completion; documents were divided by the end token.
  if (header.length + common === 0) header.push(manifest.bosId ?? manifest.eosIds[0] ?? 0);

  const promptRoom = Math.max(0, told - header.length - completion.length);
  const prompt = whole.slice(Math.max(0, common - promptRoom), common);
  const asked = [...header, ...hole.before, ...prompt, ...hole.after];
  return {
    sequence: { ids: [...asked, ...completion], start: asked.length },
    cut: {
      prompt: prompt.length < common || shown.length < prefix.length,
      completion: common + completion.length < whole.length || kept.length < text.length,
    },
  };
}

/** A completion as what fills a hole, where the model has marks for one and the row says what follows. */
interface Hole {
  /** Ids before the prompt's own text, and between that and the completion. */
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly text: string;
  /** What says that the hole is filled. */
  readonly end: readonly number[];
}

function holeOf(
  { suffix }: TrainingRow,
  text: string,
  { tokenizer, manifest }: EncodingParts,
): Hole {
  if (suffix === undefined || manifest.fim === null)
    return { before: [], after: [], text, end: [] };
  // The line end belongs to what follows.
  return {
    ...aroundPrefix(suffix, { tokenizer, manifest }),
    text: text.replace(/\n$/, ''),
    end: manifest.eosIds.slice(0, 1),
  };
}
