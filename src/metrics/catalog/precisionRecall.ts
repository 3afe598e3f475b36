import { InputError } from '../../errors.js';
import { CONDITIONS, protocolValue } from '../conditions.js';
import type { FeatureEntry, MetricDefinition } from '../metric.js';
import { checkPair, checkWhole, type Features, randomRows, rowsIn, sumOf } from '../../numerics/features.js';
import { forEachDistance, nearestOtherRows } from '../../numerics/nearestRows.js';
import { randomStream } from '../../random.js';

/** Rows of each set, because the time is quadratic. */
const MAX_ROWS = 5000;
const NEIGHBORS = 5;

const definition = (
  name: keyof ManifoldScores,
  explanation: Pick<MetricDefinition, 'meaning' | 'range' | 'goodValue' | 'reference'>,
): MetricDefinition => ({
  name,
  ...explanation,
  better: 'higher',
  dependsOn: [CONDITIONS.extractor, CONDITIONS.images, protocolValue('neighborhoods', ({ manifold }) => manifold)],
});

export const precisionRecall: FeatureEntry = {
  group: 'samples',
  metrics: [
    definition('precision', {
      meaning: 'fraction of samples within the neighborhood of some image (Kynkäänniemi et al. 2019)',
      range: '0 to 1',
      goodValue: 'MNIST: 0.87 by default, 0.82 with the preset published',
      reference: 'balls around images that reach their 5th nearest image (Kynkäänniemi et al. 2019)',
    }),
    definition('recall', {
      meaning: 'fraction of images within the neighborhood of some sample (Kynkäänniemi et al. 2019)',
      range: '0 to 1',
      goodValue: 'MNIST: 0.96 by default, 0.95 with the preset published',
      reference: 'balls around samples that reach their 5th nearest sample (Kynkäänniemi et al. 2019)',
    }),
    definition('density', {
      meaning:
        'mean number of image neighborhoods that contain a sample, divided by k; 1 for equal distributions (Naeem et al. 2020)',
      range: '0 or more; may exceed 1',
      goodValue: '1 is expected of equal distributions',
      reference: 'Naeem et al. 2020, k = 5, at most 5,000 rows of each',
    }),
    definition('coverage', {
      meaning: 'fraction of images whose neighborhood contains some sample (Naeem et al. 2020)',
      range: '0 to 1',
      goodValue: '1 - 2^-5 = 0.97 is expected of equal distributions and counts',
      reference: 'Naeem et al. 2020, k = 5, at most 5,000 rows of each',
    }),
  ],
  hasReference: false,
  compareFeatures: (real, generated, seed) => {
    const sets = [sampledRows(real, seed, 'real'), sampledRows(generated, seed, 'generated')] as const;
    const [images, samples] = [rowsIn(sets[0]), rowsIn(sets[1])];
    const k = Math.min(NEIGHBORS, images - 1, samples - 1);
    return {
      metrics: { ...precisionRecallDensityCoverage(...sets, { k }) },
      protocol: { manifold: { k, images, samples } },
    };
  },
};

/** Returns at most `MAX_ROWS` rows, at random because data sets are often sorted. */
const sampledRows = (features: Features, seed: number, set: string): Features =>
  rowsIn(features) <= MAX_ROWS ? features : randomRows(features, MAX_ROWS, randomStream(seed, `manifold, ${set}`));

/** Overlap of two sets of features. The closed ball of a row extends to its k-th nearest other row. */
interface ManifoldScores {
  /** Fraction of generated rows in the ball of some real row. */
  readonly precision: number;
  /** Fraction of real rows in the ball of some generated row. */
  readonly recall: number;
  /** Mean number of real balls that contain a generated row, divided by k: about 1 for equal distributions. */
  readonly density: number;
  /** Fraction of real rows whose ball contains a generated row. */
  readonly coverage: number;
}

/**
 * Computes precision and recall (Kynkäänniemi et al. 2019), density and coverage (Naeem et al. 2020) from Euclidean distances. Time
 * N N' D x 2, memory O(N k).
 * @param real,generated [N, D] and [N', D], more than k rows each
 * @param options.k number of neighbors (default: 5)
 * @throws {InputError} if widths differ, there are at most k rows, or a value is not finite
 */
export function precisionRecallDensityCoverage(real: Features, generated: Features, { k = 5 } = {}): ManifoldScores {
  checkWhole(k, 'k');
  const [realRows, generatedRows] = checkPair(real, 'real features', generated, 'generated features');
  for (const [name, rows] of Object.entries({ real: realRows, generated: generatedRows })) {
    if (rows <= k)
      throw new InputError(
        `${name} features`,
        `${rows} rows do not have ${k} neighbors each`,
        `at least ${k + 1} are required`,
      );
  }
  const [realRadii, generatedRadii] = [squaredRadii(real, k), squaredRadii(generated, k)];
  const precise = new Uint8Array(generatedRows);
  const [recalled, covered] = [new Uint8Array(realRows), new Uint8Array(realRows)];
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

/** Returns the squared distance of every row to its k-th nearest other row. */
function squaredRadii(set: Features, k: number): Float64Array {
  const { squaredDistances } = nearestOtherRows(set, k);
  return squaredDistances.filter((_, index) => index % k === k - 1);
}

const fractionSet = (flags: Uint8Array): number => sumOf(flags) / flags.length;
