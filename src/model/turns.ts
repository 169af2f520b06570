/**
 * The texts that are proposed beside the greedy one. Each leaves it by one token, at the cursor or
 * behind it, and goes on greedily from there. That token is drawn without replacement from those that
 * come close to the greedy one in their places, in proportion to exp(log-probability of the text up to
 * and with it / temperature), as Gumbel top-k (Kool, van Hoof and Welling 2019, section 2.3): noise is
 * added to each as it comes to light, so that the first of them can be followed while the greedy row
 * still grows. The noise belongs to the token and its place, whatever else is offered, and when.
 */
import { seededRandom } from '../util/random';
import { sum } from '../util/statistics';
import type { Place, Row } from './row';

/** A place where the greedy row can be left. */
export interface Turn {
  readonly place: Place;
  /** Tokens of the row before it. */
  readonly at: number;
  /** The greedy row's own token there, -1 for none. */
  readonly without: number;
  /** What can be chosen there; null for all. */
  readonly ids: Int32Array | null;
  /** log-probability of what stands before it, in nats. */
  readonly logOffset: number;
  /** The least log-probability with the token that is chosen, in nats. */
  readonly least: number;
  /** A row that says what stands before it. */
  begin(): Row;
}

/** A row that has left the greedy one. */
export interface TurnedRow<T extends Turn> {
  readonly row: Row;
  readonly turn: T;
}

interface Ticket<T extends Turn> extends TurnedRow<T> {
  readonly logWeight: number;
  readonly key: number;
}

export interface TurnOptions {
  /** Rows wanted. */
  readonly samples: number;
  readonly temperature: number;
  readonly seed: number;
}

export class Turns<T extends Turn> {
  readonly #options: TurnOptions;
  /** Those drawn, the first drawn first. */
  readonly #drawn: Ticket<T>[] = [];
  readonly #logWeights: number[] = [];

  constructor(options: TurnOptions) {
    this.#options = options;
  }

  /** Rows drawn from what was offered so far. */
  get rows(): readonly TurnedRow<T>[] {
    return this.#drawn;
  }

  has(row: Row): boolean {
    return this.#drawn.some((each) => each.row === row);
  }

  offer(turn: T): void {
    const { samples, temperature, seed } = this.#options;
    if (samples === 0) return;
    const { place, at, without, ids, logOffset, least } = turn;
    for (const { id, logProb } of place.others(without, least - logOffset, ids)) {
      const logWeight = (logOffset + logProb) / temperature;
      this.#logWeights.push(logWeight);
      const key = logWeight + gumbel(seed, at, id);
      const last = this.#drawn[samples - 1];
      if (last !== undefined && key <= last.key) continue;
      const row = turn.begin();
      row.push(place.step(id, 0));
      this.#drawn.push({ row, turn, logWeight, key });
      this.#drawn.sort((a, b) => b.key - a.key);
      this.#drawn.splice(samples);
    }
  }

  /** Probability with which each was drawn, given those before it; in their order. */
  propensities(): number[] {
    const max = Math.max(...this.#logWeights);
    const shareOf = (logWeight: number): number => Math.exp(logWeight - max);
    const shares = this.#drawn.map(({ logWeight }) => shareOf(logWeight));
    let left = sum(this.#logWeights.map(shareOf));
    return shares.map((share, i) => {
      const propensity = share / Math.max(left, sum(shares.slice(i)));
      left -= share;
      return propensity;
    });
  }
}

/** Standard Gumbel noise of one token at one place. */
function gumbel(seed: number, at: number, id: number): number {
  const mixed = seed + Math.imul(at + 1, 0x9e3779b1) + Math.imul(id + 1, 0x85ebca6b);
  return -Math.log(-Math.log(Math.max(seededRandom(mixed)(), Number.MIN_VALUE)));
}
