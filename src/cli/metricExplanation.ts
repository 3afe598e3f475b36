import { CONDITIONS } from '../metrics/conditions.js';
import type { MetricDefinition } from '../metrics/metric.js';
import { METRIC_ENTRIES } from '../metrics/registry.js';

/** A metric as `evaluate --explain` describes it; keys as in the JSON result. */
interface MetricExplanation {
  readonly name: string;
  readonly group: string;
  readonly meaning: string;
  readonly range: string;
  readonly better: MetricDefinition['better'];
  readonly good_value: string;
  readonly reference: string;
  /** What must agree for `compare` to rank values. */
  readonly depends_on: readonly string[];
}

/** Returns the explanations of metrics in the order of tables. */
export const explainMetrics = (wanted: ReadonlySet<string>): readonly MetricExplanation[] =>
  METRIC_ENTRIES.flatMap(({ group, metrics }) =>
    metrics
      .filter(({ name }) => wanted.has(name))
      .map(({ name, meaning, range, better, goodValue, reference, dependsOn }) => ({
        ...{ name, group, meaning, range, better, good_value: goodValue, reference },
        depends_on: [...dependsOn, CONDITIONS.weights].map((condition) => condition.name),
      })),
  );

const LABEL_WIDTH = 13;

/** Returns an explanation as lines for a terminal. */
export function explanationLines({
  name,
  group,
  meaning,
  range,
  better,
  good_value: goodValue,
  reference,
  depends_on: dependsOn,
}: MetricExplanation): string[] {
  const direction = better === 'none' ? 'neither higher nor lower' : better;
  const rows = { range, better: direction, 'good value': goodValue, definition: reference, 'depends on': dependsOn.join(', ') };
  return [`${name} (${group}): ${meaning}`, ...Object.entries(rows).map(([label, text]) => `  ${label.padEnd(LABEL_WIDTH)}${text}`)];
}
