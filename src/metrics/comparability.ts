import { meanOf, sumOf } from '../numerics/features.js';
import { type Condition, CONDITIONS, type Protocol } from './metric.js';
import { betterDirection, METRIC_NAMES, metricNamed } from './registry.js';

/** An evaluation as its file stores it. Values that are not finite are null. */
export interface EvaluatedRun {
  run: string;
  metrics: Record<string, number | null>;
  protocol: Protocol;
}

/** A condition that differs, with its value in each evaluation. */
export interface Difference {
  condition: string;
  values: readonly string[];
}

/** Metrics that cannot be compared for the same reasons. */
export interface IncomparableMetrics {
  metrics: readonly string[];
  differences: readonly Difference[];
}

export interface Comparison {
  /** Metrics that can be compared among all evaluations that have them. */
  comparable: readonly string[];
  incomparable: readonly IncomparableMetrics[];
  /** The index of the best evaluation, by metric, if one is better than the others. */
  best: Record<string, number>;
  /** Why a comparable metric has no best evaluation. */
  unranked: Record<string, string>;
}

/** An unknown metric is assumed to depend on everything. */
function conditionsOf(metric: string) {
  const known = metricNamed(metric)?.dependsOn;
  return known ? [...known, CONDITIONS.weights] : Object.values(CONDITIONS);
}

/** Returns for each metric whether evaluations are comparable, why not, and which is best. */
export function compareEvaluations(evaluations: readonly (EvaluatedRun | SeedMean)[]): Comparison {
  const present = new Set(evaluations.flatMap(({ metrics }) => Object.keys(metrics)));
  const names = [...METRIC_NAMES.filter((name) => present.delete(name)), ...present];
  const comparable: string[] = [];
  const groups = new Map<string, { metrics: string[]; differences: readonly Difference[] }>();
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

/** Runs that differ only in their seed; metrics are means, or null if a value is missing or not finite. */
export interface SeedMean extends EvaluatedRun {
  runs: readonly string[];
  /** Unbiased standard deviations; only for groups of two runs or more. */
  std: Record<string, number>;
}

/** Groups runs whose settings differ only in `seed`, in the order of their first runs. */
export function meansOverSeeds(
  evaluations: readonly (EvaluatedRun & { settings: Record<string, unknown> })[],
): SeedMean[] {
  const groups = new Map<string, EvaluatedRun[]>();
  for (const { settings, ...evaluation } of evaluations) {
    const key = JSON.stringify({ ...settings, seed: null });
    groups.set(key, [...(groups.get(key) ?? []), evaluation]);
  }
  return Array.from(groups.values(), (members) => {
    const names = [...new Set(members.flatMap(({ metrics }) => Object.keys(metrics)))];
    const metrics: Record<string, number | null> = {};
    const std: Record<string, number> = {};
    for (const name of names) {
      const values = members.map((member) => member.metrics[name]).filter((value) => typeof value === 'number');
      metrics[name] = null;
      if (values.length < members.length) continue;
      const mean = (metrics[name] = meanOf(values));
      if (values.length > 1)
        std[name] = Math.sqrt(sumOf(values.map((value) => (value - mean) ** 2)) / (values.length - 1));
    }
    const { run, protocol } = members[0]!;
    return { run, protocol, runs: members.map((member) => member.run), metrics, std };
  });
}

/** An unrecorded condition counts as different. */
function differenceIn(condition: Condition, metric: string, evaluations: readonly EvaluatedRun[]): Difference[] {
  const keys = evaluations.filter(({ metrics }) => metric in metrics).map(({ protocol }) => condition.key(protocol));
  const first = JSON.stringify(keys[0]);
  if (keys.length < 2 || (first !== undefined && keys.every((key) => JSON.stringify(key) === first))) return [];
  const valueIn = ({ metrics, protocol }: EvaluatedRun) =>
    !(metric in metrics) ? '-' : condition.key(protocol) === undefined ? 'not recorded' : condition.text(protocol);
  return [{ condition: condition.name, values: evaluations.map(valueIn) }];
}

function bestOf(metric: string, evaluations: readonly (EvaluatedRun | SeedMean)[]): number | string {
  const direction = betterDirection(metric);
  if (direction === undefined) return 'neither higher nor lower is better';
  const samples = evaluations.flatMap((evaluation, index) =>
    metric in evaluation.metrics ? [{ index, ...sampleOf(metric, evaluation) }] : [],
  );
  if (samples.length < 2) return 'a single evaluation has it';
  const [best, ...others] = samples
    .filter(({ mean }) => Number.isFinite(mean))
    .sort((a, b) => (direction === 'higher' ? b.mean - a.mean : a.mean - b.mean));
  if (best === undefined) return 'no value is finite';
  if (others[0]?.mean === best.mean) return 'the best values are equal';
  return others.every((other) => isSignificant(best, other)) ? best.index : 'the best values differ less than seeds do';
}

const sampleOf = (metric: string, evaluation: EvaluatedRun | SeedMean) => ({
  mean: evaluation.metrics[metric] ?? NaN,
  std: 'std' in evaluation ? evaluation.std[metric] : undefined,
  count: 'std' in evaluation ? evaluation.runs.length : 1,
});

type Sample = ReturnType<typeof sampleOf>;

/** Two-sided 5% quantiles of Student's t for 1, 2, ... degrees of freedom. */
const T_QUANTILES = [12.71, 4.3, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.2];

/** Welch's t-test. A single run is assumed to vary as those compared with it. */
function isSignificant(a: Sample, b: Sample) {
  const errorOf = (sample: Sample, other: Sample) => (sample.std ?? other.std ?? 0) ** 2 / sample.count;
  const [errorOfA, errorOfB] = [errorOf(a, b), errorOf(b, a)];
  const total = errorOfA + errorOfB;
  if (total === 0) return true;
  const uncertaintyOf = (error: number, { count }: Sample) => (count > 1 ? error ** 2 / (count - 1) : 0);
  const degrees = Math.max(1, Math.floor(total ** 2 / (uncertaintyOf(errorOfA, a) + uncertaintyOf(errorOfB, b))));
  return Math.abs(a.mean - b.mean) > T_QUANTILES[Math.min(degrees, T_QUANTILES.length) - 1]! * Math.sqrt(total);
}
