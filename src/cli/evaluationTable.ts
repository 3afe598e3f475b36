import type { BestCheckpoint } from '../runs/bestCheckpoint.node.js';
import { betterDirection, METRIC_GROUP_NAMES, METRIC_GROUPS } from '../metrics/metricNames.js';

interface Shown {
  readonly metrics: Readonly<Record<string, number>>;
  readonly protocol: Readonly<Record<string, unknown>>;
}

const NAME_WIDTH = 26;

/** Prints an evaluation: what was compared how, and the figures by group, those that have one with their floor. */
export function showEvaluation({ metrics, protocol }: Shown, print: (line: string) => void): void {
  const { data, split, images, samples, seed } = protocol as Record<string, string | number>;
  const extractor = protocol.extractor as { name: string; test_accuracy: number | null } | undefined;
  const floors = protocol.floors as Record<string, unknown> | undefined;
  print(`${samples} samples of seed ${seed} and ${images} ${split} images of ${data}`);
  if (extractor) {
    const accuracy = extractor.test_accuracy === null ? '' : `, which meets ${(100 * extractor.test_accuracy).toFixed(2)} % of the test labels`;
    print(`features: ${extractor.name}${accuracy}`);
  }
  for (const group of METRIC_GROUP_NAMES) {
    const found = METRIC_GROUPS[group].filter((name) => name in metrics);
    if (found.length > 0) print(`${group}:`);
    for (const name of found) {
      const floor = floors?.[name];
      const direction = betterDirection(name);
      const remarks = [
        ...(direction ? [`${direction} is better`] : []),
        ...(name === 'kid' ? subsetRemark(protocol.kid) : []),
        ...(typeof floor === 'number' ? [`train against test images: ${formatMetric(floor)}`] : []),
      ];
      print(`  ${name.padEnd(NAME_WIDTH)} ${formatMetric(metrics[name]!).padStart(10)}${remarks.length > 0 ? `  ${remarks.join('; ')}` : ''}`);
    }
  }
}

/** What the kernel distance is a mean over. A single subset has no standard deviation, so that `kid_std` is missing below it. */
function subsetRemark(kid: unknown): string[] {
  const { subsets, subset_size: size } = (kid ?? {}) as Readonly<Record<string, number>>;
  if (subsets === undefined) return [];
  return [subsets === 1 ? `all ${size} images and samples as one subset` : `mean over ${subsets} subsets of ${size}`];
}

/** Four digits, without an exponent where it can be read without one. */
export function formatMetric(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return 'infinite';
  if (value !== 0 && Math.abs(value) < 1e-4) return value.toExponential(2);
  return Math.abs(value) >= 1000 ? value.toFixed(0) : value.toPrecision(4);
}

/** Which checkpoint is the best, and by what. */
export const bestLine = ({ metric, value, step, file }: NonNullable<Awaited<ReturnType<BestCheckpoint['read']>>>): string =>
  `best by ${metric}: ${formatMetric(value)} after ${step} iterations, ${file}`;
