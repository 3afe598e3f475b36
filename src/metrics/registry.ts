import { InputError, didYouMean } from '../errors.js';
import * as catalog from './catalog/index.js';
import { CONDITIONS, METRIC_GROUPS, type MetricDefinition, type MetricEntry, type MetricGroup } from './metric.js';

const isEntry = (value: unknown): value is MetricEntry =>
  typeof value === 'object' && value !== null && 'metrics' in value && 'group' in value;

const conditionsOf = (names: MetricEntry['dependsOn'] = []) =>
  names.map((name) => (typeof name === 'string' ? CONDITIONS[name] : name));

/** The catalog. Each metric has all of its conditions. */
export const METRIC_ENTRIES = METRIC_GROUPS.flatMap((group) =>
  Object.values(catalog)
    .filter(isEntry)
    .filter((entry) => entry.group === group)
    .map((entry) => ({
      ...entry,
      metrics: Object.entries(entry.metrics).map(([name, metric]): MetricDefinition => {
        const dependsOn = [...conditionsOf(entry.dependsOn), ...conditionsOf(metric.dependsOn)];
        return { ...metric, name, dependsOn };
      }),
    })),
);

const METRICS = new Map(
  METRIC_ENTRIES.flatMap((entry) => entry.metrics.map((metric) => [metric.name, { ...metric, entry }])),
);

/** Every metric, in the order of tables. */
export const METRIC_NAMES: readonly string[] = Array.from(METRICS.keys());

export const metricsIn = (group: MetricGroup) =>
  METRIC_ENTRIES.filter((entry) => entry.group === group).flatMap(({ metrics }) => metrics);

export const metricNamed = (name: string): MetricDefinition | undefined => METRICS.get(name);

/** Returns the direction of a metric; undefined if it has none. */
export function betterDirection(metric: string): 'higher' | 'lower' | undefined {
  const better = METRICS.get(metric)?.better;
  return better === 'none' ? undefined : better;
}

function needsOf(metric: string) {
  const { entry } = METRICS.get(metric)!;
  return 'needs' in entry ? entry.needs : 'compareFeatures' in entry ? (['features'] as const) : [];
}

export const needsFor = (metrics: Iterable<string>) => new Set(Array.from(metrics).flatMap(needsOf));

export const usesFeatures = (metric: string) => needsOf(metric).some((need) => need !== 'codes');

export const usesProbabilities = (metric: string) => needsOf(metric).includes('probabilities');

export const usesTrainingFeatures = (metric: string) => needsOf(metric).includes('trainingFeatures');

const GROUPS = METRIC_GROUPS.join(', ');

/**
 * Returns the metrics that a list of metrics and groups names.
 * @throws {InputError} if a name is unknown or the list is empty
 */
export function parseMetrics(names: readonly string[]): ReadonlySet<string> {
  if (names.length === 0)
    throw new InputError('metrics', 'the list is empty', `choose from the groups ${GROUPS}, or name single metrics`);
  const wanted = names.flatMap((name) => {
    const group = METRIC_GROUPS.find((each) => each === name);
    if (group !== undefined) return metricsIn(group).map((metric) => metric.name);
    if (METRICS.has(name)) return name;
    const suggestion = didYouMean(name, [...METRIC_GROUPS, ...METRIC_NAMES]);
    throw new InputError(
      `metric "${name}"`,
      `unknown metric${suggestion}; choose from ${METRIC_NAMES.join(', ')}`,
      `or a group: ${GROUPS}`,
    );
  });
  return new Set(wanted);
}
