/**
 * Generation: proposes texts for a place in a file. One run of the graph reads what is new of the
 * prompt together with every guess at how it goes on (copied drafts, names that a language server
 * lists, and the ways in which the word at the cursor may split into tokens); then the greedy row and
 * those that have left it (see `turns.ts`) go on side by side until each has come to its end. Guesses
 * save runs and never change what is chosen. Ordering candidates, and cutting away what stands below
 * the cursor already, are left to `completion/`.
 */
import type { Candidate, CompletionContext, Snippet } from '../types';
import { seededRandom } from '../util/random';
import { Batch, type Growing } from './batch';
import { type DraftPath, Head } from './head';
import { type ForwardInput, type ForwardOutput, forward } from './forward';
import { type HealedPrompt, VocabularyIndex, utf8Bytes } from './healing';
import type { ModelManifest } from './modelFolder';
import { throwIfAborted } from './newest';
import { type CachedSequence, PrefixCache, defaultLimits } from './prefixCache';
import { projected } from './projection';
import { buildPrompt, promptBudget } from './prompt';
import { type Place, Row, type Rules } from './row';
import { lookUp } from './promptLookup';
import type { Session } from './session';
import { stopRules } from './stop';
import type { Tokenizer } from './tokenizer';
import { TokenTree } from './tokenTree';
import { type Turn, Turns } from './turns';
import type { Draft, GenerateRequest, GenerateResult } from './types';
import { WordRule } from './wordRule';

/** Tokens read in one run; between runs the signal is looked at. */
const chunkTokens = 64;
/** Most guessed tokens read beside the prompt. Each costs as much as a token of the prompt. */
const maxGuessedTokens = 40;
/** Most of them, but for missing imports: those are rare, and right more often than any other guess. */
const maxUsualTokens = 24;
/** Most of them spent on names that a language server lists. */
const maxListedTokens = 12;
/**
 * No row leaves the greedy one by a token that is further behind (a factor of 5), and one that falls
 * so far behind it later is given up. On 240 cuts of the tuned packages 21 of 24 right texts were less
 * behind, of 367; each row that goes on costs the wait for it.
 */
const hopelessNats = 1.6;

/** Texts that are read beside the prompt, those first of which most is read. */
interface Guesses {
  readonly imported: readonly DraftPath[];
  readonly copied: readonly DraftPath[];
  readonly listed: readonly DraftPath[];
}

/** Where a row can leave the greedy one. */
interface Exit extends Turn {
  /** What was read of it beside the prompt; null where it was read later. */
  readonly node: number | null;
}

/** A context and the prompt it makes. */
interface Asked {
  readonly context: CompletionContext;
  readonly prompt: HealedPrompt;
}

/** Files whose snippets are remembered: more than the prefix cache has room for. */
const maxPlaces = 8;

export class Generator {
  readonly #session: Session;
  readonly #tokenizer: Tokenizer;
  readonly #manifest: ModelManifest;
  readonly #index: VocabularyIndex;
  readonly #cache: PrefixCache;
  /** Never chosen: control tokens, and rows of the logits without a token. */
  readonly #forbidden: readonly number[];
  /** A model that was told what comes after the cursor says so when it gets there. */
  readonly #endIds: Int32Array;
  /** Tokens that hold a code fence. */
  readonly #fences: readonly number[];
  readonly #heals: boolean;
  /** The snippets that were told last with a file, by its path. */
  readonly #told = new Map<string, readonly Snippet[]>();

  /** @param heals whether the token at the cursor is healed (see `healing.ts`) */
  constructor(session: Session, tokenizer: Tokenizer, manifest: ModelManifest, heals = true) {
    this.#session = session;
    this.#tokenizer = tokenizer;
    this.#manifest = manifest;
    this.#heals = heals;
    this.#index = new VocabularyIndex(tokenizer, new Set(manifest.specialIds));
    this.#cache = new PrefixCache(manifest, defaultLimits(manifest));
    const ids = range(0, manifest.vocabularySize);
    this.#endIds = Int32Array.from(manifest.fim === null ? [] : manifest.eosIds);
    this.#forbidden = ids.filter(
      (id) => this.#index.bytes(id) === '' && !this.#endIds.includes(id),
    );
    this.#fences = ids.filter((id) => this.#index.bytes(id).includes('```'));
  }

  async warm(context: CompletionContext, signal: AbortSignal): Promise<void> {
    const { ids } = this.#prompt(context, 0);
    const sequence = this.#cache.take(ids, maxGuessedTokens);
    await this.#read(ids, ids.length, sequence, signal);
    this.#remember(context);
  }

  /**
   * Candidates for the cursor. The log-probability of one counts its text and that it ends there:
   * with the line, where it was not cut for another reason. Rows that were given up, and texts of white
   * space alone, are left out; so no greedy candidate means that the policy would rather end the line
   * at the cursor, or that what it would say is less likely than was asked for.
   */
  async generate(
    request: GenerateRequest,
    queueMs: number,
    signal: AbortSignal,
  ): Promise<GenerateResult> {
    const startedAt = performance.now();
    const { context, prompt } = this.#affordable(request);
    const rules: Rules = {
      index: this.#index,
      cut: prompt.cut,
      stop: stopRules(context.prefix, context.languageId, context.multiline),
      words: this.#wordRule(request),
      endIds: this.#endIds,
      lineRest: lineRestOf(context.suffix),
      temperature: request.temperature,
      maxTokens: request.maxTokens,
    };
    // The last token is always read again: its logits are what generation begins with.
    const sequence = this.#cache.take(prompt.ids.slice(0, -1), maxGuessedTokens);
    const cachedTokens = sequence.ids.length;
    await this.#read(prompt.ids, prompt.ids.length - chunkTokens / 2, sequence, signal);
    const paths = request.drafts.map(({ text }) => this.#draftPath(text, prompt.cut));
    const listed = this.#listedPaths(request, prompt.cut);
    const pathsOf = (source: Draft['source']) =>
      request.drafts.flatMap((draft, i) => (draft.source === source && paths[i]) || []);
    const guesses = { imported: pathsOf('imported'), copied: pathsOf('copied'), listed };
    const head = await this.#readHead(prompt, guesses, sequence, rules);
    const readAt = performance.now();
    throwIfAborted(signal);
    this.#remember(context);
    const proposed = await this.#decode(request, head, sequence, rules, signal);
    const drafts = request.drafts.flatMap((draft, i) => {
      if (draft.text.trim() === '') return [];
      const path = paths[i] ?? null;
      return {
        text: draft.text,
        tokenIds: path?.ids ?? [],
        logProb: path === null ? NaN : head.logProb(path),
        source: draft.source,
        propensity: 1,
        ...(draft.copy && { copy: draft.copy }),
        ...(path && head.first(path)),
        ...(path && head.lines(path)),
      } satisfies Candidate;
    });
    const names = listed.flatMap((path): Candidate[] => {
      const logProb = head.logProb(path);
      if (Number.isNaN(logProb)) return [];
      const { text, ids: tokenIds } = path;
      const first = head.first(path);
      return [{ text, tokenIds, logProb, source: 'listed', propensity: 1, ...first }];
    });
    return {
      candidates: distinct([...proposed, ...drafts, ...names]),
      snippets: context.snippets,
      state: projected(head.output.hidden[0] ?? new Float32Array(0)),
      promptTokens: prompt.ids.length,
      cachedTokens,
      latencyMs: {
        queue: queueMs,
        prefill: readAt - startedAt,
        decode: performance.now() - readAt,
      },
    };
  }

  /**
   * The context with all its snippets, unless too much would have to be read before the first token:
   * then with those that were told last with this file, or with none, whichever is read soonest.
   */
  #affordable({ context, maxTokens, maxUnreadTokens = Infinity }: GenerateRequest): Asked {
    const whole = { context, prompt: this.#prompt(context, maxTokens) };
    const unread = ({ prompt }: Asked): number => this.#cache.unread(prompt.ids);
    if (context.snippets.length === 0 || unread(whole) <= maxUnreadTokens) return whole;
    const others = [this.#told.get(placeOf(context)) ?? [], []].map((snippets): Asked => {
      const other = { ...context, snippets };
      return { context: other, prompt: this.#prompt(other, maxTokens) };
    });
    return others.reduce((best, other) => (unread(other) < unread(best) ? other : best), whole);
  }

  #remember(context: CompletionContext): void {
    const place = placeOf(context);
    this.#told.delete(place);
    this.#told.set(place, context.snippets);
    for (const oldest of this.#told.keys()) {
      if (this.#told.size <= maxPlaces) break;
      this.#told.delete(oldest);
    }
  }

  #prompt(context: CompletionContext, maxTokens: number): HealedPrompt {
    const parts = {
      tokenizer: this.#tokenizer,
      index: this.#index,
      manifest: this.#manifest,
      heals: this.#heals,
    };
    const positions = this.#manifest.maxPositions - Math.max(maxTokens, maxGuessedTokens);
    return buildPrompt(context, parts, Math.min(promptBudget, positions));
  }

  /** Reads the prompt up to `end` into the cache, in chunks. */
  async #read(
    ids: readonly number[],
    end: number,
    sequence: CachedSequence,
    signal: AbortSignal,
  ): Promise<void> {
    while (sequence.ids.length < end) {
      await pause(signal);
      const start = sequence.ids.length;
      const chunk = ids.slice(start, Math.min(end, start + chunkTokens));
      const { newKv } = await this.#forward({
        ids: chunk,
        positions: range(start, chunk.length),
        rows: 1,
        prefix: { kv: sequence.kv, length: start },
        suffix: null,
        sees: () => true,
        logitRows: [0],
      });
      sequence.append(chunk, newKv, { row: 0, token: 0 });
    }
  }

  /** Reads the last of the prompt and all guesses; the prompt is in the cache afterwards. */
  async #readHead(
    prompt: HealedPrompt,
    { imported, copied, listed }: Guesses,
    sequence: CachedSequence,
    rules: Rules,
  ): Promise<Head> {
    const tree = new TokenTree(maxGuessedTokens);
    tree.add(prompt.cutIds);
    tree.add(this.#splitBeforeWord(prompt.cut));
    const splitNodes = tree.nodes.length;
    for (const { ids } of imported) tree.add(ids);
    for (const { ids } of copied)
      this.#wholeLines(ids).some((part) => tree.add(part, maxUsualTokens));
    const room = Math.min(maxUsualTokens, tree.nodes.length + maxListedTokens);
    for (const { ids } of listed) tree.add(ids, room);
    const start = sequence.ids.length;
    const tail = prompt.ids.slice(start);
    const output = await this.#forward({
      ids: [...tail, ...tree.nodes.map(({ id }) => id)],
      positions: [
        ...range(start, tail.length),
        ...tree.nodes.map(({ depth }) => prompt.ids.length + depth - 1),
      ],
      rows: 1,
      prefix: { kv: sequence.kv, length: start },
      suffix: null,
      sees: (from, to) => to < tail.length || tree.isOnPath(to - tail.length, from - tail.length),
      logitRows: range(tail.length - 1, tree.nodes.length + 1),
    });
    this.#mask(output.logits, rules);
    sequence.append(tail, output.newKv, { row: 0, token: 0 });
    return new Head(tree, splitNodes, tail.length, output, rules);
  }

  /** Lets the greedy row and those that leave it run to their ends, all in each run of the graph. */
  async #decode(
    request: GenerateRequest,
    head: Head,
    sequence: CachedSequence,
    rules: Rules,
    signal: AbortSignal,
  ): Promise<Candidate[]> {
    const { least = -Infinity } = request;
    const greedy = new Row(rules, request.drawn === true ? seededRandom(request.seed) : null);
    const turns = new Turns<Exit>(request);
    const closeTo = (logProb: number): number => Math.max(least, logProb - hopelessNats);
    const advance = (place: Place, node: number | null): Exit => {
      const at = greedy.length;
      greedy.advance(place);
      return {
        ...{ place, node, at, ids: place.ids, without: greedy.ids[at] ?? -1 },
        logOffset: greedy.logProbOf(at),
        least: closeTo(greedy.logProbOf(at + 1)),
        begin: () => greedy.until(at),
      };
    };
    const passed: Exit[] = [];
    const end = head.walk(greedy, -1, (place, node) => passed.push(advance(place, node)));
    const start = head.firstStart(greedy.ids);
    const startAt = head.depth(start.node);
    for (const { node, ids, logOffset } of head.starts())
      turns.offer({
        ...{ place: head.place(node), node, at: head.depth(node), ids, logOffset },
        without: node === start.node ? start.id : -1,
        least: closeTo(greedy.logProbOf(startAt + 1)),
        begin: () => head.follow(new Row(rules, null), node),
      });
    for (const exit of passed) if (exit.at > startAt) turns.offer(exit);

    const isHopeless = (row: Row): boolean =>
      row.logProb < least || (greedy.ended && row.logProb < closeTo(greedy.logProb));
    const isGoing = (row: Row): boolean =>
      !row.ended && !isHopeless(row) && (row === greedy || turns.has(row));
    const grow = (row: Row, place: Place): void => {
      if (row === greedy) turns.offer(advance(place, null));
      else row.advance(place);
    };
    const batch = new Batch(this.#manifest, 1 + request.samples);
    batch.add(greedy, head.depth(end), (kv, slot) => head.copyPath(end, kv, slot));
    const prompt = [...sequence.ids];
    const begun = new Set<Row>();
    for (;;) {
      // The greedy row stays until those that leave it now have begun.
      batch.keep((row) => row === greedy || isGoing(row));
      for (const { row, turn } of turns.rows) {
        if (begun.has(row)) continue;
        begun.add(row);
        const read = turn.node === null ? null : head.goOn(row, turn.node);
        if (!isGoing(row)) continue;
        batch.add(row, row.length - 1, (kv, slot) => {
          if (read !== null) head.copyPath(read, kv, slot);
          else kv.copyRow(kv, batch.slotOf(greedy), slot, row.length - 1);
        });
      }
      if (greedy.ended) keepRow(batch, greedy, sequence);
      batch.keep(isGoing);
      if (batch.slots.length === 0) break;
      await pause(signal);
      await this.#run(batch, prompt, sequence, rules, grow);
    }
    const propensities = turns.propensities();
    const sampled = turns.rows.map(({ row }, i) => ({
      row,
      how: { source: 'sampled', propensity: propensities[i] ?? 1 } as const,
    }));
    const proposed = [{ row: greedy, how: {} }, ...sampled];
    return proposed.flatMap(({ row, how }): Candidate[] => {
      const candidate = row.ended && !isHopeless(row) ? row.candidate() : null;
      return candidate === null ? [] : [{ ...candidate, ...how }];
    });
  }

  /** Reads the newest token of each row, and what may follow it, and lets the rows grow by that. */
  async #run(
    batch: Batch,
    prompt: readonly number[],
    sequence: CachedSequence,
    rules: Rules,
    grow: (row: Row, place: Place) => void,
  ): Promise<void> {
    const { slots } = batch;
    const guesses = this.#guesses(prompt, slots);
    const tokens = 1 + guesses.length; // S
    batch.reserve(tokens);
    const { logits, newKv } = await this.#forward({
      ids: slots.flatMap(({ row }) => [row.lastId, ...guesses]),
      positions: slots.flatMap(({ length }) => range(prompt.length + length, tokens)),
      rows: slots.length,
      prefix: { kv: sequence.kv, length: prompt.length },
      suffix: { kv: batch.kv, lengths: slots.map(({ length }) => length) },
      sees: () => true,
      logitRows: range(0, slots.length * tokens),
    });
    this.#mask(logits, rules);
    batch.write(newKv, tokens);
    for (const [slot, state] of slots.entries()) {
      for (let read = 0; read < tokens; read++) {
        state.length += 1;
        const view = logits[slot * tokens + read];
        if (view !== undefined) grow(state.row, state.row.place(view));
        if (state.row.ended || state.row.lastId !== guesses[read]) break;
      }
    }
  }

  /** What may follow the newest token of a row that is alone; with more rows it does not pay. */
  #guesses(prompt: readonly number[], slots: readonly Growing[]): readonly number[] {
    const [only, second] = slots;
    return only === undefined || second !== undefined ? [] : lookUp([...prompt, ...only.row.ids]);
  }

  /**
   * Tokens before the one that holds the cursor when a word follows it: after an indentation, for
   * example, the last space goes with the word.
   */
  #splitBeforeWord(cut: string): number[] {
    const ids = this.#tokenizer.encode(`${textOf(cut)}x`);
    const path: number[] = [];
    let length = 0;
    for (const id of ids) {
      length += this.#index.bytes(id).length;
      if (length > cut.length) break;
      path.push(id);
    }
    return cut.startsWith(this.#index.joined(path)) ? path : [];
  }

  #wordRule({ words }: GenerateRequest): WordRule | null {
    if (words === undefined || !words.only) return null;
    return new WordRule(this.#index, words.rests, this.#endIds);
  }

  /** The most promising of the listed names, in tokens. */
  #listedPaths({ words }: GenerateRequest, cut: string): DraftPath[] {
    const rests = words?.rests.filter((rest) => rest !== '').slice(0, maxListedTokens) ?? [];
    return rests.flatMap((rest) => this.#draftPath(rest, cut) ?? []);
  }

  /** All of a path, then its beginnings before each token that ends a line, the longest first. */
  #wholeLines(ids: readonly number[]): (readonly number[])[] {
    const ends = ids.flatMap((id, i) => (i > 0 && this.#index.bytes(id).includes('\n') ? [i] : []));
    return [ids, ...ends.toReversed().map((end) => ids.slice(0, end))];
  }

  /** A text in tokens, from the cut on; null when it does not survive the tokenizer. */
  #draftPath(text: string, cut: string): DraftPath | null {
    const bytes = cut + utf8Bytes(text);
    const ids = this.#tokenizer.encode(`${textOf(cut)}${text}\n`);
    if (this.#index.joined(ids) !== `${bytes}\n`) return null;
    let length = 0;
    let count = 0;
    for (; count < ids.length; count++) {
      const next = length + this.#index.bytes(ids[count] ?? -1).length;
      if (next > bytes.length) break;
      length = next;
    }
    return { text, ids: ids.slice(0, count), tail: bytes.slice(length) };
  }

  /** Hides what must not be emitted; in place, before anything looks at the logits. */
  #mask(logits: readonly Float32Array[], rules: Rules): void {
    for (const row of logits) {
      for (const id of this.#forbidden) row[id] = -Infinity;
      if (!rules.stop.allowFences) for (const id of this.#fences) row[id] = -Infinity;
    }
  }

  #forward(input: ForwardInput): Promise<ForwardOutput> {
    return forward(this.#session, this.#manifest, input);
  }
}

/** Lets messages through, then looks whether the work is still wanted. */
async function pause(signal: AbortSignal): Promise<void> {
  await new Promise(setImmediate);
  throwIfAborted(signal);
}

/**
 * Keeps what a row says with the prompt, as far as there is room: once accepted, it need not be read
 * again.
 */
function keepRow(batch: Batch, row: Row, sequence: CachedSequence): void {
  const slot = batch.slotOf(row);
  const length = batch.slots[slot]?.length ?? 0;
  sequence.appendRow(row.ids.slice(0, Math.min(length, sequence.room)), batch.kv, slot);
}

/** One candidate for each text, the first; what its text rests on elsewhere is kept. */
function distinct(candidates: readonly Candidate[]): Candidate[] {
  const byText = new Map<string, Candidate>();
  for (const candidate of candidates) {
    const first = byText.get(candidate.text);
    if (first === undefined) byText.set(candidate.text, candidate);
    else if (first.copy === undefined && candidate.copy !== undefined) {
      byText.set(candidate.text, { ...first, copy: candidate.copy });
    }
  }
  return [...byText.values()];
}

/** What follows the cursor on its line, as far as its first character that is no space. */
function lineRestOf(suffix: string): string {
  return utf8Bytes(/^[ \t]*[^\s]/u.exec(suffix)?.[0] ?? '');
}

function placeOf({ repository, path }: CompletionContext): string {
  return `${repository}\n${path}`;
}

/** `count` whole numbers from `start` on. */
function range(start: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => start + i);
}

function textOf(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
