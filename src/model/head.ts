/**
 * What one run of the graph says about the prompt's end and all guesses after it: what may come
 * next at each, how far a row can go without another run, where sampled rows can begin, and how
 * likely the drafts are. It only reads; what is guessed is decided in `generator.ts`.
 */
import type { Candidate } from '../types';
import type { ForwardOutput } from './forward';
import type { KvBuffer } from './kvBuffer';
import { type FirstToken, lineEndIn, lineEndLogProbs, Place, type Row, type Rules } from './row';
import type { TokenTree } from './tokenTree';

/** A draft as the policy would write it. */
export interface DraftPath {
  readonly text: string;
  /** Tokens from the cut on, without the one in which the text ends, if it ends inside one. */
  readonly ids: readonly number[];
  /** Bytes of the text that last token holds; '' when the text ends where a token does. */
  readonly tail: string;
}

/** The prompt's end and every guess after it, read in one run. */
export class Head {
  readonly #places = new Map<number, Place>();

  constructor(
    readonly tree: TokenTree,
    /** Nodes before this index are ways to split the bytes at the cursor, not drafts. */
    readonly splitNodes: number,
    /** Tokens of the prompt that stand before the tree in the run. */
    readonly tailTokens: number,
    readonly output: ForwardOutput,
    private readonly rules: Rules,
  ) {}

  /** What comes after a node, or after the prompt for -1. */
  place(node: number): Place {
    const known = this.#places.get(node);
    if (known !== undefined) return known;
    const emitted = this.rules.index.joined(this.tree.path(node));
    const logits = this.output.logits[node + 1];
    if (logits === undefined) throw new RangeError(`No node ${node} in the tree.`);
    const place = new Place(logits, emitted, this.rules);
    this.#places.set(node, place);
    return place;
  }

  /** Lets a row go on as far as its choices were guessed; the last node it passed. */
  walk(
    row: Row,
    from: number,
    advance: (place: Place, node: number) => unknown = (place) => row.advance(place),
  ): number {
    let node = from;
    for (;;) {
      advance(this.place(node), node);
      const child = row.ended ? undefined : this.tree.child(node, row.lastId);
      if (child === undefined) return node;
      node = child;
    }
  }

  /** The same for a row whose last token was chosen at `from`. */
  goOn(row: Row, from: number): number {
    const next = row.ended ? undefined : this.tree.child(from, row.lastId);
    return next === undefined ? from : this.walk(row, next);
  }

  /** Copies keys and values of the path to `node` into a row. */
  copyPath(node: number, target: KvBuffer, row: number): void {
    for (let at = node; at >= 0; at = this.tree.nodes[at]?.parent ?? -1) {
      const slot = (this.tree.nodes[at]?.depth ?? 1) - 1;
      target.write(this.output.newKv, { row: 0, token: this.tailTokens + at }, 1, { row, slot });
    }
  }

  /** Tokens on the path to a node, 0 for -1. */
  depth(node: number): number {
    return this.tree.nodes[node]?.depth ?? 0;
  }

  /** Gives a row the tokens of the path to `node`, which nobody chose, and returns it. */
  follow(row: Row, node: number): Row {
    let parent = -1;
    for (const id of this.tree.path(node)) {
      row.push(this.place(parent).step(id, 0));
      parent = this.tree.child(parent, id) ?? -1;
    }
    return row;
  }

  /**
   * Where a text can begin: the places from which one token goes past the cursor, or just to it,
   * with those tokens. The ways to split the bytes at the cursor that were read lead from one such
   * place to another; other ways that stop short of the cursor are left out.
   */
  starts(node = -1, logOffset = 0): Start[] {
    const place = this.place(node);
    const { ids, rest } = place;
    if (ids === null) return [{ node, ids, logOffset }];
    const direct: number[] = [];
    const further: Start[] = [];
    for (const id of ids) {
      const split = this.#splitChild(node, id);
      if (split !== undefined) {
        further.push(...this.starts(split, logOffset + place.logProb(id)));
      } else if (this.rules.index.bytes(id).length >= rest.length) {
        direct.push(id);
      }
    }
    return [{ node, ids: Int32Array.from(direct), logOffset }, ...further];
  }

  /** The start that a row with these ids took. */
  firstStart(ids: readonly number[]): { readonly node: number; readonly id: number } {
    let node = -1;
    for (const id of ids) {
      const split = this.place(node).ids === null ? undefined : this.#splitChild(node, id);
      if (split === undefined) return { node, id };
      node = split;
    }
    return { node, id: -1 };
  }

  /**
   * log-probability of a draft's text, by the tokenizer's own split into tokens, and that after it
   * the line ends, or goes on as it already does after the cursor; NaN when it was too long to be
   * read.
   */
  logProb({ ids, tail }: DraftPath): number {
    let node = -1;
    let sum = 0;
    for (const id of ids) {
      sum += this.place(node).logProb(id);
      const child = this.tree.child(node, id);
      if (child === undefined) return NaN;
      node = child;
    }
    return Math.min(0, sum + this.place(node).endLogProb(tail));
  }

  /** Of a draft's first token past the cursor; nothing where it was not read. */
  first({ ids }: DraftPath): FirstToken | undefined {
    const { index, cut } = this.rules;
    let node = -1;
    let sum = 0;
    let length = 0;
    for (const id of ids) {
      const place = this.place(node);
      sum += place.logProb(id);
      length += index.bytes(id).length;
      if (length > cut.length)
        return { firstLogProb: Math.min(0, sum), entropy: place.peak.entropy };
      const child = this.tree.child(node, id);
      if (child === undefined) return undefined;
      node = child;
    }
    return undefined;
  }

  /** See `Candidate.lineLogProbs`; nothing where a draft's first line was not read to its end. */
  lines({ ids, tail }: DraftPath): Pick<Candidate, 'lineLogProbs'> {
    const { index, cut } = this.rules;
    const lineLogProbs: number[] = [];
    let node: number | undefined = -1;
    let sum = 0;
    let length = 0;
    for (const id of [...ids, null]) {
      if (node === undefined) break;
      const place = this.place(node);
      const bytes = id === null ? tail : index.bytes(id);
      const end = lineEndIn(bytes, Math.max(0, cut.length - length));
      const before = sum;
      sum += id === null ? 0 : place.logProb(id);
      if (end >= 0) {
        const atEnd = before + place.lineEndLogProb(bytes.slice(0, end));
        lineLogProbs.push(...lineEndLogProbs(bytes, atEnd, id === null ? atEnd : sum));
      }
      length += bytes.length;
      node = id === null ? undefined : this.tree.child(node, id);
    }
    return lineLogProbs.length === 0 ? {} : { lineLogProbs };
  }

  #splitChild(node: number, id: number): number | undefined {
    const child = this.tree.child(node, id);
    return child !== undefined && child < this.splitNodes ? child : undefined;
  }
}

/** A place where a candidate can begin, and the tokens with which it can. */
export interface Start {
  /** -1 for the prompt's end. */
  readonly node: number;
  /** null for all. */
  readonly ids: Int32Array | null;
  /** log-probability of the way to there, in nats. */
  readonly logOffset: number;
}
