/** Curves with fewer points. */
import type { Curves } from './schemas.js';

/** Values by column, at increasing iterations; NaN where an entry has none. */
export interface LogColumns {
  readonly steps: readonly number[];
  readonly columns: ReadonlyMap<string, readonly number[]>;
}

/**
 * Returns columns in a range of iterations with at most `points` points. Of each stretch of entries it keeps the minimum and maximum in their
 * order, at the first and the last iteration of the stretch, and the mean at both.
 * @param points 2 or more
 */
export function decimate({ steps, columns }: LogColumns, points: number, from = 0, to = Infinity): Curves {
  const [start, end] = [firstAtLeast(steps, from), firstAtLeast(steps, to + 1)];
  const count = end - start;
  const stretches = count <= points ? count : Math.floor(points / 2);
  const bounds = Array.from(
    { length: stretches + 1 },
    (_, index) => start + Math.floor((index * count) / Math.max(1, stretches)),
  );
  const isWhole = stretches === count;
  const kept = isWhole
    ? bounds.slice(0, -1)
    : bounds.slice(0, -1).flatMap((first, index) => [first, bounds[index + 1]! - 1]);
  const ofColumns = (ofStretch: (column: readonly number[], start: number, end: number) => readonly number[]) =>
    Object.fromEntries(
      Array.from(columns, ([name, column]) => {
        const chosen = isWhole
          ? column.slice(start, end)
          : bounds.slice(0, -1).flatMap((first, index) => ofStretch(column, first, bounds[index + 1]!));
        return [name, chosen.map((value) => (Number.isFinite(value) ? value : null))];
      }),
    );
  const shown = { steps: kept.map((index) => steps[index]!), values: ofColumns(extremes) };
  return isWhole ? shown : { ...shown, means: ofColumns(meansOf) };
}

function meansOf(column: readonly number[], start: number, end: number): [number, number] {
  let [sum, count] = [0, 0];
  for (let index = start; index < end; index++) {
    if (Number.isNaN(column[index])) continue;
    sum += column[index]!;
    count++;
  }
  return [sum / count, sum / count];
}

function extremes(column: readonly number[], start: number, end: number): [number, number] {
  let [least, most] = [-1, -1];
  for (let index = start; index < end; index++) {
    const value = column[index]!;
    if (Number.isNaN(value)) continue;
    if (least < 0 || value < column[least]!) least = index;
    if (most < 0 || value > column[most]!) most = index;
  }
  if (least < 0) return [NaN, NaN];
  return [column[Math.min(least, most)]!, column[Math.max(least, most)]!];
}

/** Returns the index of the first of increasing numbers that is at least `value`. */
export function firstAtLeast(numbers: readonly number[], value: number): number {
  let [low, high] = [0, numbers.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (numbers[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
