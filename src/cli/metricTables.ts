import { METRIC_GROUPS, type MetricDefinition } from '../metrics/metric.js';
import { betterDirection, METRIC_ENTRIES, metricsIn } from '../metrics/registry.js';
import type { BestCheckpoint } from '../runs/bestCheckpoint.node.js';
import { CONDITIONS } from '../metrics/conditions.js';

interface Shown {
  readonly metrics: Readonly<Record<string, number>>;
  readonly protocol: Readonly<Record<string, unknown>>;
}

const NAME_WIDTH = 26;

/** Prints an evaluation: its protocol, and the metrics by group, each with its train-vs-test reference if there is one. */
export function showEvaluation({ metrics, protocol }: Shown, print: (line: string) => void): void {
  const { data, split, images, samples, seed } = protocol as Record<string, string | number>;
  const extractor = protocol.extractor as { name: string; test_accuracy: number | null } | undefined;
  const reference = (protocol.train_test_reference as { metrics: Readonly<Record<string, number>> } | undefined)
    ?.metrics;
  print(`${samples} samples (seed ${seed}) vs. ${images} ${split} images of ${data}`);
  if (extractor) {
    const accuracy =
      extractor.test_accuracy === null ? '' : `, test accuracy ${(100 * extractor.test_accuracy).toFixed(2)}%`;
    print(`features: ${extractor.name}${accuracy}`);
  }
  for (const group of METRIC_GROUPS) {
    const found = metricsIn(group).filter(({ name }) => name in metrics);
    if (found.length > 0) print(`${group}:`);
    for (const { name } of found) {
      const expected = reference?.[name];
      const direction = betterDirection(name);
      const remarks = [
        ...(direction ? [`${direction} is better`] : []),
        ...(name in protocol ? subsetRemark(protocol[name]) : []),
        ...(expected === undefined ? [] : [`reference (train vs. test images): ${formatMetric(expected)}`]),
      ];
      print(
        `  ${name.padEnd(NAME_WIDTH)} ${formatMetric(metrics[name]!).padStart(10)}${remarks.length > 0 ? `  ${remarks.join('; ')}` : ''}`,
      );
    }
  }
}

/** The subsets that a metric is a mean over. A single subset has no standard deviation. */
function subsetRemark(protocol: unknown): string[] {
  const { subsets, subset_size: size } = (protocol ?? {}) as Readonly<Record<string, number>>;
  if (subsets === undefined) return [];
  return [subsets === 1 ? `all ${size} images and samples as one subset` : `mean over ${subsets} subsets of ${size}`];
}

/** Four digits, without an exponent if it is readable without one; `inf`, `NaN`, and `n/a` for a value that JSON could not store. */
export function formatMetric(value: number | null): string {
  if (value === null) return 'n/a';
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (value !== 0 && Math.abs(value) < 1e-4) return value.toExponential(2);
  return Math.abs(value) >= 1000 ? value.toFixed(0) : value.toPrecision(4);
}

/** The best checkpoint, and the metric that selected it. */
export const bestLine = ({
  metric,
  value,
  step,
  file,
}: NonNullable<Awaited<ReturnType<BestCheckpoint['read']>>>): string =>
  `best by ${metric}: ${formatMetric(value)} at iteration ${step}, ${file}`;

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
  const rows = {
    range,
    better: direction,
    'good value': goodValue,
    definition: reference,
    'depends on': dependsOn.join(', '),
  };
  return [
    `${name} (${group}): ${meaning}`,
    ...Object.entries(rows).map(([label, text]) => `  ${label.padEnd(LABEL_WIDTH)}${text}`),
  ];
}
