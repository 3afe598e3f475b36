import { CONDITIONS, METRIC_GROUPS } from '../metrics/metric.js';
import { betterDirection, METRIC_ENTRIES, metricsIn, usesFeatures } from '../metrics/registry.js';
import type { BestCheckpoint } from '../runs/bestCheckpoint.node.js';

type Metrics = Record<string, number>;

interface Shown {
  metrics: Metrics;
  protocol: Record<string, unknown>;
}

interface ShownProtocol {
  data: string;
  split: string;
  images: number;
  samples: number;
  seed: number;
  extractor?: { name: string; test_accuracy: number | null };
  train_test_reference?: { metrics: Metrics };
}

const NAME_WIDTH = 26;

export function showEvaluation({ metrics, protocol }: Shown, print: (line: string) => void) {
  const shown = protocol as unknown as ShownProtocol;
  const { extractor, train_test_reference: reference } = shown;
  print(`${shown.samples} samples (seed ${shown.seed}) vs. ${shown.images} ${shown.split} images of ${shown.data}`);
  if (extractor) {
    const { name, test_accuracy: accuracy } = extractor;
    print(`features: ${name}${accuracy === null ? '' : `, test accuracy ${(100 * accuracy).toFixed(2)}%`}`);
  }
  for (const group of METRIC_GROUPS) {
    const found = metricsIn(group).filter(({ name }) => name in metrics);
    if (found.length > 0) print(`${group}:`);
    for (const { name } of found) {
      const expected = reference?.metrics[name];
      const direction = betterDirection(name);
      const remarks = [
        ...(direction ? [`${direction} is better`] : []),
        ...subsetRemark(protocol[name]),
        ...(expected === undefined ? [] : [referenceRemark(metrics[name]!, expected)]),
      ];
      print(
        `  ${name.padEnd(NAME_WIDTH)} ${formatMetric(metrics[name]!).padStart(10)}${remarks.length > 0 ? `  ${remarks.join('; ')}` : ''}`,
      );
    }
  }
}

function subsetRemark(protocol: unknown) {
  const { subsets, subset_size: size } = (protocol ?? {}) as Metrics;
  if (subsets === undefined) return [];
  return [subsets === 1 ? `all ${size} images and samples as one subset` : `mean over ${subsets} subsets of ${size}`];
}

function referenceRemark(value: number, expected: number) {
  const ratio = value / expected;
  const times = expected > 0 && ratio >= 2 ? `, ${Math.round(ratio).toLocaleString('en')} times smaller` : '';
  return `reference (train vs. test images): ${formatMetric(expected)}${times}`;
}

/** With fewer images or samples, FID and similar metrics depend more on chance than on the model. */
const FEW = 1000;
/** FID and KID this many times larger than between training and test images do not rank models. */
const FAR = 100;

/** Returns warnings about values that should not be trusted. */
export function cautionsFor({ metrics, protocol }: Shown) {
  const { images, samples, train_test_reference: reference } = protocol as unknown as ShownProtocol;
  const measured = Object.keys(metrics).filter(usesFeatures);
  const few = [...(images < FEW ? [`${images} images`] : []), ...(samples < FEW ? [`${samples} samples`] : [])];
  const far = ['fid', 'kid'].filter((name) => metrics[name]! > FAR * Math.max(0, reference?.metrics[name] ?? Infinity));
  const chance = `${few.join(' and ')} are few: ${measured.join(', ')} depend on chance; evaluate with ${FEW} or more of both`;
  const distance = `${far.join(' and ')} are over ${FAR} times the reference (train vs. test images): samples have little in common with images, and such values do not rank models`;
  return [...(measured.length > 0 && few.length > 0 ? [chance] : []), ...(far.length > 0 ? [distance] : [])];
}

/** Four digits; `n/a` for a value that JSON could not store. */
export function formatMetric(value: number | null) {
  if (value === null) return 'n/a';
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (value !== 0 && Math.abs(value) < 1e-4) return value.toExponential(2);
  return Math.abs(value) >= 1000 ? value.toFixed(0) : value.toPrecision(4);
}

type Best = NonNullable<Awaited<ReturnType<BestCheckpoint['read']>>>;

export const bestLine = ({ metric, value, step, file }: Best) =>
  `best by ${metric}: ${formatMetric(value)} at iteration ${step}, ${file}`;

/** Keys as in the JSON result. */
export const explainMetrics = (wanted: ReadonlySet<string>) =>
  METRIC_ENTRIES.flatMap(({ group, metrics }) =>
    metrics
      .filter(({ name }) => wanted.has(name))
      .map(({ name, meaning, range, better, goodValue, reference, dependsOn }) => ({
        ...{ name, group, meaning, range, better, good_value: goodValue, reference },
        depends_on: [...dependsOn, CONDITIONS.weights].map((condition) => condition.name),
      })),
  );

const LABEL_WIDTH = 13;

export function explanationLines(metric: ReturnType<typeof explainMetrics>[number]) {
  const rows = {
    range: metric.range,
    better: metric.better === 'none' ? 'neither higher nor lower' : metric.better,
    'good value': metric.good_value,
    definition: metric.reference,
    'depends on': metric.depends_on.join(', '),
  };
  return [
    `${metric.name} (${metric.group}): ${metric.meaning}`,
    ...Object.entries(rows).map(([label, text]) => `  ${label.padEnd(LABEL_WIDTH)}${text}`),
  ];
}
