/** Columns of the table of runs: facts, and any setting or metric. */
import type { ListedRun } from '../../../src/studio/schemas.js';
import { dataName, formatNumber, formatTime } from '../format.js';
import { explain, labelOf } from '../labels.js';
import { meanOf, type SeedGroup } from './seeds.js';

type Value = string | number | boolean | undefined;

export interface Column {
  /** Also its name in the address and in filters, such as `fid` and `width`. */
  key: string;
  title: string;
  meaning?: string | undefined;
  valueOf: (run: ListedRun) => Value;
  textOf?: (value: Value) => string;
}

const FACTS: readonly Column[] = [
  { key: 'state', title: 'State', valueOf: ({ state }) => state },
  { key: 'data', title: 'Data', valueOf: ({ data }) => dataName(data) },
  { key: 'iteration', title: 'Iteration', meaning: 'iterations done', valueOf: ({ step }) => step },
  {
    key: 'updated',
    title: 'Changed',
    meaning: 'time of the last change',
    valueOf: ({ updated }) => updated,
    textOf: (value) => formatTime(value as number),
  },
  { key: 'tags', title: 'Tags', valueOf: ({ tags }) => tags.join(' ') },
  { key: 'note', title: 'Note', valueOf: ({ note }) => note },
];

/** The curve of `match_x` as a small drawing. */
export const CURVE = 'curve';
const curveColumn = (): Column => ({
  key: CURVE,
  title: 'Error curve',
  meaning: `${labelOf('match_x')} over the iterations`,
  valueOf: () => undefined,
});

export const DEFAULT_COLUMNS = 'state,data,iteration,curve,match_x,code_variance,fid,updated';

export interface ColumnGroup {
  title: string;
  columns: readonly Column[];
}

/** All columns that some run has a value for. */
export function columnGroups(runs: readonly ListedRun[]): readonly ColumnGroup[] {
  const namesOf = (part: 'metrics' | 'settings'): string[] =>
    [...new Set(runs.flatMap((run) => Object.keys(run[part])))].sort((a, b) => a.localeCompare(b));
  return [
    { title: 'Run', columns: [...FACTS, curveColumn()] },
    {
      title: 'Metrics',
      columns: namesOf('metrics').map((key) => ({
        key,
        title: labelOf(key),
        meaning: explain(key),
        valueOf: ({ metrics }) => metrics[key],
      })),
    },
    {
      title: 'Settings',
      columns: namesOf('settings').map((key) => ({
        key,
        title: labelOf(key),
        meaning: explain(key),
        valueOf: ({ settings }) => settings[key],
      })),
    },
  ];
}

const valueText = ({ textOf }: Column, value: Value): string =>
  value === undefined ? '' : textOf ? textOf(value) : typeof value === 'number' ? formatNumber(value) : String(value);

/** The value of all runs of a group, or the mean of numbers with their deviation. */
export function groupText(column: Column, { runs }: SeedGroup): string {
  const values = runs.map(column.valueOf).filter((value) => value !== undefined);
  if (new Set(values).size === 1) return valueText(column, values[0]);
  const numbers = values.filter((value) => typeof value === 'number');
  if (column.textOf || numbers.length < values.length || numbers.length === 0)
    return values.length === 0 ? '' : `${new Set(values).size} values`;
  const { mean, deviation } = meanOf(numbers)!;
  return `${formatNumber(Number(mean.toPrecision(4)))} ± ${Number(deviation.toPrecision(2))}`;
}

/** Orders groups by the values of their first runs, or by the means of numbers. Groups without a value are last. */
export function sortGroups(groups: readonly SeedGroup[], column: Column, isDescending: boolean): SeedGroup[] {
  const keyed = groups.map((group) => ({ group, value: keyOf(column, group) }));
  const sign = isDescending ? -1 : 1;
  return keyed
    .sort(({ value: a }, { value: b }) => {
      if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
      if (typeof a === 'number' && typeof b === 'number') return sign * (a - b);
      return sign * String(a).localeCompare(String(b), 'en', { numeric: true });
    })
    .map(({ group }) => group);
}

function keyOf({ valueOf }: Column, { runs }: SeedGroup): Value {
  const numbers = runs.map(valueOf).filter((value) => typeof value === 'number');
  if (numbers.length > 0) return meanOf(numbers)!.mean;
  const value = valueOf(runs[0]);
  return value === '' ? undefined : value;
}

/** The name is always shown. */
export const NAME: Column = { key: 'name', title: 'Name', valueOf: ({ id }) => id };
