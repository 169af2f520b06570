/**
 * Sizes that are only known at run time, as text. A size is a number or a polynomial over named sizes
 * in one normal form (`2*B*T+P`), so that two sizes are equal exactly when they are the same value of
 * this type. Differences of different names are not followed: such a size gets a name of its own.
 */

/** A size: 0 or more, or a polynomial over names such as `B*T`. */
export type Dim = number | string;

/** Names joined by `*` and sorted, to their coefficient; '' is the constant. */
type Polynomial = ReadonlyMap<string, number>;

export function addDims(a: Dim, b: Dim): Dim {
  const sum = new Map(parse(a));
  for (const [names, coefficient] of parse(b)) sum.set(names, (sum.get(names) ?? 0) + coefficient);
  return print(sum);
}

/** `a - b` where that is again a size in normal form. */
export function subtractDims(a: Dim, b: Dim): Dim | undefined {
  const difference = new Map(parse(a));
  for (const [names, coefficient] of parse(b)) {
    difference.set(names, (difference.get(names) ?? 0) - coefficient);
  }
  return [...difference.values()].every((coefficient) => coefficient >= 0)
    ? print(difference)
    : undefined;
}

export function multiplyDims(dims: readonly Dim[]): Dim {
  return dims.reduce<Dim>((product, dim) => multiply(product, dim), 1);
}

/** `a / b` where it comes out even and `b` is one product. */
export function divideDims(a: Dim, b: Dim): Dim | undefined {
  if (a === b) return 1;
  const [divisor, ...others] = parse(b);
  if (divisor === undefined || others.length > 0) return undefined;
  const [divisorNames, divisorCoefficient] = divisor;
  const quotient = new Map<string, number>();
  for (const [names, coefficient] of parse(a)) {
    const left = namesOf(names);
    for (const name of namesOf(divisorNames)) {
      const at = left.indexOf(name);
      if (at < 0) return undefined;
      left.splice(at, 1);
    }
    if (!Number.isInteger(coefficient / divisorCoefficient)) return undefined;
    quotient.set(left.join('*'), coefficient / divisorCoefficient);
  }
  return print(quotient);
}

/** What two shapes broadcast to; two different names become a size of their own. */
export function broadcastDims(a: readonly Dim[], b: readonly Dim[]): readonly Dim[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a[a.length - rank + i] ?? 1;
    const y = b[b.length - rank + i] ?? 1;
    if (x === 1 || x === y) return y;
    if (y === 1 || typeof x === 'number') return x;
    return typeof y === 'number' ? y : [x, y].sort().join('|');
  });
}

/** The axis counted from the front. */
export function axisOf(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

function multiply(a: Dim, b: Dim): Dim {
  const product = new Map<string, number>();
  for (const [aNames, aCoefficient] of parse(a)) {
    for (const [bNames, bCoefficient] of parse(b)) {
      const names = [...namesOf(aNames), ...namesOf(bNames)].sort().join('*');
      product.set(names, (product.get(names) ?? 0) + aCoefficient * bCoefficient);
    }
  }
  return print(product);
}

function namesOf(product: string): string[] {
  return product === '' ? [] : product.split('*');
}

function parse(dim: Dim): Polynomial {
  if (typeof dim === 'number') return new Map([['', dim]]);
  const terms = new Map<string, number>();
  for (const term of dim.split('+')) {
    const factors = term.split('*').map((factor) => factor.trim());
    const names = factors.filter((factor) => !/^\d+$/.test(factor)).sort();
    const coefficient = factors.reduce(
      (product, factor) => (/^\d+$/.test(factor) ? product * Number(factor) : product),
      1,
    );
    const key = names.join('*');
    terms.set(key, (terms.get(key) ?? 0) + coefficient);
  }
  return terms;
}

function print(polynomial: Polynomial): Dim {
  const terms = [...polynomial].filter(([, coefficient]) => coefficient !== 0);
  if (terms.every(([names]) => names === '')) return terms[0]?.[1] ?? 0;
  return terms
    .sort(([a], [b]) => (a === '' ? 1 : b === '' ? -1 : a < b ? -1 : 1))
    .map(([names, coefficient]) =>
      names === '' ? String(coefficient) : coefficient === 1 ? names : `${coefficient}*${names}`,
    )
    .join('+');
}
