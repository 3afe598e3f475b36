import type { Curves } from './schemas.js';

/** Columns have NaN where an entry has no value. */
export interface LogColumns {
  steps: readonly number[];
  columns: ReadonlyMap<string, readonly number[]>;
}

/**
 * Of each of `points / 2` stretches: minimum and maximum in their order, and the mean, at its first and last iteration.
 * A range has one more entry at each end, so that curves reach its edges.
 */
export function decimate({ steps, columns }: LogColumns, points: number, from = 0, to = Infinity): Curves {
  const start = Math.max(0, firstAtLeast(steps, from) - 1);
  const end = Math.min(steps.length, firstAtLeast(steps, to + 1) + 1);
  const count = end - start;
  const curvesOf = (shownOf: (column: readonly number[]) => readonly number[]) =>
    Object.fromEntries(
      Array.from(columns, ([name, column]) => [
        name,
        shownOf(column).map((value) => (Number.isFinite(value) ? value : null)),
      ]),
    );
  if (count <= points)
    return { steps: steps.slice(start, end), values: curvesOf((column) => column.slice(start, end)) };
  const stretches = Math.floor(points / 2);
  const bounds = Array.from({ length: stretches + 1 }, (_, index) => start + Math.floor((index * count) / stretches));
  const inStretches = (pointsOf: (first: number, end: number) => readonly number[]) =>
    bounds.slice(0, -1).flatMap((first, index) => pointsOf(first, bounds[index + 1]!));
  return {
    steps: inStretches((first, end) => [steps[first]!, steps[end - 1]!]),
    values: curvesOf((column) => inStretches((first, end) => extremes(column, first, end))),
    means: curvesOf((column) => inStretches((first, end) => means(column, first, end))),
  };
}

function means(column: readonly number[], first: number, end: number) {
  let [sum, count] = [0, 0];
  for (let index = first; index < end; index++) {
    if (Number.isNaN(column[index])) continue;
    sum += column[index]!;
    count++;
  }
  return [sum / count, sum / count];
}

function extremes(column: readonly number[], first: number, end: number) {
  let [least, most, isFalling] = [Infinity, -Infinity, false];
  for (let index = first; index < end; index++) {
    const value = column[index]!;
    if (value < least) [least, isFalling] = [value, true];
    if (value > most) [most, isFalling] = [value, false];
  }
  return isFalling ? [most, least] : [least, most];
}

export const firstAtLeast = (numbers: readonly number[], value: number) =>
  numbers.findLastIndex((each) => each < value) + 1;
