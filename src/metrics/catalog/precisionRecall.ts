import { InputError } from '../../errors.js';
import { CONDITIONS, protocolValue } from '../conditions.js';
import type { FeatureEntry, MetricDefinition } from '../metric.js';
import { checkPair, checkWhole, type Features, gatherRows } from '../../numerics/features.js';
import { forEachDistance, nearestOtherRows } from '../../numerics/nearestRows.js';
import { randomStream, shuffledIndices } from '../../random.js';

/** Rows of each set at most: the time grows with the square. */
const MAX_ROWS = 5000;
const NEIGHBORS = 5;

const definition = (name: keyof ManifoldScores, meaning: string): MetricDefinition => ({
  name,
  meaning,
  better: 'higher',
  dependsOn: [CONDITIONS.extractor, CONDITIONS.images, protocolValue('neighborhoods', ({ manifold }) => manifold)],
});

export const precisionRecall: FeatureEntry = {
  group: 'samples',
  metrics: [
    definition('precision', 'fraction of samples within the neighborhood of some image (Kynkäänniemi et al. 2019)'),
    definition('recall', 'fraction of images within the neighborhood of some sample (Kynkäänniemi et al. 2019)'),
    definition('density', 'mean number of image neighborhoods that contain a sample, divided by k; 1 for equal distributions (Naeem et al. 2020)'),
    definition('coverage', 'fraction of images whose neighborhood contains some sample (Naeem et al. 2020)'),
  ],
  hasReference: false,
  compareFeatures: (real, generated, seed) => {
    const sets = [sampledRows(real, seed, 'real'), sampledRows(generated, seed, 'generated')] as const;
    const [images, samples] = [rowsIn(sets[0]), rowsIn(sets[1])];
    const k = Math.min(NEIGHBORS, images - 1, samples - 1);
    return { metrics: { ...precisionRecallDensityCoverage(...sets, { k }) }, protocol: { manifold: { k, images, samples } } };
  },
};

const rowsIn = ({ data, width }: Features): number => data.length / width;

/** At most `MAX_ROWS` rows, chosen at random because data sets are often sorted. */
function sampledRows(features: Features, seed: number, set: string): Features {
  const rows = rowsIn(features);
  return rows <= MAX_ROWS ? features : gatherRows(features, shuffledIndices(rows, randomStream(seed, `manifold, ${set}`)).subarray(0, MAX_ROWS));
}

/** How far two sets of features occupy the same region. A row's ball reaches to its k-th nearest other row, its surface included. */
export interface ManifoldScores {
  /** Part of the generated rows that lie in the ball of some real row, 0 to 1. */
  readonly precision: number;
  /** Part of the real rows that lie in the ball of some generated row, 0 to 1. */
  readonly recall: number;
  /** Mean number of real balls that a generated row lies in, over k: 0 or more, 1 is expected of the same distribution. */
  readonly density: number;
  /** Part of the real rows whose ball holds some generated row, 0 to 1. */
  readonly coverage: number;
}

/**
 * Precision and recall (Kynkäänniemi et al. 2019), density and coverage (Naeem et al. 2020) from Euclidean distances. Time N N' D x 2,
 * memory O(N k): distances are made block by block.
 * @param real,generated [N, D] and [N', D], more than k rows each
 * @param options.k 5 by default
 * @throws {InputError} if widths differ, there are at most k rows, or a value is not finite
 */
export function precisionRecallDensityCoverage(real: Features, generated: Features, { k = 5 } = {}): ManifoldScores {
  checkWhole(k, 'k');
  const [realRows, generatedRows] = checkPair(real, 'real features', generated, 'generated features');
  for (const [rows, name] of [
    [realRows, 'real'],
    [generatedRows, 'generated'],
  ] as const) {
    if (rows <= k) throw new InputError(`${name} features: ${rows} rows do not have ${k} neighbors each; at least ${k + 1} are needed`);
  }
  const [realRadii, generatedRadii] = [squaredRadii(real, k), squaredRadii(generated, k)];
  const [precise, recalled, covered] = [new Uint8Array(generatedRows), new Uint8Array(realRows), new Uint8Array(realRows)];
  let memberships = 0;
  forEachDistance(real, generated, (row, column, distance) => {
    if (distance <= realRadii[row]!) {
      memberships++;
      precise[column] = 1;
      covered[row] = 1;
    }
    if (distance <= generatedRadii[column]!) recalled[row] = 1;
  });
  return {
    precision: fractionSet(precise),
    recall: fractionSet(recalled),
    density: memberships / (k * generatedRows),
    coverage: fractionSet(covered),
  };
}

/** Squared distance of every row to its k-th nearest other one. */
function squaredRadii(set: Features, k: number): Float64Array {
  const { squaredDistances } = nearestOtherRows(set, k);
  return Float64Array.from({ length: squaredDistances.length / k }, (_, row) => squaredDistances[(row + 1) * k - 1]!);
}

const fractionSet = (flags: Uint8Array): number => flags.reduce((sum, flag) => sum + flag, 0) / flags.length;
