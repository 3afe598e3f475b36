import { METRIC_GROUPS, type MetricDefinition } from '../metrics/metric.js';
import { betterDirection, METRIC_ENTRIES, metricsIn, usesFeatures } from '../metrics/registry.js';
import type { BestCheckpoint } from '../runs/bestCheckpoint.node.js';
import { CONDITIONS } from '../metrics/conditions.js';

export interface Shown {
  readonly metrics: Readonly<Record<string, number>>;
  readonly protocol: Readonly<Record<string, unknown>>;
}

const NAME_WIDTH = 26;

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
        ...(expected === undefined ? [] : [referenceRemark(metrics[name]!, expected)]),
      ];
      print(
        `  ${name.padEnd(NAME_WIDTH)} ${formatMetric(metrics[name]!).padStart(10)}${remarks.length > 0 ? `  ${remarks.join('; ')}` : ''}`,
      );
    }
  }
}

function referenceRemark(value: number, expected: number): string {
  const ratio = value / expected;
  const times = expected > 0 && ratio >= 2 ? `, ${Math.round(ratio).toLocaleString('en')} times smaller` : '';
  return `reference (train vs. test images): ${formatMetric(expected)}${times}`;
}

/** With fewer images or samples, FID and similar metrics depend on chance more than on the model. */
const FEW = 1000;
/** FID and KID this many times larger than between training and test images do not rank models. */
const FAR = 100;

/** Returns warnings about values that should not be trusted. */
export function cautionsFor({ metrics, protocol }: Shown): string[] {
  const {
    images,
    samples,
    train_test_reference: reference,
  } = protocol as {
    readonly images: number;
    readonly samples: number;
    readonly train_test_reference?: { readonly metrics: Readonly<Record<string, number>> };
  };
  const measured = Object.keys(metrics).filter(usesFeatures);
  const few = [...(images < FEW ? [`${images} images`] : []), ...(samples < FEW ? [`${samples} samples`] : [])];
  const far = ['fid', 'kid'].filter((name) => metrics[name]! > FAR * Math.max(0, reference?.metrics[name] ?? Infinity));
  return [
    ...(measured.length > 0 && few.length > 0
      ? [`${few.join(' and ')} are few: ${measured.join(', ')} depend on chance; evaluate with ${FEW} or more of both`]
      : []),
    ...(far.length > 0
      ? [
          `${far.join(' and ')} are over ${FAR} times the reference (train vs. test images): samples have little in common with images, and such values do not rank models`,
        ]
      : []),
  ];
}

function subsetRemark(protocol: unknown): string[] {
  const { subsets, subset_size: size } = (protocol ?? {}) as Readonly<Record<string, number>>;
  if (subsets === undefined) return [];
  return [subsets === 1 ? `all ${size} images and samples as one subset` : `mean over ${subsets} subsets of ${size}`];
}

/** Four digits; `n/a` for a value that JSON could not store. */
export function formatMetric(value: number | null): string {
  if (value === null) return 'n/a';
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (value !== 0 && Math.abs(value) < 1e-4) return value.toExponential(2);
  return Math.abs(value) >= 1000 ? value.toFixed(0) : value.toPrecision(4);
}

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
  /** Conditions that must agree for `compare` to rank values. */
  readonly depends_on: readonly string[];
}

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
