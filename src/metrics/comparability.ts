import { type Condition, CONDITIONS, type Protocol } from './conditions.js';
import { betterDirection, METRIC_NAMES, metricNamed } from './registry.js';

/** An evaluation as stored in its file. Values that are not finite are null. */
export interface EvaluatedRun {
  readonly run: string;
  readonly metrics: Readonly<Record<string, number | null>>;
  readonly protocol: Protocol;
}

/** A condition that differs between evaluations, with its value in each, in their order. */
export interface Difference {
  readonly condition: string;
  readonly values: readonly string[];
}

/** Metrics that cannot be compared for the same reasons. */
export interface IncomparableMetrics {
  readonly metrics: readonly string[];
  readonly differences: readonly Difference[];
}

export interface Comparison {
  /** Metrics whose values can be compared among all evaluations that have them. */
  readonly comparable: readonly string[];
  readonly incomparable: readonly IncomparableMetrics[];
  /** The index of the best evaluation by comparable metric, if one is better than the others. */
  readonly best: Readonly<Record<string, number>>;
  /** Why a comparable metric has no best evaluation. */
  readonly unranked: Readonly<Record<string, string>>;
}

/** Returns the conditions that values of a metric depend on. All depend on the weights; an unknown metric is assumed to depend on everything. */
const conditionsOf = (metric: string): readonly Condition[] => [
  ...(metricNamed(metric)?.dependsOn ??
    Object.values(CONDITIONS).filter((condition) => condition !== CONDITIONS.weights)),
  CONDITIONS.weights,
];

/** Returns for every metric whether its values are comparable, why not, and which value is best. */
export function compareEvaluations(evaluations: readonly EvaluatedRun[]): Comparison {
  const present = new Set(evaluations.flatMap(({ metrics }) => Object.keys(metrics)));
  const names = [...METRIC_NAMES.filter((name) => present.delete(name)), ...present];
  const comparable: string[] = [];
  const groups = new Map<string, { readonly metrics: string[]; readonly differences: readonly Difference[] }>();
  for (const metric of names) {
    const differences = conditionsOf(metric).flatMap((condition) => differenceIn(condition, metric, evaluations));
    const reasons = JSON.stringify(differences);
    if (differences.length === 0) comparable.push(metric);
    else if (!groups.get(reasons)?.metrics.push(metric)) groups.set(reasons, { metrics: [metric], differences });
  }
  const best: Record<string, number> = {};
  const unranked: Record<string, string> = {};
  for (const metric of comparable) {
    const found = bestOf(metric, evaluations);
    if (typeof found === 'number') best[metric] = found;
    else unranked[metric] = found;
  }
  return { comparable, incomparable: [...groups.values()], best, unranked };
}

/** Evaluations of runs that differ only in their seed. */
export interface SeedMean extends EvaluatedRun {
  readonly runs: readonly string[];
  /** Means; null if a value is missing or not finite. */
  readonly metrics: Readonly<Record<string, number | null>>;
  /** Standard deviations, unbiased; only for groups of two runs or more. */
  readonly std: Readonly<Record<string, number>>;
}

/**
 * Returns the mean and standard deviation of each metric over runs that differ only in their seed, in the order of their first runs.
 * @param evaluations what was evaluated, and the settings of each run; `settings.seed` is ignored
 */
export function meansOverSeeds(
  evaluations: readonly (EvaluatedRun & { readonly settings: Readonly<Record<string, unknown>> })[],
): SeedMean[] {
  const groups = new Map<string, EvaluatedRun[]>();
  for (const { settings, ...evaluation } of evaluations) {
    const key = JSON.stringify({ ...settings, seed: null });
    groups.set(key, [...(groups.get(key) ?? []), evaluation]);
  }
  return Array.from(groups.values(), (members) => {
    const names = [...new Set(members.flatMap(({ metrics }) => Object.keys(metrics)))];
    const valuesOf = (name: string) =>
      members.map(({ metrics }) => metrics[name]).filter((value) => typeof value === 'number');
    const complete = names.filter((name) => valuesOf(name).length === members.length);
    return {
      run: members[0]!.run,
      runs: members.map(({ run }) => run),
      protocol: members[0]!.protocol,
      metrics: Object.fromEntries(names.map((name) => [name, complete.includes(name) ? meanOf(valuesOf(name)) : null])),
      std: members.length < 2 ? {} : Object.fromEntries(complete.map((name) => [name, stdOf(valuesOf(name))])),
    };
  });
}

const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

function stdOf(values: readonly number[]): number {
  const mean = meanOf(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}

/** Returns how the evaluations that have a metric differ in a condition; an unrecorded condition counts as different. */
function differenceIn(
  condition: Condition,
  metric: string,
  evaluations: readonly EvaluatedRun[],
): readonly Difference[] {
  const keys = evaluations.filter(({ metrics }) => metric in metrics).map(({ protocol }) => condition.key(protocol));
  const isSame =
    keys.length < 2 || (keys[0] !== undefined && keys.every((key) => JSON.stringify(key) === JSON.stringify(keys[0])));
  if (isSame) return [];
  const valueIn = ({ metrics, protocol }: EvaluatedRun) =>
    !(metric in metrics) ? '-' : condition.key(protocol) === undefined ? 'not recorded' : condition.text(protocol);
  return [{ condition: condition.name, values: evaluations.map(valueIn) }];
}

/** Returns the index of the best value, or the reason why there is none. */
function bestOf(metric: string, evaluations: readonly EvaluatedRun[]): number | string {
  const direction = betterDirection(metric);
  if (direction === undefined) return 'neither higher nor lower is better';
  if (evaluations.filter(({ metrics }) => metric in metrics).length < 2) return 'a single evaluation has it';
  const sign = direction === 'higher' ? 1 : -1;
  const scores = evaluations
    .map(({ metrics }) => metrics[metric])
    .map((value) => (typeof value === 'number' ? sign * value : -Infinity));
  const most = Math.max(...scores);
  if (most === -Infinity) return 'no value is finite';
  return scores.filter((score) => score === most).length > 1 ? 'the best values are equal' : scores.indexOf(most);
}
