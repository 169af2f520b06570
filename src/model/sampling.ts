/**
 * Choosing tokens from logits: arg max, normalisers and tempered sampling. Pure numerics on views of
 * the graph's output; it knows neither text nor models. V is about 50,000 and these loops run for
 * every row of every step, so they copy nothing and replace Math.exp by a table that is three times
 * as quick.
 */
import type { Random } from '../util/random';

/** A token is this many nats below the best one before its share is dropped (2e-6 in all of V). */
const negligibleNats = 24;

const tableSize = 64;
const fractions = Float64Array.from({ length: tableSize }, (_, i) => 2 ** (i / tableSize));
const powers = Float64Array.from({ length: 128 }, (_, i) => 2 ** -i);
const perNat = tableSize / Math.LN2;

/** e^x for -44 < x <= 0, relative error below 3e-7: 2^(n/64) from a table times a short series. */
export function expNegative(x: number): number {
  const scaled = x * perNat;
  const n = scaled | 0;
  const rest = (scaled - n) / perNat;
  return (
    (fractions[n & (tableSize - 1)] ?? 0) *
    (powers[-(n >> 6)] ?? 0) *
    (1 + rest + 0.5 * rest * rest)
  );
}

export interface Peak {
  /** Id of the highest logit, the lowest such id; -1 where every token is masked. */
  readonly argMax: number;
  readonly max: number;
  /** log of the summed exp(logit), in nats: a logit minus this is a log-probability. */
  readonly logZ: number;
  /** Of the distribution, in nats; 0 where every token is masked. */
  readonly entropy: number;
}

/** Best token, normaliser and entropy of one row [V] in one pass, over `ids` alone where given. */
export function peak(logits: Float32Array, ids: Int32Array | null = null): Peak {
  const count = ids === null ? logits.length : ids.length;
  let argMax = -1;
  let max = -Infinity;
  let sum = 0;
  // Sum of exp(logit - max) (logit - max), for the entropy.
  let weighted = 0;
  for (let i = 0; i < count; i++) {
    const id = ids === null ? i : (ids[i] ?? 0);
    const difference = (logits[id] ?? 0) - max;
    if (difference > 0) {
      const share = difference < negligibleNats ? expNegative(-difference) : 0;
      weighted = share === 0 ? 0 : share * (weighted - difference * sum);
      sum = share * sum + 1;
      max = logits[id] ?? 0;
      argMax = id;
    } else if (difference > -negligibleNats) {
      const weight = expNegative(difference);
      sum += weight;
      weighted += weight * difference;
    }
  }
  const entropy = argMax < 0 ? 0 : Math.max(0, Math.log(sum) - weighted / sum);
  return { argMax, max, logZ: max + Math.log(sum), entropy };
}

/** log of the summed exp(logit / temperature) over `ids` (all of V when null), in nats. */
export function logSumExp(
  logits: Float32Array,
  ids: Int32Array | null,
  temperature: number,
  max: number,
): number {
  return max / temperature + Math.log(sumExp(logits, ids, temperature, max));
}

export interface Draw {
  readonly id: number;
  /** log of the probability with which it was drawn, in nats. */
  readonly logPropensity: number;
}

/**
 * One token drawn from softmax(logits / temperature), over `ids` alone where given. `max` is the
 * highest of those logits.
 */
export function sample(
  logits: Float32Array,
  ids: Int32Array | null,
  temperature: number,
  max: number,
  random: Random,
): Draw {
  const total = sumExp(logits, ids, temperature, max);
  const count = ids === null ? logits.length : ids.length;
  let left = random() * total;
  let drawn = -1;
  let drawnWeight = 0;
  for (let i = 0; i < count; i++) {
    const id = ids === null ? i : (ids[i] ?? 0);
    const weight = temperedWeight(logits[id] ?? 0, temperature, max);
    if (weight === 0) continue;
    drawn = id;
    drawnWeight = weight;
    left -= weight;
    if (left < 0) break;
  }
  return { id: drawn, logPropensity: Math.log(drawnWeight / total) };
}

function sumExp(
  logits: Float32Array,
  ids: Int32Array | null,
  temperature: number,
  max: number,
): number {
  const count = ids === null ? logits.length : ids.length;
  let sum = 0;
  for (let i = 0; i < count; i++) {
    sum += temperedWeight(logits[ids === null ? i : (ids[i] ?? 0)] ?? 0, temperature, max);
  }
  return sum;
}

function temperedWeight(logit: number, temperature: number, max: number): number {
  const exponent = (logit - max) / temperature;
  return exponent > -negligibleNats ? expNegative(Math.min(0, exponent)) : 0;
}
