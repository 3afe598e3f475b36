/** Runs that differ in their seeds only. */
import type { ListedRun } from '../../../src/studio/schemas.js';

export interface SeedGroup {
  /** The ID of its first run. Names of groups may be equal. */
  id: string;
  name: string;
  runs: readonly [ListedRun, ...ListedRun[]];
}

/** Groups runs in the order of the first of each group. A run without settings stays alone. */
export function groupSeeds(runs: readonly ListedRun[]): SeedGroup[] {
  const groups = new Map<string, [ListedRun, ...ListedRun[]]>();
  for (const run of runs) {
    const { seed, ...settings } = run.settings;
    const key = seed === undefined ? run.id : JSON.stringify([run.data, Object.entries(settings).sort()]);
    const group = groups.get(key);
    if (group) group.push(run);
    else groups.set(key, [run]);
  }
  return Array.from(groups.values(), (group) => ({ id: group[0].id, name: nameOf(group), runs: group }));
}

export const alone = (runs: readonly ListedRun[]): SeedGroup[] =>
  runs.map((run) => ({ id: run.id, name: run.id, runs: [run] }));

/** What the names of runs have in common, such as `mnist (3 seeds)` of `mnist-1`, `mnist-2` and `mnist-3`. */
function nameOf([first, ...others]: SeedGroup['runs']): string {
  if (others.length === 0) return first.id;
  let length = first.id.length;
  while (!others.every(({ id }) => id.startsWith(first.id.slice(0, length)))) length--;
  const name = first.id.slice(0, length).replace(/[-_. ]+$/u, '') || first.id;
  return `${name} (${others.length + 1} seeds)`;
}

/** Mean and standard deviation (of the sample); none for an empty list. */
export function meanOf(values: readonly number[]): { mean: number; deviation: number } | undefined {
  if (values.length === 0) return undefined;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: values.length === 1 ? 0 : Math.sqrt(squares / (values.length - 1)) };
}

/** Places and values, in ascending order of places. */
export type Series = readonly (readonly [place: number, value: number])[];

export interface BandPoint {
  place: number;
  mean: number;
  deviation: number;
}

/** Mean and deviation of curves at the places of the first one, as far as all have values. Between them, it interpolates. */
export function bandOf([first, ...others]: readonly Series[]): BandPoint[] {
  if (!first) return [];
  const positions = others.map(() => 0);
  return first.flatMap(([place, value]) => {
    const values = others.map((series, index) => {
      while (series[positions[index]! + 1] && series[positions[index]! + 1]![0] <= place) positions[index]!++;
      return valueAt(series, positions[index]!, place);
    });
    return values.includes(undefined) ? [] : [{ place, ...meanOf([value, ...(values as number[])])! }];
  });
}

function valueAt(series: Series, position: number, place: number): number | undefined {
  const [before, after] = [series[position], series[position + 1]];
  if (!before || place < before[0]) return undefined;
  if (place === before[0]) return before[1];
  if (!after) return undefined;
  const share = (place - before[0]) / (after[0] - before[0]);
  return before[1] + share * (after[1] - before[1]);
}
