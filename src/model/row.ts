/**
 * One candidate while it grows: what may come next at its end (a place), the tokens chosen so far
 * (steps), and the text, log-probability and propensity they amount to. It is fed logits and runs
 * no model. Log-probabilities are in nats, under the untempered policy restricted to what may be
 * emitted: no special tokens, and at the cursor only what agrees with the bytes that were cut and,
 * where the names that may come are known, with one of them.
 */
import type { Candidate } from '../types';
import type { Random } from '../util/random';
import { type VocabularyIndex, decodeUtf8 } from './healing';
import { type Peak, logSumExp, peak, sample } from './sampling';
import type { WordRule } from './wordRule';
import { type StopRules, endOf, endOfUnfinished, loopStart, wholeWords } from './stop';

/** What holds for all rows of a generation. */
export interface Rules {
  readonly index: VocabularyIndex;
  /** Bytes before the cursor that every row emits first. */
  readonly cut: string;
  readonly stop: StopRules;
  /** Names of which one must come first; null where any text may. */
  readonly words: WordRule | null;
  /** Tokens with which the policy says that it has come to what stands after the cursor. */
  readonly endIds: Int32Array;
  /** How what stands after the cursor on its line begins; '' where the line ends there. */
  readonly lineRest: string;
  readonly temperature: number;
  readonly maxTokens: number;
}

/** One token chosen. */
export interface Step {
  readonly id: number;
  readonly logProb: number;
  /** log of the probability with which it was drawn; 0 for the greedy choice. */
  readonly logPropensity: number;
  /** Entropy of the distribution it was chosen from, in nats. */
  readonly entropy: number;
  /** Where the token ends a line: the same for all tokens that end it just here, together. */
  readonly lineEnd: LineEnd | null;
}

/** What a candidate says of the token with which its text begins, as in `types.ts`. */
export type FirstToken = Required<Pick<Candidate, 'firstLogProb' | 'entropy'>>;

/** One token that might come, or all that end the line alike by the likeliest of them. */
export interface Other {
  readonly id: number;
  readonly logProb: number;
}

interface LineEnd {
  /** Bytes emitted before the line end. */
  readonly at: number;
  readonly logProb: number;
  readonly logPropensity: number;
}

/** The end of a sequence, with logits for what comes next. */
export class Place {
  /** Bytes that what comes next must agree with. */
  readonly rest: string;
  /** Ids that do, and that lead to a name where one must come; null for all. */
  readonly ids: Int32Array | null;
  #peak: Peak | null = null;

  constructor(
    readonly logits: Float32Array, // [V]
    private readonly emitted: string,
    private readonly rules: Rules,
  ) {
    this.rest = rules.cut.slice(emitted.length);
    this.ids =
      rules.words?.next(this.rest, emitted.slice(rules.cut.length)) ??
      rules.index.compatible(this.rest);
  }

  get peak(): Peak {
    return (this.#peak ??= peak(this.logits, this.ids));
  }

  logProb(id: number): number {
    return (this.logits[id] ?? -Infinity) - this.peak.logZ;
  }

  /** log-probability that the text goes on with `head` and ends its line there. */
  lineEndLogProb(head: string): number {
    const { logZ, max } = this.peak;
    return logSum(this.#lineEnds(head).map((ids) => logSumExp(this.logits, ids, 1, max))) - logZ;
  }

  /** log-probability that the text goes on with `head` and then with what is there already. */
  endLogProb(head: string): number {
    const { index, lineRest } = this.rules;
    if (lineRest === '') return this.lineEndLogProb(head);
    const { logZ, max } = this.peak;
    const first = logSumExp(this.logits, index.startingWith(head + lineRest), 1, max);
    return logSum([first, ...this.#ends(head)]) - logZ;
  }

  /**
   * What may come instead of the token `without`, each at least as likely as `least` (nats), the
   * likeliest first.
   */
  others(without: number, least: number, ids: Int32Array | null = this.ids): Other[] {
    const count = ids === null ? this.logits.length : ids.length;
    const leastLogit = least + this.peak.logZ;
    const others: Other[] = [];
    for (let i = 0; i < count; i++) {
      const id = ids === null ? i : (ids[i] ?? 0);
      const logit = this.logits[id] ?? -Infinity;
      if (logit >= leastLogit && logit > -Infinity && id !== without)
        others.push({ id, logProb: this.logProb(id) });
    }
    others.sort((a, b) => b.logProb - a.logProb || a.id - b.id);
    const heads = new Set([this.#lineHead(without)]);
    return others.flatMap(({ id, logProb }) => {
      const head = this.#lineHead(id);
      if (head === undefined) return [{ id, logProb }];
      if (heads.has(head)) return [];
      heads.add(head);
      return [{ id, logProb: this.lineEndLogProb(head) }];
    });
  }

  /** What a token says before it ends the line; undefined where it does not. */
  #lineHead(id: number): string | undefined {
    const bytes = this.rules.index.bytes(id);
    if (bytes === '') return id < 0 ? undefined : '';
    const head = lineEndIn(bytes, this.rest.length);
    return head < 0 ? undefined : bytes.slice(0, head);
  }

  greedyStep(): Step | null {
    return this.peak.argMax < 0 ? null : this.step(this.peak.argMax, 0);
  }

  sampledStep(random: Random): Step | null {
    const { max } = this.peak;
    const draw = sample(this.logits, this.ids, this.rules.temperature, max, random);
    return draw.id < 0 ? null : this.step(draw.id, draw.logPropensity);
  }

  step(id: number, logPropensity: number): Step {
    const bytes = this.rules.index.bytes(id);
    const { entropy } = this.peak;
    const step = { id, logProb: this.logProb(id), logPropensity, entropy };
    if (bytes === '') {
      const { logProb } = step;
      return { ...step, lineEnd: { at: this.emitted.length, logProb, logPropensity } };
    }
    const head = lineEndIn(bytes, this.rest.length);
    if (head < 0) return { ...step, lineEnd: null };
    const lineEnd: LineEnd = {
      at: this.emitted.length + head,
      logProb: this.lineEndLogProb(bytes.slice(0, head)),
      logPropensity: logPropensity === 0 ? 0 : this.#tempered(id, head, logPropensity),
    };
    return { ...step, lineEnd };
  }

  /** Propensity of any token that ends the line like `id`, from that of `id` itself. */
  #tempered(id: number, head: number, logPropensity: number): number {
    const { temperature, index } = this.rules;
    const { max } = this.peak;
    const all = logSum(
      this.#lineEnds(index.bytes(id).slice(0, head)).map((ids) =>
        logSumExp(this.logits, ids, temperature, max),
      ),
    );
    return Math.min(0, all - (this.logits[id] ?? 0) / temperature + logPropensity);
  }

  #lineEnds(head: string): readonly Int32Array[] {
    const { index, endIds } = this.rules;
    const lineEnds = [index.startingWith(`${head}\n`), index.startingWith(`${head}\r`)];
    return head === '' ? [...lineEnds, endIds] : lineEnds;
  }

  #ends(head: string): readonly number[] {
    return head === '' ? [logSumExp(this.logits, this.rules.endIds, 1, this.peak.max)] : [];
  }
}

export class Row {
  readonly #steps: Step[] = [];
  readonly #rules: Rules;
  #emitted = '';
  /** Tokens that go past the cursor. */
  #pastCursor = 0;
  #text = '';
  /** Summed log-probability after each token, in nats; it only falls. */
  readonly #logProbs: number[] = [];
  #end: number | null = null;

  constructor(
    rules: Rules,
    /** Draws the tokens; null for the greedy row. */
    private readonly random: Random | null,
  ) {
    this.#rules = rules;
  }

  get ids(): readonly number[] {
    return this.#steps.map(({ id }) => id);
  }

  get length(): number {
    return this.#steps.length;
  }

  /** The newest token, -1 before the first. */
  get lastId(): number {
    return this.#steps.at(-1)?.id ?? -1;
  }

  get ended(): boolean {
    return this.#end !== null;
  }

  /** Summed log-probability of the tokens, in nats: of the text, and once ended of its end. */
  get logProb(): number {
    return this.logProbOf(this.length);
  }

  /** The same of the first `count` tokens, of all where there are fewer. */
  logProbOf(count: number): number {
    return this.#logProbs[Math.min(count, this.length) - 1] ?? 0;
  }

  /** A greedy row that begins with the first `count` tokens of this one. */
  until(count: number): Row {
    const row = new Row(this.#rules, null);
    for (const step of this.#steps.slice(0, count)) row.push(step);
    return row;
  }

  place(logits: Float32Array): Place {
    return new Place(logits, this.#emitted, this.#rules);
  }

  /** Chooses the next token in the way of this row. */
  advance(place: Place): void {
    const step = this.random === null ? place.greedyStep() : place.sampledStep(this.random);
    if (step === null) this.#finish();
    else this.push(step);
  }

  push(step: Step): void {
    const { index, cut, stop, maxTokens } = this.#rules;
    this.#steps.push(step);
    const logProb = Math.min(0, step.lineEnd?.logProb ?? step.logProb);
    this.#logProbs.push((this.#logProbs.at(-1) ?? 0) + logProb);
    const bytes = index.bytes(step.id);
    if (bytes === '') {
      this.#end = this.#text.length;
      return;
    }
    this.#emitted += bytes;
    if (this.#emitted.length <= cut.length) return;
    this.#pastCursor += 1;
    const { text, valid } = decodeUtf8(this.#emitted.slice(cut.length));
    if (!valid) {
      this.#finish();
      return;
    }
    this.#text = text;
    this.#end = endOf(text, stop);
    if (this.#end !== null) return;
    const loop = loopStart(this.ids);
    if (loop !== null) {
      const before = index.joined(this.ids.slice(0, loop)).slice(cut.length);
      this.#text = decodeUtf8(before).text;
      this.#finish();
    } else if (this.#pastCursor >= maxTokens) {
      this.#text = wholeWords(text);
      this.#finish();
    }
  }

  /** Ends the row where it stands. */
  #finish(): void {
    this.#end = endOfUnfinished(this.#text, this.#rules.stop);
  }

  /** What the row amounts to; null when there is nothing to insert. */
  candidate(): Candidate | null {
    const text = this.#text.slice(0, this.#end ?? 0);
    if (text.trim() === '') return null;
    const end = this.#rules.cut.length + Buffer.byteLength(text, 'utf8');
    const tokenIds: number[] = [];
    let logProb = 0;
    let logPropensity = 0;
    let emitted = 0;
    let first: FirstToken | undefined;
    const lineLogProbs: number[] = [];
    for (const step of this.#steps) {
      const { entropy, lineEnd } = step;
      if (
        first === undefined &&
        emitted + this.#rules.index.bytes(step.id).length > this.#rules.cut.length
      )
        first = {
          firstLogProb: Math.min(
            0,
            logProb + (lineEnd?.at === end ? lineEnd.logProb : step.logProb),
          ),
          entropy,
        };
      if (step.lineEnd?.at === end) {
        logProb += step.lineEnd.logProb;
        logPropensity += step.lineEnd.logPropensity;
        if (emitted < end) tokenIds.push(step.id);
        break;
      }
      if (emitted >= end) break;
      tokenIds.push(step.id);
      const before = logProb;
      logProb += step.logProb;
      logPropensity += step.logPropensity;
      const bytes = this.#rules.index.bytes(step.id);
      const kept = bytes.slice(0, end - emitted);
      emitted += bytes.length;
      if (lineEnd !== null)
        lineLogProbs.push(...lineEndLogProbs(kept, before + lineEnd.logProb, logProb));
    }
    return {
      text,
      tokenIds,
      logProb: Math.min(0, logProb),
      source: this.random === null ? 'greedy' : 'sampled',
      propensity: Math.exp(logPropensity),
      ...first,
      ...(lineLogProbs.length > 0 && { lineLogProbs }),
    };
  }
}

/**
 * For each line that a token ends, the summed log-probability of the text up to there: `first` where
 * its first line ends, and `last`, that of the whole token, where any later one does.
 */
export function lineEndLogProbs(bytes: string, first: number, last: number): number[] {
  const ends = bytes.split('\n').length - 1;
  return Array.from({ length: ends }, (_, i) => Math.min(0, i === 0 ? first : last));
}

/** Offset of the first line end in `bytes` at or after `from`, -1 where there is none. */
export function lineEndIn(bytes: string, from: number): number {
  for (let at = from; at < bytes.length; at++) {
    if (bytes[at] === '\n' || bytes[at] === '\r') return at;
  }
  return -1;
}

function logSum(logs: readonly number[]): number {
  const max = Math.max(...logs);
  if (max === -Infinity) return max;
  return max + Math.log(logs.reduce((sum, value) => sum + Math.exp(value - max), 0));
}
