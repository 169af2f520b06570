/**
 * Whether figures taken once a minute rise, or only come to their level: by the line of Theil and Sen,
 * the median of the slopes between all pairs of points, which single peaks do not move, with the
 * interval of Sen (1968) around it. A cache that fills rises too, but less and less; so what rises must
 * do so in the later half by itself.
 */

export interface Line {
  /** The median of the figures. */
  readonly level: number;
  /** Change in a minute. */
  readonly slope: number;
  /** The slope is at least so much, with a probability of 99.5 %. */
  readonly atLeast: number;
}

/** A rise by less than this share of the level in an hour is none. */
const hourlyShare = 0.04;
/** A normal variable is smaller with a probability of 99.5 %. */
const deviations = 2.576;
/** Of fewer figures not even a straight rise is sure. */
const minFigures = 6;

/** The line through one figure a minute, oldest first. Throws a RangeError where there are too few. */
export function lineThrough(figures: readonly number[]): Line {
  const n = figures.length;
  if (n < minFigures) throw new RangeError(`A line takes ${minFigures} minutes, not ${n}.`);
  const slopes = figures
    .flatMap((late, j) => figures.slice(0, j).map((early, i) => (late - early) / (j - i)))
    .sort((a, b) => a - b);
  const spread = deviations * Math.sqrt((n * (n - 1) * (2 * n + 5)) / 18);
  const lowest = Math.max(0, Math.floor((slopes.length - spread) / 2));
  const level = medianOf(figures.toSorted((a, b) => a - b));
  return { level, slope: medianOf(slopes), atLeast: slopes[lowest] ?? NaN };
}

/** Whether figures of twelve minutes or more rise, as a whole and in their later half. */
export function isRising(figures: readonly number[]): boolean {
  const halves = [figures, figures.slice(Math.floor(figures.length / 2))];
  return halves.map(lineThrough).every(({ level, slope, atLeast }) => {
    return atLeast > 0 && slope * 60 > hourlyShare * level;
  });
}

function medianOf(sorted: readonly number[]): number {
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? NaN) + (sorted[Math.ceil(middle)] ?? NaN)) / 2;
}
